/** Which consent is behind a token, until when, and why it is over: told to the fintech that holds the token, and to no other. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EndReason } from '../../src/store/consent-changes.ts'
import { createConsents } from '../../src/consent/consents.ts'
import { openFintech } from '../support/fintech.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { returnWithCode } from '../support/returned.ts'
import { connect, consentsOf } from '../support/walk.ts'
import type { TestBank } from '../support/bank.ts'

let processes: Processes
let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-25T12:00:00+09:00') })
  processes = await startProcesses()
  bank = processes.one
})
afterEach(async () => {
  await processes.close()
  vi.useRealTimers()
})

const consentRow = async () => {
  const row = (await consentsOf(bank)).at(-1)
  if (!row) throw new Error('nobody has agreed to anything')
  return row
}

/** Staff, customer and system all end a consent by this call; which of them it was makes no difference to the tokens. */
const end = async (by: 'customer' | 'staff:tester' | 'system', reason: EndReason) => {
  const consents = createConsents({ db: bank.db, clock: () => Date.now(), pairwiseKey: Buffer.alloc(32) })
  return consents.end((await consentRow()).id, { status: 'stopped', by, reason })
}

describe('a live consent', () => {
  it('is named in the answer to code and refresh, in introspection of both tokens, and by the accounts API', async () => {
    const { code, verifier, fintech } = await returnWithCode(bank)
    const { body } = await fintech.exchange(code, verifier)
    const { number, arrangement_id, ends_at } = await consentRow()
    expect(new Date(ends_at).toISOString()).toBe('2027-02-23T14:59:59.999Z')
    const told = {
      grant_id: arrangement_id,
      consent_id: number,
      consent_expires_at: Date.parse('2027-02-23T23:59:59+09:00') / 1000,
    }
    expect(body).toMatchObject(told)
    expect((await fintech.refresh(String(body.refresh_token))).body).toMatchObject(told)
    for (const token of [body.access_token, body.refresh_token])
      expect((await fintech.introspect(String(token))).body).toMatchObject({ active: true, ...told })
    expect((await fintech.api('/api/accounts', String(body.access_token))).body.consent).toEqual({
      number,
      grantId: arrangement_id,
      state: 'active',
      startsAt: '2026-11-25T03:00:00.000Z',
      endsAt: '2027-02-23T14:59:59.999Z',
    })
  })

  it('counts as expiring within its last 30 days', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    vi.setSystemTime(new Date('2027-01-24T00:00:00+09:00'))
    const { body } = await fintech.refresh(refresh)
    const answer = await fintech.api('/api/accounts', String(body.access_token))
    expect(answer.body.consent).toMatchObject({ state: 'expiring' })
  })

  it('remembers when it was last used, to the minute, by refresh and by the accounts API, not by introspection', async () => {
    const { fintech, access, refresh } = await connect(bank, 'mihon02')
    const lastUsed = async () => (await consentRow()).last_used_at
    await fintech.introspect(access)
    expect(await lastUsed()).toBeNull()
    await fintech.api('/api/accounts', access)
    const first = Date.now()
    expect(await lastUsed()).toBe(first)
    vi.setSystemTime(first + 59_000)
    await fintech.refresh(refresh)
    expect(await lastUsed()).toBe(first)
    vi.setSystemTime(first + 60_000)
    await fintech.refresh(refresh)
    expect(await lastUsed()).toBe(first + 60_000)
  })

  it('is told to nobody else: introspection answers another fintech that there is no such token', async () => {
    const { access, refresh } = await connect(bank, 'mihon02')
    for (const token of [access, refresh])
      expect((await openFintech(bank, 'demo-kaikei').introspect(token)).body).toEqual({ active: false })
  })
})

