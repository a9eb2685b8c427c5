/** Of a bank's contract: balances and transactions that agree with each other to the yen. */
import { describe, expect, test } from 'vitest'
import { change, today, type UnderTest, valueOf } from './under-test.ts'

const by = (customer: string, account: string) => ({ customer, account, client: 'a-fintech' })

export function statementContract(made: UnderTest): void {
  describe('the statement', () => {
    const statement = async (number: string, from: string, to: string) => {
      const who = await made.inJourney('mihon01')
      const account = (await made.find(who, number)).id
      const page = await made.bank.transactions({ ...by(who.customer, account), from, to, limit: 10_000 })
      return valueOf(page).transactions
    }

    test('adds up from one transaction to the next', async () => {
      const all = await statement('2222222', '2026-08-01', today)
      expect(all.length).toBeGreaterThan(60)
      for (const [n, transaction] of all.entries()) {
        const before = all[n - 1]
        if (!before) continue
        expect(BigInt(before.balance) + change(transaction)).toBe(BigInt(transaction.balance))
        expect(transaction.date >= before.date).toBe(true)
      }
      expect(new Set(all.map(({ key }) => key)).size).toBe(all.length)
    })

    test('ends on the balances that are told', async () => {
      const who = await made.inJourney('mihon01')
      const account = (await made.find(who, '2222222')).id
      const balances = valueOf(await made.bank.balances(by(who.customer, account)))
      const all = await statement('2222222', '2026-09-01', today)
      const endOf = (isIt: (date: string) => boolean) => all.findLast(({ date }) => isIt(date))?.balance
      expect(balances.balance).toBe(endOf(() => true))
      expect(balances.previousDay).toBe(endOf((date) => date < today))
      expect(balances.previousMonth).toBe(endOf((date) => date < '2026-11-01'))
      expect(BigInt(balances.withdrawable)).toBeLessThanOrEqual(BigInt(balances.balance))
    })

    test('keeps to the days asked for, both included, and to the past', async () => {
      const all = await statement('2222222', '2026-11-01', '2027-03-31')
      const day = all[0]?.date ?? ''
      expect(all.every(({ date }) => date >= '2026-11-01' && date <= today)).toBe(true)
      expect(await statement('2222222', day, day)).toEqual(all.filter(({ date }) => date === day))
      expect(await statement('2222222', today, '2026-11-01')).toEqual([])
    })

    test('comes in pages that together are the whole, each row once', async () => {
      const who = await made.inJourney('mihon01')
      const account = (await made.find(who, '2222222')).id
      const range = { ...by(who.customer, account), from: '2026-09-01', to: today }
      const all = await statement('2222222', range.from, range.to)
      const told: string[] = []
      for (let more = true, after = {}; more; after = { after: told.at(-1) }) {
        const page = valueOf(await made.bank.transactions({ ...range, limit: 7, ...after }))
        expect(page.transactions).toHaveLength(page.more ? 7 : all.length % 7 || 7)
        told.push(...page.transactions.map(({ key }) => key))
        more = page.more
      }
      expect(told).toEqual(all.map(({ key }) => key))
      const last = told.at(-1) ?? ''
      expect(valueOf(await made.bank.transactions({ ...range, limit: 7, after: last }))).toEqual({
        transactions: [],
        more: false,
      })
    })

    test('of an account whose PIN is not registered is not told, and is once it is', async () => {
      const who = await made.inJourney('mihon01')
      const account = (await made.find(who, '1111111')).id
      const wanted = by(who.customer, account)
      const refused = { ok: false, reason: 'pin-not-registered' }
      expect(await made.bank.balances(wanted)).toEqual(refused)
      expect(await made.bank.transactions({ ...wanted, from: today, to: today, limit: 9 })).toEqual(refused)
      await made.hold(who, account)
      expect(await made.bank.balances(wanted)).toEqual(refused)
      await made.bank.commitPins(who)
      expect((await made.bank.balances(wanted)).ok).toBe(true)
    })

    test("of another customer's account is not told", async () => {
      const [owner, other] = [await made.inJourney('mihon01'), await made.inJourney('mihon03')]
      const wanted = by(other.customer, (await made.find(owner, '2222222')).id)
      const closed = { ok: false, reason: 'account-closed' }
      expect(await made.bank.balances(wanted)).toEqual(closed)
      const range = { from: '2026-11-01', to: today, limit: 9 }
      expect(await made.bank.transactions({ ...wanted, ...range })).toEqual(closed)
    })
  })
}
