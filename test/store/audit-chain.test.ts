/** The chain of the audit: whoever writes the tables without the master key is found, and what he did is named. */
import { type CompiledQuery, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/store/open.ts'
import { isPostgres } from '../../src/store/prepared.ts'
import { openTrail, problemsOf, sealerOf, walk, write } from '../support/audit.ts'
import { freshDatabase } from '../support/database.ts'

let url: string
let db: Database
beforeEach(async () => {
  url = await freshDatabase()
  db = await openTrail(url, 12)
})
afterEach(() => db.destroy())

const at = (position: number) =>
  db.selectFrom('audit').selectAll().where('position', '=', position).executeTakeFirstOrThrow()
const change = (position: number, values: Record<string, string | number | null>) =>
  db.updateTable('audit').set(values).where('position', '=', position).execute()
const remove = (position: number) => db.deleteFrom('audit').where('position', '=', position).execute()

describe('a trail that nobody touched', () => {
  it('is whole, and numbered without gaps', async () => {
    expect(await walk(db)).toMatchObject({ rows: 12, problems: [], more: 0, end: { position: 12 } })
    const rows = await db.selectFrom('audit').select('position').orderBy('seq').execute()
    expect(rows.map(({ position }) => position)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1))
  })

  it('of more rows than one batch is whole', async () => {
    await write(db, 1200, 12)
    await (await sealerOf(db)).seal()
    expect(await walk(db)).toMatchObject({ rows: 1212, problems: [], unsealed: undefined })
  })

  it('of any length is read through once: a batch begins by its index where the one before ended', async () => {
    const asked: CompiledQuery[] = []
    const noting = db.withPlugin({
      transformQuery({ node, queryId }) {
        asked.push(db.getExecutor().compileQuery(node, queryId))
        return node
      },
      transformResult: async ({ result }) => result,
    })
    await walk(noting)
    const [batch] = asked.filter((one) => one.sql.includes('order by "position", "seq"'))
    if (!batch) throw new Error('no batch was read')
    const plan = await db.transaction().execute(async (transaction) => {
      if (!isPostgres(db))
        return transaction.executeQuery({ ...batch, sql: `explain query plan ${batch.sql}` })
      // As it would decide on a table that is worth an index.
      for (const way of ['seqscan', 'bitmapscan'])
        await sql`set local ${sql.raw(`enable_${way}`)} = off`.execute(transaction)
      return transaction.executeQuery({ ...batch, sql: `explain ${batch.sql}` })
    })
    expect(JSON.stringify(plan.rows)).toMatch(
      /position>\? AND position<\?|Index Cond: [( "\\]*position[ "\\]*>=? .* AND .*position[ "\\]*<= /,
    )
  })

  it('says how many rows nobody has sealed, and since when', async () => {
    await write(db, 3, 12)
    expect(await walk(db)).toMatchObject({
      rows: 12,
      problems: [],
      unsealed: { rows: 3, oldestAt: Date.parse('2026-11-22T03:00:12Z') },
    })
  })
})

describe('named by its place is', () => {
  it('a row of which any column was changed', async () => {
    const { seq, ...five } = await at(5)
    const others = {
      at: 1,
      event: 'pins-committed',
      journey: null,
      payload: '{}',
      customer: 'customer-99',
      client: 'demo-kaikei',
      consent: null,
      mac: 'x',
    }
    for (const [column, value] of Object.entries(others)) {
      await change(5, { [column]: value })
      const { problems } = await walk(db)
      expect(problems, column).toMatchObject([{ kind: 'changed', position: 5, seq }])
      expect(problems[0]?.says).toMatch(/^row 5 at position 5 \(.*\) was changed after it was sealed$/)
      await change(5, five)
    }
    expect(await problemsOf(db)).toEqual([])
    await sql`update audit set seq = 999 where seq = ${seq}`.execute(db)
    expect(await problemsOf(db)).toEqual(['changed 5'])
  })

  it('a row whose link to the one before was changed', async () => {
    await change(5, { hash: 'x' })
    expect(await problemsOf(db)).toEqual(['unlinked 5'])
  })

  it('a removed row, and a removed range', async () => {
    await remove(5)
    expect(await problemsOf(db)).toEqual(['removed 5'])
    await db.deleteFrom('audit').where('position', 'in', [7, 8, 9]).execute()
    const { problems } = await walk(db)
    expect(problems.map(({ says }) => says)).toEqual([
      'the row at position 5 was removed',
      '3 rows, positions 7 to 9, were removed',
    ])
  })

  it('a removed row after which all the others were numbered anew', async () => {
    await remove(5)
    await sql`update audit set position = position - 1 where position > 5`.execute(db)
    expect(await problemsOf(db)).toContain('removed 5')
    expect(await problemsOf(db)).toContain('moved 5')
  })

  it('two rows that changed their places, whatever of them was swapped', async () => {
    const [four, nine] = [await at(4), await at(9)]
    const said = ['moved 4', 'moved 9']
    const { seq: _four, ...fourth } = four
    const { seq: _nine, ...ninth } = nine
    const swap = async (mine: Record<string, string | number | null>, yours: typeof mine) => {
      await db.updateTable('audit').set(yours).where('seq', '=', four.seq).execute()
      await db.updateTable('audit').set(mine).where('seq', '=', nine.seq).execute()
    }
    const { position: p4, mac: m4, hash: h4, ...content4 } = fourth
    const { position: p9, mac: m9, hash: h9, ...content9 } = ninth
    await swap({ position: p4 }, { position: p9 })
    expect((await problemsOf(db)).toSorted()).toEqual(said)
    await swap({ position: p4, mac: m4, hash: h4 }, { position: p9, mac: m9, hash: h9 })
    expect((await problemsOf(db)).toSorted()).toEqual(said)
    await swap(ninth, fourth)
    await swap(content4, content9)
    expect((await problemsOf(db)).toSorted()).toEqual(said)
    const { problems } = await walk(db)
    expect(problems[0]?.says).toMatch(/^row 4 at position 4 .* holds what was sealed as row 9 at position 9$/)
  })

  it('two rows that changed their numbers', async () => {
    await sql`update audit set seq = 1000 where seq = 4`.execute(db)
    await sql`update audit set seq = 4 where seq = 9`.execute(db)
    await sql`update audit set seq = 9 where seq = 1000`.execute(db)
    expect((await problemsOf(db)).toSorted()).toEqual(['moved 4', 'moved 9'])
  })

  it('a row put in beside another, before the start, behind the end, or between with all others moved on', async () => {
    const { seq: _seq, ...copy } = await at(5)
    const forged = { ...copy, payload: '{"consent":"forged"}' }
    const put = (position: number) =>
      db
        .insertInto('audit')
        .values({ ...forged, position })
        .execute()
    const takeOut = () => db.deleteFrom('audit').where('payload', '=', forged.payload).execute()
    for (const position of [5, 0, -3, 13, 900]) {
      await put(position)
      expect(await problemsOf(db), String(position)).toEqual([`inserted ${position}`])
      await takeOut()
    }
    await sql`update audit set position = position + 1 where position > 5`.execute(db)
    await put(6)
    expect(await problemsOf(db)).toContain('inserted 6')
    expect((await problemsOf(db)).filter((one) => !/^(moved|inserted 6)/.test(one))).toEqual([])
  })

  it('a copy of a row beside it', async () => {
    const { seq: _seq, ...copy } = await at(5)
    await db.insertInto('audit').values(copy).execute()
    expect(await problemsOf(db)).toEqual(['inserted 5'])
  })

  it('a row that somebody unsealed, so that it would be sealed again at the end', async () => {
    await change(5, { position: null, mac: null, hash: null })
    await (await sealerOf(db)).seal()
    expect(await problemsOf(db)).toEqual(['removed 5'])
  })

  it('what is gone at the end and at the start', async () => {
    await db.deleteFrom('audit').where('position', '>', 10).execute()
    await db.deleteFrom('audit').where('position', '<', 3).execute()
    const { problems } = await walk(db)
    expect(problems.map(({ says }) => says).toSorted()).toEqual([
      '2 rows, positions 1 to 2, were removed: the start is cut',
      '2 rows, positions 11 to 12, were removed: the end is cut',
    ])
  })

  it('everything, when nothing is left', async () => {
    await db.deleteFrom('audit').execute()
    expect(await problemsOf(db)).toEqual(['removed 1'])
  })
})

describe('where the chain starts and ends', () => {
  it.each(['start', 'end'] as const)('cannot be moved or removed at its %s', async (name) => {
    const there = await at(name === 'end' ? 9 : 3)
    await db
      .deleteFrom('audit')
      .where('position', name === 'end' ? '>' : '<=', there.position)
      .execute()
    await db
      .updateTable('audit_chain')
      .set({ position: Number(there.position), hash: String(there.hash) })
      .where('name', '=', name)
      .execute()
    expect(await problemsOf(db)).toContain(`${name}-changed`)
    await db.deleteFrom('audit_chain').where('name', '=', name).execute()
    expect(await problemsOf(db)).toContain(`${name}-missing`)
    // Nobody begins a new chain in its place.
    await (await sealerOf(db)).seal()
    expect(await problemsOf(db)).toContain(`${name}-missing`)
  })

  it('is not sealed on when the end is not ours', async () => {
    await db.updateTable('audit_chain').set({ position: 9 }).where('name', '=', 'end').execute()
    await write(db, 2, 12)
    await (await sealerOf(db)).seal()
    expect(await walk(db)).toMatchObject({ unsealed: { rows: 2 } })
  })

  it('cut back to an end that it once had is whole in itself; a hash that was noted elsewhere proves it', async () => {
    const former = await db.selectFrom('audit_chain').selectAll().execute()
    await write(db, 4, 12)
    await (await sealerOf(db)).seal()
    const { end } = await walk(db)
    expect((await walk(db, end)).problems).toEqual([])
    await db.deleteFrom('audit').where('position', '>', 12).execute()
    for (const row of former)
      await db.updateTable('audit_chain').set(row).where('name', '=', row.name).execute()
    expect(await problemsOf(db)).toEqual([])
    expect((await walk(db, end)).problems).toMatchObject([{ kind: 'cut-back', position: 16 }])
  })
})

describe('sealing', () => {
  it('by two processes at once leaves one chain without gaps', async () => {
    const other = url.startsWith('sqlite:') ? db : await openDatabase(url)
    const sealers = [await sealerOf(db), await sealerOf(other)]
    for (let turn = 0; turn < 10; turn += 1)
      await Promise.all([write(db, 30, 100 * turn), ...sealers.map((one) => one.seal())])
    await sealers[0]?.seal()
    expect(await walk(db)).toMatchObject({ rows: 312, problems: [], unsealed: undefined })
    if (other !== db) await other.destroy()
  })

  it('never skips a row that a slow transaction commits after later ones', async () => {
    if (url.startsWith('sqlite:')) {
      // SQLite writes one transaction after the other, so numbers and commits are always in one order.
      expect(await walk(db)).toMatchObject({ rows: 12, problems: [] })
      return
    }
    const other = await openDatabase(url)
    const sealer = await sealerOf(db)
    await other.transaction().execute(async (slow) => {
      await write(slow, 1, 50)
      await write(db, 3, 60)
      await sealer.seal()
      expect(await walk(db)).toMatchObject({ rows: 15, problems: [], unsealed: undefined })
    })
    await sealer.seal()
    expect(await walk(db)).toMatchObject({ rows: 16, problems: [], unsealed: undefined })
    const last = await at(16)
    expect(last.journey).toBe('TEST-50')
    expect(last.seq).toBeLessThan((await at(15)).seq)
    await other.destroy()
  })
})
