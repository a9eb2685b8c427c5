/**
 * What one process at a time does for all: it holds a lease, makes it longer as it goes on, and when it dies another takes
 * it over at its end. A lease saves work, it proves nothing: a process that was held up may go on beside the next one.
 */
import type { Database } from './open.ts'

/** Takes the lease, or makes it longer. False when another holds it. Times in ms. */
export async function holdLease(
  db: Database,
  name: string,
  { holder, now, endsAt }: { readonly holder: string; readonly now: number; readonly endsAt: number },
): Promise<boolean> {
  const row = { holder, ends_at: endsAt }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('leases')
    .values({ name, ...row })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet(row)
        .where((eb) => eb.or([eb('leases.holder', '=', holder), eb('leases.ends_at', '<=', now)])),
    )
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

/** Gives the lease back before its end, where it is this holder's. */
export async function giveBackLease(db: Database, name: string, holder: string): Promise<void> {
  await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute()
}
