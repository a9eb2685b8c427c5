/**
 * What happens on a demo account in one month, drawn from the account's id: customers pay, suppliers and wages are paid.
 * Each month starts from its own opening balance and ends on the next one's, so no month needs the months before it.
 */
import { businessDayBefore, businessDaysOf } from './calendar.ts'
import { demoCustomers } from './customers.ts'

export type Booking = {
  readonly cause: Cause
  /** 勘定日 and 起算日, in days since 1970 */
  readonly day: number
  readonly valueDay: number
  /** its place within the day, from 1 */
  readonly nth: number
  readonly amount: number
  readonly balance: number
}

type Cause = {
  readonly direction: 'in' | 'out'
  /** 摘要, half-width kana; cash paid in at the counter has none */
  readonly remarks?: string
  /** another bank's cheque: the money cannot be withdrawn on the day it is paid in */
  readonly uncleared?: true
}

type Habit = Cause & {
  readonly least: number
  readonly most: number
  /** what the bank takes for it, as a booking of its own */
  readonly fee?: number
}

const everyday: readonly [Habit, ...Habit[]] = [
  { direction: 'in', least: 48_000, most: 620_000, remarks: 'ﾌﾘｺﾐ ｶ)ﾐﾎﾝｼﾖｳｼﾞ' },
  { direction: 'in', least: 22_000, most: 310_000, remarks: 'ﾌﾘｺﾐ ﾕ)ﾂﾊﾞﾒｺｳﾑﾃﾝ' },
  { direction: 'in', least: 8_800, most: 176_000, remarks: 'ﾌﾘｺﾐ ｶ)ﾜｶﾊﾞｼﾖｸﾋﾝ' },
  { direction: 'in', least: 35_000, most: 240_000, remarks: 'ｶ-ﾄﾞｳﾘｱｹﾞ' },
  { direction: 'in', least: 60_000, most: 480_000, remarks: 'ﾀﾃﾝｹﾝ', uncleared: true },
  { direction: 'in', least: 10_000, most: 150_000 },
  { direction: 'out', least: 30_000, most: 420_000, remarks: 'ﾌﾘｺﾐ ｶ)ﾊﾏﾍﾞｼｻﾞｲ', fee: 440 },
  { direction: 'out', least: 16_500, most: 260_000, remarks: 'ﾌﾘｺﾐ ﾄﾞ)ｲﾁﾖｳｾﾂﾋﾞ', fee: 660 },
  { direction: 'out', least: 4_400, most: 98_000, remarks: 'ﾌﾘｺﾐ ﾕ)ｻｻﾌﾈｳﾝｿｳ', fee: 330 },
  { direction: 'out', least: 10_000, most: 120_000, remarks: 'ｶ-ﾄﾞ' },
]

/** Due on a day of the month; booked on the first business day from then on, at the latest on the month's last. */
const monthly: readonly (Habit & { readonly due: number })[] = [
  { due: 10, direction: 'out', least: 24_000, most: 96_000, remarks: 'ｺｸｾﾞｲ' },
  { due: 25, direction: 'out', least: 380_000, most: 720_000, remarks: 'ｷﾕｳﾖ', fee: 1_100 },
  { due: 26, direction: 'out', least: 11_000, most: 58_000, remarks: 'ﾃﾞﾝｷﾘﾖｳｷﾝ' },
  { due: 27, direction: 'out', least: 7_000, most: 19_000, remarks: 'ﾃﾞﾝﾜﾘﾖｳｷﾝ' },
  { due: 27, direction: 'out', least: 165_000, most: 165_000, remarks: 'ﾔﾁﾝ' },
]

const bankFee: Cause = { direction: 'out', remarks: 'ﾃｽｳﾘﾖｳ' }

/** At the end of a month the company moves money from or to its savings, to where the next month starts. */
const fromSavings: Cause = { direction: 'in', remarks: 'ﾌﾘｶｴ ﾂﾐﾀﾃ' }
const toSavings: Cause = { direction: 'out', remarks: 'ﾌﾘｶｴ ﾂﾐﾀﾃ' }

/**
 * The bookings of a month (as calendar.ts counts them) up to a day, oldest first.
 * A booking is the same however far the month is asked for: nothing is drawn from what comes later.
 */
export function bookingsOf(
  account: string,
  { month, until }: { readonly month: number; readonly until: number },
): readonly Booking[] {
  const draw = drawing(`${account} ${month}`)
  const bookings: Booking[] = []
  const [least, most] = busy.has(account) ? [5, 14] : [0, 2]
  let balance = openingBalance(account, month)

  const book = (cause: Cause, amount: number, day: number, valueDay = day): void => {
    balance += cause.direction === 'in' ? amount : -amount
    const before = bookings.at(-1)
    const nth = before?.day === day ? before.nth + 1 : 1
    bookings.push({ cause, day, valueDay, nth, amount, balance })
  }
  const follow = (habit: Habit, day: number): void => {
    const amount = between(draw(), habit.least, habit.most)
    const valueDay = draw() < 0.06 && !habit.uncleared ? businessDayBefore(day) : day
    // no demo account is ever overdrawn: what it cannot pay it does not buy
    if (habit.direction === 'out' && amount + (habit.fee ?? 0) > balance) return
    book(habit, amount, day, valueDay)
    if (habit.fee) book(bankFee, habit.fee, day, valueDay)
  }

  let monthlyDone = 0
  for (const { day, dayOfMonth, last } of businessDaysOf(month)) {
    if (day > until) break
    for (let times = between(draw(), least, most); times > 0; times -= 1) follow(oneOf(everyday, draw()), day)
    for (const habit of monthly.slice(monthlyDone)) {
      if (habit.due > dayOfMonth && !last) break
      follow(habit, day)
      monthlyDone += 1
    }
    const missing = last ? openingBalance(account, month + 1) - balance : 0
    if (missing !== 0) book(missing > 0 ? fromSavings : toSavings, Math.abs(missing), day)
  }
  return bookings
}

const busy = new Set(
  demoCustomers.flatMap(({ accounts }) => accounts.filter((one) => one.busy).map(({ id }) => id)),
)

/** What the account holds at the start of a month: about the same from month to month, and very different from others. */
export function openingBalance(account: string, month: number): number {
  const usual = between(drawing(account)(), 1_200_000, 6_800_000)
  return usual + between(drawing(`${account} opening ${month}`)(), 0, 900_000)
}

function oneOf<T>(choices: readonly [T, ...T[]], drawn: number): T {
  return choices[between(drawn, 0, choices.length - 1)] ?? choices[0]
}

/** A whole number from `least` to `most`, both included. */
function between(drawn: number, least: number, most: number): number {
  return least + Math.floor(drawn * (most - least + 1))
}

/** Numbers from 0 to below 1 that look random and are the same for the same seed: FNV-1a into mulberry32. Keeps no secret. */
function drawing(seed: string): () => number {
  let state = 0x811c9dc5
  for (let n = 0; n < seed.length; n += 1) state = Math.imul(state ^ seed.charCodeAt(n), 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
