/** Writes on SQLite that share a commit: each is answered when it is on disk, and stands or falls by itself. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as laterTurn, setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/store/open.ts'
import { mayBeLost, openSqlite } from '../../src/store/sqlite.ts'
import { transact } from '../../src/store/transaction.ts'

let folder: string
let db: Database
/** Another program, which sees what is committed. */
let other: DatabaseSync

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ninka-group-'))
  db = await openDatabase(`sqlite:${join(folder, 'ninka.db')}`)
  other = new DatabaseSync(join(folder, 'ninka.db'))
})
beforeEach(async () => {
  await db.deleteFrom('tickets').execute()
})
afterAll(async () => {
  other.close()
  await db.destroy()
  rmSync(folder, { recursive: true })
})

const add = (to: Database, name: string) =>
  to.insertInto('tickets').values({ id_hash: name, expires_at: 0 }).execute()
const names = async (of: Database = db): Promise<string[]> =>
  (await of.selectFrom('tickets').select('id_hash').orderBy('id_hash').execute()).map((row) => row.id_hash)
const committed = () => other.prepare('select id_hash from tickets order by id_hash').all()
const outcomes = async (works: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(works)).map(({ status }) => status)

/** Frames of the log that end a commit (SQLite file format, section 4.1). */
function commits(): number {
  const log = readFileSync(join(folder, 'ninka.db-wal'))
  const frame = 24 + log.readUInt32BE(8)
  let ends = 0
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) !== 0) ends += 1
  return ends
}

test('writes that come together share one commit, and are answered when it is there', async () => {
  const before = commits()
  const works = Array.from({ length: 20 }, async (_, n) => {
    await (n % 2 ? add(db, `one ${n}`) : transact(db, (transaction) => add(transaction, `one ${n}`)))
    return committed().length
  })
  expect(await Promise.all(works)).toEqual(Array.from({ length: 20 }, () => 20))
  expect(commits() - before).toBe(1)
})

const addLightly = (name: string) =>
  sql`${sql.raw(mayBeLost)} insert into tickets (id_hash, expires_at) values (${name}, 0)`.execute(db)

test('what a power cut may take shares a commit too, never one that others wait for the disk with', async () => {
  const alone = commits()
  await Promise.all(Array.from({ length: 10 }, (_, n) => addLightly(`light ${n}`)))
  expect(commits() - alone).toBe(1)

  const before = commits()
  await Promise.all([addLightly('light first'), add(db, 'one'), addLightly('light with it'), add(db, 'two')])
  expect(commits() - before).toBe(2)
  expect(await names()).toHaveLength(14)
})

test('a transaction that cannot be taken back takes all of its group with it, and nobody waits for it', async () => {
  const before = add(db, 'before')
  const failing = transact(db, async (transaction) => {
    await add(transaction, 'half')
    // As when the disk fails then: there is nothing to go back to.
    await sql`release member_of_a_group`.execute(transaction)
    throw new Error('it must not be')
  })
  expect(await outcomes([before, failing, add(db, 'after')])).toEqual(['rejected', 'rejected', 'fulfilled'])
  expect(await names()).toEqual(['after'])
})

test('a commit waits for the disk unless it was told otherwise', () => {
  const one = openSqlite(join(folder, 'alone.db'))
  const how = () => one.run('pragma synchronous', []).rows
  const [full, normal] = [[{ synchronous: 2 }], [{ synchronous: 1 }]]
  expect(how()).toEqual(full)
  one.waitForDisk(false)
  expect(how()).toEqual(normal)
  one.waitForDisk(true)
  expect(how()).toEqual(full)
  one.close()
})

test('nobody reads what is not committed, but whoever wrote it within his transaction', async () => {
  const seen: string[][] = []
  const work = transact(db, async (transaction) => {
    await add(transaction, 'mine')
    seen.push(await names(transaction), await names())
    await laterTurn()
    seen.push(await names())
  })
  await work
  expect(seen).toEqual([['mine'], [], []])
  expect(await names()).toEqual(['mine'])
})

describe('what fails takes nothing with it', () => {
  test('a statement', async () => {
    const works = [add(db, 'a'), add(db, 'a'), add(db, 'b')]
    expect(await outcomes(works)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await names()).toEqual(['a', 'b'])
  })

  test('a transaction, which takes back all of its own', async () => {
    const broken = db.transaction().execute(async (transaction) => {
      await add(transaction, 'c')
      await laterTurn()
      throw new Error('changed its mind')
    })
    expect(await outcomes([add(db, 'd'), broken, add(db, 'e')])).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(await names()).toEqual(['d', 'e'])
  })
})

test('a full disk refuses everybody in the commit, keeps nothing of it, and all goes on when there is room', async () => {
  const { page_count: pages } = other.prepare('pragma page_count').get() as { page_count: number }
  await sql.raw(`pragma max_page_count = ${pages}`).execute(db)
  const long = 'x'.repeat(50_000)
  const works = [
    add(db, 'before'),
    transact(db, async (transaction) => {
      await add(transaction, 'within')
      await add(transaction, long)
    }),
  ]
  const outcome = await outcomes(works)
  await sql.raw('pragma max_page_count = 1000000').execute(db)
  expect(outcome[1]).toBe('rejected')
  expect(await names()).toEqual(outcome[0] === 'fulfilled' ? ['before'] : [])
  await add(db, 'after')
  expect(await names()).toContain('after')
})

test('while another program writes, everybody waits for it and nobody else is held up', async () => {
  other.exec('begin immediate')
  const works = Array.from({ length: 30 }, (_, n) => add(db, `one ${n}`))
  // Each of them alone would stop the process for a moment, over and over, and this would take longer than they wait.
  for (let turns = 0; turns < 50; turns += 1) await pause(2)
  expect(await names()).toEqual([])
  other.exec('commit')
  await Promise.all(works)
  expect(await names()).toHaveLength(30)
})

test('transactions take turns, however many come at once', async () => {
  await add(db, 'counter')
  await Promise.all(
    Array.from({ length: 50 }, () =>
      transact(db, async (transaction) => {
        const { expires_at: count } = await transaction
          .selectFrom('tickets')
          .select('expires_at')
          .executeTakeFirstOrThrow()
        if (count % 7 === 0) await laterTurn()
        await transaction
          .updateTable('tickets')
          .set({ expires_at: count + 1 })
          .execute()
      }),
    ),
  )
  const { expires_at: count } = await db.selectFrom('tickets').selectAll().executeTakeFirstOrThrow()
  expect(count).toBe(50)
})

test('who begins and ends a transaction by hand is alone in it', async () => {
  const [alone] = await Promise.all([
    db.connection().execute(async (connection) => {
      await sql`begin immediate`.execute(connection)
      await add(connection, 'by hand')
      await laterTurn()
      const within = await names(connection)
      await sql`rollback`.execute(connection)
      return within
    }),
    add(db, 'another'),
  ])
  expect(alone).toContain('by hand')
  expect(await names()).toEqual(['another'])
})
