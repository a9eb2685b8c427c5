/**
 * What is kept for as long as the settings say, and then deleted: ended consents, what was told, the audit itself from its
 * start on. Each batch says in the audit what went. What is live is never touched.
 */
import { type Clock, days } from '../clock.ts'
import { type AuditRow, isAlone, linkOf, macOf, type Place, readPlace, writePlace } from './audit-chain.ts'
import { record } from './audit.ts'
import type { Database } from './open.ts'
import { transact } from './transaction.ts'

/** Days after the end of a consent, after a message was settled, and after an audit row was written. */
export type Retention = { readonly audit: number; readonly consents: number; readonly outbox: number }

export type RetentionParts = {
  readonly db: Database
  readonly clock: Clock
  readonly keep: Retention
  /** of the audit's chain */
  readonly auditKey: Buffer
}

export function deleteOldConsents({ db, clock, keep }: RetentionParts, batch: number): Promise<number> {
  return transact(db, async (transaction) => {
    const before = clock() - days(keep.consents)
    const old = transaction
      .selectFrom('consents')
      .select('id')
      .where('status', 'not in', ['granted', 'active'])
      .where('ended_at', '<', before)
      .limit(batch)
    const { numDeletedRows } = await transaction
      .deleteFrom('consents')
      .where('id', 'in', old)
      .executeTakeFirst()
    return noted(transaction, clock(), { table: 'consents', rows: Number(numDeletedRows), before })
  })
}

export function deleteOldMessages({ db, clock, keep }: RetentionParts, batch: number): Promise<number> {
  return transact(db, async (transaction) => {
    const before = clock() - days(keep.outbox)
    const old = transaction
      .selectFrom('outbox')
      .select('id')
      .where('state', '!=', 'waiting')
      .where('settled_at', '<', before)
      .limit(batch)
    const { numDeletedRows } = await transaction
      .deleteFrom('outbox')
      .where('id', 'in', old)
      .executeTakeFirst()
    return noted(transaction, clock(), { table: 'outbox', rows: Number(numDeletedRows), before })
  })
}

/**
 * Deletes from the start of the chain and moves the start along, so that the rest still proves itself.
 * @throws Error when the start or a row that would go is not as it was sealed: moving the start on would hide what was done
 */
export function deleteOldAudit(
  { db, clock, keep, auditKey }: RetentionParts,
  batch: number,
): Promise<number> {
  return transact(db, async (transaction) => {
    const before = clock() - days(keep.audit)
    if (!(await isAlone(transaction))) return 0
    const start = await readPlace(transaction, auditKey, 'start')
    if (typeof start === 'string') throw new Error(`the start of the audit's chain is ${start}`)
    const rows = await transaction
      .selectFrom('audit')
      .selectAll()
      .where('position', '>', start.position)
      .orderBy('position')
      .limit(batch)
      .execute()
    const until = rows.findIndex(({ at }) => at >= before)
    const old = until === -1 ? rows : rows.slice(0, until)
    if (old.some(({ position }, index) => position !== start.position + 1 + index))
      throw new Error("rows are missing at the start of the audit's chain")
    const last = old.at(-1)
    if (!last?.position || last.hash === null) return 0
    // Whoever can write the tables could call a row old, and we would remove it for him.
    if (!areAsSealed(auditKey, start, old))
      throw new Error("rows at the start of the audit's chain were changed")
    await transaction.deleteFrom('audit').where('position', '<=', last.position).execute()
    await writePlace(transaction, auditKey, 'start', { position: last.position, hash: last.hash })
    return noted(transaction, clock(), { table: 'audit', rows: old.length, before })
  })
}

function areAsSealed(key: Buffer, { hash: former }: Place, rows: readonly AuditRow[]): boolean {
  let link = former
  return rows.every((row) => {
    const mac = macOf(key, row)
    link = linkOf(key, link, mac)
    return row.mac === mac && row.hash === link
  })
}

async function noted(
  transaction: Database,
  at: number,
  applied: { readonly table: string; readonly rows: number; readonly before: number },
): Promise<number> {
  if (applied.rows > 0) await record(transaction, at, null, { event: 'retention-applied', ...applied })
  return applied.rows
}
