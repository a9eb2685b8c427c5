/** What state a connection is in on a given day, as calendars in Japan count days. */
import { describe, expect, it } from 'vitest'
import { endOfDayInJapan } from '../../src/clock.ts'
import { daysLeft, expiringDays, isRenewable, renewableDays, stateAt } from '../../src/consent/state.ts'

const inJapan = (text: string): number => Date.parse(`${text}+09:00`)
const given = inJapan('2026-11-25T23:59:59')
const endsAt = endOfDayInJapan(given, 90)
const active = { status: 'active', endsAt, activatedAt: given, endedAt: null } as const

describe('a connection given on 25 November for 90 days', () => {
  it('lives through the whole of the day that the screen said', () => {
    expect(endsAt).toBe(inJapan('2027-02-23T23:59:59.999'))
    expect(stateAt(active, endsAt)).toBe('expiring')
    expect(stateAt(active, endsAt + 1)).toBe('expired')
  })

  it('counts the days that are left by the calendar, not by hours', () => {
    expect(daysLeft(endsAt, inJapan('2027-02-22T23:59:59'))).toBe(1)
    expect(daysLeft(endsAt, inJapan('2027-02-23T00:00:00'))).toBe(0)
  })

  it('is expiring within its last 30 days, not before', () => {
    const first = endOfDayInJapan(endsAt, -expiringDays - 1) + 1
    expect(stateAt(active, first)).toBe('expiring')
    expect(stateAt(active, first - 1)).toBe('active')
  })

  it('is over when its time is, even where nobody has swept', () => {
    expect(stateAt({ status: 'granted', endsAt }, endsAt + 1)).toBe('unused')
  })

  it('can be renewed until 30 days after its end, however it ended', () => {
    const last = endOfDayInJapan(endsAt, renewableDays)
    expect(isRenewable(active, last)).toBe(true)
    expect(isRenewable(active, last + 1)).toBe(false)
    const stopped = { ...active, status: 'stopped', endedAt: given } as const
    expect(isRenewable(stopped, endOfDayInJapan(given, renewableDays))).toBe(true)
    expect(isRenewable(stopped, endOfDayInJapan(given, renewableDays) + 1)).toBe(false)
  })

  it('is not renewed by one that it was replaced by, nor one that was never used', () => {
    for (const status of ['replaced', 'unused', 'granted'] as const)
      expect(isRenewable({ ...active, status, endedAt: given }, given)).toBe(false)
    expect(isRenewable({ ...active, status: 'stopped', activatedAt: null, endedAt: given }, given)).toBe(
      false,
    )
  })
})
