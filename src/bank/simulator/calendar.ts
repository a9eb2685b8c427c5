/** Days and months of the demo bank as plain numbers: days since 1970, months since the year 0. A month has business days. */

const millisecondsADay = 86_400_000

export const dayOfDate = (date: string): number => Date.parse(`${date}T00:00:00Z`) / millisecondsADay

export const dateOfDay = (day: number): string => new Date(day * millisecondsADay).toISOString().slice(0, 10)

export function monthOfDay(day: number): number {
  const date = new Date(day * millisecondsADay)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

export type BusinessDay = { readonly day: number; readonly dayOfMonth: number; readonly last: boolean }

export function businessDaysOf(month: number): readonly BusinessDay[] {
  const [first, next] = [firstDay(month), firstDay(month + 1)]
  const open = Array.from({ length: next - first }, (_, n) => first + n).filter((day) =>
    isOpen(day, day - first + 1, month),
  )
  return open.map((day, n) => ({ day, dayOfMonth: day - first + 1, last: n === open.length - 1 }))
}

export function businessDayBefore(day: number): number {
  let earlier = day - 1
  while (!isOpen(earlier, earlier - firstDay(monthOfDay(earlier)) + 1, monthOfDay(earlier))) earlier -= 1
  return earlier
}

function firstDay(month: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12, 1) / millisecondsADay
}

/** Holidays that move from year to year are left out: a demo that books on the day of the sea misleads nobody. */
const closed = new Set([101, 102, 103, 211, 223, 429, 503, 504, 505, 811, 1103, 1123, 1231])

function isOpen(day: number, dayOfMonth: number, month: number): boolean {
  // 1 January 1970 was a Thursday
  const weekday = (day + 4) % 7
  return weekday !== 0 && weekday !== 6 && !closed.has(((month % 12) + 1) * 100 + dayOfMonth)
}