describe('a consent that ended', () => {
  it.each([
    ['customer', 'customer-stopped'],
    ['staff:tester', 'customer-asked'],
    ['system', 'contract-closed'],
  ] as const)('by the %s is refused at the very next call, everywhere', async (by, reason) => {
    const { fintech, access, refresh } = await connect(bank, 'mihon02')
    expect(await end(by, reason)).toBe(true)
    const refreshed = await openFintech(processes.two).refresh(refresh)
    expect([refreshed.status, refreshed.body.error]).toEqual([400, 'invalid_grant'])
    expect(refreshed.body.error_description).toMatch(/^consent_stopped: [ -~]+$/)
    for (const token of [access, refresh])
      expect((await fintech.introspect(token)).body).toEqual({ active: false })
    const { status, body, headers } = await fintech.api('/api/accounts', access)
    expect([status, body.error]).toEqual([401, 'consent_stopped'])
    expect(headers['www-authenticate']).toContain('error="invalid_token"')
  })

  it('by a newer one of the same fintech is told as stopped', async () => {
    const { fintech, access, refresh } = await connect(bank, 'mihon02')
    await connect(bank, 'mihon02')
    expect((await fintech.api('/api/accounts', access)).body.error).toBe('consent_stopped')
    expect((await fintech.refresh(refresh)).body.error_description).toMatch(/^consent_stopped/)
  })

  it('by its period is told as expired, before and after the sweeper came by, and for thirty days', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    vi.setSystemTime(new Date('2027-02-23T23:59:30+09:00'))
    const access = String((await fintech.refresh(refresh)).body.access_token)
    vi.setSystemTime(new Date('2027-02-24T00:00:00+09:00'))
    for (const swept of [false, true]) {
      if (swept) await bank.sweeper.sweep()
      expect((await fintech.api('/api/accounts', access)).body.error).toBe('consent_expired')
      expect((await fintech.refresh(refresh)).body.error_description).toMatch(/^consent_expired: [ -~]+$/)
    }
    vi.setSystemTime(new Date('2027-03-26T12:00:00+09:00'))
    await bank.sweeper.sweep()
    expect((await fintech.api('/api/accounts', access)).body.error).toBe('invalid_token')
    expect((await fintech.refresh(refresh)).body.error_description).not.toContain('consent')
  })

  it('is not explained to another fintech, nor to one without its secret', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    await end('customer', 'customer-stopped')
    const others = await openFintech(bank, 'demo-kaikei').refresh(refresh)
    expect(others.body).toMatchObject({ error: 'invalid_grant' })
    expect(JSON.stringify(others.body)).not.toContain('consent_')
    const unknown = await fintech.form(
      '/token',
      { grant_type: 'refresh_token', refresh_token: refresh },
      { authorization: `Basic ${btoa(`${fintech.clientId}:guessed`)}` },
    )
    expect(unknown.body.error).toBe('invalid_client')
    expect(JSON.stringify(unknown.body)).not.toContain('consent_')
  })
})

describe('an access token that has run out', () => {
  it('says so while the consent lives, and the reason once it does not', async () => {
    const { fintech, access } = await connect(bank, 'mihon02')
    vi.setSystemTime(Date.now() + 301_000)
    expect((await fintech.api('/api/accounts', access)).body.error).toBe('invalid_token')
    await end('customer', 'customer-stopped')
    expect((await fintech.api('/api/accounts', access)).body.error).toBe('consent_stopped')
  })
})

describe('a suspended fintech', () => {
  it('is refused at every use, nothing of its customers ends, and resumed it goes on', async () => {
    const { fintech, access, refresh } = await connect(bank, 'mihon02')
    const set = (status: 'active' | 'suspended') =>
      bank.db.updateTable('clients').set({ status }).where('id', '=', fintech.clientId).execute()
    await set('suspended')
    const { status, body, headers } = await fintech.api('/api/accounts', access)
    expect([status, body.error]).toEqual([401, 'client_suspended'])
    expect(headers['www-authenticate']).toContain('error="invalid_token"')
    expect((await fintech.refresh(refresh)).body.error).toBe('invalid_client')
    expect((await fintech.introspect(access)).body.error).toBe('invalid_client')
    expect((await consentRow()).status).toBe('active')
    await set('active')
    expect((await fintech.api('/api/accounts', access)).status).toBe(200)
    expect((await fintech.refresh(refresh)).status).toBe(200)
  })
})

describe('a stop while a refresh is on its way', () => {
  it('leaves no token that works once the stop has returned, on two processes', async () => {
    for (let round = 0; round < 6; round += 1) {
      vi.setSystemTime(Date.now() + 60_000)
      const { fintech, access, refresh } = await connect(bank, 'mihon02')
      const elsewhere = openFintech(processes.two)
      const refreshes = [1, 2, 3, 4].map(() => elsewhere.refresh(refresh))
      const stopped = (async () => {
        for (let turns = 0; turns < round; turns += 1) await new Promise((done) => setImmediate(done))
        return end('customer', 'customer-stopped')
      })()
      expect(await stopped).toBe(true)
      expect((await fintech.api('/api/accounts', access)).status).toBe(401)
      for (const { status, body } of await Promise.all(refreshes)) {
        if (status !== 200) expect(body.error).toBe('invalid_grant')
        else
          for (const one of [fintech, elsewhere])
            expect((await one.api('/api/accounts', String(body.access_token))).body.error).toBe(
              'consent_stopped',
            )
      }
      expect((await elsewhere.refresh(refresh)).body.error).toBe('invalid_grant')
    }
  })
})
