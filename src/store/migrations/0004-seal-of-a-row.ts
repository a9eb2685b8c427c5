/** The chain of the audit keeps a keyed hash of each row beside that of all before it, so that a row out of place can be named. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('audit').addColumn('mac', 'text').execute()
}
