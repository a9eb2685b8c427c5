/** Of the contract: balances and transactions that agree with each other to the yen, and only of accounts whose PIN is registered. */
import { days } from '../../clock.ts'
import type { BankTransaction, Inquiry } from '../port.ts'
import { type BankCheck, type Bench, findAccount, holds, inNewJourney, same, valueOf } from './bench.ts'

const client = 'contract-check'
const pageSize = 200
const mostPages = 50

const earlier = (date: string, by: number): string =>
  new Date(Date.parse(date) - days(by)).toISOString().slice(0, 10)

async function inquiryOf(
  bench: Bench,
  which: keyof Bench['customers']['main']['accounts'],
): Promise<Inquiry> {
  const who = await inNewJourney(bench, bench.customers.main)
  const { id: account } = await findAccount(bench, who, bench.customers.main.accounts[which])
  return { customer: who.customer, account, client }
}

/** All of a range, however many pages it takes. */
async function statement(
  { bank }: Bench,
  range: Inquiry & { readonly from: string; readonly to: string },
  limit = pageSize,
): Promise<readonly BankTransaction[]> {
  const told: BankTransaction[] = []
  for (let page = 0; page < mostPages; page += 1) {
    const after = told.at(-1)?.key
    const asked = { ...range, limit, ...(after === undefined ? {} : { after }) }
    const { transactions, more } = valueOf('transactions', await bank.transactions(asked))
    const { length } = transactions
    holds(
      'transactions',
      length <= limit && (!more || length > 0),
      `at most ${limit}, and some when there are more`,
      { length, more },
    )
    told.push(...transactions)
    if (!more) return told
  }
  return told
}

const change = ({ direction, amount }: BankTransaction): bigint =>
  direction === 'in' ? BigInt(amount) : -BigInt(amount)

export const statementChecks: readonly BankCheck[] = [
  {
    name: 'the statement adds up from one transaction to the next, and each has a key of its own',
    async run(bench) {
      const range = {
        ...(await inquiryOf(bench, 'registered')),
        from: earlier(bench.today, 60),
        to: bench.today,
      }
      const all = await statement(bench, range)
      holds('transactions of the last 60 days', all.length > 0, 'at least one', all.length)
      for (const [n, transaction] of all.entries()) {
        holds(
          'an amount',
          BigInt(transaction.amount) > 0n,
          'more than 0; the direction says which way',
          transaction,
        )
        const before = all[n - 1]
        if (!before) continue
        holds('transactions', transaction.date >= before.date, 'oldest first', [
          before.date,
          transaction.date,
        ])
        same(
          `the balance after ${transaction.key}`,
          transaction.balance,
          String(BigInt(before.balance) + change(transaction)),
        )
      }
      same('the number of different keys', new Set(all.map(({ key }) => key)).size, all.length)
    },
  },
  {
    name: 'the statement ends on the balances that are told',
    async run(bench) {
      const inquiry = await inquiryOf(bench, 'registered')
      const all = await statement(bench, { ...inquiry, from: earlier(bench.today, 60), to: bench.today })
      const told = valueOf('balances', await bench.bank.balances(inquiry))
      const month = `${bench.today.slice(0, 7)}-01`
      for (const [name, isIt] of [
        ['balance', () => true],
        ['previousDay', (date: string) => date < bench.today],
        ['previousMonth', (date: string) => date < month],
      ] as const) {
        const end = all.findLast(({ date }) => isIt(date))
        if (end) same(name, told[name], end.balance)
      }
      holds(
        'withdrawable',
        BigInt(told.withdrawable) <= BigInt(told.balance),
        'not more than the balance',
        told,
      )
    },
  },
  {
    name: 'the statement keeps to the days asked for, both included',
    async run(bench) {
      const inquiry = await inquiryOf(bench, 'registered')
      const all = await statement(bench, { ...inquiry, from: earlier(bench.today, 60), to: bench.today })
      const day = all.at(-1)?.date ?? bench.today
      const ofDay = await statement(bench, { ...inquiry, from: day, to: day })
      same(
        `the transactions of ${day}`,
        ofDay,
        all.filter(({ date }) => date === day),
      )
      same(
        'a range that ends before it begins',
        await statement(bench, { ...inquiry, from: bench.today, to: earlier(bench.today, 60) }),
        [],
      )
    },
  },
  {
    name: 'pages together are the whole, each row once',
    async run(bench) {
      const range = {
        ...(await inquiryOf(bench, 'registered')),
        from: earlier(bench.today, 60),
        to: bench.today,
      }
      const all = await statement(bench, range)
      const size = Math.max(1, Math.ceil(all.length / 4))
      same('the rows in four pages', await statement(bench, range, size), all)
      const after = all.at(-1)?.key ?? ''
      const behind = await bench.bank.transactions({ ...range, limit: 7, after })
      same('behind the last', valueOf('transactions', behind), { transactions: [], more: false })
    },
  },
  {
    name: 'nothing is told of an account whose PIN is not registered',
    async run(bench) {
      const inquiry = await inquiryOf(bench, 'unregistered')
      const refused = { ok: false, reason: 'pin-not-registered' }
      same('balances', await bench.bank.balances(inquiry), refused)
      const range = { from: bench.today, to: bench.today, limit: 9 }
      same('transactions', await bench.bank.transactions({ ...inquiry, ...range }), refused)
    },
  },
  {
    name: "nothing is told of another customer's account",
    async run(bench) {
      const { account } = await inquiryOf(bench, 'registered')
      const { customer } = await inNewJourney(bench, bench.customers.other)
      const closed = { ok: false, reason: 'account-closed' }
      same('balances', await bench.bank.balances({ customer, account, client }), closed)
      const range = { from: bench.today, to: bench.today, limit: 9 }
      same('transactions', await bench.bank.transactions({ customer, account, client, ...range }), closed)
    },
  },
]
