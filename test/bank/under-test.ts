/** A fresh bank for each test of the contract, and the sentences that the tests are written in. */
import { afterEach, beforeEach } from 'vitest'
import type {
  Bank,
  BankTransaction,
  Customer,
  InJourney,
  InquiryAccount,
  PinAnswer,
} from '../../src/bank/port.ts'
import type { Clock } from '../../src/clock.ts'

/** @returns a bank at its start, with the demo customers, whose clock is the given one */
export type MakeBank = (clock: Clock) => Promise<{ readonly bank: Bank; close(): Promise<void> }>

/** A Tuesday after a day off, at an hour when the day in UTC is still the one before. */
const now = Date.parse('2026-11-24T08:30:00+09:00')
export const today = '2026-11-24'

/** Of every demo customer. */
export const password = 'Tsubame2026'
export const pin = '4649'

export type UnderTest = {
  readonly bank: Bank
  signedIn(loginId: string): Promise<Customer>
  inJourney(loginId: string, journey?: string): Promise<InJourney>
  accounts(who: InJourney): Promise<readonly InquiryAccount[]>
  find(who: InJourney, number: string): Promise<InquiryAccount>
  hold(who: InJourney, account: string, entered?: string): Promise<PinAnswer | undefined>
}

/** To be called once within a `describe`. */
export function underTest(makeBank: MakeBank): UnderTest {
  let made: Awaited<ReturnType<MakeBank>>
  beforeEach(async () => {
    made = await makeBank(() => now)
  })
  afterEach(() => made.close())

  const self: UnderTest = {
    get bank() {
      return made.bank
    },
    async signedIn(loginId) {
      return valueOf(await made.bank.signIn({ loginId, password }))
    },
    async inJourney(loginId, journey = 'one') {
      return { customer: (await self.signedIn(loginId)).id, journey }
    },
    async accounts(who) {
      return valueOf(await made.bank.accounts(who))
    },
    async find(who, number) {
      const account = (await self.accounts(who)).find((one) => one.number === number)
      if (!account) throw new Error(`no account ${number}`)
      return account
    },
    async hold(who, account, entered = pin) {
      const [row] = valueOf(await made.bank.holdPins({ ...who, pins: [{ account, pin: entered }] }))
      return row?.answer
    },
  }
  return self
}

export function change({ direction, amount }: BankTransaction): bigint {
  return direction === 'in' ? BigInt(amount) : -BigInt(amount)
}

export function valueOf<Value>(
  result: { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string },
): Value {
  if (!result.ok) throw new Error(`the bank refused: ${result.reason}`)
  return result.value
}
