/** A fintech's keys stand beside how it authenticates, because requests and certificates are checked by them too. */
import type { Kysely } from 'kysely'

type Before = { clients: { id: string; registration: string } }

export async function up(db: Kysely<unknown>): Promise<void> {
  const clients = (db as Kysely<Before>).withTables<Before>()
  for (const { id, registration } of await clients.selectFrom('clients').selectAll().execute()) {
    const { authentication, ...rest } = JSON.parse(registration) as {
      authentication: { jwks?: unknown } & Record<string, unknown>
    }
    const { jwks, ...method } = authentication
    if (jwks === undefined) continue
    await clients
      .updateTable('clients')
      .set({ registration: JSON.stringify({ ...rest, authentication: method, keys: { jwks } }) })
      .where('id', '=', id)
      .execute()
  }
}
