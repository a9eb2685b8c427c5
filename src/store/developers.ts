/** Sandbox clients that developers registered by themselves, each with the hash of the key that its developer signs in with. */
import type { z } from 'zod'
import type { Clock } from '../clock.ts'
import { createClients } from './clients.ts'
import type { Database } from './open.ts'
import type { registration } from './registration.ts'
import { transact } from './transaction.ts'

export type Developer = {
  readonly client: string
  readonly keyHash: string
  readonly signedOutAt: number
}

/** The bank's staff registers nobody under such an id in a demo. */
export const isSandbox = (client: string): boolean => client.startsWith('sandbox-')

/**
 * Registers the client, in place of the oldest one that nobody ever connected where there are `most` already.
 * @returns false when all of them are in use
 */
export function addDeveloper(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  {
    registration: written,
    keyHash,
    most,
  }: {
    readonly registration: z.input<typeof registration>
    readonly keyHash: string
    readonly most: number
  },
): Promise<boolean> {
  return transact(db, async (transaction) => {
    const { n } = await transaction
      .selectFrom('developers')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
    if (Number(n) >= most && !(await dropOldestUnused(transaction))) return false
    await createClients({ db: transaction, clock }).put(written)
    await transaction
      .insertInto('developers')
      .values({ client_id: written.id, key_hash: keyHash, created_at: clock(), signed_out_at: 0 })
      .execute()
    return true
  })
}

async function dropOldestUnused(transaction: Database): Promise<boolean> {
  const oldest = await transaction
    .selectFrom('developers')
    .select('client_id')
    .where('client_id', 'not in', transaction.selectFrom('consents').select('consents.client_id'))
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst()
  if (!oldest) return false
  await transaction.deleteFrom('developers').where('client_id', '=', oldest.client_id).execute()
  await transaction.deleteFrom('clients').where('id', '=', oldest.client_id).execute()
  return true
}

export async function findDeveloper(db: Database, client: string): Promise<Developer | undefined> {
  const row = await db.selectFrom('developers').selectAll().where('client_id', '=', client).executeTakeFirst()
  return row && { client: row.client_id, keyHash: row.key_hash, signedOutAt: row.signed_out_at }
}

/** Wherever he is signed in, he is so no longer. */
export async function signDeveloperOut(db: Database, client: string, at: number): Promise<void> {
  await db.updateTable('developers').set({ signed_out_at: at }).where('client_id', '=', client).execute()
}
