/** Rows of the audit trail in the words of the desk: for a history, a time line, or the auditor's search. */
import { dateInJapan, timeInJapan } from '../../clock.ts'
import type { AuditRow } from '../../store/audit-search.ts'
import type { DeskMessages } from '../../web/messages/desk-ja.ts'
import { callerChecks, type CallerCheck } from './words.ts'

/** `2026-11-22 15:04:05`, in Japan. */
export const stamp = (at: number): string => `${dateInJapan(at)} ${timeInJapan(at).slice(0, 8)}`

/** In the words of the page, and what somebody wrote or is called, which has a language of its own. */
export type Told = { readonly text: string; readonly written: string | null }

export type ToldRow = {
  readonly at: string
  readonly event: string
  readonly details: readonly ({ readonly label: string } & Told)[]
  readonly journey: string | null
  readonly customer: string | null
  readonly client: string | null
  /** number of the consent, where it is known */
  readonly consent: string | null
  readonly sealed: boolean
}

/** What stands elsewhere in the row. */
const apart = new Set(['customer', 'client', 'consent', 'number'])

export function tellRow(t: DeskMessages, { payload, ...row }: AuditRow): ToldRow {
  const { note, ...rest } = payload
  const noted = typeof note === 'string' ? readNote(note) : undefined
  const facts = Object.entries({ ...rest, ...noted }).filter(
    ([name, value]) => !apart.has(name) && !isNothing(value),
  )
  return {
    at: stamp(row.at),
    event: t.events[row.event] ?? row.event,
    details: facts.map(([name, value]) => ({ label: labelOf(t, name), ...told(t, name, value) })),
    journey: row.journey,
    customer: row.customer,
    client: row.client,
    consent: typeof payload.number === 'string' ? payload.number : null,
    sealed: row.position !== null,
  }
}

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

/** How the caller was checked stands before what was noted, so that both can be read again. */
export const writeNote = (check: CallerCheck, note: string): string =>
  note === '' ? check : `${check}; ${note}`

function readNote(text: string): { readonly check?: string; readonly note?: string } {
  const [first = '', ...more] = text.split('; ')
  const isCheck = (callerChecks as readonly string[]).includes(first)
  return isCheck ? { check: first, note: more.join('; ') } : { note: text }
}

const labelOf = ({ details }: DeskMessages, name: string): string =>
  Object.hasOwn(details, name) ? details[name as keyof typeof details] : name

const moments = new Set(['endsAt', 'startedAt', 'before'])

function told(t: DeskMessages, name: string, value: unknown): Told {
  if (name === 'note' && typeof value === 'string') return { text: '', written: value }
  if (name === 'by' && typeof value === 'string') return actorOf(t, value)
  return { text: valueOf(t, name, value), written: null }
}

function valueOf(t: DeskMessages, name: string, value: unknown): string {
  if (typeof value === 'number' && moments.has(name)) return stamp(value)
  if (typeof value === 'boolean') return value ? t.values.yes : t.values.no
  if (Array.isArray(value)) return value.map((one) => codeOf(t, String(one))).join(', ')
  if (name === 'check') return t.checks[value as CallerCheck]
  if (name === 'services' || name === 'role')
    return String(value)
      .split(' ')
      .map((one) => (name === 'role' ? roleOf(t, one) : codeOf(t, one)))
      .join(', ')
  return typeof value === 'string' ? codeOf(t, value) : JSON.stringify(value)
}

export const codeOf = ({ values: { codes } }: DeskMessages, code: string): string =>
  Object.hasOwn(codes, code) ? codes[code as keyof typeof codes] : code

const roleOf = ({ roles }: DeskMessages, role: string): string =>
  Object.hasOwn(roles, role) ? roles[role as keyof typeof roles] : role

export function actorOf({ values }: DeskMessages, actor: string): Told {
  if (actor.startsWith('staff:')) return { text: values.staff, written: actor.slice('staff:'.length) }
  const isKnown = actor === 'customer' || actor === 'client' || actor === 'system'
  return { text: isKnown ? values[actor] : actor, written: null }
}
