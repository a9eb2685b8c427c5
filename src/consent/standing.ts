/**
 * Asks the bank, from time to time, whether live connections may live on, and ends what may not: a closed contract, a
 * revoked certificate, a service that the user may no longer allow, by its own rule a reset password; of a closed account or a changed PIN that account alone.
 */
import type { Bank, Standing } from '../bank/port.ts'
import { type Clock, minutes } from '../clock.ts'
import { type Consent, findConsent, isLive } from '../store/consents.ts'
import { type EndReason, markChecked } from '../store/consent-changes.ts'
import type { Database } from '../store/open.ts'
import type { Consents } from './consents.ts'

export type StandingParts = {
  readonly db: Database
  readonly clock: Clock
  readonly bank: Pick<Bank, 'standing'>
  readonly consents: Pick<Consents, 'end' | 'stopAccount'>
  readonly rules: StandingRules
}

export type StandingRules = {
  /** ms between two questions about one connection */
  readonly askEvery: number
  readonly endOnPasswordReset: boolean
}

/** Where the bank did not answer; a connection that it never answers for must not keep others waiting. */
const askAgainAfter = minutes(5)
const mostAtOnce = 4
const mostUnanswered = 8

/** @returns how many were asked about; less than `batch` also when the bank does not answer */
export async function checkStanding(parts: StandingParts, batch: number): Promise<number> {
  const { db, clock, rules } = parts
  const now = clock()
  const due = await db
    .selectFrom('consents')
    .select(['id', 'checked_at'])
    .where('status', 'in', ['granted', 'active'])
    // Nothing about their end: SQLite would go by that, through all that live.
    .where('checked_at', '<=', now - rules.askEvery)
    .orderBy('checked_at')
    .limit(batch)
    .execute()
  let asked = 0
  let unanswered = 0
  const worker = async (): Promise<void> => {
    for (let next = due.shift(); next && unanswered < mostUnanswered; next = due.shift()) {
      // Moved before the question: another process asks about another one.
      if (!(await markChecked(db, next.id, next.checked_at, now))) continue
      if (await check(parts, next.id)) asked += 1
      else {
        unanswered += 1
        await markChecked(db, next.id, now, now - rules.askEvery + Math.min(askAgainAfter, rules.askEvery))
      }
    }
  }
  await Promise.all(Array.from({ length: mostAtOnce }, worker))
  return asked
}

/** False when the bank did not answer: then nothing changes. */
async function check({ db, clock, bank, consents, rules }: StandingParts, id: string): Promise<boolean> {
  const consent = await findConsent(db, id)
  if (!consent || !isLive(consent, clock())) return true
  const answer = await bank.standing({
    customer: consent.customer,
    accounts: consent.accounts.map(({ bankAccount }) => bankAccount),
  })
  if (!answer.ok) return false
  const reason = whyEnded(consent, answer.value, rules)
  if (reason) {
    await consents.end(id, { status: 'stopped', by: 'system', reason })
    return true
  }
  for (const { account, state } of answer.value.accounts) {
    const shared = consent.accounts.find(({ bankAccount }) => bankAccount === account)
    if (!shared || state === 'open') continue
    await consents.stopAccount(id, shared.id, {
      by: 'system',
      reason: state === 'closed' ? 'account-closed' : 'pin-changed',
    })
  }
  return true
}

function whyEnded(
  { signedInBy, startsAt, services }: Consent,
  { contract, certificate, passwordResetAt, services: may }: Standing,
  { endOnPasswordReset }: StandingRules,
): EndReason | undefined {
  if (contract === 'closed') return 'contract-closed'
  if (signedInBy === 'certificate' && certificate === 'revoked') return 'certificate-revoked'
  if (may && services.some((name) => !may.includes(name))) return 'right-withdrawn'
  const resetSince = passwordResetAt !== null && passwordResetAt > startsAt
  return resetSince && endOnPasswordReset ? 'password-reset' : undefined
}
