/** Which days a fintech asks for: the dates as they may be sent, what is meant where one is missing, and how far back it goes. */
import { z } from 'zod'
import { type ApiError, badRequest } from './errors.ts'

/** The bank keeps no books before; and a year of four digits compares as text. */
const day = z.iso
  .date()
  .refine((date) => date >= '2000-01-01')
  .optional()

export const rangeQuery = z.object({ dateFrom: day, dateTo: day })

export type AskedRange = z.infer<typeof rangeQuery>
export type DateRange = { readonly from: string; readonly to: string }

/**
 * None given: today. Only from: until today. Only to: from the same day of the year before, as far as the bank looks back.
 * @param today in Japan
 * @param months how far back the customer was told that the fintech can look
 */
export function rangeOf(
  { dateFrom, dateTo }: AskedRange,
  { today, months }: { readonly today: string; readonly months: number },
): DateRange | ApiError {
  const to = dateTo ?? today
  const from = dateFrom ?? (dateTo ? monthsBefore(dateTo, 12) : today)
  if (from > to) return badRequest('dateFrom is later than dateTo')
  const earliest = monthsBefore(today, months)
  const asked = dateFrom ?? to
  if (asked < earliest) return badRequest(`this bank gives transactions since ${earliest}`)
  return { from: from < earliest ? earliest : from, to }
}

/** The same day of an earlier month, or its last one. */
export function monthsBefore(day: string, months: number): string {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number)
  const last = new Date(Date.UTC(year, month - months, 0)).getUTCDate()
  return new Date(Date.UTC(year, month - 1 - months, Math.min(date, last))).toISOString().slice(0, 10)
}
