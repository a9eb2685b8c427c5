/** One connection of node:sqlite to a database file, with each statement compiled once. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { QueryResult } from 'kysely'

/** A statement that begins so is on disk with the next one that does not, or a moment later; unless the power fails before. */
export const mayBeLost = '/* may be lost */'

export type Sqlite = {
  /** Rows of a statement that gives some, else how many it changed. */
  readonly run: (sql: string, parameters: readonly unknown[]) => QueryResult<never>
  /** Whether the next commit waits until it is on disk. Not within a transaction. */
  readonly waitForDisk: (wait: boolean) => void
  readonly isTransaction: () => boolean
  readonly close: () => void
}

export function openSqlite(file: string, { readOnly = false } = {}): Sqlite {
  const db = new DatabaseSync(file, { readOnly })
  db.exec('pragma busy_timeout = 5000')
  if (!readOnly) {
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
    // From now on whoever uses it waits by himself where another program writes; this stops everybody, for the turn of a hand.
    db.exec('pragma busy_timeout = 2')
  }
  const compiled = new Map<string, Run>()
  let waits = true
  return {
    run(sql, parameters) {
      let run = compiled.get(sql)
      if (!run) {
        run = running(db.prepare(sql))
        compiled.set(sql, run)
      }
      return run(parameters as readonly SQLInputValue[])
    },
    waitForDisk(wait) {
      if (wait === waits) return
      waits = wait
      // Never prepared: this pragma acts when it is compiled, not when it runs.
      db.exec(`pragma synchronous = ${wait ? 'full' : 'normal'}`)
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
