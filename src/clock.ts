/** The one place our own code asks what time it is, and what a calendar day is in Japan. */

/** Milliseconds since 1970 (UTC). Handed in, so that a test can stand on any day. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()

export const seconds = (n: number): number => n * 1000
export const minutes = (n: number): number => n * 60_000
export const hours = (n: number): number => n * 3_600_000
export const days = (n: number): number => n * 86_400_000

/** Japan has had one offset without daylight saving since 1952. */
const japanOffset = hours(9)
const day = hours(24)

/**
 * The last millisecond of the calendar day in Japan that lies `days` after the day of `start`:
 * a consent given at any hour of 22 November for 90 days ends on 20 February, 23:59:59.999.
 */
export function endOfDayInJapan(start: number, days: number): number {
  return startOfDayInJapan(dayInJapan(start) + days + 1) - 1
}

/** The number of a calendar day in Japan, counted from 1 January 1970. */
export const dayInJapan = (at: number): number => Math.floor((at + japanOffset) / day)

/** Midnight in Japan at the start of that day, ms. */
export const startOfDayInJapan = (number: number): number => number * day - japanOffset

/** `2026-11-22`, as the calendar in Japan shows it. */
export function dateInJapan(at: number): string {
  return new Date(at + japanOffset).toISOString().slice(0, 10)
}

/** `15:04:05+09:00`. */
export function timeInJapan(at: number): string {
  return `${new Date(at + japanOffset).toISOString().slice(11, 19)}+09:00`
}
