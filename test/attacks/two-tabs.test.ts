/** One request open in two tabs, or pressed twice: it ends once, in one way, and for the customer who pressed. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import type { Cookie, Page } from '../support/browser.ts'
import {
  allow,
  allowOn,
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
let committed: boolean
let stops: { at: Moment; stopped: () => void; gate: Promise<void> }[]
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  stops = []
  committed = false
  bank = await startBank({ wrapBank: stopping })
  answers = watchAnswers(bank)
  const executor = bank.db.getExecutor()
  const run = executor.executeQuery.bind(executor)
  vi.spyOn(executor, 'executeQuery').mockImplementation(async (query, ...rest) => {
    if (query.sql.includes('from "clients"')) await pass('before it is refused')
    if (committed && query.sql.includes('from "engine_records"')) await pass('before its result is stored')
    return run(query, ...rest)
  })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

/** Where a press of 許可 can be slow, in the order of its work. */
const moments = [
  'before anything is written',
  'before the PINs are committed',
  'after the PINs were committed',
  'before its result is stored',
] as const
type Moment = (typeof moments)[number] | 'before it is refused'

const stopping = (real: Bank): Bank => ({
  ...real,
  async accounts(who) {
    await pass('before anything is written')
    return real.accounts(who)
  },
  async commitPins(who) {
    await pass('before the PINs are committed')
    const answer = await real.commitPins(who)
    committed = true
    await pass('after the PINs were committed')
    return answer
  },
})

async function pass(moment: Moment): Promise<void> {
  const stop = stops.find(({ at }) => at === moment)
  if (!stop) return
  stops = stops.filter((one) => one !== stop)
  stop.stopped()
  await stop.gate
}

/** A press that stops at a moment until it is let go; every later request passes it by. */
async function slow(at: Moment, press: () => Promise<Page>) {
  const stopped = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  stops.push({ at, stopped: stopped.resolve, gate: gate.promise })
  const page = press()
  await stopped.promise
  return {
    letGo() {
      gate.resolve()
      return page
    },
  }
}
const slowAllow = (walk: Walk, at: Moment) => slow(at, () => allow(walk))

const customerOf = (loginId: string) => demoCustomers.find((one) => one.loginId === loginId)?.id
const registered = (loginId: string) =>
  bank.db
    .selectFrom('simulator_accounts')
    .select('id')
    .where('login_id', '=', loginId)
    .where('registered', '=', 1)
    .execute()
const failures = async () =>
  (await answers()).map(({ statusCode }) => statusCode).filter((status) => status >= 500)
const granted = async () => (await consentsOf(bank)).filter(({ status }) => status === 'granted')
const nothingAllowed = '何も許可されていません'

async function atConsent(loginId = 'mihon01'): Promise<Walk> {
  const walk = await begin(bank)
  await walkToConsent(walk, loginId)
  return walk
}

describe('許可 pressed many times at once', () => {
  it('gives one consent and one code', async () => {
    const walk = await atConsent()
    await Promise.all(Array.from({ length: 12 }, () => allow(walk)))
    expect(await consentsOf(bank)).toMatchObject([{ status: 'granted' }])
    const back = await comeBack(walk)
    const { body } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    expect((await walk.fintech.api('/api/accounts', String(body.access_token))).status).toBe(200)
    expect(await consentsOf(bank)).toMatchObject([{ status: 'active' }])
    expect(await failures()).toEqual([])
  })

  it.each(moments)('is given once although the first press was slow %s', async (moment) => {
    const walk = await atConsent()
    const first = await slowAllow(walk, moment)
    await allow(walk)
    expect((await first.letGo()).html).toContain('許可しました')
    expect(await granted()).toHaveLength(1)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    expect(await failures()).toEqual([])
  })

  it.each(moments)(
    'is given once although the customer was back at the fintech when the first press was through, slow %s',
    async (moment) => {
      const walk = await atConsent()
      const first = await slowAllow(walk, moment)
      await allow(walk)
      const back = await comeBack(walk)
      expect((await first.letGo()).html).not.toContain(nothingAllowed)
      expect(await failures()).toEqual([])
      const { status } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
      expect(status).toBe(200)
      expect(await consentsOf(bank)).toMatchObject([{ status: 'active' }])
    },
  )
})

