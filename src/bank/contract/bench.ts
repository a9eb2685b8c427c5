/** What a check of the contract works with: the bank, the test customers, and sentences that say what was expected and what came. */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Bank, Customer, InJourney, InquiryAccount, PinAnswer } from '../port.ts'
import type { TestAccount, TestCustomers } from './customers.ts'

export type Bench = {
  readonly bank: Bank
  readonly customers: TestCustomers
  /** yyyy-mm-dd in Japan */
  readonly today: string
}

export type BankCheck = {
  /** as a sentence about the bank */
  readonly name: string
  /** Throws a Mismatch, or Missing where the file has no customer for it. */
  readonly run: (bench: Bench) => Promise<void>
}

export type CheckResult = { readonly name: string } & (
  | { readonly verdict: 'passed' }
  | { readonly verdict: 'skipped'; readonly why: string }
  | { readonly verdict: 'failed'; readonly what: string; readonly expected: string; readonly got: string }
)

class Mismatch extends Error {
  readonly expected: string
  readonly got: string
  constructor(what: string, { expected, got }: { expected: unknown; got: unknown }) {
    super(what)
    this.expected = written(expected)
    this.got = written(got)
  }
}

class Missing extends Error {}

const written = (value: unknown): string =>
  (typeof value === 'string'
    ? value
    : JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one))) ?? 'nothing'

export async function runCheck<On>(
  { name, run }: { readonly name: string; readonly run: (on: On) => Promise<void> },
  on: On,
): Promise<CheckResult> {
  try {
    await run(on)
    return { name, verdict: 'passed' }
  } catch (error) {
    if (error instanceof Missing) return { name, verdict: 'skipped', why: error.message }
    if (!(error instanceof Mismatch)) throw error
    const { message: what, expected, got } = error
    return { name, verdict: 'failed', what, expected, got }
  }
}

/** @param what of the bank is compared, as the report shall say it */
export function same(what: string, got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) throw new Mismatch(what, { expected, got })
}

export function holds(what: string, isSo: boolean, expected: string, got: unknown): void {
  if (!isSo) throw new Mismatch(what, { expected, got })
}

export function needs<Value>(given: Value | undefined, what: string): Value {
  if (given === undefined) throw new Missing(`the file describes no customer as "${what}"`)
  return given
}

type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string }

export function valueOf<Value>(what: string, answer: Answer<Value>): Value {
  if (!answer.ok) throw new Mismatch(what, { expected: 'an answer with ok: true', got: answer })
  return answer.value
}

export const wrong = { ok: false, reason: 'wrong' } as const
export const wrongPassword = (password: string): string => `${password}-not`
export const wrongPin = (pin: string): string => String((Number(pin) + 1) % 10_000).padStart(4, '0')

export type Entrance = { readonly loginId: string; readonly password: string }

export const signedIn = async ({ bank }: Bench, { loginId, password }: Entrance): Promise<Customer> =>
  valueOf('sign-in with the right password', await bank.signIn({ loginId, password }))

const known = new WeakMap<Bench, Map<string, string>>()

/** The id is the same at every sign-in, so the bank's hash need not be paid for each time. */
async function idOf(bench: Bench, who: Entrance): Promise<string> {
  const ids = known.get(bench) ?? new Map<string, string>()
  known.set(bench, ids)
  const id = ids.get(who.loginId) ?? (await signedIn(bench, who)).id
  ids.set(who.loginId, id)
  return id
}

/** A journey that this bank has never heard of. */
export const inNewJourney = async (bench: Bench, who: Entrance): Promise<InJourney> => ({
  customer: await idOf(bench, who),
  journey: `check-${randomUUID()}`,
})

export const accountsOf = async ({ bank }: Bench, who: InJourney): Promise<readonly InquiryAccount[]> =>
  valueOf('accounts', await bank.accounts(who))

export async function findAccount(
  bench: Bench,
  who: InJourney,
  { branchCode, number }: TestAccount,
): Promise<InquiryAccount> {
  const all = await accountsOf(bench, who)
  const found = all.find((one) => one.branchCode === branchCode && one.number === number)
  if (!found)
    throw new Mismatch('accounts', {
      expected: `one of branch ${branchCode} with the number ${number}`,
      got: all.map((one) => `${one.branchCode} ${one.number}`),
    })
  return found
}

/** The answer to one PIN alone. */
export async function hold(
  { bank }: Bench,
  who: InJourney,
  row: { readonly account: string; readonly pin: string },
): Promise<PinAnswer | undefined> {
  const rows = valueOf('hold-pins', await bank.holdPins({ ...who, pins: [row] }))
  holds('hold-pins', rows.length === 1 && rows[0]?.account === row.account, 'a row for each PIN sent', rows)
  return rows[0]?.answer
}

export async function release({ bank }: Bench, who: InJourney): Promise<void> {
  same('release-pins', await bank.releasePins(who), { ok: true, value: 'released' })
}

export async function commit({ bank }: Bench, who: InJourney): Promise<void> {
  same('commit-pins', await bank.commitPins(who), { ok: true, value: 'committed' })
}

/** How an account stands with its PIN. */
export async function sameMarks(
  bench: Bench,
  who: InJourney,
  account: TestAccount,
  expected: Pick<InquiryAccount, 'registered' | 'held'>,
): Promise<void> {
  const { registered, held } = await findAccount(bench, who, account)
  same(`the account ${account.branchCode} ${account.number}`, { registered, held }, expected)
}
