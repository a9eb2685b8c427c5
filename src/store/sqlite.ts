/** node:sqlite in the shape that Kysely's SQLite dialect expects, with each statement compiled once. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { SqliteDatabase, SqliteStatement } from 'kysely'

/** A statement that begins so is on disk with the next one that does not, or a moment later. */
export const mayBeLost = '/* may be lost */'

export function openSqlite(file: string): SqliteDatabase {
  const db = new DatabaseSync(file)
  db.exec(
    'pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on',
  )
  const compiled = new Map<string, SqliteStatement>()
  return {
    prepare(sql) {
      const known = compiled.get(sql) ?? compile(db, sql)
      compiled.set(sql, known)
      return known
    },
    close: () => db.close(),
  }
}

function compile(db: DatabaseSync, sql: string): SqliteStatement {
  if (sql === 'rollback') return rollback(db, statement(db.prepare(sql)))
  return sql.startsWith(mayBeLost) ? lightly(db, sql) : statement(db.prepare(sql))
}

function statement(ready: StatementSync): SqliteStatement {
  return {
    reader: ready.columns().length > 0,
    all: (parameters) => ready.all(...(parameters as SQLInputValue[])),
    run: (parameters) => ready.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => ready.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
  }
}

/** SQLite rolls back by itself when the disk is full; an error of this second time would hide the first one. */
function rollback(db: DatabaseSync, ready: SqliteStatement): SqliteStatement {
  return {
    ...ready,
    run: (parameters) => (db.isTransaction ? ready.run(parameters) : { changes: 0, lastInsertRowid: 0 }),
  }
}

/** Commits without waiting for the disk. Within a transaction it waits like the rest of it. */
function lightly(db: DatabaseSync, sql: string): SqliteStatement {
  const ready = statement(db.prepare(sql))
  const [normal, full] = ['normal', 'full'].map((how) => db.prepare(`pragma synchronous = ${how}`))
  return {
    ...ready,
    run(parameters) {
      if (db.isTransaction) return ready.run(parameters)
      normal?.run()
      try {
        return ready.run(parameters)
      } finally {
        full?.run()
      }
    },
  }
}
