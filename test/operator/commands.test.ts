/** The operator's commands, each on a bank with customers who are connected: what they answer, change and leave in the audit. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { ask, operate } from '../support/operate.ts'
import { openFintech } from '../support/fintech.ts'
import { begin, connect, consentsOf, signIn } from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-22T03:00:00Z') })
  bank = await startBank()
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const why = ['--reason', 'the caller was checked']

type Entry = { readonly event: string } & Readonly<Record<string, unknown>>

const audited = async (like: string): Promise<readonly Entry[]> =>
  (
    await bank.db
      .selectFrom('audit')
      .select(['event', 'payload'])
      .where('event', 'like', like)
      .orderBy('seq')
      .execute()
  ).map(({ event, payload }) => ({ event, ...(JSON.parse(payload) as Record<string, unknown>) }))

const numberOf = async (): Promise<string> =>
  (
    await bank.db
      .selectFrom('consents')
      .select('number')
      .where('status', '=', 'active')
      .executeTakeFirstOrThrow()
  ).number

describe('clients', () => {
  const registration = {
    id: 'new-fintech',
    serviceName: '見本帳簿',
    companyName: '見本帳簿株式会社',
    registrationNumber: '関東財務局長（電代）第002号（見本）',
    contact: '0120-000-333',
    liabilityUrl: 'https://books.example/liability',
    termsUrl: 'https://books.example/terms',
    termsVersion: '2026-01-01',
    privacyUrl: 'https://books.example/privacy',
    customerChooses: false,
    scopes: ['balances'],
    consentDays: 90,
    redirectUris: ['https://books.example/callback'],
    authentication: { method: 'client_secret_basic' },
  }
  const fileOf = (content: unknown): string => {
    const file = join(mkdtempSync(join(tmpdir(), 'ninka-registration-')), 'registration.json')
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }

  it('are added from a file, shown without their secret, suspended and resumed', async () => {
    const added = await ask(bank, 'clients', 'add', '--file', fileOf(registration), ...why)
    expect(added).toEqual({
      id: 'new-fintech',
      outcome: 'registered',
      secret: expect.stringMatching(/^[\w-]{43}$/),
    })
    const shown = JSON.stringify(await ask(bank, 'clients', 'show', 'new-fintech'))
    expect(shown).toContain('見本帳簿株式会社')
    expect(shown).not.toMatch(/secretHash|sha256/)
    expect((await operate(bank, 'clients', 'suspend', 'new-fintech', ...why)).status).toBe(0)
    expect((await operate(bank, 'clients', 'list')).out).toMatch(/^new-fintech +suspended/m)
    expect((await operate(bank, 'clients', 'suspend', 'new-fintech', ...why)).status).toBe(1)
    expect((await operate(bank, 'clients', 'resume', 'new-fintech', ...why)).status).toBe(0)
    expect((await audited('client-%')).map(({ event, by, note }) => [event, by, note])).toEqual(
      ['client-registered', 'client-suspended', 'client-resumed'].map((event) => [
        event,
        'staff:yamada',
        why[1],
      ]),
    )
  })

  it('get a new secret beside the former one, or at once instead of it', async () => {
    const { secret } = (await ask(bank, 'clients', 'rotate-secret', 'demo-kakeibo', ...why)) as {
      secret: string
    }
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(await ask(bank, 'clients', 'show', 'demo-kakeibo')).toMatchObject({
      authentication: { formerSecretUntil: '2026-11-25T03:00:00.000Z' },
    })
    const again = await operate(bank, 'clients', 'rotate-secret', 'demo-kakeibo', '--overlap', '0', ...why)
    expect(again.out).toContain('the former one ended')
    expect((await operate(bank, 'clients', 'rotate-secret', 'nobody', ...why)).status).toBe(1)
  })

  it('whose file is wrong are told what is wrong with it', async () => {
    const wrong = fileOf({ ...registration, redirectUris: ['http://books.example'], consentDays: 0 })
    await expect(operate(bank, 'clients', 'add', '--file', wrong, ...why)).rejects.toThrow(
      /redirectUris[\s\S]*|consentDays/,
    )
    await expect(operate(bank, 'clients', 'add', '--file', fileOf('{'), ...why)).rejects.toThrow(
      'is not JSON',
    )
  })
})

describe('consents', () => {
  it('are found by number, customer and client, and who looked is in the audit', async () => {
    await connect(bank, 'mihon02')
    const number = await numberOf()
    const [found] = (await ask(bank, 'consents', 'find', number.toLowerCase())) as {
      number: string
      customer: string
    }[]
    expect(found).toMatchObject({ number, state: 'active', client: 'demo-kakeibo' })
    expect(await ask(bank, 'consents', 'find', found?.customer ?? '')).toEqual([found])
    expect(await ask(bank, 'consents', 'find', 'demo-kakeibo')).toEqual([found])
    expect((await operate(bank, 'consents', 'find', 'nobody')).status).toBe(1)
    expect((await audited('staff-looked')).map(({ customer }) => customer)).toEqual([
      found?.customer,
      found?.customer,
      found?.customer,
      null,
    ])
  })

  it('of one customer, however many, are in the audit as looked at with his name', async () => {
    await connect(bank, 'mihon02')
    const customer = (await consentsOf(bank))[0]?.customer_id ?? ''
    await connect(bank, 'mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
    expect(await ask(bank, 'consents', 'find', customer)).toHaveLength(2)
    await connect(bank, 'mihon01')
    expect(await ask(bank, 'consents', 'find', 'demo-kakeibo')).toHaveLength(2)
    expect((await audited('staff-looked')).map((row) => [row.customer, row.consent])).toEqual([
      [customer, null],
      [null, null],
    ])
  })

  it('show what happened to them, and no account as the bank knows it', async () => {
    await connect(bank, 'mihon02')
    const shown = (await ask(bank, 'consents', 'show', await numberOf())) as {
      history: Entry[]
      accounts: string[]
      read: unknown
    }
    expect(shown.history.map(({ event }) => event)).toEqual(['consent-granted', 'consent-activated'])
    const { accounts } = await bank.db.selectFrom('consents').select('accounts').executeTakeFirstOrThrow()
    expect(shown.read).toMatchObject({
      tick: '認可手続きを継続する',
      links: { client: { terms: 'https://kakeibo.example/terms' } },
    })
    for (const { bankAccount, id } of JSON.parse(accounts) as { bankAccount: string; id: string }[]) {
      expect(shown.accounts).toContain(id)
      expect(JSON.stringify(shown)).not.toContain(bankAccount)
    }
  })

  it('are stopped with the reason, and their tokens are dead on the next call', async () => {
    const { fintech, access, refresh } = await connect(bank, 'mihon02')
    const number = await numberOf()
    expect(await operate(bank, 'consents', 'stop', number, '--why', 'suspected-fraud', ...why)).toMatchObject(
      { status: 0, out: `${number} is stopped\n` },
    )
    expect((await fintech.refresh(refresh)).body.error).toBe('invalid_grant')
    expect((await fintech.introspect(access)).body.active).toBe(false)
    expect((await fintech.api('/api/accounts', access)).status).toBe(401)
    expect(await audited('consent-ended')).toMatchObject([
      { number, by: 'staff:yamada', reason: 'suspected-fraud', note: why[1] },
    ])
    expect((await operate(bank, 'consents', 'stop', number, ...why)).status).toBe(1)
    expect((await operate(bank, 'consents', 'stop', 'ABC-1234-XYZ', ...why)).status).toBe(1)
  })

  it('lose one account, and end with the last', async () => {
    await connect(bank, 'mihon02')
    const number = await numberOf()
    const { accounts } = (await ask(bank, 'consents', 'show', number)) as { accounts: string[] }
    expect((await operate(bank, 'consents', 'stop-account', number, 'nonsense', ...why)).status).toBe(1)
    for (const account of accounts)
      expect(await operate(bank, 'consents', 'stop-account', number, account, ...why)).toMatchObject({
        status: 0,
      })
    expect(await ask(bank, 'consents', 'show', number)).toMatchObject({
      state: 'stopped',
      accounts: [],
      endedReason: 'no-accounts-left',
    })
  })

  it('end all together with one fintech, those of others and later ones stay', async () => {
    const of = async (client: string, status: string) =>
      (await consentsOf(bank)).filter((one) => one.client_id === client && one.status === status).length
    await connect(bank, 'mihon02')
    await connect(bank, 'mihon12')
    await connect(bank, 'mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
    vi.advanceTimersByTime(1000)
    const before = ['--before', new Date().toISOString()]
    vi.advanceTimersByTime(1000)
    await connect(bank, 'mihon06')
    const all = ['consents', 'stop-all', 'demo-kakeibo', ...why]
    expect(await ask(bank, ...all, '--count')).toMatchObject({ ended: 0, live: 3 })
    expect(await ask(bank, ...all, ...before)).toMatchObject({ ended: 2 })
    expect(await ask(bank, ...all, ...before)).toMatchObject({ ended: 0 })
    expect(await of('demo-kakeibo', 'active')).toBe(1)
    expect(await of('demo-kakeibo', 'stopped')).toBe(2)
    expect(await of('demo-kaikei', 'active')).toBe(1)
    expect(await audited('consent-ended')).toMatchObject([{ note: why[1] }, { note: why[1] }])
    expect((await operate(bank, 'consents', 'stop-all', 'nobody', ...why)).status).toBe(1)
  })

  it('take an account whose id starts with a hyphen', async () => {
    await connect(bank, 'mihon02')
    const said = await operate(bank, 'consents', 'stop-account', await numberOf(), '-abc', ...why)
    expect(said).toMatchObject({ status: 1, err: expect.stringContaining('has no such account') })
  })
})

describe('locks', () => {
  it('are seen and released, and the customer gets in again', async () => {
    const walk = await begin(bank)
    for (let turn = 0; turn < 5; turn += 1) await signIn(walk, 'mihon02', 'wrong')
    expect(await ask(bank, 'locks', 'show', 'password', 'mihon02')).toEqual({
      locked: true,
      lasting: false,
      until: expect.any(String),
    })
    expect((await operate(bank, 'locks', 'release', 'password', 'mihon02', ...why)).status).toBe(0)
    expect((await operate(bank, 'locks', 'show', 'password', 'mihon02')).status).toBe(1)
    expect((await operate(bank, 'locks', 'release', 'password', 'mihon02', ...why)).status).toBe(1)
    expect((await signIn(await begin(bank), 'mihon02')).path).not.toContain('/sign-in')
    expect(await audited('lock-released')).toMatchObject([{ what: 'password', by: 'staff:yamada' }])
  })
})

describe('audit', () => {
  it('verify says that the chain is whole, and names what somebody did', async () => {
    await connect(bank, 'mihon02')
    expect(await operate(bank, 'audit', 'verify')).toMatchObject({
      status: 1,
      err: expect.stringMatching(/rows are not sealed, the oldest for \d+ s/),
    })
    await bank.sealer.seal()
    const whole = await operate(bank, 'audit', 'verify')
    expect(whole).toMatchObject({ status: 0, out: expect.stringMatching(/^\d+ rows, chain whole\n/) })
    const place = /ends with (\S+)/.exec(whole.out)?.[1] ?? ''
    expect((await operate(bank, 'audit', 'verify', '--expect', place)).status).toBe(0)
    expect((await operate(bank, 'audit', 'verify', '--expect', `1:${place.split(':')[1]}`)).status).toBe(1)
    await bank.db.updateTable('audit').set({ payload: '{}' }).where('position', '=', 2).execute()
    expect(await operate(bank, 'audit', 'verify')).toMatchObject({
      status: 1,
      out: '',
      err: expect.stringMatching(/^row 2 at position 2 \(.*\) was changed after it was sealed\n/),
    })
    expect(await ask(bank, 'audit', 'verify')).toMatchObject({
      whole: false,
      problems: [{ kind: 'changed', position: 2 }],
    })
  })

  it('export gives JSON lines of a time, and records itself', async () => {
    await connect(bank, 'mihon02')
    vi.setSystemTime(Date.parse('2026-11-23T03:00:00Z'))
    await connect(bank, 'mihon01')
    const span = ['--from', '2026-11-22', '--to', '2026-11-23']
    const { out, err, status } = await operate(bank, 'audit', 'export', ...span, ...why)
    const rows = out
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one) as Entry)
    expect(status).toBe(0)
    expect(err).toBe(`${rows.length} rows\n`)
    expect(rows.every(({ at }) => String(at).startsWith('2026-11-22'))).toBe(true)
    expect(rows.map(({ event }) => event)).toContain('consent-granted')
    expect(await audited('audit-exported')).toEqual([
      { event: 'audit-exported', by: 'staff:yamada', rows: rows.length, note: why[1] },
    ])
  })

  it('search finds by what is given, and holds nothing secret', async () => {
    const { access, refresh } = await connect(bank, 'mihon02')
    const all = (await ask(bank, 'audit', 'search', '--client', 'demo-kakeibo')) as Entry[]
    expect(all.length).toBeGreaterThan(2)
    for (const secret of [access, refresh, 'Tsubame2026', '4649', 'mihon02'])
      expect(JSON.stringify(all)).not.toContain(secret)
    expect(await ask(bank, 'audit', 'search', '--event', 'consent-granted', '--limit', '1')).toMatchObject([
      { event: 'consent-granted' },
    ])
    expect((await operate(bank, 'audit', 'search', '--journey', 'NONE-NONE')).status).toBe(1)
    expect(await audited('staff-looked')).toHaveLength(3)
  })
})

describe('outbox', () => {
  it('shows what is dead without what it says, and sends it once more', async () => {
    await connect(bank, 'mihon02')
    const number = await numberOf()
    await operate(bank, 'consents', 'stop', number, ...why)
    expect(await operate(bank, 'outbox', 'list')).toMatchObject({ status: 1, err: 'nothing is dead\n' })
    await bank.db
      .updateTable('outbox')
      .set({ state: 'dead', tries: 9, last_error: 'status 500', settled_at: Date.now() })
      .where('kind', '=', 'event')
      .execute()
    const dead = (await ask(bank, 'outbox', 'list')) as Entry[]
    expect(dead).toMatchObject([
      { client: 'demo-kakeibo', consent: number, type: 'consent-ended', tries: 9, lastError: 'status 500' },
    ])
    expect(JSON.stringify(dead)).not.toContain('arrangementId')
    expect(await ask(bank, 'outbox', 'retry', 'demo-kakeibo', ...why)).toEqual({ messages: 1 })
    expect((await operate(bank, 'outbox', 'retry', number, ...why)).status).toBe(1)
    expect(await ask(bank, 'outbox', 'list', '--state', 'waiting')).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ type: 'consent-ended', tries: 9 })]),
    )
    expect(await audited('delivery-retried')).toMatchObject([{ by: 'staff:yamada', messages: 1 }])
  })
})
