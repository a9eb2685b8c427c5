/** When an institution is open: examples that a person can check on a calendar, and what holds for every calendar. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dateInJapan, dayInJapan, days, minutes, startOfDayInJapan } from '../src/clock.ts'
import { type Calendar, calendarSchema, openAt } from '../src/institution-hours.ts'
import { isNationalHoliday } from '../src/japanese-holidays.ts'

const at = (text: string): number => Date.parse(`${text}+09:00`)
const reason = { ja: 'システムの更新', en: 'Our systems are renewed' }

/** Hours such as a credit union has: short on Saturdays, over midnight on Fridays, closed on Sundays and holidays. */
const week = {
  monday: ['08:00-21:00'],
  tuesday: ['08:00-21:00'],
  wednesday: ['08:00-21:00'],
  thursday: ['08:00-21:00'],
  friday: ['08:00-02:00'],
  saturday: ['09:00-12:00', '13:00-17:00'],
  sunday: [],
  holiday: [],
}
const creditUnion = calendarSchema.parse({
  open: week,
  days: { '2026-12-31': ['08:00-12:00'], '2027-01-02': [], '2027-01-04': [] },
  maintenance: [
    { from: '2026-11-26T20:00:00+09:00', until: '2026-11-27T09:30:00+09:00', reason },
    { from: '2026-12-02T12:00:00+09:00', until: '2026-12-02T13:00:00+09:00', reason },
  ],
})

describe('an institution', () => {
  it.each([
    ['at the minute it opens', '2026-11-25T08:00', 'open', null],
    ['a millisecond before', '2026-11-25T07:59:59.999', 'outside-hours', '2026-11-25T08:00'],
    ['at the minute it closes', '2026-11-25T21:00', 'outside-hours', '2026-11-26T08:00'],
    ['after midnight, as hours of Friday still run', '2026-11-28T01:59', 'open', null],
    ['when they have run', '2026-11-28T02:00', 'outside-hours', '2026-11-28T09:00'],
    ['at the noon break of a Saturday', '2026-11-28T12:30', 'outside-hours', '2026-11-28T13:00'],
    ['on a Sunday', '2026-11-29T12:00', 'outside-hours', '2026-11-30T08:00'],
    ['on a Monday that is a holiday', '2026-11-23T12:00', 'outside-hours', '2026-11-24T08:00'],
    ['on the substitute of a Sunday’s holiday', '2027-03-22T12:00', 'outside-hours', '2027-03-23T08:00'],
    ['between two holidays', '2026-09-22T12:00', 'outside-hours', '2026-09-24T08:00'],
    ['on a day of its own', '2026-12-31T12:00', 'outside-hours', '2027-01-05T08:00'],
    ['in maintenance', '2026-12-02T12:30', 'maintenance', '2026-12-02T13:00'],
    [
      'in maintenance over midnight that ends after opening',
      '2026-11-27T08:30',
      'maintenance',
      '2026-11-27T09:30',
    ],
    [
      'before opening on a day that begins with maintenance',
      '2026-11-26T21:30',
      'maintenance',
      '2026-11-27T09:30',
    ],
  ] as const)('%s', (_when, now, state, resumes) => {
    const found = openAt(creditUnion, at(now))
    if (found.open) return expect(state).toBe('open')
    expect(found.because).toBe(state)
    expect(found.resumesAt).toBe(resumes && at(resumes))
    return expect(found.reason).toEqual(state === 'maintenance' ? reason : undefined)
  })

  it('without a calendar, or with an empty one, is always open', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: at('2100-01-01T00:00') }), (now) => {
        expect(openAt(undefined, now).open).toBe(true)
        expect(openAt(calendarSchema.parse({}), now).open).toBe(true)
      }),
    )
  })

  it('that opens on no day says no time at which it would', () => {
    const never = calendarSchema.parse({
      open: Object.fromEntries(Object.keys(week).map((day) => [day, []])),
    })
    expect(openAt(never, at('2026-11-25T08:00'))).toEqual({ open: false, because: 'outside-hours' })
  })
})

const time = fc
  .integer({ min: 0, max: 24 * 4 - 1 })
  .map(
    (quarter) =>
      `${String(Math.floor(quarter / 4)).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`,
  )
const hoursOfDay = fc.array(
  fc.tuple(time, fc.oneof(time, fc.constant('24:00'))).map((pair) => pair.join('-')),
  { maxLength: 2 },
)
const anyWindow = fc
  .tuple(fc.integer({ min: 0, max: 14 * 96 }), fc.integer({ min: 1, max: 3 * 96 }))
  .map(([start, length]) => {
    const from = at('2026-09-18T00:00') + minutes(15 * start)
    return {
      from: new Date(from).toISOString(),
      until: new Date(from + minutes(15 * length)).toISOString(),
      reason,
    }
  })
