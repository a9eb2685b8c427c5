/** Tells customers 30, 7 and 1 days before a connection ends, each once, and only where the period is longer than that. */
import { type Clock, dayInJapan, days, endOfDayInJapan, hours } from '../clock.ts'
import { findConsent } from '../store/consents.ts'
import { markReminded } from '../store/consent-changes.ts'
import type { Database } from '../store/open.ts'
import { post } from '../store/outbox.ts'
import { transact } from '../store/transaction.ts'
import { daysLeft } from './state.ts'

/** The nearest first: whoever was not told in time is told once, by the one that fits. */
const thresholds = [1, 7, 30] as const

/** A mail at midnight helps nobody: a day's reminders go out from 9 o'clock in Japan. */
const from = hours(9)

type Parts = { readonly db: Database; readonly clock: Clock }

/**
 * For whoever comes every half a minute: all that end within a month are read through, so where nobody was to be told that is
 * done again after an hour, or when a new day's reminders begin.
 */
export function remindInTime(parts: Parts): (batch: number) => Promise<number> {
  let quiet: { readonly day: number; readonly until: number } | undefined
  return async (batch) => {
    const now = parts.clock()
    const day = dayInJapan(now - from)
    if (quiet?.day === day && now < quiet.until) return 0
    const told = await remind(parts, batch)
    quiet = told === 0 ? { day, until: now + hours(1) } : undefined
    return told
  }
}

/** @returns how many were told */
export async function remind({ db, clock }: Parts, batch: number): Promise<number> {
  const now = clock()
  let told = 0
  for (const threshold of thresholds) {
    const due = await db
      .selectFrom('consents')
      .select('id')
      .where('status', '=', 'active')
      .where('ends_at', '>=', now)
      .where('ends_at', '<=', endOfDayInJapan(now - from, threshold))
      // A period of 30 days has its first day 30 days before the end, and is longer than that by less than a day.
      .where((eb) => eb(eb('ends_at', '-', eb.ref('starts_at')), '>=', days(threshold + 1)))
      .where((eb) => eb.or([eb('reminded_days', 'is', null), eb('reminded_days', '>', threshold)]))
      .limit(batch)
      .execute()
    for (const { id } of due) {
      await transact(db, async (transaction) => {
        if (!(await markReminded(transaction, id, threshold))) return
        const consent = await findConsent(transaction, id)
        if (!consent) throw new Error('a consent just changed is not there')
        const { number, customer, client, language, endsAt } = consent
        await post(
          transaction,
          { consent: id, client, at: now },
          {
            kind: 'notice',
            type: 'ending',
            number,
            customer,
            client,
            language,
            endsAt,
            daysLeft: daysLeft(endsAt, now),
            reason: null,
            at: now,
          },
        )
      })
    }
    told += due.length
  }
  return told
}
