/** 口座一覧照会: the consent itself, and the accounts that it shares as the bank has them today. */
import type { FastifyRequest } from 'fastify'
import type { InquiryAccount } from '../bank/port.ts'
import { stateAt } from '../consent/state.ts'
import { baseTime } from './base-time.ts'
import type { ApiError } from './errors.ts'
import { notNow } from './inquiry.ts'
import { open } from './open.ts'
import type { ApiParts } from './parts.ts'
import type { AccountAnswer, AccountsAnswer } from './shapes.ts'

export async function listAccounts(
  parts: ApiParts,
  request: FastifyRequest,
): Promise<AccountsAnswer | ApiError> {
  const opened = await open(parts, request)
  if ('status' in opened) return opened
  const { consent } = opened
  const { customer, client } = consent
  // No journey is under way here, so nothing can be held under this name.
  const answer = await parts.bank.accounts({ customer, client, journey: `api ${consent.id}` })
  if (!answer.ok) return { ...notNow(answer), client }
  // One whose PIN is no longer registered, or whose right was taken back, cannot be inquired.
  const today = answer.value.filter((account) => account.registered && !account.barred)
  return {
    consent: {
      number: consent.number,
      grantId: consent.arrangementId,
      state: stateAt(consent, parts.clock()) === 'expiring' ? 'expiring' : 'active',
      startsAt: new Date(consent.startsAt).toISOString(),
      endsAt: new Date(consent.endsAt).toISOString(),
    },
    ...baseTime(parts.clock),
    accounts: consent.accounts.flatMap(({ bankAccount, id }) => {
      const account = today.find((one) => one.id === bankAccount)
      return account ? [told(account, id)] : []
    }),
  }
}

function told({ branchCode, branchName, kind, number }: InquiryAccount, id: string): AccountAnswer {
  return {
    accountId: id,
    branchCode,
    branchName,
    accountTypeCode: kind === '普通' ? '01' : kind === '当座' ? '11' : '99',
    accountTypeName: kind,
    accountNumber: number,
    currencyCode: 'JPY',
  }
}
