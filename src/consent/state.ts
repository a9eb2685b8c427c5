/** What state a consent is in at a moment. The row knows what was done; time does the rest, whether or not somebody swept. */
import { dateInJapan, days, endOfDayInJapan } from '../clock.ts'
import type { Consent } from '../store/consents.ts'
import type { ConsentStatus } from '../store/schema.ts'

/** `expiring`: active, and within the last days of its period. */
export type ConsentState = ConsentStatus | 'expiring'

/** From so many days before its end a connection counts as expiring, and is offered for renewal. */
export const expiringDays = 30

/** A new consent within this many days of the former one's end continues the same arrangement. */
export const renewableDays = 30

export function stateAt({ status, endsAt }: Pick<Consent, 'status' | 'endsAt'>, now: number): ConsentState {
  if (status !== 'active' && status !== 'granted') return status
  if (now > endsAt) return status === 'active' ? 'expired' : 'unused'
  return status === 'active' && daysLeft(endsAt, now) <= expiringDays ? 'expiring' : status
}

/** How a fintech is told that a consent is over; undefined while it lives. A stop and a replacement look the same to it. */
export function whyOver(
  consent: Pick<Consent, 'status' | 'endsAt'>,
  now: number,
): 'consent_expired' | 'consent_stopped' | undefined {
  const state = stateAt(consent, now)
  if (state === 'active' || state === 'expiring' || state === 'granted') return undefined
  return state === 'expired' ? 'consent_expired' : 'consent_stopped'
}

/** Calendar days in Japan from today until the last day of the period; 0 on that day. */
export function daysLeft(endsAt: number, now: number): number {
  return Math.round((Date.parse(dateInJapan(endsAt)) - Date.parse(dateInJapan(now))) / days(1))
}

/**
 * True for a consent whose arrangement a new one of the same customer and fintech continues (更新). One that was stopped
 * before the fintech came for it never was a connection, and must not stand before the one that is.
 */
export function isRenewable(
  { status, endsAt, activatedAt, endedAt }: Pick<Consent, 'status' | 'endsAt' | 'activatedAt' | 'endedAt'>,
  now: number,
): boolean {
  if (status === 'active') return now <= endOfDayInJapan(endsAt, renewableDays)
  const ended = (status === 'expired' || status === 'stopped') && activatedAt !== null
  return ended && endedAt !== null && now <= endOfDayInJapan(endedAt, renewableDays)
}