const anyCalendar = fc
  .record({
    open: fc.record({
      monday: hoursOfDay,
      tuesday: hoursOfDay,
      wednesday: hoursOfDay,
      thursday: hoursOfDay,
      friday: hoursOfDay,
      saturday: hoursOfDay,
      sunday: hoursOfDay,
      holiday: hoursOfDay,
    }),
    maintenance: fc.array(anyWindow, { maxLength: 4 }),
  })
  .map((calendar): { file: typeof calendar; calendar: Calendar } => ({
    file: calendar,
    calendar: calendarSchema.parse(calendar),
  }))
// The week in which three holidays follow each other.
const anyMoment = fc
  .integer({ min: 0, max: 14 * 24 * 60 })
  .map((minute) => at('2026-09-18T00:00') + minutes(minute))

/** The same said with the clock on the wall instead of arithmetic with instants. */
function isOpenByTheWall(
  file: { open: Record<string, string[]>; maintenance: { from: string; until: string }[] },
  now: number,
): boolean {
  if (file.maintenance.some(({ from, until }) => Date.parse(from) <= now && now < Date.parse(until)))
    return false
  const wall = (moment: number) => new Date(moment + 9 * 3_600_000).toISOString().slice(11, 16)
  const named = (moment: number) =>
    isNationalHoliday(dateInJapan(moment))
      ? 'holiday'
      : new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: 'Asia/Tokyo' })
          .format(moment)
          .toLowerCase()
  const today = (file.open[named(now)] ?? []).map((text) => text.split('-'))
  const yesterday = (file.open[named(now - days(1))] ?? []).map((text) => text.split('-'))
  return (
    today.some(([from = '', until = '']) => from <= wall(now) && (until <= from || wall(now) < until)) ||
    yesterday.some(([from = '', until = '']) => until <= from && wall(now) < until)
  )
}

describe('every calendar', () => {
  it('is open exactly when the clock on the wall says so', () => {
    fc.assert(
      fc.property(anyCalendar, anyMoment, ({ file, calendar }, now) => {
        expect(openAt(calendar, now).open).toBe(isOpenByTheWall(file, now))
      }),
      { numRuns: 200 },
    )
  })

  it('opens when it said that it would, and at no minute before', () => {
    fc.assert(
      fc.property(
        anyCalendar,
        anyMoment,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ calendar, file }, now, part) => {
          const state = openAt(calendar, now)
          if (state.open) return
          const { resumesAt } = state
          if (resumesAt === undefined) return expect(Object.values(file.open).flat()).toEqual([])
          expect(resumesAt).toBeGreaterThan(now)
          expect(openAt(calendar, resumesAt).open).toBe(true)
          expect(openAt(calendar, resumesAt - 1).open).toBe(false)
          expect(openAt(calendar, Math.floor(now + (resumesAt - 1 - now) * part)).open).toBe(false)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('a calendar in the file', () => {
  it.each([
    ['a time that no clock shows', { open: { ...week, monday: ['08:00-25:00'] } }],
    ['a weekday that is forgotten', { open: { ...week, friday: undefined } }],
    [
      'maintenance that ends before it begins',
      { maintenance: [{ from: '2026-12-02T12:00:00Z', until: '2026-12-02T11:00:00Z', reason }] },
    ],
    [
      'maintenance without an offset',
      { maintenance: [{ from: '2026-12-02T12:00:00', until: '2026-12-02T13:00:00', reason }] },
    ],
    [
      'maintenance without a reason in English',
      {
        maintenance: [
          { from: '2026-12-02T12:00:00Z', until: '2026-12-02T13:00:00Z', reason: { ja: '更新' } },
        ],
      },
    ],
    ['a day that no calendar has', { days: { '2027-02-30': [] } }],
  ])('is refused for %s', (_what, calendar) => {
    expect(calendarSchema.safeParse(calendar).success).toBe(false)
  })
})

describe('the national holidays of 2026 to 2028', () => {
  const everyDay = Array.from({ length: 3 * 365 + 1 }, (_, n) =>
    dateInJapan(startOfDayInJapan(dayInJapan(at('2026-01-01T00:00')) + n)),
  )
  const isHoliday = (date: string, shift = 0) =>
    isNationalHoliday(dateInJapan(at(`${date}T12:00`) + days(shift)))

  it('have a substitute on the next day that is none, for each that falls on a Sunday', () => {
    const sundays = everyDay.filter((date) => isHoliday(date) && new Date(date).getUTCDay() === 0)
    expect(sundays).toEqual(['2026-05-03', '2027-03-21'])
    for (const date of sundays) {
      const run = [1, 2, 3, 4].findIndex((shift) => !isHoliday(date, shift))
      const known = date === '2026-05-03' ? 3 : 1
      expect(run).toBe(known)
    }
  })

  it('leave no working day between two of them', () => {
    const between = everyDay.filter((date) => !isHoliday(date) && isHoliday(date, -1) && isHoliday(date, 1))
    expect(between).toEqual([])
  })

  it('are sixteen a year, with the substitutes and the day between', () => {
    const count = (year: string) => everyDay.filter((date) => date.startsWith(year) && isHoliday(date)).length
    expect(['2026', '2027', '2028'].map(count)).toEqual([18, 17, 16])
  })
})
