/** What the fintech was called when the customer agreed, so that a renewal can say that the name has changed. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('consents')
    .addColumn('client_name', 'text', (c) => c.notNull().defaultTo(''))
    .execute()
}
