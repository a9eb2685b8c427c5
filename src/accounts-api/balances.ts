/** 残高照会: what an account holds, today and at the ends of yesterday and of last month. */
import type { FastifyRequest } from 'fastify'
import { baseTime } from './base-time.ts'
import type { ApiError } from './errors.ts'
import { noInquiry } from './inquiry.ts'
import { open } from './open.ts'
import type { ApiParts } from './parts.ts'
import type { BalancesAnswer } from './shapes.ts'

export async function tellBalances(
  parts: ApiParts,
  request: FastifyRequest<{ Params: { id: string } }>,
): Promise<BalancesAnswer | ApiError> {
  const { id } = request.params
  const opened = await open(parts, request, { scope: 'balances', account: id })
  if ('status' in opened) return opened
  const { consent, account } = opened
  const { customer, client } = consent
  const answer = await parts.bank.balances({ customer, account, client })
  if (!answer.ok) return noInquiry(parts, opened, answer)
  const { balance, withdrawable, previousDay, previousMonth } = answer.value
  return {
    accountId: id,
    balance,
    withdrawableAmount: withdrawable,
    previousDayBalance: previousDay,
    previousMonthBalance: previousMonth,
    ...baseTime(parts.clock),
    currencyCode: 'JPY',
  }
}
