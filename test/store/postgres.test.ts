/** PostgreSQL as it behaves on a bad day: restarted, killed, demoted, frozen, slow; and a pool that outlives all of it. */
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DatabaseAway, isDatabaseAway } from '../../src/store/database-away.ts'
import { type Database, inspectDatabase } from '../../src/store/open.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { readPostgresAddress } from '../../src/store/postgres-address.ts'
import { transact } from '../../src/store/transaction.ts'
import { type Server, type Servers, startServers } from '../support/postgres-servers.ts'

let servers: Servers
let primary: Server
const opened: Database[] = []

beforeAll(async () => {
  servers = await startServers()
  primary = servers.primary
  await run(open(primary.at), 'create table notes (name text primary key)')
})
afterAll(async () => {
  for (const db of opened) await db.destroy()
  await servers.stop()
})

function open(hosts: string, options = ''): Database {
  const db = inspectDatabase(`postgres://ninka@${hosts}/postgres${options}`, { connections: 4 })
  opened.push(db)
  return db
}

async function run<Row>(db: Database, statement: string): Promise<readonly Row[]> {
  const { rows } = await sql.raw<Row>(statement).execute(db)
  return rows
}
const note = (db: Database, name: string) => sql`insert into notes values (${name})`.execute(db)
const isNoted = async (db: Database, name: string): Promise<boolean> =>
  (await sql`select 1 from notes where name = ${name}`.execute(db)).rows.length === 1
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing went wrong',
    (error: unknown) => error,
  )
/** As somebody does who is told to come again later. */
async function untilItStands(db: Database, name: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const error = await transact(db, (transaction) => note(transaction, name)).then(
      () => undefined,
      (reason) => reason,
    )
    if (error === undefined) return
    if (!isDatabaseAway(error) || tries === 5) throw error
  }
}
/** Holds every connection that the pool may have, so that all of them are there. */
const fill = (db: Database) => Promise.all([1, 2, 3, 4].map(() => run(db, 'select pg_sleep(0.05)')))

describe('a server that is restarted under a pool', () => {
  let db: Database
  beforeEach(() => {
    db = open(primary.at)
  })

  test('is not noticed by who only asks, or has not begun to write', async () => {
    await fill(db)
    await primary.stop()
    const asked = [run(db, 'select 1'), transact(db, (transaction) => note(transaction, 'restarted'))]
    await primary.start()
    await Promise.all(asked)
    expect(await isNoted(db, 'restarted')).toBe(true)
  })

  test('in the middle of a transaction, takes nothing with it: the work is done again, once', async () => {
    let times = 0
    await transact(db, async (transaction) => {
      times += 1
      await note(transaction, 'in the middle')
      if (times > 1) return
      await primary.stop('SIGKILL')
      await primary.start()
    })
    expect(times).toBe(2)
    expect(await isNoted(db, 'in the middle')).toBe(true)
  })

  test('never repeats a commit whose answer was lost', async () => {
    let times = 0
    const error = await caught(
      transact(db, async (transaction) => {
        times += 1
        await note(transaction, 'unknown')
        // Runs when the transaction commits, and ends its own connection before the answer.
        await run(transaction, 'create temp table fuse (id int)')
        await run(
          transaction,
          `create function pg_temp.burn() returns trigger language plpgsql as
             $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$`,
        )
        await run(
          transaction,
          `create constraint trigger burn after insert on fuse deferrable initially deferred
             for each row execute function pg_temp.burn()`,
        )
        await run(transaction, 'insert into fuse values (1)')
      }),
    )
    expect(error).toBeInstanceOf(DatabaseAway)
    expect((error as DatabaseAway).mayHaveCommitted).toBe(true)
    expect(times).toBe(1)
  })
})

test('a server that is away is named as such, at once after a while, and forgotten when it is back', async () => {
  const db = open('127.0.0.1:1')
  const since = performance.now()
  expect(isDatabaseAway(await caught(run(db, 'select 1')))).toBe(true)
  expect(performance.now() - since).toBeGreaterThan(2500)
  const again = performance.now()
  expect(isDatabaseAway(await caught(run(db, 'select 1')))).toBe(true)
  expect(performance.now() - again).toBeLessThan(1000)
})

test('a wrong name of the database is told at once and is no outage', async () => {
  const db = inspectDatabase(`postgres://ninka@${primary.at}/nowhere`)
  opened.push(db)
  const error = await caught(run(db, 'select 1'))
  expect(String(error)).toContain('database "nowhere" does not exist')
  expect(isDatabaseAway(error)).toBe(false)
})

