/** One request open in two tabs, or pressed twice: it ends once, in one way, and for the customer who pressed. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
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
let answers: ReturnType<typeof watchAnswers>
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  bank = await startBank()
  answers = watchAnswers(bank)
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const customerOf = (loginId: string) => demoCustomers.find((one) => one.loginId === loginId)?.id
const registered = async (loginId: string) =>
  (
    await bank.db
      .selectFrom('simulator_accounts')
      .select('id')
      .where('login_id', '=', loginId)
      .where('registered', '=', 1)
      .execute()
  ).length
const failures = async () =>
  (await answers()).filter(({ statusCode }) => statusCode >= 500).map(({ statusCode }) => statusCode)

/**
 * Stops one request at the query that matches, the `nth` of its kind from now, until `goOn` is called.
 * All others pass it by, as they do when a process is slow for a moment.
 */
function stopAt(query: RegExp, nth = 1): { stopped: Promise<void>; letGo: () => void } {
  const stopped = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const executor = bank.db.getExecutor()
  const run = executor.executeQuery.bind(executor)
  let seen = 0
  vi.spyOn(executor, 'executeQuery').mockImplementation(async (compiled, ...rest) => {
    if (query.test(compiled.sql) && ++seen === nth) {
      stopped.resolve()
      await gate.promise
    }
    return run(compiled, ...rest)
  })
  return { stopped: stopped.promise, letGo: gate.resolve }
}

/** Moments of 許可, in their order: before anything was written, before and after the agreement is carried out. */
const moments: readonly (readonly [when: string, query: RegExp, nth?: number])[] = [
  ['when the accounts are looked up', /^select.* from "simulator_accounts"/],
  ['when the agreement was written', /^select .*from "finishing"/],
  ['when the PINs were committed', /^select .*from "held_pins"/],
  ['when the consent was made', /^select .*from "engine_records"/, 3],
]

describe('許可 pressed many times at once', () => {
  it('gives one consent and one code', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    await Promise.all(Array.from({ length: 12 }, () => allow(walk)))
    expect(await consentsOf(bank)).toMatchObject([{ status: 'granted' }])
    const back = await comeBack(walk)
    const { body } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    expect((await walk.fintech.api('/api/accounts', String(body.access_token))).status).toBe(200)
    expect(await consentsOf(bank)).toMatchObject([{ status: 'active' }])
    expect(await failures()).toEqual([])
  })

  it.each(moments)('is given once although the first press was stopped %s', async (_when, query, nth) => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    const first = stopAt(query, nth)
    const slow = allow(walk)
    await first.stopped
    await allow(walk)
    first.letGo()
    await slow
    expect(await failures()).toEqual([])
    expect(await consentsOf(bank)).toMatchObject([{ status: 'granted' }])
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it.each(moments)(
    'is given once although the second press took the customer back while the first was stopped %s',
    async (_when, query, nth) => {
      const walk = await begin(bank)
      await walkToConsent(walk, 'mihon01')
      const first = stopAt(query, nth)
      const slow = allow(walk)
      await first.stopped
      await allow(walk)
      const back = await comeBack(walk)
      first.letGo()
      expect((await slow).html).toContain('data-problem="already-finished"')
      expect(await failures()).toEqual([])
      const { status } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
      expect(status).toBe(200)
      expect(await consentsOf(bank)).toMatchObject([{ status: 'active' }])
    },
  )
})

describe('中止 in one tab while 許可 of the other is on its way', () => {
  const stoppedAllow = async (query: RegExp, nth?: number) => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    const first = stopAt(query, nth)
    const slow = allow(walk)
    await first.stopped
    return { walk, slow, letGo: first.letGo }
  }

  it.each(moments)(
    'tells customer and fintech the same when it was stopped %s',
    async (_when, query, nth) => {
      const { walk, slow, letGo } = await stoppedAllow(query, nth)
      const page = await cancel(walk)
      letGo()
      await slow
      expect(await failures()).toEqual([])
      const back = await comeBack(walk)
      const live = (await consentsOf(bank)).filter(({ status }) => status === 'granted')
      if (page.html.includes('何も許可されていません')) {
        expect(back.searchParams.get('error')).toBe('access_denied')
        expect(live).toEqual([])
        expect((await walk.browser.get(walk.base)).html).not.toContain('許可しました')
      } else {
        expect(back.searchParams.get('code')).toBeTruthy()
        expect(live).toHaveLength(1)
      }
    },
  )

  it.each(moments)(
    'and gone back to the fintech, nothing is allowed any more: %s',
    async (_when, query, nth) => {
      const { walk, slow, letGo } = await stoppedAllow(query, nth)
      await cancel(walk)
      const back = await comeBack(walk)
      letGo()
      await slow
      expect(await failures()).toEqual([])
      const live = (await consentsOf(bank)).filter(({ status }) => status === 'granted')
      expect(live).toHaveLength(back.searchParams.has('code') ? 1 : 0)
    },
  )
})

describe('another customer in the second tab', () => {
  /** mihon01 stands at 許可 with a PIN held; the second tab is back at sign-in by a cookie from before it. */
  const twoCustomers = async (): Promise<{
    walk: Walk
    cookiesOfFirst: ReturnType<Walk['browser']['cookies']>
  }> => {
    const walk = await begin(bank)
    const atStart = walk.browser.cookies()
    await walkToConsent(walk, 'mihon01')
    const cookiesOfFirst = walk.browser.cookies()
    walk.browser.setCookies(atStart)
    await walk.browser.get(walk.base)
    return { walk, cookiesOfFirst }
  }

  it.each(['mihon02', 'mihon03'])(
    'allows for himself alone, and the held PIN of the first is not registered: %s',
    async (second) => {
      const { walk } = await twoCustomers()
      const before = await registered('mihon01')
      await goOn(walk, second)
      expect(await consentsOf(bank)).toMatchObject([{ customer_id: customerOf(second) }])
      expect(await registered('mihon01')).toBe(before)
      vi.setSystemTime(Date.now() + 91 * 60_000)
      await bank.sweeper.sweep()
      expect(await registered('mihon01')).toBe(before)
      expect(await bank.db.selectFrom('simulator_held_pins').selectAll().execute()).toEqual([])
    },
  )

  it('does not register his PIN when the first one’s 許可 came before his', async () => {
    const { walk, cookiesOfFirst } = await twoCustomers()
    await walkToConsent(walk, 'mihon03')
    const cookiesOfSecond = walk.browser.cookies()
    const before = await registered('mihon03')
    const second = stopAt(/^select.* from "simulator_accounts"/)
    const slow = allow(walk)
    await second.stopped
    walk.browser.setCookies(cookiesOfFirst)
    await walk.browser.get(walk.base)
    await allow(walk)
    second.letGo()
    walk.browser.setCookies(cookiesOfSecond)
    await slow
    expect(await failures()).toEqual([])
    expect(await consentsOf(bank)).toMatchObject([{ customer_id: customerOf('mihon01') }])
    expect(await registered('mihon03')).toBe(before)
  })
})

describe('a step submitted in one tab', () => {
  it('that the other tab is past does nothing, and leads to the due step', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    await chooseServices(walk, ['balances'])
    await registerPins(walk, { 2000002: pin })
    await confirmPins(walk)
    expect(stepOf(await chooseServices(walk, ['transactions']))).toBe('give-consent')
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('give-consent')
    expect(walk.browser.page().html).toContain('株式会社見本商店')
    expect(await goOn(walk, 'mihon01')).toBeTruthy()
    expect(await consentsOf(bank)).toMatchObject([
      { services: 'balances', customer_id: customerOf('mihon01') },
    ])
  })
})
