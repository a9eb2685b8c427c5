/**
 * What a database that is put back from a backup must not forget: every end, and every change by the staff, once more as a line
 * of the log, which is kept elsewhere. No customer is named in it.
 */
import { z } from 'zod'
import type { Selectable } from 'kysely'
import type { Actor, AuditEvent } from './audit.ts'
import type { Ending, EndReason } from './consent-changes.ts'
import type { Tables } from './schema.ts'

/** The name of these lines among all others of the log. */
const event = z.literal('audit-echo')

const at = z.number().int()
const text = z.string().min(1).max(500)
/** Closed lists elsewhere; an older version's log may say what this one no longer does. */
const by = text.transform((said) => said as Actor)
const reason = text.transform((said) => said as EndReason)
const status = z.enum(['expired', 'stopped', 'replaced', 'unused'] satisfies Ending['status'][])

const consentActivated = { event, what: z.literal('consent-activated'), at, number: text, client: text }
const consentEnded = { event, what: z.literal('consent-ended'), at, number: text, status, by, reason }
const accountStopped = {
  event,
  what: z.literal('account-stopped'),
  at,
  number: text,
  account: text,
  by,
  reason,
}

/** What only a person can do again, because it needs a secret or a judgement. */
const byHand = [
  'client-registered',
  'client-changed',
  'client-suspended',
  'client-resumed',
  'client-secret-rotated',
  'key-added',
  'key-activated',
  'key-removed',
] as const satisfies AuditEvent['event'][]

const echo = z.union([
  z.object(consentActivated),
  z.object(consentEnded),
  z.object(accountStopped),
  z.object({ event, what: z.literal(byHand), at, client: text.optional(), key: text.optional() }),
])

export type Echo = z.output<typeof echo>

const echoed: ReadonlySet<string> = new Set(echo.options.flatMap(({ shape }) => [...shape.what.values]))

/** The line for this row of the audit; undefined for the many that a restore may forget. */
export function echoOf(row: Pick<Selectable<Tables['audit']>, 'at' | 'event' | 'payload'>): Echo | undefined {
  if (!echoed.has(row.event)) return undefined
  const payload = JSON.parse(row.payload) as Record<string, unknown>
  return echo.safeParse({ ...payload, event: 'audit-echo', what: row.event, at: row.at }).data
}

/** What a line of a log says of this kind; undefined for all others, whatever they are. */
export function readEcho(line: string): Echo | undefined {
  if (!line.includes('"audit-echo"')) return undefined
  try {
    return echo.safeParse(JSON.parse(line)).data
  } catch {
    // a line that was cut off, or another program's
    return undefined
  }
}
