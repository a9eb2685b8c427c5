/** One account ends and the others go on: by the customer, or on the call at which the bank says that it tells nothing more. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createConsents } from '../../src/consent/consents.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { connect, consentsOf, type Tokens, type Walk } from '../support/walk.ts'

let bank: TestBank
let walk: Walk & Tokens
beforeEach(async () => {
  bank = await startBank()
  walk = await connect(bank, 'mihon02')
})
afterEach(() => bank.close())

const consentRow = async () => {
  const [row] = await consentsOf(bank)
  if (!row) throw new Error('nobody has agreed to anything')
  return row
}
const shared = async () => JSON.parse((await consentRow()).accounts) as { bankAccount: string; id: string }[]
const listed = async () => {
  const { body } = await walk.fintech.api('/api/accounts', walk.access)
  return (body.accounts as { accountId: string }[]).map(({ accountId }) => accountId)
}
const ask = async (id: string, what = 'balances') => {
  const { status, body } = await walk.fintech.api(`/api/accounts/${id}/${what}`, walk.access)
  return [status, body.error]
}
const both = async () => {
  const [one, two] = await shared()
  if (!one || !two) throw new Error('this customer shares two accounts')
  return [one, two] as const
}
const events = () =>
  bank.db.selectFrom('outbox').selectAll().where('kind', '=', 'event').orderBy('created_at').execute()

describe('an account', () => {
  it('that the customer stopped is refused with a code of its own, and the other goes on', async () => {
    const [one, two] = await both()
    const consents = createConsents({ db: bank.db, clock: () => Date.now(), pairwiseKey: Buffer.alloc(32) })
    await consents.stopAccount((await consentRow()).id, one.id, {
      by: 'customer',
      reason: 'customer-stopped',
    })
    expect(await ask(one.id)).toEqual([403, 'account_stopped'])
    expect(await ask(one.id, 'transactions')).toEqual([403, 'account_stopped'])
    expect(await ask(two.id)).toEqual([200, undefined])
    expect(await listed()).toEqual([two.id])
  })

  it.each([
    ['closed at the bank', 'account_closed', 'account-closed'],
    ['whose PIN was changed at the branch', 'pin_stale', 'pin-changed'],
  ])('%s ends at the call that learns it, and the fintech is told once', async (_what, code, reason) => {
    const [one, two] = await both()
    if (reason === 'account-closed')
      await bank.simulator.change('mihon02', { closedAccounts: [one.bankAccount] })
    else await bank.simulator.changePin(one.bankAccount)
    expect(await ask(one.id)).toEqual([403, code])
    expect(await ask(one.id, 'transactions')).toEqual([403, code])
    expect(await ask(two.id)).toEqual([200, undefined])
    expect(await listed()).toEqual([two.id])
    const told = await events()
    expect(told.map(({ payload }) => JSON.parse(payload) as object)).toMatchObject([
      { type: 'account-stopped', account: one.id, reason },
    ])
    // Registered again at the bank, it stays ended: only the customer can share it anew.
    await bank.simulator.reset()
    expect(await ask(one.id)).toEqual([403, code])
  })

  it('that was the last one takes the consent with it', async () => {
    const [one, two] = await both()
    await bank.simulator.change('mihon02', { closedAccounts: [one.bankAccount, two.bankAccount] })
    expect(await ask(one.id)).toEqual([403, 'account_closed'])
    expect(await ask(two.id)).toEqual([403, 'account_closed'])
    expect(await ask(two.id)).toEqual([401, 'consent_stopped'])
    expect(await consentRow()).toMatchObject({ status: 'stopped', ended_reason: 'no-accounts-left' })
  })
})

describe('a bank that is not available', () => {
  it('ends nothing', async () => {
    await bank.close()
    bank = await startBank({
      wrapBank: (real) =>
        new Proxy(real, {
          get: (target, name: keyof typeof real) =>
            name === 'balances'
              ? async () => ({ ok: false, reason: 'unavailable' }) as const
              : target[name].bind(target),
        }),
    })
    walk = await connect(bank, 'mihon02')
    const [one] = await both()
    expect(await ask(one.id)).toEqual([503, 'temporarily_unavailable'])
    expect(await listed()).toHaveLength(2)
  })
})
