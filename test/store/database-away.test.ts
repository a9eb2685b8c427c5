import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isDatabaseAway } from '../../src/store/database-away.ts'
import { type Database, openDatabase } from '../../src/store/open.ts'

let folder: string
let db: Database
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing went wrong',
    (error: unknown) => error,
  )
const write = (name: string) =>
  db
    .insertInto('sealed_secrets')
    .values({ name, sealed: 'x'.repeat(20_000), created_at: 0 })
    .execute()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ninka-away-'))
  db = await openDatabase(`sqlite:${join(folder, 'ninka.db')}`)
})
afterAll(async () => {
  await db.destroy()
  rmSync(folder, { recursive: true })
})

describe('an embedded database that cannot serve is known from its error', () => {
  test('when it is full, and it serves again when there is room', async () => {
    const { page_count: pages } = await only<{ page_count: number }>('pragma page_count')
    await sql.raw(`pragma max_page_count = ${pages}`).execute(db)
    const error = await caught(Promise.all([write('a'), write('b'), write('c')]))
    await sql.raw('pragma max_page_count = 1000000').execute(db)
    expect(isDatabaseAway(error)).toBe(true)
    await write('after')
    const { rows } = await only<{ rows: number }>(
      "select count(*) as rows from sealed_secrets where name = 'after'",
    )
    expect(rows).toBe(1)
  })

  test('when it may only be read', async () => {
    await sql.raw('pragma query_only = on').execute(db)
    const error = await caught(write('read-only'))
    await sql.raw('pragma query_only = off').execute(db)
    expect(isDatabaseAway(error)).toBe(true)
  })

  test('when another program holds it for longer than we wait', async () => {
    const other = new DatabaseSync(join(folder, 'ninka.db'))
    other.exec('begin immediate')
    await sql.raw('pragma busy_timeout = 10').execute(db)
    const error = await caught(write('busy'))
    other.exec('rollback')
    other.close()
    expect(isDatabaseAway(error)).toBe(true)
  })

  test('when its file cannot be opened', async () => {
    expect(isDatabaseAway(await caught(openDatabase(`sqlite:${folder}`)))).toBe(true)
  })

  test('also where somebody wrapped the error', async () => {
    const wrapped = new Error('a step failed', { cause: await caught(openDatabase(`sqlite:${folder}`)) })
    expect(isDatabaseAway(wrapped)).toBe(true)
  })
})

test('a question that is wrong in itself is a defect, whatever the database', async () => {
  expect(isDatabaseAway(await caught(sql.raw('select * from no_such_table').execute(db)))).toBe(false)
  await write('twice')
  expect(isDatabaseAway(await caught(write('twice')))).toBe(false)
  expect(isDatabaseAway(new TypeError('x is undefined'))).toBe(false)
  expect(isDatabaseAway('text')).toBe(false)
})

async function only<Row>(statement: string): Promise<Row> {
  const { rows } = await sql.raw<Row>(statement).execute(db)
  return rows[0] as Row
}
