/** One connection of node:sqlite to a database file, with each statement compiled once. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { QueryResult } from 'kysely'

/** A statement that begins so is on disk with the next one that does not, or a moment later. */
export const mayBeLost = '/* may be lost */'

export type Sqlite = {
  /** Rows of a statement that gives some, else how many it changed. */
  readonly run: (sql: string, parameters: readonly unknown[]) => QueryResult<never>
  readonly isTransaction: () => boolean
  readonly close: () => void
}

export function openSqlite(file: string, { readOnly = false } = {}): Sqlite {
  const db = new DatabaseSync(file, { readOnly })
  db.exec('pragma busy_timeout = 5000')
  if (!readOnly) {
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
    // From now on whoever uses it waits by himself where another program writes; this is for the turn of a hand.
    db.exec('pragma busy_timeout = 20')
  }
  const compiled = new Map<string, Run>()
  return {
    run(sql, parameters) {
      let run = compiled.get(sql)
      if (!run) {
        run = sql.startsWith(mayBeLost) ? lightly(db, sql) : running(db.prepare(sql))
        compiled.set(sql, run)
      }
      return run(parameters as readonly SQLInputValue[])
    },
    isTransaction: () => db.isTransaction,
    close: () => db.close(),
  }
}

type Run = (parameters: readonly SQLInputValue[]) => QueryResult<never>

function running(statement: StatementSync): Run {
  if (statement.columns().length > 0)
    return (parameters) => ({ rows: statement.all(...parameters) as never[] })
  return (parameters) => {
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }
}

/** Commits without waiting for the disk. Within a transaction it waits like the rest of it. */
function lightly(db: DatabaseSync, sql: string): Run {
  const run = running(db.prepare(sql))
  // Never prepared: this pragma acts when it is compiled, not when it runs, and must not be compiled within a transaction.
  const waitFor = (what: 'normal' | 'full') => db.exec(`pragma synchronous = ${what}`)
  return (parameters) => {
    if (db.isTransaction) return run(parameters)
    waitFor('normal')
    try {
      return run(parameters)
    } finally {
      waitFor('full')
    }
  }
}
