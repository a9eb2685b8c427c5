/** Wrong tries: counted in the store, atomic under parallel guesses of two processes, temporary first and lasting then. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import { type Institution, readInstitution } from '../../src/institution.ts'
import { createLocks, type Locks, type NotTaken, type Try } from '../../src/risk/locks.ts'
import { type Database, openDatabase } from '../../src/store/open.ts'
import { freshDatabase } from '../support/database.ts'

const institution: Institution = readInstitution(join(import.meta.dirname, '../../src/demo/institution.json'))
const key = Buffer.alloc(32, 7)
const minute = 60_000

let databases: Database[]
let processes: Locks[]
let now: number
beforeEach(async () => {
  now = Date.parse('2026-11-22T03:00:00Z')
  const url = await freshDatabase()
  const first = await openDatabase(url)
  // Two processes share PostgreSQL through pools of their own; SQLite has one process, so one connection serves both.
  databases = url.startsWith('sqlite:') ? [first] : [first, await openDatabase(url)]
  processes = [0, 1].map((index) =>
    createLocks({ db: databases[index] ?? first, clock: () => now, institution, key, patience: 2000 }),
  )
})
afterEach(async () => {
  for (const db of databases) await db.destroy()
})

const atOnce = <Value>(count: number, act: (turn: number) => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, (_, turn) => act(turn)))
const bankAnswers = () => new Promise((done) => setTimeout(done, 20))

const isTry = (taken: Try | NotTaken): taken is Try => !('locked' in taken)
const locksOf = (index: number): Locks => processes[index % 2] as Locks

async function guessWrong(
  times: number,
  subject = 'mihon01',
  address = '192.0.2.1',
  device?: string,
): Promise<(NotTaken | { left: number })[]> {
  const outcomes: (NotTaken | { left: number })[] = []
  for (let turn = 0; turn < times; turn += 1) {
    const taken = await locksOf(turn).takeFrom(address, 'password', subject, device)
    outcomes.push(isTry(taken) ? await taken.wrong() : taken)
  }
  return outcomes
}

/** A browser that signed in with this login ID before. */
async function know(device: string, subject: string): Promise<void> {
  const row = { id: device, customer: 'c', lane: locksOf(0).laneOf('password', subject, device) }
  const times = { signed_in_at: now, forget_at: now + 1000 * 24 * 60 * minute }
  await databases[0]
    ?.insertInto('known_devices')
    .values({ ...row, ...times, network: 'n', agent: 'a' })
    .execute()
}

