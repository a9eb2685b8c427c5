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
  if (!row) throw new Error(`the secret "${name}" was just written and is not there`)
  const clear = opened(secrets, row.sealed, name)
  if (!secrets.isNewest(row.sealed, name)) {
    await db
      .updateTable('sealed_secrets')
      .set({ sealed: secrets.seal(clear, name) })
      .where('name', '=', name)
      // An operator may have changed it since.
      .where('sealed', '=', row.sealed)
      .execute()
  }
  return clear
}

/**
 * The secret of that name, for somebody who must not make it.
 * @throws Error when it cannot be opened, or the service has never been started on this database
 */
export async function existingSecret(
  { db, secrets }: { readonly db: Database; readonly secrets: Secrets },
  name: string,
): Promise<string> {
  const row = await db
    .selectFrom('sealed_secrets')
    .select('sealed')
    .where('name', '=', name)
    .executeTakeFirst()
  if (!row) throw new Error(`"${name}" is not there: the service has not been started on this database yet`)
  return opened(secrets, row.sealed, name)
}

/** Changes a secret; two that do so at once do it one after the other. @throws Error as `existingSecret` does */
export async function changeSecret(
  { db, secrets }: { readonly db: Database; readonly secrets: Secrets },
  name: string,
  change: (clear: string) => string,
): Promise<void> {
  // Written first, so that nobody else changes it until this transaction ends.
  await db.updateTable('sealed_secrets').set({ name }).where('name', '=', name).execute()
  const clear = await existingSecret({ db, secrets }, name)
  await db
    .updateTable('sealed_secrets')
    .set({ sealed: secrets.seal(change(clear), name) })
    .where('name', '=', name)
    .execute()
}

function opened(secrets: Secrets, sealed: string, name: string): string {
  const clear = secrets.open(sealed, name)
  if (clear === undefined)
    throw new Error(
      `the stored secret "${name}" does not open with this master key file; put the former key back below the new one`,
    )
  return clear
}
