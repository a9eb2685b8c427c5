/** Values that every process must share and nobody may read from a database dump: made once, kept sealed. */
import type { Clock } from '../clock.ts'
import type { Secrets } from '../secrets.ts'
import type { Database } from './open.ts'

/**
 * The secret of that name; made by `make` when there is none yet. Two processes that start at once end with the same one.
 * @throws Error when the stored value cannot be opened: the master key file is not the one it was sealed under
 */
export async function sealedSecret(
  { db, secrets, clock }: { db: Database; secrets: Secrets; clock: Clock },
  name: string,
  make: () => Promise<string> | string,
): Promise<string> {
  const read = () =>
    db.selectFrom('sealed_secrets').select('sealed').where('name', '=', name).executeTakeFirst()
  let row = await read()
  if (!row) {
    const sealed = secrets.seal(await make(), name)
    await db
      .insertInto('sealed_secrets')
      .values({ name, sealed, created_at: clock() })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute()
    row = await read()
  }
  const clear = row && secrets.open(row.sealed, name)
  if (row === undefined || clear === undefined) {
    throw new Error(
      `the stored secret "${name}" does not open with this master key file; put the former key back below the new one`,
    )
  }
  if (!secrets.isNewest(row.sealed, name)) {
    await db
      .updateTable('sealed_secrets')
      .set({ sealed: secrets.seal(clear, name) })
      .where('name', '=', name)
      .execute()
  }
  return clear
}
