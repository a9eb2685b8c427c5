/**
 * Kysely on one embedded SQLite file, where the writes of requests that come together share one commit, because a commit
 * waits for the disk and everybody waits with it. Each write is answered only when the commit that holds it is on disk; one
 * that may be lost (`sqlite.ts`), when it is on its way there. A statement or a transaction that fails takes back itself
 * alone; a commit that fails, everybody's in it. Reads have a connection of their own, which sees nothing that is not committed.
 */
import { setTimeout as pause } from 'node:timers/promises'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { mayBeLost, openSqlite, type Sqlite } from './sqlite.ts'

/** @param file `:memory:`, or a file, which is made when it is not there */
export const groupCommitDialect = (file: string): Dialect => ({
  createAdapter: () => new SharedSqliteAdapter(),
  createDriver: () => groupCommitDriver(file),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
})

/** Kysely would hand out one connection at a time; here they take turns by themselves. */
class SharedSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

/** Everything since the last commit, and whether that is on disk; or only on its way there, where all of it may be lost. */
type Group = PromiseWithResolvers<void> & { readonly mayBeLost: boolean }

type Connection = DatabaseConnection & { transaction: 'none' | 'in a group' | 'alone'; failed: unknown }

function groupCommitDriver(file: string): Driver {
  const main: Sqlite = openSqlite(file)
  /** A database in memory belongs to one connection; its reads wait for the commit, which is quick. */
  const reads: Sqlite | undefined = file === ':memory:' ? undefined : openSqlite(file, { readOnly: true })
  let group: Group | undefined
  /** A transaction is between its statements: nobody else writes, and nothing is committed. */
  let holder: Connection | undefined
  let freed = Promise.withResolvers<void>()
  let isOverdue = false
  /** Another program writes: until somebody tries again. */
  let otherProgram: Promise<void> | undefined
  /** ms to wait for another program. It is ours to wait: SQLite itself would stop the whole process for that time. */
  let patience = 5000

  /**
   * Runs `work` when nobody holds the connection, nor another program the file, without stopping everybody else for that:
   * of all who wait for another program one tries, and then the next.
   */
  async function inTurn<Value>(work: () => Value): Promise<Value> {
    const since = performance.now()
    for (;;) {
      while (holder || otherProgram) await (otherProgram ?? freed.promise)
      try {
        return work()
      } catch (error) {
        if (!isBusy(error) || performance.now() - since > patience) throw error
        otherProgram = pause(5).then(() => {
          otherProgram = undefined
        })
      }
    }
  }

  function joinGroup({ mayBeLost: light } = { mayBeLost: false }): Group {
    if (group?.mayBeLost && !light) commitGroup()
    if (group) return group
    main.waitForDisk(!light)
    tell('begin immediate')
    group = { ...Promise.withResolvers<void>(), mayBeLost: light }
    // Whoever failed is told by itself.
    group.promise.catch(() => undefined)
    setImmediate(commitGroup)
    return group
  }

  function commitGroup(): void {
    if (!group) return
    isOverdue = holder !== undefined
    if (isOverdue) return
    const done = group
    group = undefined
    try {
      tell('commit')
      done.resolve()
    } catch (error) {
      if (main.isTransaction()) tell('rollback')
      done.reject(error)
    }
  }

  /** SQLite itself has taken back everything, for example on a full disk. */
  function failGroup(error: unknown): void {
    group?.reject(error)
    group = undefined
    isOverdue = false
    if (holder) holder.failed = error
  }

  const tell = (statement: string): void => void main.run(statement, [])

  function run(query: CompiledQuery): QueryResult<never> {
    try {
      return main.run(query.sql, query.parameters)
    } catch (error) {
      if (group && !main.isTransaction()) failGroup(error)
      throw error
    }
  }

  function hold(connection: Connection, how: 'in a group' | 'alone'): void {
    holder = connection
    connection.transaction = how
    connection.failed = undefined
  }

  function release(connection: Connection): void {
    connection.transaction = 'none'
    holder = undefined
    if (isOverdue) commitGroup()
    freed.resolve()
    freed = Promise.withResolvers()
  }

  async function executeQuery(connection: Connection, query: CompiledQuery): Promise<QueryResult<never>> {
    const kind = kindOf(query.sql)
    if (connection.transaction !== 'none') {
      if (connection.failed) throw connection.failed
      if (connection.transaction === 'in a group') return run(query)
      try {
        return main.run(query.sql, query.parameters)
      } finally {
        if (!main.isTransaction()) release(connection)
      }
    }
    if (kind === 'read' && reads) return reads.run(query.sql, query.parameters)
    if (kind === 'alone') return inTurn(() => runAlone(connection, query))
    const { result, joined } = await inTurn(() => {
      if (kind === 'read' && !group) return { result: main.run(query.sql, query.parameters) }
      const ours = joinGroup({ mayBeLost: query.sql.startsWith(mayBeLost) })
      return { result: run(query), joined: ours }
    })
    await joined?.promise
    return result
  }

  function runAlone(connection: Connection, query: CompiledQuery): QueryResult<never> {
    commitGroup()
    const [, time] = /^pragma busy_timeout = (\d+)$/.exec(query.sql) ?? []
    if (time !== undefined) {
      patience = Number(time)
      return { rows: [] }
    }
    main.waitForDisk(true)
    const result = main.run(query.sql, query.parameters)
    if (main.isTransaction()) hold(connection, 'alone')
    return result
  }

  return {
    async init() {},
    async acquireConnection(): Promise<DatabaseConnection> {
      const connection: Connection = {
        transaction: 'none',
        failed: undefined,
        executeQuery: <Row>(query: CompiledQuery) =>
          executeQuery(connection, query) as Promise<QueryResult<Row>>,
        streamQuery() {
          throw new Error('nobody streams here')
        },
      }
      return connection
    },
    async beginTransaction(given) {
      await inTurn(() => {
        joinGroup()
        tell(`savepoint ${member}`)
        hold(given as Connection, 'in a group')
      })
    },
    async commitTransaction(given) {
      const connection = given as Connection
      if (connection.failed) throw connection.failed
      const joined = joinGroup()
      tell(`release ${member}`)
      release(connection)
      await joined.promise
    },
    async rollbackTransaction(given) {
      const connection = given as Connection
      // After a commit that failed nobody holds anything any more.
      if (connection.transaction === 'none') return
      try {
        if (!main.isTransaction()) return
        tell(`rollback to ${member}`)
        tell(`release ${member}`)
      } catch (error) {
        // What it wrote must not be committed with what others did.
        if (main.isTransaction()) tell('rollback')
        failGroup(error)
        throw error
      } finally {
        release(connection)
      }
    },
    async releaseConnection() {},
    async destroy() {
      commitGroup()
      reads?.close()
      main.close()
    },
  }
}

/** The savepoint of a transaction within its group. */
const member = 'member_of_a_group'

type Kind = 'read' | 'write' | 'alone'

const kinds = new Map<string, Kind>()

function kindOf(sql: string): Kind {
  const kind = kinds.get(sql) ?? judge(sql)
  kinds.set(sql, kind)
  return kind
}

/** `alone`: settings of the connection, and transactions that somebody begins and ends by hand. */
function judge(sql: string): Kind {
  if (/^\s*(begin|commit|rollback|pragma|vacuum|attach|detach)\b/i.test(sql)) return 'alone'
  const isRead = /^\s*(select|with)\b/i.test(sql) && !/\b(insert|update|delete)\b/i.test(sql)
  return isRead ? 'read' : 'write'
}

/** Another program writes (SQLITE_BUSY). */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5
