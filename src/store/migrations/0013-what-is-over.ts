/**
 * What is over is found by an index when it is swept; the sweeper would read all consents each minute. Who has a million of
 * them makes these by hand before, by their names and concurrently. And a consent that is used is written where it stands.
 */
import { type Kysely, PostgresAdapter, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  const index = (name: string) => db.schema.createIndex(name).ifNotExists()
  await index('consents_over').on('consents').column('ended_at').where('ended_at', 'is not', null).execute()
  await index('outbox_over').on('outbox').column('settled_at').where('settled_at', 'is not', null).execute()
  await index('finishing_over').on('finishing').columns(['done_at', 'created_at']).execute()
  await index('tickets_over').on('tickets').column('expires_at').execute()
  // Each use is noted in its consent. Without room on its page PostgreSQL would write it elsewhere, and into nine indexes.
  if (db.getExecutor().adapter instanceof PostgresAdapter)
    await sql`alter table consents set (fillfactor = 85)`.execute(db)
}
