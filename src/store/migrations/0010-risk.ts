/** What is remembered of a customer's browsers for 追加認証, and whose wrong tries a counter belongs to. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('known_devices')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('customer', 'text', (c) => c.notNull())
    .addColumn('lane', 'text', (c) => c.notNull())
    .addColumn('network', 'text', (c) => c.notNull())
    .addColumn('agent', 'text', (c) => c.notNull())
    .addColumn('signed_in_at', 'bigint', (c) => c.notNull())
    .addColumn('forget_at', 'bigint', (c) => c.notNull())
    .execute()
  for (const column of ['customer', 'lane', 'network', 'forget_at'])
    await db.schema.createIndex(`known_devices_by_${column}`).on('known_devices').column(column).execute()
  await db.schema.alterTable('attempts').addColumn('belongs_to', 'text').execute()
  await db.schema.createIndex('attempts_by_owner').on('attempts').column('belongs_to').execute()
}
