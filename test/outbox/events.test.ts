/** A fintech is told of the end of a connection: signed, at least once, through every failure of its server, for three days. */
import { createPublicKey, type JsonWebKeyInput, verify } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createConsents } from '../../src/consent/consents.ts'
import { createEvents } from '../../src/demo/events.ts'
import type { End } from '../../src/consent/ending.ts'
import type { TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { openReceiver, type Receiver, status } from '../support/receiver.ts'
import { connect, consentsOf, type Tokens, type Walk } from '../support/walk.ts'

const minute = 60_000
const hour = 60 * minute

let processes: Processes
let bank: TestBank
let receiver: Receiver
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-25T12:00:00+09:00') })
  processes = await startProcesses()
  bank = processes.one
  receiver = await openReceiver()
  await tellAt('demo-kakeibo', receiver.url)
})
afterEach(async () => {
  await processes.close()
  await receiver.close()
  vi.useRealTimers()
})

async function tellAt(id: string, eventsUrl: string | undefined): Promise<void> {
  const found = await bank.clients.find(id)
  if (!found) throw new Error(`no client ${id}`)
  const { status: _status, eventsUrl: _former, ...registered } = found
  await bank.clients.put({ ...registered, ...(eventsUrl ? { eventsUrl } : {}) })
}

const later = (ms: number): void => void vi.setSystemTime(Date.now() + ms)
const life = () => createConsents({ db: bank.db, clock: () => Date.now(), pairwiseKey: Buffer.alloc(32) })

const stopped: End = { status: 'stopped', by: 'customer', reason: 'customer-stopped' }

/** A connection that ends now. */
async function ended(end: End = stopped, options: Parameters<typeof connect>[2] = {}) {
  later(1000)
  const walk = await connect(bank, 'mihon02', options)
  const consent = (await consentsOf(bank)).at(-1)
  if (!consent) throw new Error('nobody has agreed to anything')
  await life().end(consent.id, end)
  return { ...walk, consent }
}

const events = () =>
  bank.db.selectFrom('outbox').selectAll().where('kind', '=', 'event').orderBy('created_at').execute()
const event = async () => {
  const [first] = await events()
  if (!first) throw new Error('there is no event')
  return first
}
const part = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Record<string, unknown>
const jtis = ({ received }: Receiver) => received.map(({ body }) => part(body, 1).jti)

