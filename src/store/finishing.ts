/**
 * How a journey ends, claimed durably before anything is done about it, and once: 許可 and 中止 pressed at the same time, or
 * again after a crash, meet here. Beside it the journeys that hold PINs with the bank.
 */
import type { Database } from './open.ts'
import { transact } from './transaction.ts'

/** What stands for a journey: agreed but not carried out, carried out, or refused. */
export type Claim = { readonly outcome: 'allow' | 'refuse'; readonly payload: string; readonly done: boolean }

/**
 * Claims 許可. The claim that stands afterwards is returned: this one, an equal one that is under way already, or one that
 * was carried out or refused before. One that was not carried out gives way to what the customer presses now.
 * @param isSame whether a claim under way agrees to the same
 */
export function claimAllow(
  db: Database,
  journeyHash: string,
  { payload, isSame, now }: { payload: string; isSame: (payload: string) => boolean; now: number },
): Promise<Claim> {
  return transact(db, async (transaction) => {
    const found = await readClaim(transaction, journeyHash)
    if (found && (found.done || found.outcome === 'refuse' || isSame(found.payload))) return found
    const row = { outcome: 'allow' as const, payload, created_at: now, done_at: null }
    if (!found)
      await transaction
        .insertInto('finishing')
        .values({ journey_hash: journeyHash, ...row })
        .execute()
    else
      await transaction
        .updateTable('finishing')
        .set(row)
        .where('journey_hash', '=', journeyHash)
        .where('done_at', 'is', null)
        .execute()
    return { outcome: 'allow', payload, done: false }
  })
}

/** Marks 許可 as carried out. False when it was refused, replaced or carried out meanwhile. */
export async function markDone(
  db: Database,
  journeyHash: string,
  payload: string,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('finishing')
    .set({ done_at: now })
    .where('journey_hash', '=', journeyHash)
    .where('outcome', '=', 'allow')
    .where('payload', '=', payload)
    .where('done_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** The bank could not commit: nothing was carried out, and what the customer presses next counts. */
export async function withdrawClaim(db: Database, journeyHash: string, payload: string): Promise<void> {
  await db
    .deleteFrom('finishing')
    .where('journey_hash', '=', journeyHash)
    .where('payload', '=', payload)
    .where('done_at', 'is', null)
    .execute()
}

/** Refuses: whatever was not carried out by now never will be. */
export async function claimRefusal(db: Database, journeyHash: string, now: number): Promise<void> {
  const row = { outcome: 'refuse' as const, payload: '', created_at: now, done_at: now }
  await db
    .insertInto('finishing')
    .values({ journey_hash: journeyHash, ...row })
    .onConflict((conflict) =>
      conflict.column('journey_hash').doUpdateSet(row).where('finishing.done_at', 'is', null),
    )
    .execute()
}

async function readClaim(db: Database, journeyHash: string): Promise<Claim | undefined> {
  const row = await db
    .selectFrom('finishing')
    .selectAll()
    .where('journey_hash', '=', journeyHash)
    .executeTakeFirst()
  return row && { outcome: row.outcome, payload: row.payload, done: row.done_at !== null }
}

/** 許可 that a crash interrupted, oldest first. */
export async function listInterrupted(
  db: Database,
  before: number,
  batch: number,
): Promise<readonly { readonly journeyHash: string; readonly payload: string }[]> {
  const rows = await db
    .selectFrom('finishing')
    .select(['journey_hash', 'payload'])
    .where('outcome', '=', 'allow')
    .where('done_at', 'is', null)
    .where('created_at', '<', before)
    .orderBy('created_at')
    .limit(batch)
    .execute()
  return rows.map((row) => ({ journeyHash: row.journey_hash, payload: row.payload }))
}

/** Forgets claims whose journey can no longer be opened. */
export async function deleteOldClaims(db: Database, before: number): Promise<void> {
  await db.deleteFrom('finishing').where('done_at', '<', before).execute()
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
  return rows.map((row) => ({ journeyHash: row.journey_hash, customer: row.customer_id }))
}