describe('wrong tries', () => {
  it('count down and then lock for a while', async () => {
    expect(await guessWrong(6)).toEqual([
      { left: 4 },
      { left: 3 },
      { left: 2 },
      { left: 1 },
      { locked: 'for-a-while' },
      { locked: 'for-a-while' },
    ])
  })

  it('of 200 parallel guesses over two processes reach the bank five times, never six', async () => {
    const taken = await atOnce(200, async (turn) => {
      const one = await locksOf(turn).takeFrom(`192.0.2.${turn}`, 'pin', 'account')
      if (isTry(one)) await bankAnswers().then(() => one.wrong())
      return one
    })
    expect(taken.filter(isTry)).toHaveLength(5)
    expect(new Set(taken.map((one) => (isTry(one) ? 'tried' : one.locked)))).toEqual(
      new Set(['tried', 'for-a-while']),
    )
    expect(isTry(await locksOf(0).takeFrom('198.51.100.1', 'pin', 'account'))).toBe(false)
  })

  it('are none of thirty right ones at once, which wait for each other in place of being called locked', async () => {
    const taken = await atOnce(30, async (turn) => {
      const one = await locksOf(turn).takeFrom('192.0.2.1', 'password', 'mihon01')
      if (isTry(one)) await bankAnswers().then(() => one.right())
      return one
    })
    expect(taken.filter(isTry)).toHaveLength(30)
    expect(await guessWrong(1)).toEqual([{ left: 4 }])
  })

  it('that the bank never decides let nobody else try, and lock nobody', async () => {
    await atOnce(5, () => locksOf(0).take('password', 'mihon01'))
    expect(await locksOf(1).take('password', 'mihon01')).toEqual({ locked: 'by-pending' })
    expect(await locksOf(1).lockedUntil('password', 'mihon01')).toBeUndefined()
    now += 2 * minute
    expect(isTry(await locksOf(1).take('password', 'mihon01'))).toBe(true)
  })

  it('from several networks lock for good after three temporary locks, and time does not lift that', async () => {
    for (let lock = 1; lock <= 3; lock += 1) {
      await guessWrong(5, 'mihon01', `192.0.${lock}.1`)
      now += 31 * minute
    }
    expect(await guessWrong(1, 'mihon01', '192.0.9.1')).toEqual([{ locked: 'for-good' }])
    now += 1000 * 24 * 60 * minute
    expect(await guessWrong(1, 'mihon01', '192.0.9.1')).toEqual([{ locked: 'for-good' }])
  })

  it('from one network never lock a login ID for good, however patient somebody is there', async () => {
    for (let turn = 0; turn < 100; turn += 1) {
      for (const address of ['192.0.2.1', '192.0.2.99']) await guessWrong(3, 'mihon01', address)
      now += 31 * minute
    }
    expect(isTry(await locksOf(0).takeFrom('198.51.100.1', 'password', 'mihon01'))).toBe(true)
    const locked = (await databases[0]?.selectFrom('audit').select('payload').execute())?.map(({ payload }) =>
      JSON.parse(payload),
    )
    expect(locked?.some(({ only }) => only === 'this-network')).toBe(true)
    expect(locked?.every(({ lasting }) => lasting === false)).toBe(true)
  })

  it('of strangers do not stop a browser that signed in before, and its own do', async () => {
    await know('my-browser', 'mihon01')
    for (let lock = 1; lock <= 3; lock += 1) {
      await guessWrong(5, 'mihon01', `192.0.${lock}.1`)
      now += 31 * minute
    }
    expect(await guessWrong(1, 'mihon01', '192.0.9.1')).toEqual([{ locked: 'for-good' }])
    expect(await guessWrong(6, 'mihon01', '192.0.9.1', 'my-browser')).toEqual([
      { left: 4 },
      { left: 3 },
      { left: 2 },
      { left: 1 },
      { locked: 'for-a-while' },
      { locked: 'for-a-while' },
    ])
    const stranger = await locksOf(0).takeFrom('192.0.9.1', 'password', 'mihon01', 'another-browser')
    expect(stranger).toEqual({ locked: 'for-good' })
  })

  it('of a browser that is known for one login ID count as a stranger’s for another', async () => {
    await know('my-browser', 'mihon01')
    await guessWrong(5, 'mihon02')
    const taken = await locksOf(0).takeFrom('192.0.9.1', 'password', 'mihon02', 'my-browser')
    expect(taken).toEqual({ locked: 'for-a-while' })
  })

  it('are lifted by the staff together with those of browsers and networks', async () => {
    await know('my-browser', 'mihon01')
    await guessWrong(5, 'mihon01', '192.0.2.1', 'my-browser')
    await guessWrong(5, 'mihon01')
    const released = { customer: null, by: 'staff:sakura', note: 'called back' } as const
    expect(await locksOf(0).lockedUntil('password', 'mihon01')).toBeGreaterThan(now)
    expect(await locksOf(0).release('password', 'mihon01', released)).toBe(true)
    expect(await locksOf(0).lockedUntil('password', 'mihon01')).toBeUndefined()
    expect(await guessWrong(1, 'mihon01', '192.0.2.1', 'my-browser')).toEqual([{ left: 4 }])
    expect(await guessWrong(1)).toEqual([{ left: 4 }])
  })

  it('are forgotten after a right one and after a day', async () => {
    await guessWrong(4)
    const taken = await locksOf(0).takeFrom('192.0.2.1', 'password', 'mihon01')
    if (isTry(taken)) await taken.right()
    expect(await guessWrong(1)).toEqual([{ left: 4 }])
    now += 25 * 60 * minute
    expect(await guessWrong(1)).toEqual([{ left: 4 }])
  })

  it('do not count when the bank could not say', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const taken = await locksOf(turn).takeFrom('192.0.2.1', 'password', 'mihon01')
      if (isTry(taken)) await taken.undecided()
    }
    expect(await guessWrong(1)).toEqual([{ left: 4 }])
  })

  it('of one subject do not touch another, nor the same name under another guard', async () => {
    await guessWrong(5)
    expect(isTry(await locksOf(0).takeFrom('192.0.2.1', 'password', 'mihon02'))).toBe(true)
    expect(isTry(await locksOf(0).takeFrom('192.0.2.1', 'answer', 'mihon01'))).toBe(true)
  })

  it('from one address over many IDs pause that address, and nobody else', async () => {
    for (let turn = 0; turn < institution.rules.address.tries; turn += 1)
      await guessWrong(1, `guess${turn}`, '203.0.113.9')
    expect(isTry(await locksOf(0).takeFrom('203.0.113.9', 'password', 'fresh-id'))).toBe(false)
    expect(isTry(await locksOf(0).takeFrom('203.0.113.10', 'password', 'fresh-id'))).toBe(true)
    now += 16 * minute
    expect(isTry(await locksOf(0).takeFrom('203.0.113.9', 'password', 'other-id'))).toBe(true)
  })

  it('leave no login ID, account or address in the tables', async () => {
    await guessWrong(5)
    const dump = JSON.stringify([
      await databases[0]?.selectFrom('attempts').selectAll().execute(),
      await databases[0]?.selectFrom('audit').selectAll().execute(),
    ])
    expect(dump).not.toContain('mihon01')
    expect(dump).not.toContain('192.0.2.1')
  })
})
