/** The words that customers agreed to, each once, so that the bank can show them and not only prove them. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('wordings')
    .addColumn('hash', 'text', (c) => c.primaryKey())
    .addColumn('words', 'text', (c) => c.notNull())
    .addColumn('first_at', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .alterTable('consents')
    .addColumn('words_hash', 'text', (c) => c.notNull().defaultTo(''))
    .execute()
}
