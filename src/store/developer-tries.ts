/** What somebody tries out on the developers' pages, from step to step: sealed, for an hour, and of so many people at once. */
import { type Clock, hours } from '../clock.ts'
import { type Secrets, sha256 } from '../secrets.ts'
import type { Database } from './open.ts'

type Parts = { readonly db: Database; readonly secrets: Secrets; readonly clock: Clock }

const most = 300
const context = (idHash: string): string => `developer-try ${idHash}`

/** @returns undefined when there is none, or its time is over */
export async function findTry({ db, secrets, clock }: Parts, id: string): Promise<unknown> {
  const idHash = sha256(id)
  const row = await db
    .selectFrom('developer_tries')
    .select('sealed')
    .where('id_hash', '=', idHash)
    .where('expires_at', '>=', clock())
    .executeTakeFirst()
  const clear = row && secrets.open(row.sealed, context(idHash))
  return clear === undefined ? undefined : JSON.parse(clear)
}

export async function keepTry({ db, secrets, clock }: Parts, id: string, value: unknown): Promise<void> {
  const idHash = sha256(id)
  const sealed = secrets.seal(JSON.stringify(value), context(idHash))
  await db
    .insertInto('developer_tries')
    .values({ id_hash: idHash, sealed, expires_at: clock() + hours(1) })
    .onConflict((conflict) => conflict.column('id_hash').doUpdateSet({ sealed }))
    .execute()
}

/** Deletes those whose time is over, and the oldest where there are too many. */
export async function dropOldTries({ db, clock }: Pick<Parts, 'db' | 'clock'>): Promise<void> {
  const newest = db
    .selectFrom('developer_tries')
    .select('id_hash')
    .orderBy('expires_at', 'desc')
    .limit(most - 1)
  await db
    .deleteFrom('developer_tries')
    .where((eb) => eb.or([eb('expires_at', '<', clock()), eb('id_hash', 'not in', newest)]))
    .execute()
}
