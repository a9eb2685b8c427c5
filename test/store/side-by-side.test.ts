/** An old and a new program on one database, as while an installation is updated one process at a time. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Kysely, sql } from 'kysely'
import { afterAll, describe, expect, it } from 'vitest'
import type { Changes } from '../../src/store/migrate.ts'
import { inspectDatabase, migrations, openDatabase } from '../../src/store/open.ts'
import { groupCommitDialect } from '../../src/store/group-commit.ts'
import { startBank } from '../support/bank.ts'
import { emptyDatabase } from '../support/database.ts'
import { openFintech } from '../support/fintech.ts'
import { connect } from '../support/walk.ts'

const folder = mkdtempSync(join(tmpdir(), 'ninka-side-by-side-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

/** One that two programs can open. */
async function sharedDatabase(): Promise<string> {
  const url = await emptyDatabase()
  return url.startsWith('sqlite:') ? `sqlite:${join(folder, `${Math.random()}.db`)}` : url
}

/** What the next version might add, in each of the ways that are allowed, to tables that every journey writes. */
const nextVersion: Changes = {
  ...migrations,
  async '9001-next'(db) {
    await db.schema
      .createTable('nexts')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .execute()
    await db.schema
      .alterTable('consents')
      .addColumn('mood', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
    await db.schema.alterTable('engine_records').addColumn('next_id', 'text').execute()
    await db.schema.createIndex('consents_by_mood').ifNotExists().on('consents').column('mood').execute()
  },
}

/** What the version after that may take away. */
const versionAfter: Changes = {
  ...nextVersion,
  async '9002-no-mood-needs-9001'(db) {
    await db.schema.dropIndex('consents_by_mood').execute()
    await db.schema.alterTable('consents').dropColumn('mood').execute()
  },
}

describe('while a newer program changes the tables and serves', () => {
  it('an older one goes on, each honours what the other gave, and the older one can be started again', async () => {
    const shared = { databaseUrl: await sharedDatabase(), masterKey: randomBytes(32) }
    const older = await startBank(shared)
    const { refresh: ofOlder } = await connect(older, 'mihon02', { fintech: openFintech(older) })

    let changed = false
    const newerStarts = startBank({ ...shared, changes: nextVersion }).finally(() => {
      changed = true
    })
    const answers: number[] = []
    do answers.push((await openFintech(older).refresh(ofOlder)).status)
    while (!changed)
    expect(new Set(answers)).toEqual(new Set([200]))

    const newer = await newerStarts
    await sql`select mood from consents`.execute(newer.db)
    const { refresh: ofNewer } = await connect(newer, 'mihon03', { fintech: openFintech(newer) })
    expect((await openFintech(older).refresh(ofNewer)).status).toBe(200)
    expect((await openFintech(newer).refresh(ofOlder)).status).toBe(200)
    await connect(older, 'mihon01', { fintech: openFintech(older) })
    await older.sweeper.sweep()
    await older.close()

    const again = await startBank(shared)
    expect((await openFintech(again).refresh(ofNewer)).status).toBe(200)
    await connect(again, 'mihon06', { fintech: openFintech(again) })
    for (const bank of [older, newer, again]) expect(bank.logged.join('')).not.toMatch(/"level":"error"/)
    await again.close()
    await newer.close()
  })
})

describe('a program that is too old for what a newer one took away', () => {
  it('does not start and says why; one that knows what it must does', async () => {
    const url = await sharedDatabase()
    await (await openDatabase(url, undefined, versionAfter)).destroy()
    await expect(openDatabase(url)).rejects.toThrow(
      'a newer version has changed the database (9002-no-mood-needs-9001); start that version or a later one',
    )
    await (await openDatabase(url, undefined, nextVersion)).destroy()
  })
})

describe('programs that start at the same moment', () => {
  it('on an empty database wait for each other', async () => {
    const url = await sharedDatabase()
    const program = `import { openDatabase } from './src/store/open.ts'
      const db = await openDatabase(${JSON.stringify(url)})
      await db.selectFrom('consents').selectAll().execute()
      await db.destroy()`
    const run = promisify(execFile)
    const started = () => run(process.execPath, ['--input-type=module', '--eval', program])
    await Promise.all([started(), started(), started()])
    const db = inspectDatabase(url)
    const { rows } = await sql`select name from kysely_migration`.execute(db)
    expect(rows).toHaveLength(Object.keys(migrations).length)
    await db.destroy()
  })
})

describe('a change that is interrupted', () => {
  it('leaves nothing, and is made at the next start', async () => {
    const url = await sharedDatabase()
    const interrupted: Changes = {
      ...migrations,
      async '9001-next'(db) {
        await nextVersion['9001-next']?.(db)
        throw new Error('the process was killed here')
      },
    }
    await expect(openDatabase(url, undefined, interrupted)).rejects.toThrow('could not be brought')
    await (await openDatabase(url, undefined, nextVersion)).destroy()
  })
})

describe('what a change may do', () => {
  /** The statements of a change, as it is made on tables that have all those before it. */
  async function statementsOf(changes: Changes, wanted: string): Promise<string[]> {
    const said: string[] = []
    const db = new Kysely<unknown>({
      dialect: groupCommitDialect(':memory:'),
      log: ({ query }) => {
        said.push(query.sql)
      },
    })
    for (const [name, change] of Object.entries(changes)) {
      said.length = 0
      await change(db)
      if (name === wanted) break
    }
    await db.destroy()
    return said
  }
  const onlyAdds = (statement: string) =>
    /^(create table |create( unique)? index if not exists |insert into )/.test(statement) ||
    (/^alter table "\w+" add column /.test(statement) &&
      (!statement.includes('not null') || statement.includes('default')))

  const from0011 = Object.keys(migrations).filter((name) => name >= '0011')

  it.each([...from0011, '9001-next'])('%s only adds, so that an older program goes on', async (name) => {
    const statements = await statementsOf(nextVersion, name)
    expect(statements.length).toBeGreaterThan(0)
    if (!/-needs-\d{4}$/.test(name)) expect(statements.filter((one) => !onlyAdds(one))).toEqual([])
  })

  it('is seen to take away where it does', async () => {
    const statements = await statementsOf(versionAfter, '9002-no-mood-needs-9001')
    expect(statements.filter(onlyAdds)).toEqual([])
    expect(onlyAdds('alter table "consents" add column "mood" text not null')).toBe(false)
    expect(onlyAdds('create index "a" on "b" ("c")')).toBe(false)
  })
})
