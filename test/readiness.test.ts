/** Whether a process wants requests: what a balancer is told while it starts, serves, stops, and when the database is away. */
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { createLog } from '../src/log.ts'
import { readinessOf } from '../src/readiness.ts'
import { inspectDatabase, openDatabase } from '../src/store/open.ts'
import { startBank, type TestBank } from './support/bank.ts'

const silent = createLog({ level: 'silent' })

describe('/readyz', () => {
  let bank: TestBank
  beforeAll(async () => {
    bank = await startBank()
  })
  afterAll(() => bank.close())

  const ask = async (url: string) => {
    const { statusCode, body } = await bank.server.inject({ url })
    return `${statusCode} ${body}`
  }

  it('wants requests between start and stop, and /healthz says throughout that the process lives', async () => {
    expect(await ask('/readyz')).toBe('503 {"status":"starting"}')
    expect(await ask('/healthz')).toBe('200 {"status":"ok"}')
    bank.readiness.open()
    expect(await ask('/readyz')).toBe('200 {"status":"ready"}')
    bank.readiness.close()
    expect(await ask('/readyz')).toBe('503 {"status":"stopping"}')
    bank.readiness.open()
    expect(await ask('/readyz')).toBe('503 {"status":"stopping"}')
    expect(await ask('/healthz')).toBe('200 {"status":"ok"}')
  })
})

describe('a database', () => {
  it('that has gone makes the process unwanted, and one that comes back makes it wanted again', async () => {
    const db = await openDatabase('sqlite::memory:')
    let now = 0
    const readiness = readinessOf({ db, clock: () => now, log: silent })
    readiness.open()
    expect(await readiness.ask()).toBe('ready')
    await db.schema.alterTable('sealed_secrets').renameTo('elsewhere').execute()
    expect(await readiness.ask(), 'within a second it is not asked again').toBe('ready')
    now += 1000
    expect(await readiness.ask()).toBe('database-away')
    await db.schema.alterTable('elsewhere').renameTo('sealed_secrets').execute()
    now += 1000
    expect(await readiness.ask()).toBe('ready')
    await db.destroy()
  })

  it('that takes a connection and never answers is asked once by however many, and waited for a second', async () => {
    let connections = 0
    const hanging = createServer(() => {
      connections += 1
    })
    await new Promise<void>((done) => hanging.listen(0, '127.0.0.1', done))
    const db = inspectDatabase(`postgres://ninka@127.0.0.1:${(hanging.address() as AddressInfo).port}/ninka`)
    const readiness = readinessOf({ db, clock: systemClock, log: silent })
    readiness.open()
    const started = Date.now()
    const answers = await Promise.all(Array.from({ length: 20 }, () => readiness.ask()))
    expect(new Set(answers)).toEqual(new Set(['database-away']))
    expect(Date.now() - started).toBeLessThan(1900)
    expect(connections).toBe(1)
    hanging.close()
  })
})
