/**
 * The protected resource: accounts, balances and transactions of a live consent, nothing beyond it. Every call asks the
 * consent's row, so a connection that was stopped a moment ago is refused now.
 */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Bank, InquiryAccount, NoInquiry, Unavailable } from '../bank/port.ts'
import { type Clock, dateInJapan, timeInJapan } from '../clock.ts'
import type { Consents } from '../consent/consents.ts'
import { stateAt } from '../consent/state.ts'
import type { Log } from '../log.ts'
import type { Consent } from '../store/consents.ts'
import { type ApiError, badRange, errors, refuse, stoppedBecause } from './errors.ts'
import { type AccessOf, open, type Opened } from './open.ts'

export type ApiParts = {
  readonly bank: Bank
  readonly clock: Clock
  /** how far back transactions can be had */
  readonly lookBackMonths: number
  readonly publicUrl: string
  readonly accessOf: AccessOf
  readonly consents: Consents
  readonly log: Log
}

const kindCodes: Readonly<Record<string, string>> = { 普通: '01', 当座: '11' }

export async function accountsApi(app: FastifyInstance, parts: ApiParts): Promise<void> {
  const { bank, clock } = parts

  app.get('/api/accounts', async (request, reply) => {
    const opened = await open(parts, request)
    if ('status' in opened) return refuse(parts, reply, opened)
    const { consent } = opened
    const listed = await bankAccounts(bank, consent)
    if ('status' in listed) return refuse(parts, reply, listed)
    return reply.send({
      consent: {
        number: consent.number,
        grantId: consent.arrangementId,
        state: stateAt(consent, clock()),
        startsAt: new Date(consent.startsAt).toISOString(),
        endsAt: new Date(consent.endsAt).toISOString(),
      },
      ...baseTime(clock),
      accounts: consent.accounts.flatMap(({ bankAccount, id }) => {
        const account = listed.find((one) => one.id === bankAccount)
        return account ? [accountView(account, id)] : []
      }),
    })
  })

  app.get<{ Params: { id: string } }>('/api/accounts/:id/balances', async (request, reply) => {
    const opened = await open(parts, request, { scope: 'balances', account: request.params.id })
    if ('status' in opened) return refuse(parts, reply, opened)
    const { consent, account } = opened
    const answer = await bank.balances({ customer: consent.customer, account })
    if (!answer.ok) return refuse(parts, reply, await noInquiry(parts, opened, answer.reason))
    const { balance, withdrawable, previousDay, previousMonth } = answer.value
    return reply.send({
      accountId: request.params.id,
      balance,
      withdrawableAmount: withdrawable,
      previousDayBalance: previousDay,
      previousMonthBalance: previousMonth,
      ...baseTime(clock),
      currencyCode: 'JPY',
    })
  })

  app.get<{ Params: { id: string }; Querystring: unknown }>(
    '/api/accounts/:id/transactions',
    async (request, reply) => {
      const opened = await open(parts, request, { scope: 'transactions', account: request.params.id })
      if ('status' in opened) return refuse(parts, reply, opened)
      const range = dateRange(request.query, dateInJapan(clock()), parts.lookBackMonths)
      if ('status' in range) return refuse(parts, reply, range)
      const { consent, account } = opened
      const answer = await bank.transactions({ customer: consent.customer, account, ...range })
      if (!answer.ok) return refuse(parts, reply, await noInquiry(parts, opened, answer.reason))
      return reply.send({
        accountId: request.params.id,
        dateFrom: range.from,
        dateTo: range.to,
        ...baseTime(clock),
        hasNext: false,
        count: String(answer.value.length),
        transactions: answer.value.map((one) => ({
          transactionDate: one.date,
          valueDate: one.valueDate,
          transactionType: one.direction === 'in' ? '1' : '2',
          amount: one.amount,
          ...(one.remarks === undefined ? {} : { remarks: one.remarks }),
          balance: one.balance,
          itemKey: one.key,
        })),
      })
    },
  )
}

/** What the bank will never tell again under this consent ends here and now, for this account alone. */
async function noInquiry(
  { consents }: ApiParts,
  { consent, account }: Opened,
  reason: (NoInquiry | Unavailable)['reason'],
): Promise<ApiError> {
  if (reason === 'unavailable') return errors.unavailable
  const ended = reason === 'account-closed' ? reason : 'pin-changed'
  const id = consent.accounts.find(({ bankAccount }) => bankAccount === account)?.id
  if (id) await consents.stopAccount(consent.id, id, { by: 'system', reason: ended })
  return stoppedBecause(ended)
}

/** The accounts as the bank has them today: one whose PIN is no longer registered cannot be inquired. */
async function bankAccounts(bank: Bank, consent: Consent): Promise<readonly InquiryAccount[] | ApiError> {
  // No journey is under way here, so nothing can be held under this name.
  const answer = await bank.accounts({ customer: consent.customer, journey: `api ${consent.id}` })
  return answer.ok ? answer.value.filter((account) => account.registered) : errors.unavailable
}

function accountView({ branchCode, branchName, kind, number }: InquiryAccount, id: string) {
  return {
    accountId: id,
    branchCode,
    branchName,
    accountTypeCode: kindCodes[kind] ?? '99',
    accountTypeName: kind,
    accountNumber: number,
    currencyCode: 'JPY',
  }
}

function baseTime(clock: Clock): { baseDate: string; baseTime: string } {
  const now = clock()
  return { baseDate: dateInJapan(now), baseTime: timeInJapan(now) }
}

/** The bank keeps no books before; and a year of four digits compares as text. */
const day = z.iso
  .date()
  .refine((date) => date >= '2000-01-01')
  .optional()
const rangeQuery = z.object({ dateFrom: day, dateTo: day })

/**
 * None given: today. Only from: until today. Only to: from the same day of the year before, as far as the bank looks back.
 * @param months how far back the customer was told that the fintech can look
 */
function dateRange(query: unknown, today: string, months: number): { from: string; to: string } | ApiError {
  const parsed = rangeQuery.safeParse(query)
  if (!parsed.success)
    return badRange('dateFrom and dateTo are dates such as 2026-11-22, each given at most once')
  const { dateFrom, dateTo } = parsed.data
  const to = dateTo ?? today
  const from =
    dateFrom ??
    (dateTo ? `${Number(dateTo.slice(0, 4)) - 1}${dateTo.slice(4)}`.replace('-02-29', '-03-01') : today)
  if (from > to) return badRange('dateFrom is later than dateTo')
  const earliest = monthsBefore(today, months)
  const asked = dateFrom ?? to
  if (asked < earliest) return badRange(`this bank gives transactions since ${earliest}`)
  return { from: from < earliest ? earliest : from, to }
}

/** The same day of an earlier month, or its last one. */
function monthsBefore(day: string, months: number): string {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number)
  const last = new Date(Date.UTC(year, month - months, 0)).getUTCDate()
  return new Date(Date.UTC(year, month - 1 - months, Math.min(date, last))).toISOString().slice(0, 10)
}
