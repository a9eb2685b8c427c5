/**
 * Balances and transactions of the demo accounts: a pure function of account and day, so that every process and every
 * repeated request tells the same story, and nothing is stored.
 */
import { dateInJapan } from '../../clock.ts'
import type { Balances, BankTransaction, TransactionPage } from '../port.ts'
import { type Booking, bookingsOf, openingBalance } from './bookings.ts'
import { dateOfDay, dayOfDate, monthOfDay } from './calendar.ts'

/** Transactions older than this many days are not told. */
const daysBack = 400

/** @param now milliseconds since 1970; all of today's transactions count as booked */
export function balancesOf(account: string, now: number): Balances {
  const today = dayOfDate(dateInJapan(now))
  const month = monthOfDay(today)
  const bookings = bookingsOf(account, { month, until: today })
  const previousMonth = openingBalance(account, month)
  const balance = bookings.at(-1)?.balance ?? previousMonth
  const uncleared = bookings.filter((booking) => booking.day === today && booking.cause.uncleared)
  return {
    balance: String(balance),
    withdrawable: String(
      Math.max(
        0,
        uncleared.reduce((left, { amount }) => left - amount, balance),
      ),
    ),
    previousDay: String(bookings.findLast(({ day }) => day < today)?.balance ?? previousMonth),
    previousMonth: String(previousMonth),
  }
}

/** Between two days (yyyy-mm-dd), both included, oldest first; nothing from after today or from too long ago. */
export function transactionsOf(
  account: string,
  { from, to }: { readonly from: string; readonly to: string },
  now: number,
): readonly BankTransaction[] {
  const today = dayOfDate(dateInJapan(now))
  const first = Math.max(dayOfDate(from), today - daysBack)
  const last = Math.min(dayOfDate(to), today)
  if (!(first <= last)) return []
  const transactions: BankTransaction[] = []
  let [day, date] = [first, dateOfDay(first)]
  for (let month = monthOfDay(first); month <= monthOfDay(last); month += 1) {
    for (const booking of bookingsOf(account, { month, until: last })) {
      if (booking.day < first) continue
      if (booking.day !== day) [day, date] = [booking.day, dateOfDay(booking.day)]
      transactions.push(told(booking, date))
    }
  }
  return transactions
}

/** The page behind a key. By what the key says and not by where it stands: its own row may lie outside of what is told now. */
export function pageOf(
  all: readonly BankTransaction[],
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
): TransactionPage {
  const start = after === undefined ? 0 : all.findIndex(({ key }) => isBehind(key, after))
  const rest = start < 0 ? [] : all.slice(start)
  return { transactions: rest.slice(0, limit), more: rest.length > limit }
}

/** A key is a date and the place within the day. */
function isBehind(key: string, other: string): boolean {
  const [date, otherDate] = [key.slice(0, 10), other.slice(0, 10)]
  return date === otherDate ? Number(key.slice(11)) > Number(other.slice(11)) : date > otherDate
}

function told({ cause, day, valueDay, nth, amount, balance }: Booking, date: string): BankTransaction {
  const told = {
    date,
    valueDate: valueDay === day ? date : dateOfDay(valueDay),
    direction: cause.direction,
    amount: String(amount),
    balance: String(balance),
    key: `${date}-${nth}`,
  }
  return cause.remarks === undefined ? told : { ...told, remarks: cause.remarks }
}
