/** Which journeys hold PINs with the bank, and from when on they are to be released there; never a PIN. */
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'
import type { Tables } from './schema.ts'

export async function noteHeldPins(
  db: Database,
  journeyHash: string,
  customer: string,
  releaseAt: number,
): Promise<void> {
  await note(db, { journey_hash: journeyHash, customer_id: customer, release_at: releaseAt })
}

const note = prepared((db, { journey_hash, customer_id, release_at }: Tables['held_pins']) =>
  db
    .insertInto('held_pins')
    .values({ journey_hash, customer_id, release_at })
    .onConflict((conflict) => conflict.column('journey_hash').doUpdateSet({ customer_id, release_at })),
)

/** Forgets the note, unless the journey held more meanwhile: then `releaseAt` is another. */
export async function forgetHeldPins(db: Database, journeyHash: string, releaseAt: number): Promise<void> {
  await forget(db, { journeyHash, releaseAt })
}

const forget = prepared((db, { journeyHash, releaseAt }: { journeyHash: string; releaseAt: number }) =>
  db.deleteFrom('held_pins').where('journey_hash', '=', journeyHash).where('release_at', '=', releaseAt),
)

/** Has them released no earlier than `until`, unless the journey held more meanwhile. */
export async function putOffRelease(
  db: Database,
  { journeyHash, releaseAt }: HeldNote,
  until: number,
): Promise<void> {
  await db
    .updateTable('held_pins')
    .set({ release_at: until })
    .where('journey_hash', '=', journeyHash)
    .where('release_at', '=', releaseAt)
    .execute()
}

export type HeldNote = { readonly journeyHash: string; readonly customer: string; readonly releaseAt: number }

export async function findHeldPins(db: Database, journeyHash: string): Promise<HeldNote | undefined> {
  const [row] = (await heldBy(db, { journeyHash })).rows
  return row && { journeyHash, customer: row.customer_id, releaseAt: row.release_at }
}

const heldBy = prepared((db, { journeyHash }: { journeyHash: string }) =>
  db.selectFrom('held_pins').selectAll().where('journey_hash', '=', journeyHash),
)

export async function listHeldPinsToRelease(
  db: Database,
  now: number,
  batch: number,
): Promise<readonly HeldNote[]> {
  const agreed = db
    .selectFrom('finishing')
    .select('journey_hash')
    .where('outcome', '=', 'allow')
    .where('done_at', 'is', null)
  const rows = await db
    .selectFrom('held_pins')
    .selectAll()
    .where('release_at', '<', now)
    // 許可 was pressed: these are committed, however long the bank cannot be reached.
    .where('journey_hash', 'not in', agreed)
    .orderBy('release_at')
    .limit(batch)
    .execute()
  return rows.map((row) => ({
    journeyHash: row.journey_hash,
    customer: row.customer_id,
    releaseAt: row.release_at,
  }))
}
