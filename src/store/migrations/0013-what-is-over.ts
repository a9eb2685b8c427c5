/**
 * What is over is found by an index when it is swept; the sweeper would read all consents each minute. Who has a million of
 * them makes these by hand before, by their names and concurrently.
 */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  const index = (name: string) => db.schema.createIndex(name).ifNotExists()
  await index('consents_over').on('consents').column('ended_at').where('ended_at', 'is not', null).execute()
  await index('outbox_over').on('outbox').column('settled_at').where('settled_at', 'is not', null).execute()
  await index('finishing_over').on('finishing').columns(['done_at', 'created_at']).execute()
  await index('tickets_over').on('tickets').column('expires_at').execute()
}
