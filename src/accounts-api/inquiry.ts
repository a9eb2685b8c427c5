/** When the bank does not answer an inquiry: what the fintech is told, and what ends with it. */
import type { InquiryClosed, NoInquiry, Unavailable } from '../bank/port.ts'
import type { Consents } from '../consent/consents.ts'
import type { Failure } from '../errors.ts'
import { type ApiError, closedUntil, stoppedBecause } from './errors.ts'
import type { Opened } from './open.ts'

/** Nothing is known to be wrong: the same call may succeed later. */
export function notNow(answer: InquiryClosed | Unavailable): ApiError {
  return closedUntil(answer.reason, answer.resumesAt)
}

/** What the bank will never tell again under this consent ends here and now, for this account alone. */
export async function noInquiry(
  { consents }: { readonly consents: Consents },
  { consent, account }: Opened,
  answer: Failure<NoInquiry | InquiryClosed | Unavailable>,
): Promise<ApiError> {
  const client = consent.client
  if (answer.reason !== 'account-closed' && answer.reason !== 'pin-not-registered')
    return { ...notNow(answer), client }
  const ended = answer.reason === 'account-closed' ? 'account-closed' : 'pin-changed'
  const id = consent.accounts.find(({ bankAccount }) => bankAccount === account)?.id
  if (id) await consents.stopAccount(consent.id, id, { by: 'system', reason: ended })
  return { ...stoppedBecause(ended), client }
}
