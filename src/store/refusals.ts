/** The errors that clients got, by the id that stands in each: the newest of every client, and none for longer than a month. */
import { days } from '../clock.ts'
import type { Database } from './open.ts'
import type { Tables } from './schema.ts'

export type KeptRefusal = Tables['refusals']

/**
 * Kept of each client. Who only says that he is one, as anybody can, has a place of his own, so that he pushes out nothing of
 * the client's.
 */
const mostKept = { proven: 1000, claimed: 200 } as const

const keptFor = days(30)

/** Writes one, and lets go of what is more than this client may have. */
export async function keepRefusal(db: Database, row: KeptRefusal): Promise<void> {
  const { client_id: client, proven } = row
  await db
    .insertInto('refusals')
    .values(row)
    // one in a million million: the older one stays with its client
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  const newestToGo = db
    .selectFrom('refusals')
    .select('at')
    .where('client_id', '=', client)
    .where('proven', '=', proven)
    .orderBy('at', 'desc')
    .limit(1)
    .offset(proven ? mostKept.proven : mostKept.claimed)
  await db
    .deleteFrom('refusals')
    .where('client_id', '=', client)
    .where('proven', '=', proven)
    .where('at', '<=', newestToGo)
    .execute()
}

/** @param client whose it must be; undefined only for the bank's own staff */
export async function findRefusal(
  db: Database,
  id: string,
  client: string | undefined,
): Promise<KeptRefusal | undefined> {
  const byId = db.selectFrom('refusals').selectAll().where('id', '=', id)
  return (client === undefined ? byId : byId.where('client_id', '=', client)).executeTakeFirst()
}

/** Newest first. */
export const listRefusals = (db: Database, client: string, limit: number): Promise<KeptRefusal[]> =>
  db
    .selectFrom('refusals')
    .selectAll()
    .where('client_id', '=', client)
    .orderBy('at', 'desc')
    .limit(limit)
    .execute()

/** Deletes at most `batch` whose month is over. */
export async function deleteOldRefusals(db: Database, now: number, batch: number): Promise<number> {
  const old = db
    .selectFrom('refusals')
    .select('id')
    .where('at', '<', now - keptFor)
    .limit(batch)
  const { numDeletedRows } = await db.deleteFrom('refusals').where('id', 'in', old).executeTakeFirst()
  return Number(numDeletedRows)
}
