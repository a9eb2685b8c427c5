/** One request open in two tabs, or pressed twice: it ends once, in one way, and for the customer who pressed. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import {
  allow,
  begin,
  cancel,
  chooseServices,
  comeBack,
  confirmPins,
  consentsOf,
  goOn,
  pin,
  registerPins,
  signIn,
  stepOf,
  type Walk,
  walkToConsent,
  watchAnswers,
} from '../support/walk.ts'

let bank: TestBank
let held: Promise<void> | undefined
let answers: ReturnType<typeof watchAnswers>
beforeEach(async () => {
  held = undefined
  bank = await startBank({ wrapBank: slowAccounts })
  answers = watchAnswers(bank)
})
afterEach(() => bank.close())

/** Lets one request wait at the bank while others pass it by. */
const slowAccounts = (real: Bank): Bank => ({
  ...real,
  async accounts(who) {
    const mine = held
    held = undefined
    await mine
    return real.accounts(who)
  },
})

/** Holds the next request that asks for the accounts until `letGo` is called. */
function holdNext(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  held = promise
  return resolve
}

const onHold = () => vi.waitUntil(() => held === undefined)

/** A second tab: the same browser and request, with a page of its own. */
const customerOf = (loginId: string) => demoCustomers.find((one) => one.loginId === loginId)?.id
const registeredPins = async () =>
  (
    await bank.db.selectFrom('simulator_accounts').select('id').where('registered', '=', 1).execute()
  ).length
const noFailure = async () =>
  expect((await answers()).filter(({ statusCode }) => statusCode >= 500).map(({ body }) => body)).toEqual([])

describe('許可 pressed many times at once', () => {
  it('gives one consent and one code', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    await Promise.all(Array.from({ length: 12 }, () => allow(walk)))
    await noFailure()
    const [consent, ...more] = await consentsOf(bank)
    expect(more).toEqual([])
    expect(consent?.status).toBe('granted')
    const back = await comeBack(walk)
    const { body } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    expect((await walk.fintech.api('/api/accounts', String(body.access_token))).status).toBe(200)
    expect(await consentsOf(bank)).toHaveLength(1)
  })
})
