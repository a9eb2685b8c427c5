/** 許可 under failure: killed, repeated or without the bank, it gives one consent or none, and no PIN half registered. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import { startBank, type TestBank, withCalls, unavailable, killedAfterCommit } from '../support/bank.ts'
import {
  allow,
  allowOn,
  begin,
  cancel,
  chooseServices,
  comeBack,
  confirmPins,
  handleOf,
  offeredAccounts,
  password,
  pin,
  registerPins,
  signIn,
  stepOf,
  walkToConsent,
} from '../support/walk.ts'

let bank: TestBank
let failing: Partial<Bank> = {}
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  failing = {}
  bank = await startBank({
    wrapBank: (real) => withCalls(real, () => failing),
  })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const consents = () => bank.db.selectFrom('consents').select(['status', 'journey_hash']).execute()
const registered = () =>
  bank.db
    .selectFrom('simulator_accounts')
    .select('id')
    .where('registered', '=', 1)
    .execute()
    .then((rows) => rows.length)

describe('許可', () => {
  it('pressed twice gives one consent and one way back', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    const cookies = walk.browser.cookies()
    await allow(walk)
    const first = walk.browser.page().leftTo
    walk.browser.setCookies(cookies)
    await walk.browser.get(walk.base)
    expect(walk.browser.page().leftTo?.href).toBe(first?.href)
    expect(await consents()).toHaveLength(1)
  })

  it('without the bank says so, allows nothing, and works when pressed again', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    failing = { commitPins: unavailable }
    const page = await allow(walk)
    expect(page.status).toBe(503)
    expect(page.html).toContain('回数にも数えていません')
    expect(await consents()).toEqual([])
    failing = {}
    await walk.browser.get(`${walk.base}/give-consent`)
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('pressed twice at once, when the bank answers only one of them, can be finished by pressing again', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    const shown = walk.browser.page()
    let calls = 0
    failing = {
      async commitPins(who) {
        calls += 1
        return calls === 1 ? unavailable() : bank.simulator.commitPins(who)
      },
    }
    await Promise.all([allowOn(shown, walk), allowOn(shown, walk)])
    expect(bank.logged.some((line) => line.includes('an unexpected failure'))).toBe(false)
    const page = await walk.browser.get(walk.base)
    if (stepOf(page) === 'give-consent') await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    expect(await consents()).toHaveLength(1)
  })

  it('given up while the bank is away answers temporarily_unavailable and leaves nothing behind', async () => {
    const walk = await begin(bank)
    const before = await registered()
    await walkToConsent(walk, 'mihon01')
    failing = { commitPins: unavailable }
    await allow(walk)
    failing = {}
    await walk.browser.post(`${walk.base}/cancel`, { problem: 'bank-unavailable', how: 'cancelled' })
    expect((await comeBack(walk)).searchParams.get('error')).toBe('temporarily_unavailable')
    vi.setSystemTime(Date.now() + 3 * 3_600_000)
    await bank.sweeper.sweep()
    expect(await registered()).toBe(before)
    expect(await consents()).toEqual([])
  })

  it('killed after the PINs were committed is completed by the sweeper', async () => {
    const walk = await begin(bank)
    const before = await registered()
    await walkToConsent(walk, 'mihon01')
    failing = killedAfterCommit(bank.simulator)
    expect((await allow(walk)).status).toBe(500)
    failing = {}
    expect(await consents()).toEqual([])
    vi.setSystemTime(Date.now() + 6 * 60_000)
    await bank.sweeper.sweep()
    expect(await consents()).toMatchObject([{ status: 'granted' }])
    expect(await registered()).toBe(before + 1)
    await walk.browser.get(`${walk.base}/give-consent`)
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    expect(await consents()).toHaveLength(1)
  })

  it('is refused in a second tab whose pushed request was used up, and that tab can still go back', async () => {
    const one = await begin(bank)
    const address = await one.fintech.authorizeAddress(one.parameters)
    const first = await one.browser.get(address)
    const two = { ...one, base: first.path.split('/').slice(0, 3).join('/') }
    const third = await one.browser.get(address)
    const three = { ...one, base: third.path.split('/').slice(0, 3).join('/') }
    expect(two.base).not.toBe(three.base)
    await one.browser.get(two.base)
    await walkToConsent(two, 'mihon02')
    await allow(two)
    await comeBack(two)
    await one.browser.get(three.base)
    const page = await walkToConsent(three, 'mihon02')
    expect(page.html).toContain('data-problem="request-already-used"')
    await cancel(three)
    expect((await comeBack(three)).searchParams.get('error')).toBe('access_denied')
  })
})

describe('a journey that dies', () => {
  it('has its held PINs released by the sweeper, once it can no longer be finished', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    expect(await bank.db.selectFrom('simulator_held_pins').selectAll().execute()).toHaveLength(1)
    vi.setSystemTime(Date.now() + 91 * 60_000)
    await bank.sweeper.sweep()
    expect(await bank.db.selectFrom('simulator_held_pins').selectAll().execute()).toEqual([])
  })

  it('for which the bank does not answer keeps no other one’s PINs waiting, and is asked for again', async () => {
    const held = () => bank.db.selectFrom('simulator_held_pins').select('journey').execute()
    await walkToConsent(await begin(bank), 'mihon01')
    const [first] = await held()
    vi.setSystemTime(Date.now() + 60_000)
    await walkToConsent(await begin(bank), 'mihon01')
    expect(await held()).toHaveLength(2)
    failing = {
      releasePins: async (who) =>
        who.journey === first?.journey ? unavailable() : bank.simulator.releasePins(who),
    }
    vi.setSystemTime(Date.now() + 91 * 60_000)
    await bank.sweeper.sweep()
    expect(await held()).toEqual([first])
    failing = {}
    vi.setSystemTime(Date.now() + 5 * 60_000 + 1)
    await bank.sweeper.sweep()
    expect(await held()).toEqual([])
  })
})

describe('the bank out of reach', () => {
  it('loses nothing that was typed but what is secret', async () => {
    const walk = await begin(bank)
    const away = async (call: keyof Bank, send: () => Promise<unknown>) => {
      failing = { [call]: unavailable }
      await send()
      expect(walk.browser.page().html).toContain('data-problem="bank-unavailable"')
      failing = {}
      // Also for whoever reloads the page that says so.
      return (await walk.browser.get(walk.base)).html
    }
    const boxes = (html: string, name: string) =>
      [...html.matchAll(new RegExp(`name="${name}" value="([^"]+)"[^>]* checked`, 'g'))].map(
        ([, value]) => value,
      )

    const signInPage = await away('signIn', () => signIn(walk, 'ｍｉｈｏｎ01'))
    expect(signInPage).toContain('value="mihon01"')
    expect(signInPage).not.toContain(password)
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    const row = handleOf(walk.browser.page().html, '2000002')
    const pinsPage = await away('holdPins', () => registerPins(walk, { 2000002: pin }))
    expect(boxes(pinsPage, 'rows')).toEqual([row])
    expect(pinsPage).not.toContain(`value="${pin}"`)
    await registerPins(walk, { 2000002: pin })
    const { html } = await confirmPins(walk)
    const [first = '', ...others] = offeredAccounts(html)
    expect(boxes(html, 'accounts')).toEqual([first, ...others])
    expect(others.length).toBeGreaterThan(0)
    for (const call of ['accounts', 'commitPins'] as const) {
      const consentPage = await away(call, () => allow(walk, { accounts: others, receipt: 'yes' }))
      expect([boxes(consentPage, 'accounts'), boxes(consentPage, 'receipt')], call).toEqual([others, ['yes']])
      expect(boxes(consentPage, 'proceed')).toEqual([])
    }
  })

  it.each(['signIn', 'question', 'answer', 'accounts', 'holdPins', 'commitPins'] as const)(
    'in %s leaves the journey resumable, counts nothing, and whoever gives up is temporarily unavailable',
    async (call) => {
      const walk = await begin(bank)
      const goOnToDeadEnd = async () => {
        failing = { [call]: unavailable }
        await walkToConsent(walk, 'mihon03').then(
          (page) => (stepOf(page) === 'give-consent' ? allow(walk) : page),
          () => undefined,
        )
        failing = {}
        const { status, html } = walk.browser.page()
        expect(status).toBe(503)
        expect(html).toContain('data-problem="bank-unavailable"')
        expect(html).toContain('少し時間をおいて、もう一度お試しください')
        expect(await bank.db.selectFrom('attempts').selectAll().where('failures', '>', 0).execute()).toEqual(
          [],
        )
      }
      await goOnToDeadEnd()
      const { status, html, path } = await walk.browser.get(walk.base)
      expect(status).toBe(200)
      expect(html).not.toContain('data-problem')
      expect(path).toContain(walk.base)
      const before = await registered()
      await walk.browser.post(`${walk.base}/cancel`, { problem: 'bank-unavailable', how: 'cancelled' })
      expect((await comeBack(walk)).searchParams.get('error')).toBe('temporarily_unavailable')
      expect([await registered(), await consents()]).toEqual([before, []])
    },
  )
})