describe('an event', () => {
  it('of an end that was noticed days later has its three days from then on', async () => {
    await connect(bank, 'mihon02')
    later(96 * 24 * hour)
    receiver.answer = status(503)
    await bank.sweeper.sweep()
    await bank.outbox.deliver()
    expect(await event()).toMatchObject({ state: 'waiting', tries: 1, last_error: 'status-503' })
    receiver.answer = status(202)
    later(2 * minute)
    await bank.outbox.deliver()
    expect(part(receiver.received.at(-1)?.body ?? '', 1).toe).toBeLessThan(Date.now() / 1000 - 4 * 24 * 3600)
    expect((await event()).state).toBe('delivered')
  })

  it('is a Security Event Token, signed with a key of the issuer’s JWKS, and says what ended and no more', async () => {
    const { consent } = await ended()
    await bank.outbox.deliver()
    const [pushed, ...more] = receiver.received
    expect(more).toEqual([])
    expect(pushed).toMatchObject({
      method: 'POST',
      path: '/events',
      headers: { 'content-type': 'application/secevent+jwt', accept: 'application/json' },
    })
    const token = pushed?.body ?? ''
    const head = part(token, 0)
    expect(head).toEqual({ alg: 'ES256', typ: 'secevent+jwt', kid: expect.any(String) })
    const { keys } = (await bank.server.inject({ url: '/jwks' })).json<{ keys: { kid: string }[] }>()
    const key = createPublicKey({
      key: keys.find(({ kid }) => kid === head.kid) as unknown as JsonWebKeyInput['key'],
      format: 'jwk',
    })
    const [header, payload, signature = ''] = token.split('.')
    const given = { key, dsaEncoding: 'ieee-p1363' } as const
    const signed = (text: string) =>
      verify('sha256', Buffer.from(text), given, Buffer.from(signature, 'base64url'))
    expect(signed(`${header}.${payload}`)).toBe(true)
    expect(signed(`${header}.${payload}x`)).toBe(false)
    const row = await event()
    expect(part(token, 1)).toEqual({
      iss: 'http://localhost:3000',
      aud: 'demo-kakeibo',
      iat: Math.floor(Date.now() / 1000),
      jti: row.id,
      toe: Math.floor(Date.now() / 1000),
      events: {
        'urn:ninka:event:consent-ended': {
          consent_id: consent.number,
          grant_id: consent.arrangement_id,
          status: 'stopped',
          reason: 'customer-stopped',
        },
      },
    })
    expect(row).toMatchObject({ state: 'delivered', settled_at: Date.now(), last_error: null })
    await bank.outbox.deliver()
    expect(receiver.received).toHaveLength(1)
  })

  it('says why as far as the fintech has to know: the rest is between customer and bank', async () => {
    const told = {
      'customer-asked': 'customer-stopped',
      'emergency-stop': 'customer-stopped',
      'suspected-fraud': 'bank-stopped',
      'password-reset': 'bank-stopped',
      'certificate-revoked': 'bank-stopped',
      'right-withdrawn': 'bank-stopped',
      'contract-closed': 'bank-stopped',
      'code-replayed': 'code-replayed',
    } as const
    for (const reason of Object.keys(told) as (keyof typeof told)[])
      await ended({ status: 'stopped', by: 'system', reason })
    await bank.outbox.deliver()
    expect(
      receiver.received.map(({ body }) => /"reason":"([^"]+)"/.exec(JSON.stringify(part(body, 1)))?.[1]),
    ).toEqual(Object.values(told))
  })

  it('of one account names it as the fintech knows it', async () => {
    const { fintech, access } = await connect(bank, 'mihon02')
    const { body } = await fintech.api('/api/accounts', access)
    const [{ accountId } = { accountId: '' }] = body.accounts as { accountId: string }[]
    const [consent] = await consentsOf(bank)
    await life().stopAccount(consent?.id ?? '', accountId, { by: 'customer', reason: 'customer-stopped' })
    await bank.outbox.deliver()
    expect(part(receiver.received[0]?.body ?? '', 1).events).toEqual({
      'urn:ninka:event:account-stopped': {
        consent_id: consent?.number,
        grant_id: consent?.arrangement_id,
        status: 'active',
        reason: 'customer-stopped',
        account_id: accountId,
      },
    })
  })

  it('of a period that ran out is sent at its end', async () => {
    const { fintech } = await connect(bank, 'mihon02')
    vi.setSystemTime(new Date('2027-02-24T00:00:05+09:00'))
    await bank.sweeper.sweep()
    await bank.outbox.deliver()
    expect(receiver.received).toHaveLength(1)
    const claims = part(receiver.received[0]?.body ?? '', 1)
    expect(claims).toMatchObject({
      aud: fintech.clientId,
      toe: Date.parse('2027-02-23T23:59:59+09:00') / 1000,
    })
    expect(JSON.stringify(claims)).toContain('"reason":"period-ended"')
  })

  it('is not sent to the fintech that ended the connection itself', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    await fintech.revoke(refresh)
    await bank.outbox.deliver()
    expect(receiver.received).toEqual([])
  })

  it('reaches a suspended fintech, which may use the data even less', async () => {
    await bank.db.updateTable('clients').set({ status: 'active' }).execute()
    await ended()
    await bank.db
      .updateTable('clients')
      .set({ status: 'suspended' })
      .where('id', '=', 'demo-kakeibo')
      .execute()
    await bank.outbox.deliver()
    expect(receiver.received).toHaveLength(1)
  })

  it('for a fintech without an address leaves nothing behind', async () => {
    await tellAt('demo-kakeibo', undefined)
    await ended()
    expect(await events()).toHaveLength(1)
    await bank.outbox.deliver()
    expect(await events()).toEqual([])
  })

  it('is accepted by a fintech that checks it as the demo does, and by no other, nor changed', async () => {
    await ended()
    await bank.outbox.deliver()
    const token = receiver.received[0]?.body ?? ''
    const jwks = (await bank.server.inject({ url: '/jwks' })).body
    const bankKeys = await openReceiver()
    bankKeys.answer = status(200, jwks, { 'content-type': 'application/json' })
    const checks = createEvents({ issuer: 'http://localhost:3000', keysAddress: async () => bankKeys.url })
    expect(await checks.take('demo-kaikei', token)).toMatchObject({ err: 'invalid_audience' })
    const [head = '', , signature = ''] = token.split('.')
    const forged = Buffer.from(JSON.stringify({ ...part(token, 1), aud: 'demo-kaikei' })).toString(
      'base64url',
    )
    expect(await checks.take('demo-kaikei', `${head}.${forged}.${signature}`)).toMatchObject({
      err: 'invalid_key',
    })
    const elsewhere = createEvents({ issuer: 'https://other.example', keysAddress: async () => bankKeys.url })
    expect(await elsewhere.take('demo-kakeibo', token)).toMatchObject({ err: 'invalid_issuer' })
    expect(await checks.take('demo-kakeibo', 'a.b')).toMatchObject({ err: 'invalid_request' })
    for (let times = 0; times < 2; times += 1)
      expect(await checks.take('demo-kakeibo', token)).toBeUndefined()
    const [consent] = await consentsOf(bank)
    expect(checks.about('demo-kakeibo', consent?.number ?? '')).toHaveLength(1)
    await bankKeys.close()
  })
})

