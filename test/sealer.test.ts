/** The sealer by its own clock: within a second, to the last row at the end, and loud when the chain goes back. */
import { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../src/log.ts'
import { createMetrics } from '../src/metrics/metrics.ts'
import { createSealer } from '../src/sealer.ts'
import { type Database, openDatabase } from '../src/store/open.ts'
import { key, walk, write } from './support/audit.ts'

let db: Database
let logged: string
beforeEach(async () => {
  db = await openDatabase('sqlite::memory:')
  logged = ''
})
afterEach(() => db.destroy())

const sealer = (every: number) =>
  createSealer({
    db,
    key,
    clock: () => Date.now(),
    every,
    metrics: createMetrics(),
    log: createLog({
      level: 'info',
      destination: new Writable({
        write(chunk: Buffer, _encoding, done) {
          logged += chunk.toString()
          done()
        },
      }),
    }),
  })

const unsealed = () => db.selectFrom('audit').select('seq').where('position', 'is', null).execute()

describe('the sealer', () => {
  it('seals by itself, round after round', async () => {
    const running = await sealer(20)
    for (const from of [0, 3]) {
      await write(db, 3, from)
      for (let tries = 0; tries < 200 && (await unsealed()).length > 0; tries += 1) await wait(20)
      expect(await unsealed()).toEqual([])
    }
    await running.stop()
    expect(await walk(db)).toMatchObject({ rows: 6, problems: [] })
  })

  it('leaves nothing unsealed when it is stopped, and seals no more', async () => {
    const running = await sealer(60_000)
    await write(db, 4)
    await running.stop()
    expect(await unsealed()).toEqual([])
    await write(db, 1, 4)
    await wait(50)
    expect(await unsealed()).toHaveLength(1)
  })

  it('notes in the log where the chain ends, and says when the end has gone back', async () => {
    const running = await sealer(0)
    await write(db, 4)
    await running.seal()
    const former = await db
      .selectFrom('audit_chain')
      .selectAll()
      .where('name', '=', 'end')
      .executeTakeFirstOrThrow()
    expect(logged).toContain(`"event":"audit-sealed","position":4,"hash":"${former.hash}"`)
    await write(db, 3, 4)
    await running.seal()
    await db.deleteFrom('audit').where('position', '>', 4).execute()
    await db.updateTable('audit_chain').set(former).where('name', '=', 'end').execute()
    await write(db, 1, 9)
    await running.seal()
    expect(logged).toContain('"event":"audit-chain-broken","problem":"cut-back"')
  })

  it('stops sealing, and says so once, when the end was changed', async () => {
    const running = await sealer(0)
    await write(db, 4)
    await running.seal()
    await db.updateTable('audit_chain').set({ position: 2 }).where('name', '=', 'end').execute()
    await write(db, 1, 4)
    await running.seal()
    await running.seal()
    expect(await unsealed()).toHaveLength(1)
    expect(logged.match(/audit-chain-broken/g)).toHaveLength(1)
  })
})
