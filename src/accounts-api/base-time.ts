/** The day and hour in Japan for which an answer counts. */
import { type Clock, dateInJapan, timeInJapan } from '../clock.ts'

export function baseTime(clock: Clock): { baseDate: string; baseTime: string } {
  const now = clock()
  return { baseDate: dateInJapan(now), baseTime: timeInJapan(now) }
}
