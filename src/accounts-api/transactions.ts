/** 入出金明細照会: the transactions of some days, oldest first, in pages that together have every one exactly once. */
import type { FastifyRequest } from 'fastify'
import type { BankTransaction } from '../bank/port.ts'
import { dateInJapan } from '../clock.ts'
import { baseTime } from './base-time.ts'
import { rangeOf, rangeQuery } from './dates.ts'
import { type ApiError, badRequest } from './errors.ts'
import { noInquiry } from './inquiry.ts'
import { nextItemKeyText, type AskedPage, type NextItem } from './next-item.ts'
import { open } from './open.ts'
import type { ApiParts } from './parts.ts'
import { pageSize, type TransactionsAnswer } from './shapes.ts'

const query = rangeQuery.extend({ nextItemKey: nextItemKeyText.optional() })

export async function tellTransactions(
  parts: ApiParts,
  request: FastifyRequest<{ Params: { id: string } }>,
): Promise<TransactionsAnswer | ApiError> {
  const { id } = request.params
  const opened = await open(parts, request, { scope: 'transactions', account: id })
  if ('status' in opened) return opened
  const { consent, account } = opened
  const { customer, client } = consent
  const refused = (error: ApiError): ApiError => ({ ...error, client })

  const parsed = query.safeParse(request.query)
  if (!parsed.success) return refused(badRequest(unreadable))
  const { nextItemKey, ...range } = parsed.data
  const asked: AskedPage = { ...range, consent: consent.id, account: id }
  const page = whichPage(parts, asked, nextItemKey)
  if ('status' in page) return refused(page)

  const { since: _since, ...wanted } = page
  const answer = await parts.bank.transactions({ customer, account, client, ...wanted, limit: pageSize })
  if (!answer.ok) return noInquiry(parts, opened, answer)
  const { transactions, more } = answer.value
  const last = transactions.at(-1)
  const next = more && last ? parts.nextItemKeys.make(asked, { ...page, after: last.key }) : undefined
  return {
    accountId: id,
    dateFrom: page.from,
    dateTo: page.to,
    ...baseTime(parts.clock),
    hasNext: next !== undefined,
    ...(next === undefined ? {} : { nextItemKey: next }),
    count: String(transactions.length),
    transactions: transactions.map(told),
  }
}

const unreadable = 'dateFrom and dateTo are dates such as 2026-11-22; each parameter is given at most once'

const foreignKey =
  'nextItemKey belongs to another account, consent or dates, or is older than yesterday; begin again without it'

type Page = Omit<NextItem, 'after'> & { readonly after?: string }

function whichPage(
  { clock, lookBackMonths, nextItemKeys }: ApiParts,
  asked: AskedPage,
  key: string | undefined,
): Page | ApiError {
  const today = dateInJapan(clock())
  if (key !== undefined) return nextItemKeys.read(asked, key, today) ?? badRequest(foreignKey)
  const range = rangeOf(asked, { today, months: lookBackMonths })
  return 'status' in range ? range : { ...range, since: today }
}

function told(one: BankTransaction): TransactionsAnswer['transactions'][number] {
  return {
    transactionDate: one.date,
    valueDate: one.valueDate,
    transactionType: one.direction === 'in' ? '1' : '2',
    amount: one.amount,
    ...(one.remarks === undefined ? {} : { remarks: one.remarks }),
    balance: one.balance,
    itemKey: one.key,
  }
}
