/**
 * A pool of PostgreSQL connections that never waits for ever, leads to the server that takes writes, and outlives its
 * restart: what was only asked, or not yet committed, is asked again; what may have been committed never is.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import pg from 'pg'
import { minutes, seconds } from '../clock.ts'
import { DatabaseAway } from './database-away.ts'
import { readPostgresAddress } from './postgres-address.ts'

export type PostgresOptions = {
  /** of the user in the address, where it stands in a file of its own */
  readonly password?: string | undefined
  /** how many connections this process holds at the most */
  readonly connections?: number | undefined
  /** how long a statement may take, ms, whatever the address says */
  readonly statementTime?: number
}

export type PoolUse = {
  readonly busy: number
  readonly idle: number
  readonly most: number
  /** who waits for a connection */
  readonly waiting: number
}

export type Pool = PostgresPool & { readonly use: () => PoolUse }

/** How long a request waits for a database that has just gone; later ones are told at once. */
const patience = seconds(3)

/** What a server may be late with the end of a statement's time; after that it is taken for dead. */
const late = seconds(2)

/** @param url see `readPostgresAddress` */
export function openPostgres(url: string, options: PostgresOptions = {}): Pool {
  const { password, connections = 10 } = options
  const { servers, onlyWritable, preparesStatements, ...address } = readPostgresAddress(url, password)
  const statementTime = options.statementTime ?? address.statementTime
  const nameOf = preparesStatements ? statementNames() : () => undefined
  /** the server that takes new connections */
  let server = 0
  /** Connections from before the last loss are not used again: what befell one will befall them all. */
  let generation = 0
  const generations = new WeakMap<object, number>()
  let awaySince: number | undefined

  const pool = new pg.Pool({
    max: connections,
    connectionTimeoutMillis: address.connectionTime,
    idleTimeoutMillis: minutes(5),
    statement_timeout: statementTime,
    lock_timeout: statementTime / 2,
    idle_in_transaction_session_timeout: seconds(15),
    keepAlive: true,
    application_name: 'ninka',
    types: { getTypeParser },
    Client: class extends pg.Client {
      constructor(options?: pg.ClientConfig) {
        super({ ...options, connectionString: servers[server] ?? '' })
      }
    },
  })
  // A connection that breaks is replaced at the next query; without listeners it would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', () => {})
    generations.set(client, generation)
  })

  /** Asked once of each connection. */
  const writable = new WeakSet<object>()
  async function takesWrites(client: pg.PoolClient): Promise<boolean> {
    if (!onlyWritable || writable.has(client)) return true
    const { rows } = await ask(client, takesNoWrites, []).catch(() => ({ rows: [{ closed: true }] }))
    const isOpen = !(rows[0] as { closed: boolean }).closed
    if (isOpen) writable.add(client)
    return isOpen
  }

  async function connected(): Promise<pg.PoolClient> {
    for (let tries = 1; ; tries += 1) {
      const tried = server
      try {
        const client = await pool.connect()
        const isCurrent = generations.get(client) === generation
        if (isCurrent && (await takesWrites(client))) {
          awaySince = undefined
          return client
        }
        client.release(true)
        if (isCurrent) throw new Error('the server takes no writes')
      } catch (error) {
        if (pool.ending || isRefusal(error)) throw error
        if (isQueueTooLong(error)) throw new DatabaseAway(error)
        if (tried === server) server = (server + 1) % servers.length
        awaySince ??= performance.now()
        const wentLongAgo = performance.now() - awaySince > patience
        if (wentLongAgo && tries >= servers.length) throw new DatabaseAway(error)
        if (tries % servers.length === 0) await pause(100)
      }
    }
  }

  function lose(client: pg.PoolClient): void {
    if (generations.get(client) === generation) generation += 1
  }

  async function ask(
    client: pg.ClientBase,
    text: string,
    values: readonly unknown[],
  ): Promise<PostgresQueryResult<unknown>> {
    // Ends the connection, and so the query.
    const overdue = setTimeout(() => void (client as pg.Client).end(), statementTime + late)
    try {
      const name = values.length > 0 ? nameOf(text) : undefined
      const answer = await client.query({ text, values: [...values], ...(name ? { name } : {}) })
      return answer as PostgresQueryResult<unknown>
    } finally {
      clearTimeout(overdue)
    }
  }

  /** A connection as Kysely borrows it: for one statement, or for a transaction from its `begin` to its end. */
  function borrowed(first: pg.PoolClient): PostgresPoolClient {
    let client = first
    /** given back already, and none was to be had in its place */
    let isReleased = false
    let broken: DatabaseAway | undefined
    let isInTransaction = false
    let isFirst = true

    async function query(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<unknown>> {
      // The server has rolled it back already; an error in place of this answer would hide the first one.
      if (broken && text === 'rollback') return rolledBack
      if (broken) throw broken
      const canBeRepeated = isFirst
      isInTransaction ||= text === 'begin'
      isFirst = false
      for (let tries = 1; ; tries += 1) {
        try {
          return await ask(client, text, values)
        } catch (error) {
          // Taken back as a whole, so it can be asked again here; a transaction is, by whoever began it.
          if (isCollision(error) && !isInTransaction && tries < 3) continue
          if (!isLoss(error)) throw error
          lose(client)
          const mayHaveCommitted = (text === 'commit' || !isInTransaction) && !hasNotRun(text, error)
          if (!canBeRepeated || mayHaveCommitted || tries === 3) {
            broken = new DatabaseAway(error, { mayHaveCommitted })
            throw broken
          }
          client.release(true)
          isReleased = true
          client = await connected()
          isReleased = false
        }
      }
    }
    return {
      query: query as PostgresPoolClient['query'],
      // Kysely gives up one whose transaction it could not end.
      release: (isGivenUp = false) => {
        if (!isReleased) client.release(isGivenUp || broken !== undefined)
      },
    }
  }

  return {
    options: {},
    connect: async () => borrowed(await connected()),
    end: () => pool.end(),
    use: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      most: connections,
      waiting: pool.waitingCount,
    }),
  }
}

