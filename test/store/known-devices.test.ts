/** What is known of browsers stays as small as what one person uses. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { devicesOf, keepDevice, noteDevice } from '../../src/store/known-devices.ts'
import { type Database, openDatabase } from '../../src/store/open.ts'
import { freshDatabase } from '../support/database.ts'

let db: Database
beforeAll(async () => {
  db = await openDatabase(await freshDatabase())
})
afterAll(() => db.destroy())

const forgetAt = 1_000_000

async function signInWith(id: string, customer: string, now: number): Promise<void> {
  const device = { id, customer, network: 'n', agent: 'a' }
  await noteDevice(db, { ...device, lane: id }, forgetAt)
  await keepDevice(db, device, { now, forgetAt })
}

it('the twenty browsers that a customer used last are known, and another customer’s are not counted', async () => {
  await signInWith('theirs', 'other', 1)
  for (let n = 1; n <= 22; n += 1) await signInWith(`own-${n}`, 'customer', n)
  const known = await devicesOf(db, 'customer', 100)
  expect(known.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, n) => `own-${22 - n}`))
  expect(await devicesOf(db, 'other', 100)).toHaveLength(1)
})
