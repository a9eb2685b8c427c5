/** What a consent needs from 許可 to its end: who agreed, what was stopped, when it was used; the chain of the audit; the outbox. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  const text = (name: string) => schema.alterTable('consents').addColumn(name, 'text').execute()
  const moment = (name: string) => schema.alterTable('consents').addColumn(name, 'bigint').execute()
  const words = (name: string, start: string) =>
    schema
      .alterTable('consents')
      .addColumn(name, 'text', (c) => c.notNull().defaultTo(start))
      .execute()
  await words('company_name', '')
  await words('user_name', '')
  await words('signed_in_by', 'password')
  await text('renews')
  await words('stopped_accounts', '[]')
  await moment('last_used_at')
  await schema
    .alterTable('consents')
    .addColumn('checked_at', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute()
  await schema.alterTable('consents').addColumn('reminded_days', 'integer').execute()
  await schema.createIndex('consents_client').on('consents').columns(['client_id', 'status']).execute()
  await schema.createIndex('consents_checked').on('consents').columns(['status', 'checked_at']).execute()

  const audited = (name: string) => schema.alterTable('audit').addColumn(name, 'text').execute()
  await audited('customer')
  await audited('client')
  await audited('consent')
  await schema.alterTable('audit').addColumn('position', 'bigint').execute()
  await audited('hash')
  for (const name of ['customer', 'client', 'consent', 'position', 'at']) {
    await schema.createIndex(`audit_${name}`).on('audit').column(name).execute()
  }
  await schema
    .createTable('audit_chain')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('position', 'bigint', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .addColumn('mac', 'text', (c) => c.notNull())
    .execute()

  await schema
    .createTable('outbox')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('consent_id', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('next_try_at', 'bigint', (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('last_error', 'text')
    .addColumn('settled_at', 'bigint')
    .execute()
  await schema.createIndex('outbox_due').on('outbox').columns(['state', 'next_try_at']).execute()
  await schema.createIndex('outbox_consent').on('outbox').column('consent_id').execute()
}
