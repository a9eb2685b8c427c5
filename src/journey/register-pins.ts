/**
 * 手順 4 照会用暗証番号登録: the inquiry PINs that the customer filed with the bank, several accounts at once.
 * Skipped when every inquiry account is registered, and in a renewal while one of the former accounts still is. A PIN entered here is checked and held; it takes effect at 許可.
 */
import { z } from 'zod'
import type { InquiryAccount, PinAnswer } from '../bank/port.ts'
import { sharedBefore } from '../consent/past.ts'
import type { FieldError, Problem } from '../errors.ts'
import { type Locked, problemOf, type Try } from '../risk/locks.ts'
import { text, texts } from './fields.ts'
import { accountHandle, type pinFailures } from './journey.ts'
import {
  canBeGranted,
  defineStep,
  keptList,
  mayInquire,
  signedIn,
  type StepContext,
  type SubmitOutcome,
} from './step.ts'
import { unanswered } from './turn.ts'

const mostRows = 500

export const registerPins = defineStep({
  fields: z.looseObject({ rows: texts(16, mostRows), action: text(16) }).catch({ rows: [], action: '' }),

  keep: ({ rows }) => ({ rows }),

  async page(context, kept) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: unanswered(answer) }
    const accounts = answer.value.filter(mayInquire)
    if (accounts.length === 0) return { problem: { code: 'no-accounts' } }
    if (context.facts.pins === undefined && isNotNeeded(context, accounts)) {
      return { learned: { pins: 'not-needed' } }
    }
    const ticked = new Set(keptList(kept, 'rows'))
    const digits = context.institution.rules.pinDigits
    const names = new Map(
      accounts.map((account) => [accountHandle(context.uid, account.id), accountName(account)]),
    )
    return {
      view: {
        accounts: accounts.map((account) => {
          const handle = accountHandle(context.uid, account.id)
          return { ...shown(account, context.past), handle, ticked: ticked.has(handle) }
        }),
        barred: barredNames(answer.value),
        maySkip: accounts.some(canBeGranted),
        pinDigits: digits,
      },
      describe: (field) => ({
        account: names.get(field.replace(/^(pin|row)-/, '')) ?? '',
        digits: String(digits),
      }),
    }
  },

  async submit(context, fields) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: unanswered(answer) }
    const accounts = answer.value.filter(mayInquire)
    if (fields.action === 'skip') return skip(accounts)

    const rows = accounts.map((account): Row => {
      const handle = accountHandle(context.uid, account.id)
      const typed = fields[`pin-${handle}`]
      const pin = typeof typed === 'string' ? typed.slice(0, 32).normalize('NFKC').trim() : ''
      return { account, handle, ticked: fields.rows.includes(handle), pin }
    })
    const touched = rows.filter((row) => row.ticked || row.pin !== '')
    if (touched.length === 0) {
      return { errors: [{ code: 'accounts-missing', field: 'accounts' }] }
    }
    return register(context, touched)
  },
})

function isNotNeeded({ past: { former } }: StepContext, accounts: readonly InquiryAccount[]): boolean {
  const shared = former && sharedBefore(former)
  return (
    accounts.every((account) => account.registered) ||
    accounts.some((account) => shared?.has(account.id) && canBeGranted(account))
  )
}

/**
 * An account as every screen writes it: 支店名（店番） 科目 口座番号. One whose PIN was registered, and is no longer the one that
 * the bank knows, is to be registered again (要再登録).
 */
export function shown(
  { id, branchName, branchCode, kind, number, memo, registered, held }: InquiryAccount,
  { stale }: Pick<StepContext['past'], 'stale'>,
) {
  const missing = stale.has(id) ? 'stale' : 'unregistered'
  const status = held ? 'held' : registered ? 'registered' : missing
  return { branchName, branchCode, kind, number, memo: memo === '' ? '-' : memo, status } as const
}

export const barredNames = (accounts: readonly InquiryAccount[]): readonly string[] =>
  accounts.filter((account) => !mayInquire(account)).map(accountName)

export const accountName = ({ branchName, branchCode, kind, number }: InquiryAccount): string =>
  `${branchName}（${branchCode}） ${kind} ${number}`

type Row = {
  readonly account: InquiryAccount
  readonly handle: string
  readonly ticked: boolean
  readonly pin: string
}

type Failure = (typeof pinFailures)[number]
type Outcome = 'held' | Failure

/** 「登録しないで次へ」: somebody may not know one PIN, now or at every renewal. */
function skip(accounts: readonly InquiryAccount[]): SubmitOutcome {
  if (!accounts.some(canBeGranted)) return { errors: [{ code: 'accounts-missing', field: 'accounts' }] }
  return { learned: { pins: 'done' } }
}

