/** What happens at the bank ends a connection by itself, on the very next call; what is only unknown ends nothing. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { startBank, type TestBank, unavailable, withCalls } from '../support/bank.ts'
import { connect, consentsOf, type Tokens, type Walk } from '../support/walk.ts'

let bank: TestBank
let replaced: Partial<Bank>
let asked: number
let endOnPasswordReset: boolean
const start = () =>
  startBank({
    wrapBank: (real) =>
      withCalls(real, () => ({
        standing(who) {
          asked += 1
          return real.standing(who)
        },
        ...replaced,
      })),
    institution: (one) => ({ ...one, rules: { ...one.rules, endOnPasswordReset } }),
  })
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-25T12:00:00+09:00') })
  replaced = {}
  asked = 0
  endOnPasswordReset = false
  bank = await start()
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const minutes = (n: number): void => void vi.setSystemTime(Date.now() + n * 60_000)
/** An hour later, so that the bank is asked again. */
const sweepLater = async (): Promise<void> => {
  minutes(61)
  await bank.sweeper.sweep()
}
const consent = async () => {
  const [row] = await consentsOf(bank)
  if (!row) throw new Error('nobody has agreed to anything')
  return row
}
/** As the fintech does on its next visit: a refresh, then a reading. */
const use = async ({ fintech, refresh }: Walk & Tokens): Promise<{ status: number; said: string }> => {
  const { status, body } = await fintech.refresh(refresh)
  if (status !== 200) return { status, said: String(body.error_description) }
  const answer = await fintech.api('/api/accounts', String(body.access_token))
  return { status: answer.status, said: JSON.stringify(answer.body.accounts) }
}
const over = { status: 400, said: expect.stringMatching(/^consent_stopped/) as string }

describe('a connection', () => {
  it('whose customer is as he was lives on', async () => {
    const walk = await connect(bank, 'mihon02')
    await sweepLater()
    expect(asked).toBe(1)
    expect((await use(walk)).status).toBe(200)
  })

  it('of a closed contract ends', async () => {
    const walk = await connect(bank, 'mihon02')
    await bank.simulator.change('mihon02', { contract: 'closed' })
    await sweepLater()
    expect(await use(walk)).toEqual(over)
    expect((await walk.fintech.introspect(walk.refresh)).body).toEqual({ active: false })
    expect(await consent()).toMatchObject({ ended_by: 'system', ended_reason: 'contract-closed' })
    const told = await bank.db
      .selectFrom('outbox')
      .select('kind')
      .where('payload', 'like', '%contract-closed%')
      .execute()
    expect(told.map(({ kind }) => kind).toSorted()).toEqual(['event', 'notice'])
    const audit = await bank.db
      .selectFrom('audit')
      .select('payload')
      .where('event', '=', 'consent-ended')
      .execute()
    expect(audit.map(({ payload }) => payload).join('')).toContain('contract-closed')
  })

  it('to a service that its user may no longer allow ends, and he may connect what is left', async () => {
    const walk = await connect(bank, 'mihon02')
    await bank.simulator.change('mihon02', { services: ['balances', 'transactions'] })
    await sweepLater()
    expect((await use(walk)).status).toBe(200)
    await bank.simulator.change('mihon02', { services: ['balances'] })
    await sweepLater()
    expect(await use(walk)).toEqual(over)
    expect(await consent()).toMatchObject({ ended_by: 'system', ended_reason: 'right-withdrawn' })
    await connect(bank, 'mihon02')
    expect((await consentsOf(bank)).map(({ services }) => services)).toEqual([
      'balances transactions',
      'balances',
    ])
  })

  it('given by certificate ends when that is revoked; one given by password does not care', async () => {
    const walk = await connect(bank, 'mihon02')
    replaced = {
      standing: async ({ accounts }) => ({
        ok: true,
        value: {
          contract: 'open',
          certificate: 'revoked',
          passwordResetAt: null,
          accounts: accounts.map((account) => ({ account, state: 'open' })),
        },
      }),
    }
    await sweepLater()
    expect((await consent()).status).toBe('active')
    await bank.db.updateTable('consents').set({ signed_in_by: 'certificate' }).execute()
    await sweepLater()
    expect(await use(walk)).toEqual(over)
    expect(await consent()).toMatchObject({ ended_reason: 'certificate-revoked' })
  })

  it('survives a reset of the password unless the institution says otherwise, and then only one given before', async () => {
    const walk = await connect(bank, 'mihon02')
    minutes(1)
    await bank.simulator.change('mihon02', { passwordResetAt: Date.now() })
    await sweepLater()
    expect((await consent()).status).toBe('active')
    await bank.close()
    endOnPasswordReset = true
    bank = await start()
    await bank.simulator.change('mihon02', { passwordResetAt: Date.now() - 1 })
    const later = await connect(bank, 'mihon02')
    await sweepLater()
    expect((await use(later)).status).toBe(200)
    await bank.simulator.change('mihon02', { passwordResetAt: Date.now() })
    await sweepLater()
    expect(await use(later)).toEqual(over)
    expect(await consent()).toMatchObject({ ended_reason: 'password-reset' })
    expect(walk.access).not.toBe(later.access)
  })

  it('loses a closed account, and one with a changed PIN, alone; with the last one it ends', async () => {
    const walk = await connect(bank, 'mihon02')
    const [one, two] = demoCustomers.find(({ loginId }) => loginId === 'mihon02')?.accounts ?? []
    if (!one || !two) throw new Error('this customer has two accounts')
    await bank.simulator.change('mihon02', { closedAccounts: [one.id] })
    await sweepLater()
    const { said } = await use(walk)
    expect(said).not.toContain(one.number)
    expect(said).toContain(two.number)
    await bank.simulator.changePin(two.id)
    await sweepLater()
    expect(await use(walk)).toEqual(over)
    expect(await consent()).toMatchObject({ status: 'stopped', ended_reason: 'no-accounts-left' })
    const ends = await bank.db
      .selectFrom('audit')
      .select('payload')
      .where('event', '=', 'account-stopped')
      .execute()
    expect(ends.map(({ payload }) => (JSON.parse(payload) as { reason: string }).reason)).toEqual([
      'account-closed',
      'pin-changed',
    ])
  })
})

