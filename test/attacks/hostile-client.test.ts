/** A registered fintech means harm: what it signs, publishes and registers costs the bank nothing and leads nowhere. */
import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { days } from '../../src/clock.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openReceiver, type Receiver, status } from '../support/receiver.ts'
import { keyPair, strictFintech } from '../support/strict-fintech.ts'

let bank: TestBank
/** a demo that stands on the internet, behind a proxy of this machine */
let open: TestBank
let published: Receiver
let key: Awaited<ReturnType<typeof keyPair>>
beforeAll(async () => {
  bank = await startBank()
  open = await startBank({ environment: { PUBLIC_URL: 'https://connect.bank.example' } })
  published = await openReceiver()
  key = await keyPair('ES256')
})
afterAll(async () => {
  await published.close()
  await bank.close()
  await open.close()
})

const soon = () => Math.floor(Date.now() / 1000) + 60

/** Asks for a token in its own name. @param keys where the client's keys are; itself when it registered them */
async function asks(
  at: TestBank,
  { id, keys, exp = soon() }: { id: string; keys?: { jwksUri: string }; exp?: number },
) {
  await strictFintech(at, {
    registered: { id, authentication: { method: 'private_key_jwt' }, keys: keys ?? { jwks: key.jwks } },
    authentication: oauth.PrivateKeyJwt(key.privateKey),
  })
  const assertion = await new SignJWT({
    iss: id,
    sub: id,
    aud: at.settings.publicUrl,
    jti: randomUUID(),
    exp,
  })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(key.privateKey.key)
  const { statusCode, body } = await at.server.inject({
    method: 'POST',
    url: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'errors',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }).toString(),
  })
  return { status: statusCode, said: JSON.parse(body) as { error?: string; error_description?: string } }
}

describe('an assertion', () => {
  it.each([9e15, 1e17, 1e300, Date.now(), soon() + 2 * 86_400])(
    'that says it counts until %d is refused, and not remembered until then',
    async (exp) => {
      const { status, said } = await asks(bank, { id: 'hostile-exp', exp })
      expect(status).toBe(400)
      expect(said.error).toBe('invalid_request')
      expect(said.error_description).toMatch(/^exp is more than a day ahead /)
      const late = await bank.db
        .selectFrom('engine_records')
        .select('model')
        .where('expires_at', '>', Date.now() + days(1))
        .where('model', '=', 'ReplayDetection')
        .execute()
      expect(late).toEqual([])
    },
  )

  it('with a fraction of a second in it counts', async () => {
    expect(await asks(bank, { id: 'hostile-exp', exp: soon() + 0.123_456 })).toMatchObject({ status: 200 })
  })
})

describe('published keys', () => {
  const copies = (n: number) => ({ keys: Array.from({ length: n }, () => key.jwks.keys[0]) })

  it.each([
    ['more keys than a signature may be tried with', () => copies(21)],
    ['a key that is none', () => ({ keys: [null] })],
    ['no list', () => ({ keys: {} })],
  ])('with %s are as good as none', async (_what, wrong) => {
    const publishing = (jwks: object) => {
      const id = `hostile-${randomUUID().slice(0, 8)}`
      published.answer = status(200, JSON.stringify(jwks))
      return asks(bank, { id, keys: { jwksUri: `${published.url}/${id}` } })
    }
    expect(await publishing(wrong())).toMatchObject({ status: 401, said: { error: 'invalid_client' } })
    expect(await publishing(copies(20))).toMatchObject({ status: 200 })
  })

  it('on this machine are not asked for where strangers can register, and are in a demo for this machine alone', async () => {
    published.answer = status(200, JSON.stringify(key.jwks))
    const path = `/${randomUUID()}`
    const asked = () => published.received.filter((one) => one.path.endsWith(path))
    const keys = { jwksUri: published.url + path }
    expect(await asks(open, { id: 'hostile-inside', keys })).toMatchObject({ status: 401 })
    expect(asked()).toEqual([])
    expect(await asks(bank, { id: 'hostile-inside', keys })).toMatchObject({ status: 200 })
    expect(asked()).toHaveLength(1)
  })
})
