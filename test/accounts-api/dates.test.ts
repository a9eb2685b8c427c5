/** Which days a range of dates means: on leap days, at the turn of the year and of the day in Japan, and how far back. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { monthsBefore, rangeOf, rangeQuery } from '../../src/accounts-api/dates.ts'
import { dateInJapan } from '../../src/clock.ts'

const date = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((at) => at.toISOString().slice(0, 10))
const months = fc.integer({ min: 1, max: 120 })
const maybe = fc.option(date, { nil: undefined })

const monthOf = (day: string) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1

describe('a day some months ago', () => {
  it.each([
    ['2026-11-24', 24, '2024-11-24'],
    ['2028-02-29', 12, '2027-02-28'],
    ['2028-02-29', 48, '2024-02-29'],
    ['2027-02-28', 12, '2026-02-28'],
    ['2026-03-31', 1, '2026-02-28'],
    ['2028-03-31', 1, '2028-02-29'],
    ['2026-01-01', 1, '2025-12-01'],
    ['2026-12-31', 13, '2025-11-30'],
    ['2100-03-29', 1, '2100-02-28'],
  ])('%s, %i months: %s', (day, back, expected) => {
    expect(monthsBefore(day, back)).toBe(expected)
  })

  it('is in that month, on the same day or the last one there is', () => {
    fc.assert(
      fc.property(date, months, (day, back) => {
        const before = monthsBefore(day, back)
        expect(rangeQuery.safeParse({ dateFrom: before }).success || before < '2000-01-01').toBe(true)
        expect(monthOf(before)).toBe(monthOf(day) - back)
        const next = new Date(Date.parse(before) + 86_400_000).toISOString().slice(0, 10)
        const isLast = monthOf(next) !== monthOf(before)
        expect(before.slice(8) === day.slice(8) || (isLast && before.slice(8) < day.slice(8))).toBe(true)
      }),
    )
  })

  it('never passes an earlier one of a day before', () => {
    fc.assert(
      fc.property(date, date, months, (one, other, back) => {
        const [earlier, later] = [one, other].toSorted()
        expect(monthsBefore(earlier ?? '', back) <= monthsBefore(later ?? '', back)).toBe(true)
      }),
    )
  })
})

describe('a range', () => {
  const today = '2026-11-24'

  it.each([
    ['nothing: today', {}, today, today],
    ['only from: until today', { dateFrom: '2026-11-01' }, '2026-11-01', today],
    ['only to: a year', { dateTo: '2026-11-20' }, '2025-11-20', '2026-11-20'],
    ['only a leap day', { dateFrom: '2024-02-29', dateTo: '2024-02-29' }, '2024-02-29', '2024-02-29'],
    ['to the leap day: a year', { dateTo: '2024-02-29' }, '2023-02-28', '2024-02-29'],
    [
      'over the turn of the year',
      { dateFrom: '2025-12-31', dateTo: '2026-01-01' },
      '2025-12-31',
      '2026-01-01',
    ],
    ['into the future', { dateFrom: today, dateTo: '2027-01-01' }, today, '2027-01-01'],
  ])('%s', (_what, asked, from, to) => {
    expect(rangeOf(asked, { today, months: 60 })).toEqual({ from, to })
  })

  it('lies in the window, holds the days asked for and no others, or is refused for its reason', () => {
    fc.assert(
      fc.property(maybe, maybe, date, months, (dateFrom, dateTo, day, back) => {
        const range = rangeOf({ dateFrom, dateTo }, { today: day, months: back })
        const earliest = monthsBefore(day, back)
        const to = dateTo ?? day
        if ('status' in range) {
          expect(range).toMatchObject({ status: 400, error: 'invalid_request' })
          expect((dateFrom ?? to) > to || (dateFrom ?? to) < earliest).toBe(true)
          return
        }
        expect(range.to).toBe(to)
        expect(range.from <= range.to && range.from >= earliest).toBe(true)
        if (dateFrom !== undefined) expect(range.from).toBe(dateFrom)
        else if (dateTo === undefined) expect(range.from).toBe(day)
        else expect(range.from).toBe([monthsBefore(dateTo, 12), earliest].toSorted().at(-1))
      }),
    )
  })

  it('is never of a date that no calendar has', () => {
    const digits = fc.tuple(
      fc.integer({ min: 1990, max: 2105 }),
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 0, max: 33 }),
    )
    fc.assert(
      fc.property(digits, ([year, month, day]) => {
        const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
        const at = Date.UTC(year, month - 1, day)
        const isDay = new Date(at).toISOString().slice(0, 10) === text
        expect(rangeQuery.safeParse({ dateFrom: text }).success).toBe(isDay && year >= 2000)
      }),
      { examples: [[[2027, 2, 29]], [[2028, 2, 29]], [[2100, 2, 29]], [[2026, 12, 32]]] },
    )
  })

  it('is of no date written in another way', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.array(date)), (text) => {
        expect(rangeQuery.safeParse({ dateFrom: text }).success).toBe(false)
      }),
      { examples: [['2026-1-1'], ['２０２６-01-01'], [' 2026-01-01'], ['2026-01-01T00:00:00Z'], ['']] },
    )
  })
})

it('a day begins at midnight in Japan', () => {
  const inTokyo = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo', dateStyle: 'short' })
  const midnights = ['2026-11-23', '2026-12-31', '2028-02-28', '2028-02-29', '2027-02-28'].map((day) =>
    Date.parse(`${day}T15:00:00Z`),
  )
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 11, 31) }), (at) => {
      expect(dateInJapan(at)).toBe(inTokyo.format(at))
    }),
    { examples: midnights.flatMap((at) => [[at - 1], [at]] as [number][]) },
  )
})
