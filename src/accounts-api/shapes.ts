/** What the accounts API answers, as schemas: the routes have their types from here, and the OpenAPI document its components. */
import { z } from 'zod'

const yen = z
  .string()
  .regex(/^-?(0|[1-9]\d*)$/)
  .describe(
    'whole yen, as a string so that no JSON parser rounds it; negative where the account is overdrawn',
  )

const date = z.iso.date().describe('a day in Japan')
const instant = z.iso.datetime()
const currencyCode = z.literal('JPY')

const accountId = z
  .string()
  .min(1)
  .max(64)
  .describe('stays the same over renewals; another fintech knows the same account by another id')

/** The day and hour for which the bank has answered. */
const base = {
  baseDate: date,
  baseTime: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d\+09:00$/)
    .describe('when the bank answered, in Japan'),
}

const account = z.strictObject({
  accountId,
  branchCode: z.string().regex(/^\d{3}$/),
  branchName: z.string(),
  accountTypeCode: z.enum(['01', '11', '99']).describe('01 savings (普通), 11 current (当座), 99 any other'),
  accountTypeName: z.string(),
  accountNumber: z.string().regex(/^\d+$/),
  currencyCode,
})

const accounts = z.strictObject({
  consent: z.strictObject({
    number: z.string().describe('as the customer sees it and reads it out on the phone'),
    grantId: z.string().describe('the arrangement; the same over renewals'),
    state: z
      .enum(['active', 'expiring'])
      .describe('expiring: within the last 30 days, time to ask the customer to renew'),
    startsAt: instant,
    endsAt: instant,
  }),
  ...base,
  accounts: z.array(account).describe('those of the consent whose inquiry PIN is registered today'),
})

const balances = z.strictObject({
  accountId,
  balance: yen,
  withdrawableAmount: yen,
  previousDayBalance: yen,
  previousMonthBalance: yen,
  ...base,
  currencyCode,
})

const transaction = z.strictObject({
  transactionDate: date,
  valueDate: date,
  transactionType: z.enum(['1', '2']).describe('1 paid in, 2 paid out'),
  amount: yen,
  remarks: z.string().optional().describe('half-width kana; left out where there are none'),
  balance: yen,
  itemKey: z.string().min(1).max(64).describe('names the transaction within its account for good'),
})

/** Rows of one answer, as the banks of this country have it. */
export const pageSize = 500

const transactions = z.strictObject({
  accountId,
  dateFrom: date,
  dateTo: date,
  ...base,
  hasNext: z.boolean(),
  nextItemKey: z
    .string()
    .optional()
    .describe('only where hasNext is true: send it with the same dates for what follows'),
  count: z.string().regex(/^\d+$/).describe('of the transactions in this answer'),
  transactions: z.array(transaction).max(pageSize).describe('oldest first; empty where there are none'),
})

const refusal = z.strictObject({
  error: z.string().describe('a code to branch on'),
  error_description: z.string().describe('for a person who reads logs; may change'),
  incident: z.string().optional().describe('read it out to the bank; only of an unexpected failure'),
  resumesAt: instant.optional().describe('when the bank answers again, where it knows'),
})

export type AccountsAnswer = z.infer<typeof accounts>
export type AccountAnswer = z.infer<typeof account>
export type BalancesAnswer = z.infer<typeof balances>
export type TransactionsAnswer = z.infer<typeof transactions>
export type Refusal = z.infer<typeof refusal>

/** By the name that the document gives them. */
export const shapes = {
  Account: account,
  Accounts: accounts,
  Balances: balances,
  Transaction: transaction,
  Transactions: transactions,
  Error: refusal,
} as const
