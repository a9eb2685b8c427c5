/** Journeys between 許可 and their consent, and journeys that hold PINs with the bank: what the sweeper must finish or undo. */
import type { Database } from './open.ts'

/** Keeps what was agreed, durably, before anything is done about it. The first one of a journey stands. */
export async function startFinishing(
  db: Database,
  journeyHash: string,
  payload: unknown,
  now: number,
): Promise<void> {
  await db
    .insertInto('finishing')
    .values({ journey_hash: journeyHash, payload: JSON.stringify(payload), created_at: now })
    .onConflict((conflict) => conflict.column('journey_hash').doNothing())
    .execute()
}

export async function readFinishing(db: Database, journeyHash: string): Promise<unknown> {
  const row = await db
    .selectFrom('finishing')
    .select('payload')
    .where('journey_hash', '=', journeyHash)
    .executeTakeFirst()
  return row && JSON.parse(row.payload)
}

export async function endFinishing(db: Database, journeyHash: string): Promise<void> {
  await db.deleteFrom('finishing').where('journey_hash', '=', journeyHash).execute()
}

export async function listFinishing(
  db: Database,
  before: number,
  batch: number,
): Promise<readonly { readonly journeyHash: string; readonly payload: unknown }[]> {
  const rows = await db
    .selectFrom('finishing')
    .selectAll()
    .where('created_at', '<', before)
    .limit(batch)
    .execute()
  return rows.map((row) => ({ journeyHash: row.journey_hash, payload: JSON.parse(row.payload) }))
}

export async function noteHeldPins(
  db: Database,
  journeyHash: string,
  customer: string,
  releaseAt: number,
): Promise<void> {
  await db
    .insertInto('held_pins')
    .values({ journey_hash: journeyHash, customer_id: customer, release_at: releaseAt })
    .onConflict((conflict) =>
      conflict.column('journey_hash').doUpdateSet({ customer_id: customer, release_at: releaseAt }),
    )
    .execute()
}

export async function forgetHeldPins(db: Database, journeyHash: string): Promise<void> {
  await db.deleteFrom('held_pins').where('journey_hash', '=', journeyHash).execute()
}

export async function findHeldPins(
  db: Database,
  journeyHash: string,
): Promise<{ readonly customer: string } | undefined> {
  const row = await db
    .selectFrom('held_pins')
    .select('customer_id')
    .where('journey_hash', '=', journeyHash)
    .executeTakeFirst()
  return row && { customer: row.customer_id }
}

export async function listHeldPinsToRelease(
  db: Database,
  now: number,
  batch: number,
): Promise<readonly { readonly journeyHash: string; readonly customer: string }[]> {
  const rows = await db
    .selectFrom('held_pins')
    .selectAll()
    .where('release_at', '<', now)
    // 許可 was pressed: these are committed, however long the bank cannot be reached.
    .where('journey_hash', 'not in', db.selectFrom('finishing').select('journey_hash'))
    .limit(batch)
    .execute()
  return rows.map((row) => ({ journeyHash: row.journey_hash, customer: row.customer_id }))
}
