/** node:sqlite in the shape that Kysely's SQLite dialect expects, with each statement compiled once. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { SqliteDatabase } from 'kysely'

export function openSqlite(file: string): SqliteDatabase {
  const db = new DatabaseSync(file)
  db.exec(
    'pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on',
  )
  const compiled = new Map<string, StatementSync>()
  return {
    prepare(sql) {
      let statement = compiled.get(sql)
      if (!statement) {
        statement = db.prepare(sql)
        compiled.set(sql, statement)
      }
      const reader = statement.columns().length > 0
      const ready = statement
      // SQLite rolls back by itself when the disk is full; an error of this second time would hide the first one.
      const isOver = () => sql === 'rollback' && !db.isTransaction
      return {
        reader,
        all: (parameters) => ready.all(...(parameters as SQLInputValue[])),
        run(parameters) {
          if (isOver()) return { changes: 0, lastInsertRowid: 0 }
          const { changes, lastInsertRowid } = ready.run(...(parameters as SQLInputValue[]))
          return { changes, lastInsertRowid }
        },
        iterate: (parameters) =>
          ready.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
      }
    },
    close: () => db.close(),
  }
}