describe('中止 in one tab while 許可 of the other is slow', () => {
  it.each(moments)('%s: both tabs and the fintech are told the same', async (moment) => {
    const walk = await atConsent()
    const first = await slowAllow(walk, moment)
    const cancelled = (await cancel(walk)).html.includes(nothingAllowed)
    await first.letGo()
    const page = await walk.browser.get(walk.base)
    expect(page.html.includes(nothingAllowed)).toBe(cancelled)
    expect((await comeBack(walk)).searchParams.has('code')).toBe(!cancelled)
    expect(await granted()).toHaveLength(cancelled ? 0 : 1)
    expect(await failures()).toEqual([])
  })

  it.each(moments)('%s: once back at the fintech, nothing changes any more', async (moment) => {
    const walk = await atConsent()
    const before = await registered('mihon01')
    const first = await slowAllow(walk, moment)
    await cancel(walk)
    const allowed = (await comeBack(walk)).searchParams.has('code')
    await first.letGo()
    expect(await granted()).toHaveLength(allowed ? 1 : 0)
    expect(await failures()).toEqual([])
    if (moment === 'before anything is written') expect(await registered('mihon01')).toEqual(before)
  })
})

describe('中止 that is slow while 許可 of the other tab passes it by', () => {
  const slowCancel = async () => {
    const walk = await atConsent()
    const shown = walk.browser.page()
    const first = await slow('before it is refused', () => cancel(walk))
    await allowOn(shown, walk)
    return { walk, first }
  }

  it('tells both tabs and the fintech the same', async () => {
    const { walk, first } = await slowCancel()
    const cancelled = (await first.letGo()).html.includes(nothingAllowed)
    const page = await walk.browser.get(walk.base)
    expect(page.html.includes(nothingAllowed)).toBe(cancelled)
    const back = await comeBack(walk)
    expect([back.searchParams.get('error'), back.searchParams.has('code')]).toEqual(
      cancelled ? ['access_denied', false] : [null, true],
    )
    expect(await granted()).toHaveLength(cancelled ? 0 : 1)
    expect(await failures()).toEqual([])
  })

  it('leaves all of it or nothing, when the customer is back at the fintech', async () => {
    const { walk, first } = await slowCancel()
    const back = await comeBack(walk)
    await first.letGo()
    const { body } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    const [consent] = await consentsOf(bank)
    expect([body.error, consent?.status]).toEqual(
      body.access_token ? [undefined, 'active'] : ['invalid_grant', 'unused'],
    )
    expect(await failures()).toEqual([])
  })
})

describe('another customer in the second tab', () => {
  /** mihon01 stands at 許可 with a PIN held; by a cookie from before it, the second tab is back at sign-in. */
  async function backAtSignIn(): Promise<{ walk: Walk; cookiesOfFirst: readonly Cookie[] }> {
    const walk = await begin(bank)
    const atStart = walk.browser.cookies()
    await walkToConsent(walk, 'mihon01')
    const cookiesOfFirst = walk.browser.cookies()
    walk.browser.setCookies(atStart)
    await walk.browser.get(walk.base)
    return { walk, cookiesOfFirst }
  }

  it.each(['mihon02', 'mihon03'])(
    '(%s) allows for himself alone, and what the first one held is never registered',
    async (second) => {
      const { walk } = await backAtSignIn()
      const before = await registered('mihon01')
      expect(await goOn(walk, second)).toBeTruthy()
      expect(await consentsOf(bank)).toMatchObject([{ customer_id: customerOf(second) }])
      vi.setSystemTime(Date.now() + 91 * 60_000)
      await bank.sweeper.sweep()
      expect(await registered('mihon01')).toEqual(before)
      expect(await bank.db.selectFrom('simulator_held_pins').selectAll().execute()).toEqual([])
    },
  )

  it('gets nothing, and registers nothing, when the first one’s 許可 came before his', async () => {
    const { walk, cookiesOfFirst } = await backAtSignIn()
    await walkToConsent(walk, 'mihon03')
    const cookiesOfSecond = walk.browser.cookies()
    const before = await registered('mihon03')
    const first = await slowAllow(walk, 'before anything is written')
    walk.browser.setCookies(cookiesOfFirst)
    await walk.browser.get(walk.base)
    await allow(walk)
    walk.browser.setCookies(cookiesOfSecond)
    await first.letGo()
    expect(await consentsOf(bank)).toMatchObject([{ customer_id: customerOf('mihon01') }])
    expect(await registered('mihon03')).toEqual(before)
    expect(await failures()).toEqual([])
  })
})

describe('a form of one tab, sent when the other is further', () => {
  it('does nothing and leads to the step that is due', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    await chooseServices(walk, ['balances'])
    await registerPins(walk, { 2000002: pin })
    await confirmPins(walk)
    expect(stepOf(await chooseServices(walk, ['transactions']))).toBe('give-consent')
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('give-consent')
    expect(await goOn(walk, 'mihon01')).toBeTruthy()
    expect(await consentsOf(bank)).toMatchObject([
      { services: 'balances', customer_id: customerOf('mihon01') },
    ])
  })
})
