/**
 * When an institution is open: hours per weekday and on holidays as Japan's clocks show them, and planned maintenance. A pure
 * function of the calendar and the moment; an institution without a calendar is always open.
 */
import { z } from 'zod'
import { dateInJapan, dayInJapan, hours, minutes, startOfDayInJapan } from './clock.ts'
import { isNationalHoliday, lastYearOfHolidays } from './japanese-holidays.ts'

/** `08:00-21:00`; until `24:00` is midnight, and an end that is not behind the start is on the next day: `21:00-03:00` */
const openingHours = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be hours such as 08:00-21:00')
  .transform((text) => {
    const [from = 0, until = 0] = text.split('-').map(timeOfDay)
    return { from, until: until > from ? until : until + hours(24) }
  })

function timeOfDay(text: string): number {
  const [hour = 0, minute = 0] = text.split(':').map(Number)
  return hours(hour) + minutes(minute)
}

const openings = z.array(openingHours)

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

/** What the institution file has as `calendar`. */
export const calendarSchema = z.strictObject({
  open: z
    .strictObject({
      monday: openings,
      tuesday: openings,
      wednesday: openings,
      thursday: openings,
      friday: openings,
      saturday: openings,
      sunday: openings,
      /** on national holidays, instead of those of the weekday; without it a holiday is a day like others */
      holiday: openings.optional(),
    })
    .optional(),
  /** hours of single days, instead of all others, such as the turn of the year */
  days: z.record(z.iso.date(), openings).default({}),
  maintenance: z
    .array(
      z
        .strictObject({
          from: instant,
          until: instant,
          reason: z.strictObject({ ja: z.string().min(1), en: z.string().min(1) }),
        })
        .refine(({ from, until }) => from < until, 'must end after it begins'),
    )
    .default([]),
})

/** Times of day are ms from midnight in Japan, instants are ms since 1970. */
export type Calendar = z.infer<typeof calendarSchema>

/** `reason`: why there is maintenance. `resumesAt`, ms: the next moment it is open; absent when none is within a year. */
export type Closed = {
  readonly because: 'outside-hours' | 'maintenance'
  readonly resumesAt?: number
  readonly reason?: { readonly ja: string; readonly en: string }
}

/** Maintenance is named before hours: it has a reason to tell. */
export function openAt(
  calendar: Calendar | undefined,
  now: number,
): { readonly open: true } | ({ readonly open: false } & Closed) {
  if (!calendar) return { open: true }
  const window = maintenanceAt(calendar, now)
  if (!window && withinHours(calendar, now)) return { open: true }
  const resumesAt = nextOpening(calendar, now)
  return {
    open: false,
    because: window ? 'maintenance' : 'outside-hours',
    ...(resumesAt === undefined ? {} : { resumesAt }),
    ...(window ? { reason: window.reason } : {}),
  }
}

/** The last year whose holidays count: ours, and years of which the institution has named days itself. Undefined where none count. */
export function holidaysKnownUntil({ open, days }: Calendar): number | undefined {
  if (!open?.holiday) return undefined
  const named = new Set(Object.keys(days).map((date) => Number(date.slice(0, 4))))
  let year = lastYearOfHolidays
  while (named.has(year + 1)) year += 1
  return year
}

const maintenanceAt = ({ maintenance }: Calendar, at: number) =>
  maintenance.find(({ from, until }) => from <= at && at < until)

/** Hours of yesterday may still run. */
function withinHours(calendar: Calendar, at: number): boolean {
  const today = dayInJapan(at)
  return [today - 1, today].some((day) =>
    openingsOf(calendar, day).some(({ from, until }) => from <= at && at < until),
  )
}

/** A closing ends with a window or at the start of hours; from there on the next thing that closes is looked at. */
function nextOpening(calendar: Calendar, now: number): number | undefined {
  let at: number | undefined = now
  while (at !== undefined) {
    const window = maintenanceAt(calendar, at)
    if (window) at = window.until
    else if (withinHours(calendar, at)) return at
    else at = nextStart(calendar, at)
  }
  return undefined
}

/** Nobody waits longer than a year. */
const searchedDays = 366

function nextStart(calendar: Calendar, after: number): number | undefined {
  const today = dayInJapan(after)
  for (let day = today; day <= today + searchedDays; day += 1) {
    const starts = openingsOf(calendar, day)
      .map(({ from }) => from)
      .filter((from) => from > after)
    if (starts.length > 0) return Math.min(...starts)
  }
  return undefined
}

const allDay = [{ from: 0, until: hours(24) }]
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/** The hours that begin on a day, as instants. */
function openingsOf({ open, days }: Calendar, day: number): { from: number; until: number }[] {
  const start = startOfDayInJapan(day)
  const date = dateInJapan(start)
  // 1 January 1970 was a Thursday.
  const weekday = weekdays[(((day + 4) % 7) + 7) % 7] ?? 'sunday'
  const usual = open?.[weekday] ?? allDay
  const ofDay = days[date] ?? (isNationalHoliday(date) ? (open?.holiday ?? usual) : usual)
  return ofDay.map(({ from, until }) => ({ from: start + from, until: start + until }))
}
