/** A fintech publishes its keys and changes them by itself; its server may be down for a while, and may lead nowhere else. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as oauth from 'oauth4webapi'
import { hours, minutes, seconds } from '../../src/clock.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openReceiver, type Receiver, status } from '../support/receiver.ts'
import { keyPair, strictFintech } from '../support/strict-fintech.ts'

let bank: TestBank
let published: Receiver
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  published = await openReceiver()
  bank = await startBank()
})
afterEach(async () => {
  await published.close()
  await bank.close()
  vi.useRealTimers()
})

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms)
const publish = (jwks: object, headers = {}) => {
  published.answer = status(200, JSON.stringify(jwks), headers)
}

const signingWith = async (privateKey: oauth.PrivateKey) => {
  const fintech = await strictFintech(bank, {
    registered: {
      id: 'strict-keys',
      authentication: { method: 'private_key_jwt' },
      keys: { jwksUri: published.url },
    },
    authentication: oauth.PrivateKeyJwt(privateKey),
  })
  return fintech.push()
}

describe('published keys', () => {
  it('are fetched once, and again after minutes, however long the fintech’s server says they keep', async () => {
    const [first, second] = [await keyPair('ES256', 'first'), await keyPair('ES256', 'second')]
    publish(first.jwks, { 'cache-control': 'max-age=31536000', expires: 'Fri, 01 Jan 2100 00:00:00 GMT' })
    await signingWith(first.privateKey)
    await signingWith(first.privateKey)
    expect(published.received).toHaveLength(1)

    publish(second.jwks)
    pass(minutes(6))
    // whoever has the former key is refused, whether the new one was used before or not
    await expect(signingWith(first.privateKey)).rejects.toMatchObject({ error: 'invalid_client' })
    await signingWith(second.privateKey)
    expect(published.received).toHaveLength(2)
  })

  it.each([
    ['down', status(500)],
    ['sending something else', status(200, '<html>')],
    ['redirecting', status(302, '', { location: 'http://127.0.0.1:1/' })],
    ['sending without an end', status(200, 'x'.repeat(100_000))],
  ])('count for a day while the fintech’s server is %s, and then no more', async (_how, trouble) => {
    const { jwks, privateKey } = await keyPair('ES256')
    publish(jwks)
    await signingWith(privateKey)
    published.answer = trouble
    pass(hours(23))
    await signingWith(privateKey)
    pass(hours(2))
    await expect(signingWith(privateKey)).rejects.toThrow()
    publish(jwks)
    pass(seconds(6))
    await signingWith(privateKey)
  })

  it('of a server that gives none are asked for once in five seconds, however many requests need them', async () => {
    const { privateKey } = await keyPair('ES256')
    published.answer = status(500)
    for (let n = 0; n < 3; n += 1) await expect(signingWith(privateKey)).rejects.toThrow()
    expect(published.received).toHaveLength(1)
    pass(seconds(6))
    await expect(signingWith(privateKey)).rejects.toThrow()
    expect(published.received).toHaveLength(2)
  })
})
