/**
 * Brings the tables to this version, and tells whether this program may run on tables that a newer one has changed. Old and
 * new programs run side by side while an installation is restarted one process at a time, so a change only adds: tables,
 * columns that may be empty or have a default, indexes. What takes away comes one version later, when nobody uses it any
 * more, and says so in its name: `0014-no-old-words-needs-0013` is for programs that know `0013` at least.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Kysely, PostgresAdapter, sql } from 'kysely'
import { seconds, systemClock } from '../clock.ts'
import { isDatabaseAway } from './database-away.ts'
import type { Database } from './open.ts'

export type Change = (db: Kysely<unknown>) => Promise<void>

/** By name, in the order in which they are made. */
export type Changes = Readonly<Record<string, Change>>

const mostTries = 10

/**
 * Makes the changes that the database has not had yet, all or none; a second process that starts meanwhile waits.
 * @throws Error when a newer program has changed the tables so that this one must not run
 */
export async function migrate(db: Database, changes: Changes): Promise<void> {
  for (let tries = 1; (await pendingOf(db, changes)).length > 0; tries += 1) {
    try {
      await db.connection().execute((connection) => makeChanges(connection, changes))
    } catch (error) {
      // Somebody held a table for longer than requests may wait behind us.
      if (tries === mostTries || !isDatabaseAway(error))
        throw new Error('the database could not be brought to this version', { cause: error })
      await wait(seconds(1))
    }
  }
}

/**
 * The names of the changes that the database has not had yet.
 * @throws Error as `migrate` does
 */
export async function pendingOf(db: Database, changes: Changes): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  const made = tables.some(({ name }) => name === 'kysely_migration') ? await namesOf(db) : []
  const known = Object.keys(changes)
  const tooNew = made.filter((name) => !known.includes(name)).find((name) => !mayRunAfter(name, known))
  if (tooNew !== undefined)
    throw new Error(`a newer version has changed the database (${tooNew}); start that version or a later one`)
  return known.filter((name) => !made.includes(name))
}

/** After a change that nobody here knows: where it only added, anybody; else who is as new as it asks. */
function mayRunAfter(name: string, known: readonly string[]): boolean {
  const [, needed] = /-needs-(\d{4})$/.exec(name) ?? []
  return needed === undefined || known.some((one) => one.slice(0, 4) >= needed)
}

/** Kysely's own lock of migrations, which versions before this file took. */
const lock = '3853314791062309107'

async function makeChanges(connection: Database, changes: Changes): Promise<void> {
  const isPostgres = connection.getExecutor().adapter instanceof PostgresAdapter
  const run = (text: string) => sql.raw(text).execute(connection)
  await run(isPostgres ? 'begin' : 'begin immediate')
  try {
    if (isPostgres) {
      await run(`select pg_advisory_xact_lock(${lock})`)
      // Every request for a table queues behind a change that waits for it.
      await run(`set local lock_timeout = '2s'`)
    }
    await run(
      'create table if not exists kysely_migration (name varchar(255) primary key, timestamp varchar(255) not null)',
    )
    const made = await namesOf(connection)
    for (const [name, change] of Object.entries(changes)) {
      if (made.includes(name)) continue
      // A change knows the tables as they are on its way, which no type says.
      await change(connection as unknown as Kysely<unknown>)
      await sql`insert into kysely_migration (name, timestamp) values (${name}, ${new Date(systemClock()).toISOString()})`.execute(
        connection,
      )
    }
    await run('commit')
  } catch (error) {
    await run('rollback').catch(() => undefined)
    throw error
  }
}

async function namesOf(db: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  return rows.map(({ name }) => name)
}
