/**
 * What the protocol engine keeps between requests. Ids are stored as hashes, so a database dump opens nothing,
 * and what may be spent once is spent by compare-and-set.
 */
import { sql } from 'kysely'
import { sha256 } from '../secrets.ts'
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'
import type { Tables } from './schema.ts'

export type EngineRecord = {
  readonly payload: Record<string, unknown>
  readonly grantId: string | null
  readonly consumedAt: number | null
}

/** Writes or overwrites a record; never touches whether it was consumed. Times in ms. */
export async function putRecord(
  db: Database,
  key: { model: string; id: string },
  {
    payload,
    grantId,
    expiresAt,
  }: { payload: Record<string, unknown>; grantId: string | null; expiresAt: number },
): Promise<void> {
  const row = { payload: JSON.stringify(payload), grant_id: grantId, expires_at: expiresAt }
  await put(db, { model: key.model, id_hash: sha256(key.id), ...row })
}

type Row = Omit<Tables['engine_records'], 'consumed_at'>

const put = prepared((db, { model, id_hash, payload, grant_id, expires_at }: Row) => {
  const changed = { payload, grant_id, expires_at }
  return db
    .insertInto('engine_records')
    .values({ model, id_hash, consumed_at: null, ...changed })
    .onConflict((conflict) => conflict.columns(['model', 'id_hash']).doUpdateSet(changed))
})

/** False when the id was there already: the caller's replay. */
export async function insertRecordOnce(
  db: Database,
  key: { model: string; id: string },
  expiresAt: number,
): Promise<boolean> {
  const { numAffectedRows } = await insertOnce(db, {
    model: key.model,
    id_hash: sha256(key.id),
    expires_at: expiresAt,
  })
  return numAffectedRows === 1n
}

const insertOnce = prepared(
  (db, { model, id_hash, expires_at }: Pick<Row, 'model' | 'id_hash' | 'expires_at'>) =>
    db
      .insertInto('engine_records')
      .values({ model, id_hash, payload: '{}', grant_id: null, consumed_at: null, expires_at })
      .onConflict((conflict) => conflict.doNothing()),
)

export async function findRecord(
  db: Database,
  key: { model: string; id: string },
): Promise<EngineRecord | undefined> {
  const [row] = (await byKey(db, { model: key.model, id_hash: sha256(key.id) })).rows
  return row && { payload: JSON.parse(row.payload), grantId: row.grant_id, consumedAt: row.consumed_at }
}

const byKey = prepared((db, { model, id_hash }: Pick<Row, 'model' | 'id_hash'>) =>
  db
    .selectFrom('engine_records')
    .select(['payload', 'grant_id', 'consumed_at'])
    .where('model', '=', model)
    .where('id_hash', '=', id_hash),
)

/** Spends a record. False for every caller but the first, however many come at once. */
export async function consumeRecord(
  db: Database,
  key: { model: string; id: string },
  at: number,
): Promise<boolean> {
  const { numAffectedRows } = await spend(db, { model: key.model, id_hash: sha256(key.id), at })
  return numAffectedRows === 1n
}

const spend = prepared((db, { model, id_hash, at }: Pick<Row, 'model' | 'id_hash'> & { at: number }) =>
  db
    .updateTable('engine_records')
    .set({ consumed_at: at })
    .where('model', '=', model)
    .where('id_hash', '=', id_hash)
    .where('consumed_at', 'is', null),
)

export async function deleteRecord(db: Database, key: { model: string; id: string }): Promise<void> {
  await db
    .deleteFrom('engine_records')
    .where('model', '=', key.model)
    .where('id_hash', '=', sha256(key.id))
    .execute()
}

export async function deleteRecordsOfGrant(db: Database, model: string, grantId: string): Promise<void> {
  await db.deleteFrom('engine_records').where('grant_id', '=', grantId).where('model', '=', model).execute()
}

/** Deletes at most `batch` records that expired before `before`. */
export async function deleteExpiredRecords(db: Database, before: number, batch: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from engine_records where (model, id_hash) in
      (select model, id_hash from engine_records where expires_at < ${before} order by expires_at limit ${batch})
  `.execute(db)
  return Number(numAffectedRows ?? 0)
}