describe('a fintech’s server that fails', () => {
  it('is tried again with growing waits, whatever is wrong, until it says 202, and always by the same jti', async () => {
    await ended()
    const elsewhere = await openReceiver()
    const failures: [Receiver['answer'], string][] = [
      [status(500), 'status-500'],
      [
        status(400, JSON.stringify({ err: 'invalid_key', description: 'no\nsuch\u0000 key' })),
        'status-400 invalid_key no such key',
      ],
      [status(400, 'x'.repeat(2000)), 'status-400'],
      [status(302, '', { location: elsewhere.url }), 'status-302'],
      [status(200), 'status-200'],
      [(response) => response.destroy(), 'unreachable'],
      [status(400, 'y'.repeat(100_000)), 'too-large'],
    ]
    const waits: number[] = []
    for (const [answer, said] of failures) {
      receiver.answer = answer
      await bank.outbox.deliver()
      const row = await event()
      expect(row).toMatchObject({ state: 'waiting', last_error: said, tries: waits.length + 1 })
      waits.push(row.next_try_at - Date.now())
      const tried = receiver.received.length
      vi.setSystemTime(row.next_try_at - 1)
      await bank.outbox.deliver()
      expect(receiver.received).toHaveLength(tried)
      vi.setSystemTime(row.next_try_at)
    }
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(0.75 * minute * 2 ** index)
      expect(wait).toBeLessThanOrEqual(1.25 * minute * 2 ** index)
    }
    receiver.answer = status(202)
    await bank.outbox.deliver()
    expect(await event()).toMatchObject({ state: 'delivered', tries: failures.length })
    expect(new Set(jtis(receiver)).size).toBe(1)
    expect(elsewhere.received).toEqual([])
    await elsewhere.close()
  })

  it('that never answers is given five seconds, and one that is down none', async () => {
    await ended()
    receiver.answer = () => undefined
    const began = performance.now()
    await bank.outbox.deliver()
    expect(performance.now() - began).toBeGreaterThan(4500)
    expect(await event()).toMatchObject({ last_error: 'timeout' })
    const { port } = new URL(receiver.url)
    await receiver.close()
    vi.setSystemTime((await event()).next_try_at)
    await bank.outbox.deliver()
    const row = await event()
    expect(row).toMatchObject({ last_error: 'unreachable', tries: 2 })
    receiver = await openReceiver(Number(port))
    vi.setSystemTime(row.next_try_at)
    await bank.outbox.deliver()
    expect(receiver.received).toHaveLength(1)
    expect(await event()).toMatchObject({ state: 'delivered' })
  })

  it('is given up after three days, with a line in the log, and not asked again', async () => {
    await ended()
    receiver.answer = status(503)
    const began = Date.now()
    let tries = 0
    for (; (await event()).state === 'waiting' && tries < 100; tries += 1) {
      vi.setSystemTime((await event()).next_try_at)
      await bank.outbox.deliver()
    }
    expect(await event()).toMatchObject({ state: 'dead', last_error: 'status-503', settled_at: Date.now() })
    expect(Date.now() - began).toBeGreaterThanOrEqual(72 * hour)
    expect(Date.now() - began).toBeLessThan(88 * hour)
    expect(tries).toBeGreaterThan(10)
    expect(tries).toBeLessThan(25)
    expect(bank.logged.join('')).toContain('"event":"message-dead"')
    later(24 * hour)
    const asked = receiver.received.length
    await bank.outbox.deliver()
    expect(receiver.received).toHaveLength(asked)
  })

  it('holds up no other fintech, and is asked by one of its messages at a time', async () => {
    const other = await openReceiver()
    await tellAt('demo-kaikei', other.url)
    receiver.answer = status(500)
    for (let n = 0; n < 4; n += 1) await ended()
    await ended(stopped, { fintech: openFintech(bank, 'demo-kaikei') })
    await bank.outbox.deliver()
    expect(receiver.received).toHaveLength(1)
    expect(other.received).toHaveLength(1)
    expect((await events()).map(({ tries }) => tries).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 0, 1])
    receiver.answer = status(202)
    later(2 * minute)
    await bank.outbox.deliver()
    expect(new Set(jtis(receiver)).size).toBe(4)
    expect((await events()).every(({ state }) => state === 'delivered')).toBe(true)
    await other.close()
  })

  it('that dislikes one message still gets the others', async () => {
    const { consent } = await ended()
    await ended()
    receiver.answer = (response, { body }) => {
      const bad = body.includes('.') && JSON.stringify(part(body, 1)).includes(consent.number)
      response.writeHead(bad ? 400 : 202).end(bad ? '{"err":"invalid_request"}' : '')
    }
    await bank.outbox.deliver()
    expect((await events()).map(({ state }) => state)).toEqual(['waiting', 'delivered'])
  })
})

