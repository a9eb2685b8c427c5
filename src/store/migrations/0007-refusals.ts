/** What was refused and why, so that a fintech's developer can look it up by the number in the error. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('refusals')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('proven', 'integer', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('endpoint', 'text', (c) => c.notNull())
    .addColumn('error', 'text', (c) => c.notNull())
    .addColumn('description', 'text')
    .addColumn('detail', 'text')
    .addColumn('value', 'text')
    .addColumn('step', 'text')
    .addColumn('journey', 'text')
    .execute()
  await db.schema
    .createIndex('refusals_client')
    .on('refusals')
    .columns(['client_id', 'proven', 'at'])
    .execute()
  await db.schema.createIndex('refusals_at').on('refusals').column('at').execute()
}
