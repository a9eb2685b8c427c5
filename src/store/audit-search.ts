/** Reads the audit trail for the desk: by whom or what it is about, page by page, and never changes it. */
import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { AuditEvent } from './audit.ts'
import type { Database } from './open.ts'
import type { Tables } from './schema.ts'

export type AuditRow = {
  readonly seq: number
  readonly at: number
  readonly event: AuditEvent['event']
  /** 受付番号 */
  readonly journey: string | null
  readonly customer: string | null
  readonly client: string | null
  readonly consent: string | null
  /** the rest of what was recorded */
  readonly payload: Readonly<Record<string, unknown>>
  /** its place in the chain; null until it is sealed */
  readonly position: number | null
}

export type AuditQuery = {
  /** ms, both included */
  readonly from?: number | undefined
  readonly until?: number | undefined
  readonly customer?: string | undefined
  readonly client?: string | undefined
  readonly consent?: string | undefined
  readonly journey?: string | undefined
  readonly event?: string | undefined
  /** rows older than this one, for the next page */
  readonly before?: number | undefined
}

/** The newest first, at most `limit`. */
export async function searchAudit(
  db: Database,
  asked: AuditQuery,
  limit: number,
): Promise<readonly AuditRow[]> {
  let query = db.selectFrom('audit').selectAll()
  if (asked.from !== undefined) query = query.where('at', '>=', asked.from)
  if (asked.until !== undefined) query = query.where('at', '<=', asked.until)
  for (const name of ['customer', 'client', 'consent', 'journey', 'event'] as const) {
    const wanted = asked[name]
    if (wanted !== undefined) query = query.where(name, '=', wanted)
  }
  if (asked.before !== undefined) query = query.where('seq', '<', asked.before)
  const rows = await query.orderBy('seq', 'desc').limit(limit).execute()
  return rows.map(fromRow)
}

/** What happened in one journey, the oldest first; who of the staff looked at it is left out. */
export async function auditOfJourney(
  db: Database,
  journey: string,
  limit: number,
): Promise<readonly AuditRow[]> {
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .where('journey', '=', journey)
    .where('event', '!=', 'staff-looked')
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute()
  return rows.map(fromRow).toReversed()
}

export type JourneySummary = {
  readonly journey: string
  readonly client: string | null
  readonly from: number
  readonly until: number
}

/** The journeys in which this customer was known, the latest first. */
export async function journeysOf(
  db: Database,
  customer: string,
  limit: number,
): Promise<readonly JourneySummary[]> {
  const rows = await db
    .selectFrom('audit')
    .select((eb) => [
      'journey',
      eb.fn.max('client').as('client'),
      eb.fn.min('at').as('from'),
      eb.fn.max('at').as('until'),
    ])
    .where('customer', '=', customer)
    .where('journey', 'is not', null)
    .where('event', '!=', 'staff-looked')
    .groupBy('journey')
    .orderBy('until', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ journey, client, from, until }) => ({ journey: journey ?? '', client, from, until }))
}

/** Wrong tries and locks of these subjects (see `locks.subjectOf`) since a moment, the newest first. */
export async function triesOf(
  db: Database,
  subjects: readonly string[],
  since: number,
  limit: number,
): Promise<readonly AuditRow[]> {
  if (subjects.length === 0) return []
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .where('at', '>=', since)
    .where('event', 'in', ['sign-in-failed', 'locked', 'lock-released'])
    .where((eb) => eb.or(subjects.map((subject) => eb('payload', 'like', `%"subject":"${subject}"%`))))
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute()
  return rows.map(fromRow)
}

function fromRow(row: Selectable<Tables['audit']>): AuditRow {
  const { seq, at, event, journey, customer, client, consent, position } = row
  return {
    seq,
    at,
    event: event as AuditEvent['event'],
    journey,
    customer,
    client,
    consent,
    payload: z.record(z.string(), z.unknown()).parse(JSON.parse(row.payload)),
    position,
  }
}