describe('several processes', () => {
  it('deliver each message once', async () => {
    const walks: (Walk & Tokens)[] = []
    for (let n = 0; n < 6; n += 1) walks.push(await ended())
    receiver.answer = (response) => void setTimeout(() => response.writeHead(202).end(), 20)
    await Promise.all([processes.one, processes.two, processes.one].map(({ outbox }) => outbox.deliver()))
    for (let rounds = 0; rounds < 3; rounds += 1) await processes.two.outbox.deliver()
    expect(jtis(receiver)).toHaveLength(walks.length)
    expect(new Set(jtis(receiver)).size).toBe(walks.length)
  })

  it('take over what one of them left when it was killed, a minute later', async () => {
    await ended()
    const { id, next_try_at } = await event()
    // What a process writes before it hands over; then it is killed.
    await bank.db
      .updateTable('outbox')
      .set({ next_try_at: next_try_at + minute })
      .where('id', '=', id)
      .execute()
    await processes.two.outbox.deliver()
    expect(receiver.received).toEqual([])
    later(minute)
    await processes.two.outbox.deliver()
    expect(receiver.received).toHaveLength(1)
  })

  it('stop in good order while a message is on its way, and it is sent again as if nobody had tried', async () => {
    await ended()
    await ended()
    receiver.answer = () => undefined
    const delivering = bank.outbox.deliver()
    while (receiver.received.length === 0) await new Promise((done) => setTimeout(done, 5))
    const began = performance.now()
    await bank.outbox.stop()
    await delivering
    expect(performance.now() - began).toBeLessThan(1000)
    const left = await events()
    expect(left).toMatchObject(Array(2).fill({ state: 'waiting', tries: 0, last_error: null }))
    // The one on its way is another process's in a minute, and the other does not wait with it.
    expect(left.map(({ next_try_at }) => next_try_at - Date.now())).toEqual([minute, 0])
  })
})
