/** The tables of the first version. */
import { type Kysely, PostgresAdapter, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  await schema
    .createTable('sealed_secrets')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('sealed', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute()
  await schema
    .createTable('clients')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('registration', 'text', (c) => c.notNull())
    .addColumn('changed_at', 'bigint', (c) => c.notNull())
    .execute()
  await schema
    .createTable('engine_records')
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('id_hash', 'text', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('grant_id', 'text')
    .addColumn('consumed_at', 'bigint')
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('engine_records_key', ['model', 'id_hash'])
    .execute()
  await schema.createIndex('engine_records_grant').on('engine_records').column('grant_id').execute()
  await schema.createIndex('engine_records_expiry').on('engine_records').column('expires_at').execute()
  await schema
    .createTable('consents')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('number', 'text', (c) => c.notNull().unique())
    .addColumn('arrangement_id', 'text', (c) => c.notNull())
    .addColumn('customer_id', 'text', (c) => c.notNull())
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('journey_hash', 'text', (c) => c.notNull().unique())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('services', 'text', (c) => c.notNull())
    .addColumn('openid_scope', 'text', (c) => c.notNull())
    .addColumn('accounts', 'text', (c) => c.notNull())
    .addColumn('starts_at', 'bigint', (c) => c.notNull())
    .addColumn('ends_at', 'bigint', (c) => c.notNull())
    .addColumn('granted_at', 'bigint', (c) => c.notNull())
    .addColumn('activated_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('ended_by', 'text')
    .addColumn('ended_reason', 'text')
    .addColumn('language', 'text', (c) => c.notNull())
    .addColumn('wording_version', 'text', (c) => c.notNull())
    .addColumn('wording_hash', 'text', (c) => c.notNull())
    .addColumn('bank_terms_version', 'text', (c) => c.notNull())
    .addColumn('client_terms_version', 'text', (c) => c.notNull())
    .execute()
  // One live connection per customer and fintech, whatever two tabs do at once.
  await sql`create unique index consents_one_active on consents (customer_id, client_id) where status = 'active'`.execute(
    db,
  )
  await schema.createIndex('consents_customer').on('consents').columns(['customer_id', 'client_id']).execute()
  await schema.createIndex('consents_arrangement').on('consents').column('arrangement_id').execute()
  await schema.createIndex('consents_ends').on('consents').columns(['status', 'ends_at']).execute()
  await schema
    .createTable('finishing')
    .addColumn('journey_hash', 'text', (c) => c.primaryKey())
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('done_at', 'bigint')
    .execute()
  await schema
    .createTable('held_pins')
    .addColumn('journey_hash', 'text', (c) => c.primaryKey())
    .addColumn('customer_id', 'text', (c) => c.notNull())
    .addColumn('release_at', 'bigint', (c) => c.notNull())
    .execute()
  await schema.createIndex('held_pins_release').on('held_pins').column('release_at').execute()
  await schema
    .createTable('attempts')
    .addColumn('subject', 'text', (c) => c.primaryKey())
    .addColumn('failures', 'integer', (c) => c.notNull())
    .addColumn('pending', 'integer', (c) => c.notNull())
    .addColumn('pending_at', 'bigint', (c) => c.notNull())
    .addColumn('temporary_locks', 'integer', (c) => c.notNull())
    .addColumn('locked_until', 'bigint', (c) => c.notNull())
    .addColumn('forgotten_at', 'bigint', (c) => c.notNull())
    .execute()
  await schema.createIndex('attempts_forgotten').on('attempts').column('forgotten_at').execute()
  await schema
    .createTable('tickets')
    .addColumn('id_hash', 'text', (c) => c.primaryKey())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute()
  await schema
    .createTable('audit')
    .addColumn('seq', autoIncrementing(db), (c) =>
      isPostgres(db) ? c.primaryKey() : c.primaryKey().autoIncrement(),
    )
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('event', 'text', (c) => c.notNull())
    .addColumn('journey', 'text')
    .addColumn('payload', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('audit_journey').on('audit').column('journey').execute()
  await schema
    .createTable('simulator_customers')
    .addColumn('login_id', 'text', (c) => c.primaryKey())
    .addColumn('state', 'text', (c) => c.notNull())
    .execute()
  await schema
    .createTable('simulator_accounts')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('login_id', 'text', (c) => c.notNull())
    .addColumn('registered', 'integer', (c) => c.notNull())
    .execute()
  await schema
    .createTable('simulator_held_pins')
    .addColumn('journey', 'text', (c) => c.notNull())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('login_id', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('simulator_held_pins_key', ['journey', 'account_id'])
    .execute()
}

function isPostgres(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter
}

function autoIncrementing(db: Kysely<unknown>): 'bigserial' | 'integer' {
  return isPostgres(db) ? 'bigserial' : 'integer'
}