const rolledBack: PostgresQueryResult<unknown> = { command: 'ROLLBACK', rowCount: 0, rows: [] }

const takesNoWrites = `select current_setting('transaction_read_only')::boolean as closed`

/** A wrong password, a database or user that is not there: waiting does not help. */
const isRefusal = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /^(28|3D)/.test(error.code ?? '')

const isQueueTooLong = (error: unknown): boolean =>
  error instanceof Error && error.message === 'timeout exceeded when trying to connect'

/** The connection is of no more use: it broke, its server goes down or takes no writes, or its plans are out of date. */
function isLoss(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true
  const { code = '', message } = error
  return /^(08|25006|25P03|57P0)/.test(code) || (code === '0A000' && message.startsWith('cached plan'))
}

/** A deadlock, for example with a program that changes the tables; a serialization failure. */
const isCollision = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /^40(001|P01)$/.test(error.code ?? '')

/** Whether a lost statement certainly changed nothing: it only reads, was refused before it ran, or never left. */
function hasNotRun(text: string, error: unknown): boolean {
  if (/^select\b/i.test(text)) return true
  if (error instanceof pg.DatabaseError) return /^(25006|0A000)/.test(error.code ?? '')
  return error instanceof Error && error.message.endsWith('is not queryable')
}

/** Statements differ by their lists of values, so there is a bound; what comes after it is parsed each time. */
const mostNames = 500

function statementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>()
  return (text) => {
    const known = names.get(text)
    if (known !== undefined || names.size === mostNames) return known
    const name = `n${names.size}`
    names.set(text, name)
    return name
  }
}

const bigint = 20

/** Times and counts fit a double exactly; as text they would compare wrongly. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === bigint) return Number
  return (pg.types.getTypeParser as (oid: number, format?: string) => (value: string) => unknown)(oid, format)
}