/** Each row has an outcome of its own: a right one is held even when another is wrong or not filled in. */
async function register(context: StepContext, touched: readonly Row[]): Promise<SubmitOutcome> {
  const digits = context.institution.rules.pinDigits
  const outcomes = new Map<Row, Outcome>()
  for (const row of touched) {
    const failure = formFailure(row, digits)
    if (failure) outcomes.set(row, failure)
  }
  const entered = touched.filter((row) => !outcomes.has(row))
  if (entered.length > 0) {
    const door = await context.locks.takeAddress(context.address)
    if ('locked' in door) return { problem: problemOf(door) }
    const answers = await askBank(context, entered)
    if ('problem' in answers) {
      await door.undecided()
      return answers
    }
    for (const [row, outcome] of answers.outcomes) outcomes.set(row, outcome)
    await (answers.anyWrong ? door.wrong() : door.right())
  }
  const byOutcome = (wanted: Outcome): Row[] => touched.filter((row) => outcomes.get(row) === wanted)
  const held = byOutcome('held')
  if (held.length === 0) {
    const errors = touched.map((row): FieldError => {
      const code = outcomes.get(row) as Failure
      return { code, field: code === 'pin-unticked' ? `row-${row.handle}` : `pin-${row.handle}` }
    })
    return { errors }
  }
  const byRow: Partial<Record<Outcome, string[]>> = {}
  for (const [row, outcome] of outcomes) byRow[outcome] = [...(byRow[outcome] ?? []), row.handle]
  const pinResult = { heldCount: held.length, failedCount: outcomes.size - held.length, rows: byRow }
  return { learned: { pins: 'entered', pinResult } }
}

function formFailure({ ticked, pin }: Row, digits: number): Failure | undefined {
  if (!ticked) return 'pin-unticked'
  if (pin === '') return 'pin-missing'
  return new RegExp(`^[0-9]{${digits}}$`).test(pin) ? undefined : 'pin-form'
}

/** Asks the bank about the rows that no lock forbids. */
async function askBank(
  context: StepContext,
  entered: readonly Row[],
): Promise<
  | { readonly outcomes: readonly (readonly [Row, Outcome])[]; readonly anyWrong: boolean }
  | { readonly problem: Problem }
> {
  const guards = await guardsOf(context, entered)
  if (!guards) return { problem: problemOf({ locked: 'by-pending' }) }
  const allowed = entered.filter((row) => !('locked' in (guards.get(row) as Try | Locked)))
  const pins = allowed.map((row) => ({ account: row.account.id, pin: row.pin }))
  const answer = pins.length === 0 ? noPins : await context.pins.hold({ ...signedIn(context), pins })
  if (!answer.ok) {
    for (const row of allowed) await (guards.get(row) as Try).undecided()
    return { problem: unanswered(answer) }
  }
  const said = new Map(answer.value.map((one) => [one.account, one.answer]))
  const outcomes: (readonly [Row, Outcome])[] = []
  for (const row of entered) {
    const guard = guards.get(row) as Try | Locked
    outcomes.push([row, 'locked' in guard ? 'pin-locked' : await settle(guard, said.get(row.account.id))])
  }
  return { outcomes, anyWrong: answer.value.some((one) => one.answer === 'wrong') }
}

/** One try a row, or none at all where earlier ones are still undecided. */
async function guardsOf(
  { locks }: StepContext,
  entered: readonly Row[],
): Promise<ReadonlyMap<Row, Try | Locked> | undefined> {
  const guards = new Map<Row, Try | Locked>()
  // In one order for all, so that no two submits wait for each other.
  for (const row of entered.toSorted((a, b) => (a.account.id < b.account.id ? -1 : 1))) {
    const guard = await locks.take('pin', row.account.id)
    if ('locked' in guard && guard.locked === 'by-pending') {
      for (const taken of guards.values()) if (!('locked' in taken)) await taken.undecided()
      return undefined
    }
    guards.set(row, guard)
  }
  return guards
}

const noPins = { ok: true, value: [] } as const

async function settle(guard: Try, said: PinAnswer | undefined): Promise<Outcome> {
  switch (said) {
    case 'held':
      await guard.right()
      return 'held'
    case 'wrong':
      return 'locked' in (await guard.wrong()) ? 'pin-locked' : 'pin-wrong'
    case 'locked':
      await guard.undecided()
      return 'pin-locked'
    default:
      await guard.undecided()
      return 'pin-impossible'
  }
}
