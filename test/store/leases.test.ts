/** One process at a time: many want the lease and one gets it, and whoever held it and died is followed within a minute. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { minutes, seconds } from '../../src/clock.ts'
import { giveBackLease, holdLease } from '../../src/store/leases.ts'
import { sweepEvery } from '../../src/sweeper.ts'
import { startBank, type TestBank } from '../support/bank.ts'

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-22T03:00:00Z') })
  bank = await startBank()
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const hold = (holder: string, now: number, endsAt = now + 100) =>
  holdLease(bank.db, 'test', { holder, now, endsAt })

describe('a lease', () => {
  it('is one’s of many who want it at once', async () => {
    const got = await Promise.all(Array.from({ length: 20 }, (_, n) => hold(`process-${n}`, 1000)))
    expect(got.filter(Boolean)).toHaveLength(1)
  })

  it('is made longer by its holder, and another’s at its end', async () => {
    expect(await hold('one', 1000)).toBe(true)
    expect(await hold('one', 1050)).toBe(true)
    expect(await hold('two', 1149)).toBe(false)
    expect(await hold('two', 1150)).toBe(true)
    expect(await hold('one', 1151)).toBe(false)
  })

  it('is given back by its holder alone', async () => {
    await hold('one', 1000)
    await giveBackLease(bank.db, 'test', 'two')
    expect(await hold('two', 1001)).toBe(false)
    await giveBackLease(bank.db, 'test', 'one')
    expect(await hold('two', 1001)).toBe(true)
  })
})

describe('the sweeper', () => {
  const tickets = () => bank.db.selectFrom('tickets').selectAll().execute()

  it('leaves the work to another process, and takes it over when that one was killed', async () => {
    await bank.db.insertInto('tickets').values({ id_hash: 'old', expires_at: 1 }).execute()
    // As another process has it: it began, and was killed at once.
    const other = { holder: 'killed', now: Date.now(), endsAt: Date.now() + seconds(30) }
    expect(await holdLease(bank.db, 'sweeper', other)).toBe(true)
    expect(await bank.sweeper.takeTurn()).toBe(false)
    expect(await tickets()).toHaveLength(1)
    // Whoever came a moment too early comes again after this.
    vi.setSystemTime(Date.now() + seconds(30) - 1)
    expect(await bank.sweeper.takeTurn()).toBe(false)
    vi.setSystemTime(Date.now() + sweepEvery)
    expect(Date.now() - other.now).toBeLessThan(minutes(1))
    expect(await bank.sweeper.takeTurn()).toBe(true)
    expect(await tickets()).toEqual([])
    expect(await holdLease(bank.db, 'sweeper', { ...other, now: Date.now() })).toBe(false)
  })

  it('that ends in good order gives the work back at once', async () => {
    expect(await bank.sweeper.takeTurn()).toBe(true)
    await bank.sweeper.stop()
    expect(await bank.db.selectFrom('leases').selectAll().execute()).toEqual([])
    expect(await bank.sweeper.takeTurn()).toBe(false)
  })
})
