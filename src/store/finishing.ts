/**
 * How a journey ends, claimed durably before anything is done about it, and once: 許可 and 中止 pressed at the same time, or
 * again after a crash, meet here.
 */
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'
import { transact } from './transaction.ts'

/** What stands for a journey: agreed but not carried out, carried out, or refused. */
export type Claim = { readonly outcome: 'allow' | 'refuse'; readonly payload: string; readonly done: boolean }

/**
 * Claims 許可. The claim that stands afterwards is returned: this one, an equal one that is under way already, or one that
 * was carried out or refused before. One that was not carried out gives way to what the customer presses now.
 * @param isSame whether a claim under way agrees to the same
 */
export async function claimAllow(
  db: Database,
  journeyHash: string,
  { payload, isSame, now }: { payload: string; isSame: (payload: string) => boolean; now: number },
): Promise<Claim> {
  const claimed: Claim = { outcome: 'allow', payload, done: false }
  // The first press, as nearly all are.
  const { numAffectedRows } = await firstClaim(db, { journeyHash, payload, now })
  if (numAffectedRows === 1n) return claimed
  return transact(db, async (transaction) => {
    const found = await readClaim(transaction, journeyHash)
    if (found && (found.done || found.outcome === 'refuse' || isSame(found.payload))) return found
    const row = { outcome: 'allow' as const, payload, created_at: now, done_at: null }
    if (!found) {
      await transaction
        .insertInto('finishing')
        .values({ journey_hash: journeyHash, ...row })
        .execute()
      return claimed
    }
    const { numUpdatedRows } = await transaction
      .updateTable('finishing')
      .set(row)
      .where('journey_hash', '=', journeyHash)
      .where('done_at', 'is', null)
      .executeTakeFirst()
    // Carried out or refused while we looked: that stands.
    return numUpdatedRows === 1n ? claimed : ((await readClaim(transaction, journeyHash)) ?? claimed)
  })
}

const firstClaim = prepared(
  (db, { journeyHash, payload, now }: { journeyHash: string; payload: string; now: number }) =>
    db
      .insertInto('finishing')
      .values({ journey_hash: journeyHash, outcome: 'allow', payload, created_at: now, done_at: null })
      .onConflict((conflict) => conflict.column('journey_hash').doNothing()),
)

/** Marks 許可 as carried out. False when it was refused, replaced or carried out meanwhile. */
export async function markDone(
  db: Database,
  journeyHash: string,
  payload: string,
  now: number,
): Promise<boolean> {
  const { numAffectedRows } = await done(db, { journeyHash, payload, now })
  return numAffectedRows === 1n
}

const done = prepared(
  (db, { journeyHash, payload, now }: { journeyHash: string; payload: string; now: number }) =>
    db
      .updateTable('finishing')
      .set({ done_at: now })
      .where('journey_hash', '=', journeyHash)
      .where('outcome', '=', 'allow')
      .where('payload', '=', payload)
      .where('done_at', 'is', null),
)

/** The bank could not commit: nothing was carried out, and what the customer presses next counts. */
export async function withdrawClaim(db: Database, journeyHash: string, payload: string): Promise<void> {
  await db
    .deleteFrom('finishing')
    .where('journey_hash', '=', journeyHash)
    .where('payload', '=', payload)
    .where('done_at', 'is', null)
    .execute()
}

/** Refuses: whatever was not carried out by now never will be. False when the journey had ended already. */
export async function claimRefusal(db: Database, journeyHash: string, now: number): Promise<boolean> {
  const row = { outcome: 'refuse' as const, payload: '', created_at: now, done_at: now }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('finishing')
    .values({ journey_hash: journeyHash, ...row })
    .onConflict((conflict) =>
      conflict.column('journey_hash').doUpdateSet(row).where('finishing.done_at', 'is', null),
    )
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

export async function readClaim(db: Database, journeyHash: string): Promise<Claim | undefined> {
  const [row] = (await claimOf(db, { journeyHash })).rows
  return row && { outcome: row.outcome, payload: row.payload, done: row.done_at !== null }
}

const claimOf = prepared((db, { journeyHash }: { journeyHash: string }) =>
  db.selectFrom('finishing').selectAll().where('journey_hash', '=', journeyHash),
)

/** 許可 that a crash interrupted, oldest first. */
export async function listInterrupted(
  db: Database,
  before: number,
  batch: number,
): Promise<readonly { readonly journeyHash: string; readonly payload: string; readonly since: number }[]> {
  const rows = await db
    .selectFrom('finishing')
    .select(['journey_hash', 'payload', 'created_at'])
    .where('outcome', '=', 'allow')
    .where('done_at', 'is', null)
    .where('created_at', '<', before)
    .orderBy('created_at')
    .limit(batch)
    .execute()
  return rows.map((row) => ({ journeyHash: row.journey_hash, payload: row.payload, since: row.created_at }))
}

/** 許可 was pressed and is not carried out yet. */
export async function isAgreed(db: Database, journeyHash: string): Promise<boolean> {
  const claim = await readClaim(db, journeyHash)
  return claim?.outcome === 'allow' && !claim.done
}

/** Forgets claims whose journey can no longer be opened, at most `batch`. */
export async function deleteOldClaims(db: Database, before: number, batch: number): Promise<number> {
  const old = db.selectFrom('finishing').select('journey_hash').where('done_at', '<', before).limit(batch)
  const { numDeletedRows } = await db
    .deleteFrom('finishing')
    .where('journey_hash', 'in', old)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