describe('the bank', () => {
  it('is asked once an hour about each connection, by one process', async () => {
    await connect(bank, 'mihon02')
    await bank.sweeper.sweep()
    expect(asked).toBe(0)
    minutes(60)
    await Promise.all([bank.sweeper.sweep(), bank.sweeper.sweep()])
    expect(asked).toBe(1)
    minutes(59)
    await bank.sweeper.sweep()
    expect(asked).toBe(1)
    minutes(1)
    await bank.sweeper.sweep()
    expect(asked).toBe(2)
  })

  it('that does not answer changes nothing, and is asked again after five minutes', async () => {
    const walk = await connect(bank, 'mihon02')
    await bank.simulator.change('mihon02', { contract: 'closed' })
    replaced = { standing: unavailable }
    await sweepLater()
    expect((await use(walk)).status).toBe(200)
    replaced = {}
    minutes(4)
    await bank.sweeper.sweep()
    expect((await consent()).status).toBe('active')
    minutes(1)
    await bank.sweeper.sweep()
    expect(await consent()).toMatchObject({ ended_reason: 'contract-closed' })
  })

  it('that answers for some connections and not for others is heard about those', async () => {
    await connect(bank, 'mihon01')
    await connect(bank, 'mihon02')
    const [first] = await consentsOf(bank)
    for (const loginId of ['mihon01', 'mihon02']) await bank.simulator.change(loginId, { contract: 'closed' })
    replaced = {
      standing: async (who) =>
        who.customer === first?.customer_id ? unavailable() : bank.simulator.standing(who),
    }
    await sweepLater()
    const rows = await consentsOf(bank)
    for (const { customer_id, status } of rows)
      expect(status).toBe(customer_id === first?.customer_id ? 'active' : 'stopped')
  })
})
