/** The decision that a member of the staff takes about somebody else's access: why, at whose word, and with what note. */
import { z } from 'zod'
import { text } from '../../journey/fields.ts'
import type { DeskError } from './said.ts'
import { writeNote } from './tell.ts'
import { type CallerCheck, callerChecks, type StopReason, stopReasons } from './words.ts'

/** Longer than it may be is told, not dropped. What nobody sees could hide a number, or turn around what an auditor reads. */
const note = z
  .string()
  .transform((written) =>
    written
      .slice(0, 1000)
      .replaceAll(/\p{Cf}/gu, '')
      .replaceAll(/\p{C}+/gu, ' '),
  )
  .catch('')

const fields = z
  .object({ reason: text(40), check: text(40), note, confirm: text(8) })
  .catch({ reason: '', check: '', note: '', confirm: '' })

export type Decision<Reason> = { readonly reason: Reason; readonly note: string }

/** What was typed is kept in either case: another part of the form may be wrong. */
type Read<Value> = { readonly kept: Readonly<Record<string, string>> } & (
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly errors: readonly DeskError[] }
)

/** @param at prefix of the form's controls, for a page with several forms */
export function readStop(body: unknown, at: string): Read<Decision<StopReason>> {
  const { reason, check, note, confirm } = fields.parse(body ?? {})
  const errors: DeskError[] = [
    ...(isOneOf(stopReasons, reason) ? [] : [{ code: 'reason-missing', field: `${at}-reason` } as const]),
    ...checkErrors(check, `${at}-check`, reason === 'customer-asked'),
    ...noteErrors(note, `${at}-note`),
    ...(confirm === 'yes' ? [] : [{ code: 'confirm-missing', field: `${at}-confirm` } as const]),
  ]
  if (errors.length > 0 || !isOneOf(stopReasons, reason) || !isOneOf(callerChecks, check))
    return { ok: false, errors, kept: { reason, check, note } }
  return { ok: true, kept: { reason, check, note }, value: { reason, note: writeNote(check, note.trim()) } }
}

/** A lock is released at the word of its owner, and a lock that a phone call opens protects nobody: he must be checked. */
export function readRelease(body: unknown, at: string): Read<{ readonly note: string }> {
  const { check, note } = fields.parse(body ?? {})
  const errors = [
    ...checkErrors(check, `${at}-check`, true),
    ...noteErrors(note, `${at}-note`, { required: true }),
  ]
  if (errors.length > 0 || !isOneOf(callerChecks, check)) return { ok: false, errors, kept: { check, note } }
  return { ok: true, kept: { check, note }, value: { note: writeNote(check, note.trim()) } }
}

/** What is decided about a fintech, where nobody calls. */
export function readReason(body: unknown, at: string): Read<{ readonly note: string }> {
  const { note } = fields.parse(body ?? {})
  const errors = noteErrors(note, `${at}-note`, { required: true })
  return errors.length > 0
    ? { ok: false, errors, kept: { note } }
    : { ok: true, kept: { note }, value: { note: note.trim() } }
}

function checkErrors(check: string, field: string, byCustomer: boolean): DeskError[] {
  if (!isOneOf<CallerCheck>(callerChecks, check)) return [{ code: 'check-missing', field }]
  return byCustomer && check === 'no-caller' ? [{ code: 'check-impossible', field }] : []
}

const mostNote = 200

/** An account number has seven digits; what is in the audit stays there for years. */
function noteErrors(note: string, field: string, { required = false } = {}): DeskError[] {
  const written = note.normalize('NFKC').trim()
  if (written === '') return required ? [{ code: 'note-missing', field }] : []
  if (written.length > mostNote) return [{ code: 'note-too-long', field }]
  return /\d{7}/.test(written) ? [{ code: 'note-has-number', field }] : []
}

const isOneOf = <One extends string>(all: readonly One[], text: string): text is One =>
  (all as readonly string[]).includes(text)
