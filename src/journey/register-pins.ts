/**
 * 手順 4 照会用暗証番号登録: the inquiry PINs that the customer filed with the bank, several accounts at once.
 * Skipped when every inquiry account is registered. A PIN entered here is checked and held; it takes effect at 許可.
 */
import { z } from 'zod'
import type { InquiryAccount } from '../bank/port.ts'
import type { FieldError } from '../errors.ts'
import type { Try } from '../risk/locks.ts'
import { text, texts } from './fields.ts'
import { accountHandle, type Learned } from './journey.ts'
import { canBeGranted, defineStep, keptList, signedIn, type StepContext, type SubmitOutcome } from './step.ts'

const mostRows = 500

export const registerPins = defineStep({
  fields: z.looseObject({ rows: texts(16, mostRows), action: text(16) }).catch({ rows: [], action: '' }),

  async page(context, kept) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: { code: 'bank-unavailable' } }
    const accounts = answer.value
    if (accounts.length === 0) return { problem: { code: 'no-accounts' } }
    if (context.facts.pins === undefined && accounts.every((account) => account.registered)) {
      return { learned: { pins: 'not-needed' } }
    }
    const ticked = new Set(keptList(kept, 'rows'))
    return {
      view: {
        accounts: accounts.map((account) => {
          const handle = accountHandle(context.uid, account.id)
          return { ...shown(account), handle, ticked: ticked.has(handle) }
        }),
        maySkip: accounts.some(canBeGranted),
        pinDigits: context.institution.rules.pinDigits,
      },
    }
  },

  async submit(context, fields) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: { code: 'bank-unavailable' } }
    const accounts = answer.value
    if (fields.action === 'skip') return skip(accounts)

    const rows = accounts.map((account) => {
      const handle = accountHandle(context.uid, account.id)
      const typed = fields[`pin-${handle}`]
      return {
        account,
        handle,
        ticked: fields.rows.includes(handle),
        pin: typeof typed === 'string' ? typed.slice(0, 32).normalize('NFKC').trim() : '',
      }
    })
    const errors = rows.flatMap((row) => formError(row, context.institution.rules.pinDigits))
    const entered = rows.filter((row) => row.ticked)
    if (errors.length === 0 && entered.length === 0)
      errors.push({ code: 'accounts-missing', field: firstField(rows) })
    // Rows with a form error are named first; nothing is asked of the bank, so no try is spent.
    if (errors.length > 0) return { errors, kept: { rows: entered.map((row) => row.handle) } }
    return check(context, entered)
  },
})

/** An account as every screen writes it: 支店名（店番） 科目 口座番号. */
export function shown({ branchName, branchCode, kind, number, memo, registered, held }: InquiryAccount) {
  const status = held ? 'held' : registered ? 'registered' : 'unregistered'
  return { branchName, branchCode, kind, number, memo: memo === '' ? '-' : memo, status } as const
}

export const accountName = ({ branchName, branchCode, kind, number }: InquiryAccount): string =>
  `${branchName}（${branchCode}） ${kind} ${number}`

type Row = {
  readonly account: InquiryAccount
  readonly handle: string
  readonly ticked: boolean
  readonly pin: string
}

/** 「登録しないで次へ」: somebody may not know one PIN, now or at every renewal. */
function skip(accounts: readonly InquiryAccount[]): SubmitOutcome {
  if (!accounts.some(canBeGranted)) return { errors: [{ code: 'accounts-missing', field: 'accounts' }] }
  return { learned: { pins: 'done' } }
}

function formError({ account, handle, ticked, pin }: Row, digits: number): FieldError[] {
  const values = { account: accountName(account), digits: String(digits) }
  const field = `pin-${handle}`
  if (!ticked) return pin === '' ? [] : [{ code: 'pin-unticked', field: `row-${handle}`, values }]
  if (pin === '') return [{ code: 'pin-missing', field, values }]
  if (!new RegExp(`^[0-9]{${digits}}$`).test(pin)) return [{ code: 'pin-form', field, values }]
  return []
}

const firstField = ([first]: readonly Row[]): string => (first ? `row-${first.handle}` : 'accounts')

/** Asks the bank about the rows that no lock forbids. A right row is held even when another is wrong. */
async function check(context: StepContext, entered: readonly Row[]): Promise<SubmitOutcome> {
  const taken = await Promise.all(
    entered.map(async (row) => ({
      row,
      guard: await context.locks.take('pin', row.account.id, context.address),
    })),
  )
  const allowed = taken.filter((one): one is { row: Row; guard: Try } => !('locked' in one.guard))
  const failed: { account: string; code: 'pin-wrong' | 'pin-locked' }[] = taken
    .filter((one) => 'locked' in one.guard)
    .map(({ row }) => ({ account: row.handle, code: 'pin-locked' as const }))

  const pins = allowed.map(({ row }) => ({ account: row.account.id, pin: row.pin }))
  const answer =
    pins.length > 0
      ? await context.pins.hold({ ...signedIn(context), pins })
      : ({ ok: true, value: [] } as const)
  if (!answer.ok) {
    await Promise.all(allowed.map(({ guard }) => guard.undecided()))
    return { problem: { code: 'bank-unavailable' } }
  }
  const byAccount = new Map(answer.value.map((one) => [one.account, one.answer]))
  const held: string[] = []
  for (const { row, guard } of allowed) {
    const said = byAccount.get(row.account.id)
    if (said === 'held') {
      await guard.right()
      held.push(row.handle)
    } else if (said === 'wrong') {
      const after = await guard.wrong()
      failed.push({ account: row.handle, code: 'locked' in after ? 'pin-locked' : 'pin-wrong' })
    } else {
      await guard.undecided()
      failed.push({ account: row.handle, code: 'pin-locked' })
    }
  }
  if (held.length === 0) {
    const names = new Map(entered.map((row) => [row.handle, accountName(row.account)]))
    return {
      errors: failed.map(({ account, code }) => ({
        code,
        field: `pin-${account}`,
        values: { account: names.get(account) ?? '' },
      })),
      kept: { rows: entered.map((row) => row.handle) },
    }
  }
  return { learned: { pins: 'entered', pinResult: { held, failed } } satisfies Learned }
}