test('a connection that its borrower gives up is not lent again', async () => {
  const pool = openPostgres(`postgres://ninka@${primary.at}/postgres`)
  const useAfter = async (isGivenUp: boolean) => {
    const client = await pool.connect()
    client.release(isGivenUp)
    return pool.use()
  }
  expect(await useAfter(false)).toMatchObject({ busy: 0, idle: 1 })
  expect(await useAfter(true)).toMatchObject({ busy: 0, idle: 0 })
  await pool.end()
})

describe('nobody waits for ever', () => {
  test('for a statement that takes too long', async () => {
    const db = open(primary.at, '?statement_timeout=200')
    expect(isDatabaseAway(await caught(run(db, 'select pg_sleep(5)')))).toBe(true)
    expect(await run(db, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('for a server that says nothing any more', async () => {
    const db = open(primary.at, '?statement_timeout=100')
    const [backend] = await run<{ pid: number }>(db, 'select pg_backend_pid() as pid')
    process.kill(backend?.pid ?? 0, 'SIGSTOP')
    expect(await run(db, 'select 1 as one')).toEqual([{ one: 1 }])
    process.kill(backend?.pid ?? 0, 'SIGCONT')
  })

  test('for a connection while all are in use', async () => {
    const db = open(primary.at, '?connect_timeout=1')
    const all = [1, 2, 3, 4].map(() => run(db, 'select pg_sleep(1.5)'))
    expect(isDatabaseAway(await caught(run(db, 'select 1')))).toBe(true)
    await Promise.all(all)
  })
})

test('statements keep working when another process has changed the table that they were prepared for', async () => {
  const db = open(primary.at)
  const all = () => sql<{ name: string }>`select * from notes where name = ${'changed'}`.execute(db)
  await note(db, 'changed')
  await fill(db)
  for (let times = 0; times < 8; times += 1) await all()
  await run(db, 'alter table notes add column at bigint')
  const { rows } = await all()
  expect(rows).toEqual([{ name: 'changed', at: null }])
  await transact(db, async (transaction) => {
    await sql`select * from notes where name = ${'changed'}`.execute(transaction)
  })
  await run(db, 'alter table notes drop column at')
})

describe('of several servers', () => {
  test('the one that takes no writes is passed over, and one that stops taking them is left', async () => {
    const standby = await servers.addStandby()
    await run(open(primary.at), `alter system set synchronous_standby_names = 'standby'`)
    await run(open(primary.at), 'select pg_reload_conf()')
    const db = open(`${standby.at},${primary.at}`)
    await note(db, 'to the primary')
    await fill(db)

    await primary.stop('SIGKILL')
    const whileAway = untilItStands(db, 'during the failover')
    await run(open(standby.at, '?target_session_attrs=any'), 'select pg_promote()')
    await whileAway
    expect(await isNoted(db, 'to the primary')).toBe(true)
    expect(await isNoted(db, 'during the failover')).toBe(true)

    // The former primary, come back as what it was, is not an equal any more: here it is told to take no writes.
    await run(db, `alter system set default_transaction_read_only = on`)
    await run(db, 'select pg_reload_conf()')
    await primary.start()
    await run(open(primary.at, '?target_session_attrs=any'), 'alter system reset synchronous_standby_names')
    await run(open(primary.at, '?target_session_attrs=any'), 'select pg_reload_conf()')
    await note(db, 'to the other one')
    expect(await isNoted(open(primary.at), 'to the other one')).toBe(true)
  })
})

describe('the address', () => {
  test('names each server with the same user, password, database and options', () => {
    const { servers: all, onlyWritable } = readPostgresAddress(
      'postgres://ninka@one:5432,[::1]:5433/bank?sslmode=verify-full&target_session_attrs=read-write',
      'p@ss:word',
    )
    expect(all).toEqual([
      'postgres://ninka:p%40ss%3Aword@one:5432/bank?sslmode=verify-full&uselibpqcompat=true',
      'postgres://ninka:p%40ss%3Aword@[::1]:5433/bank?sslmode=verify-full&uselibpqcompat=true',
    ])
    expect(onlyWritable).toBe(true)
  })

  test.each(['sslmode=prefer', 'target_session_attrs=standby', 'prepared_statements=maybe'])(
    'refuses %s',
    (option) => {
      expect(() => readPostgresAddress(`postgres://ninka@one/bank?${option}`)).toThrow(/must be one of/)
    },
  )
})
