/** Reads the audit as it was written, the oldest first and in batches, for exports of any length. */
import type { Database } from './open.ts'

/** What must match; `from` is included, `to` is not. */
export type AuditFilter = {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly event?: string | undefined
  readonly journey?: string | undefined
  readonly customer?: string | undefined
  readonly client?: string | undefined
  readonly consent?: string | undefined
}

export type AuditEntry = {
  readonly seq: number
  readonly position: number | null
  readonly at: string
  readonly event: string
  readonly journey: string | null
  readonly payload: Readonly<Record<string, unknown>>
  /** the hash of the chain up to here */
  readonly hash: string | null
}

const batch = 1000

export async function* readAudit(
  db: Database,
  { from, to, ...equal }: AuditFilter,
): AsyncGenerator<AuditEntry> {
  let after = 0
  for (;;) {
    let query = db.selectFrom('audit').selectAll().where('seq', '>', after)
    if (from !== undefined) query = query.where('at', '>=', from)
    if (to !== undefined) query = query.where('at', '<', to)
    for (const name of ['event', 'journey', 'customer', 'client', 'consent'] as const) {
      const value = equal[name]
      if (value !== undefined) query = query.where(name, '=', value)
    }
    const rows = await query.orderBy('seq').limit(batch).execute()
    for (const { seq, position, at, event, journey, payload, hash } of rows) {
      after = seq
      yield {
        seq,
        position,
        at: new Date(at).toISOString(),
        event,
        journey,
        payload: JSON.parse(payload) as Record<string, unknown>,
        hash,
      }
    }
    if (rows.length < batch) return
  }
}
