/** Opens the database named in the settings and brings its tables to this version. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Dialect, Kysely, PostgresDialect } from 'kysely'
import { hours } from '../clock.ts'
import { type Changes, migrate as bring, pendingOf } from './migrate.ts'
import { groupCommitDialect } from './group-commit.ts'
import { up as ground } from './migrations/0001-ground.ts'
import { up as lifeOfAConsent } from './migrations/0002-life-of-a-consent.ts'
import { up as whoAsked } from './migrations/0003-who-asked.ts'
import { up as sealOfARow } from './migrations/0004-seal-of-a-row.ts'
import { up as words } from './migrations/0005-words.ts'
import { up as profiles } from './migrations/0006-profiles.ts'
import { up as refusals } from './migrations/0007-refusals.ts'
import { up as developers } from './migrations/0009-developers.ts'
import { up as risk } from './migrations/0010-risk.ts'
import { up as leases } from './migrations/0012-leases.ts'
import { up as whatIsOver } from './migrations/0013-what-is-over.ts'
import { openPostgres, type Pool, type PoolUse, type PostgresOptions } from './postgres.ts'
import type { Tables } from './schema.ts'

export type Database = Kysely<Tables>

const pools = new WeakMap<Database, Pool>()

/** How its connections are used; undefined for SQLite, which has none. */
export const useOfPool = (db: Database): PoolUse | undefined => pools.get(db)?.use()

/** From 0011 on they only add; see `migrate.ts`. */
export const migrations = {
  '0001-ground': ground,
  '0002-life-of-a-consent': lifeOfAConsent,
  '0003-who-asked': whoAsked,
  '0004-seal-of-a-row': sealOfARow,
  '0005-words': words,
  '0006-profiles': profiles,
  '0007-refusals': refusals,
  '0009-developers': developers,
  '0010-risk': risk,
  '0012-leases': leases,
  '0013-what-is-over': whatIsOver,
} as const satisfies Changes

/**
 * @param url `sqlite:<file>`, `sqlite::memory:` or `postgres://…`
 * @param changes this version's unless told
 */
export async function openDatabase(
  url: string,
  options?: PostgresOptions,
  changes: Changes = migrations,
): Promise<Database> {
  const db = connectDatabase(url, options)
  // A change of a large table, and the wait for another process that makes it, may take longer than any request.
  const patient = url.startsWith('sqlite:')
    ? db
    : connectDatabase(url, { ...options, statementTime: hours(1) })
  try {
    await bring(patient, changes)
  } catch (error) {
    await db.destroy()
    throw error
  } finally {
    if (patient !== db) await patient.destroy()
  }
  return db
}

/**
 * The database as it is, for somebody who only looks.
 * @throws Error when the SQLite file is not there
 */
export function inspectDatabase(url: string, options?: PostgresOptions): Database {
  if (url.startsWith('sqlite:') && !existsSync(url.slice(7)))
    throw new Error(`DATABASE_URL: there is no file ${url.slice(7)}`)
  return connectDatabase(url, options)
}

function connectDatabase(url: string, options?: PostgresOptions): Database {
  if (url.startsWith('sqlite:')) return new Kysely({ dialect: sqlite(url.slice(7)) })
  const pool = openPostgres(url, options)
  const db: Database = new Kysely({ dialect: new PostgresDialect({ pool }) })
  pools.set(db, pool)
  return db
}

function sqlite(file: string): Dialect {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  return groupCommitDialect(file)
}

/** The names of the changes to the tables that this version brings and the database has not had yet. @throws Error as `migrate` does */
export const pendingMigrations = (db: Database): Promise<readonly string[]> => pendingOf(db, migrations)

/** Brings the tables to this version. @throws Error when a newer one has changed them so that this one must not run */
export const migrate = (db: Database): Promise<void> => bring(db, migrations)
