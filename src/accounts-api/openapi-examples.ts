/** One answer of each kind, for whoever reads the document; the types hold them to the shapes. */
import type { AccountsAnswer, BalancesAnswer, TransactionsAnswer } from './shapes.ts'

const accountId = 'Zc3kq0m6V1xJt8yYw4uR9A'
const base = { baseDate: '2026-11-24', baseTime: '09:30:00+09:00' }

const accounts: AccountsAnswer = {
  consent: {
    number: '7KQ-3M9T-XB2',
    grantId: 'f0x2YcR1mQ',
    state: 'active',
    startsAt: '2026-11-22T03:04:05.000Z',
    endsAt: '2027-02-20T14:59:59.999Z',
  },
  ...base,
  accounts: [
    {
      accountId,
      branchCode: '202',
      branchName: 'インターネット支店',
      accountTypeCode: '01',
      accountTypeName: '普通',
      accountNumber: '2222222',
      currencyCode: 'JPY',
    },
  ],
}

const balances: BalancesAnswer = {
  accountId,
  balance: '1523400',
  withdrawableAmount: '1403400',
  previousDayBalance: '1498760',
  previousMonthBalance: '1310022',
  ...base,
  currencyCode: 'JPY',
}

const transactions: TransactionsAnswer = {
  accountId,
  dateFrom: '2026-11-01',
  dateTo: '2026-11-24',
  ...base,
  hasNext: false,
  count: '2',
  transactions: [
    {
      transactionDate: '2026-11-24',
      valueDate: '2026-11-24',
      transactionType: '1',
      amount: '25300',
      remarks: 'ﾌﾘｺﾐ ｶ)ﾐﾎﾝｼﾖｳｼﾞ',
      balance: '1524060',
      itemKey: '2026-11-24-1',
    },
    {
      transactionDate: '2026-11-24',
      valueDate: '2026-11-24',
      transactionType: '2',
      amount: '660',
      balance: '1523400',
      itemKey: '2026-11-24-2',
    },
  ],
}

export const examples = { Accounts: accounts, Balances: balances, Transactions: transactions } as const
