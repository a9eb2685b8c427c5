/** An old cookie of a journey, sent again: it may bring back an old screen, but no try, no sign-in and no ended journey. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import {
  allow,
  allowOn,
  begin,
  cancel,
  chooseServices,
  comeBack,
  consentsOf,
  giveAnswer,
  goOn,
  pin,
  registerPins,
  signIn,
  stepOf,
  type Walk,
  walkToConsent,
} from '../support/walk.ts'

let bank: TestBank
let walk: Walk
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  bank = await startBank()
  walk = await begin(bank)
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const pass = (minutes: number) => vi.setSystemTime(Date.now() + minutes * 60_000)
const problemOf = (html: string) => /data-problem="([\w-]+)"/.exec(html)?.[1]
const heldPins = () => bank.db.selectFrom('simulator_held_pins').select('login_id').execute()

/** Does something again and again, each time with the cookies of now. */
async function replaying(times: number, attempt: () => Promise<unknown>): Promise<void> {
  const { html } = walk.browser.page()
  const cookies = walk.browser.cookies()
  expect(html).toContain('_csrf')
  for (let turn = 0; turn < times; turn += 1) {
    walk.browser.setCookies(cookies)
    await walk.browser.get(walk.base)
    await attempt()
  }
  walk.browser.setCookies(cookies)
  await walk.browser.get(walk.base)
}

describe('replaying a cookie from before the tries', () => {
  it('does not reset the attempts at the password', async () => {
    await replaying(5, () => signIn(walk, 'mihon02', 'wrong'))
    expect(problemOf((await signIn(walk, 'mihon02')).html)).toBe('locked-for-a-while')
    pass(31)
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
  })

  it('does not reset the attempts at the question', async () => {
    await signIn(walk, 'mihon03')
    await replaying(5, () => giveAnswer(walk, 'うめ'))
    expect(problemOf((await giveAnswer(walk)).html)).toBe('locked-for-a-while')
    pass(31)
    expect(await goOn(walk, 'mihon03')).toBeTruthy()
  })

  it('does not reset the attempts at a PIN', async () => {
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    await replaying(5, () => registerPins(walk, { 2000002: '0000' }))
    const page = await registerPins(walk, { 2000002: pin })
    expect(stepOf(page)).toBe('register-pins')
    expect(page.html).toContain('この口座の登録を停止しています')
    pass(31)
    expect(await goOn(walk, 'mihon01')).toBeTruthy()
  })
})

describe('replaying a cookie from before', () => {
  it('sign-in signs nobody in', async () => {
    const old = walk.browser.cookies()
    await walkToConsent(walk, 'mihon01')
    walk.browser.setCookies(old)
    const page = await walk.browser.get(`${walk.base}/give-consent`)
    expect(stepOf(page)).toBe('sign-in')
    expect(page.html).not.toContain('株式会社見本商店')
    expect(await goOn(walk, 'mihon01')).toBeTruthy()
  })

  it('the choice of services asks for it again, and the last choice counts', async () => {
    await signIn(walk, 'mihon02')
    const old = walk.browser.cookies()
    await chooseServices(walk, ['balances', 'transactions'])
    walk.browser.setCookies(old)
    expect(stepOf(await walk.browser.get(`${walk.base}/give-consent`))).toBe('choose-services')
    await chooseServices(walk, ['balances'])
    await allow(walk)
    expect(await consentsOf(bank)).toMatchObject([{ services: 'balances' }])
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('許可 gives no second consent, and the page still says that it was allowed', async () => {
    await walkToConsent(walk, 'mihon02')
    const atConsent = walk.browser.page()
    const old = walk.browser.cookies()
    await allow(walk)
    walk.browser.setCookies(old)
    expect((await allowOn(atConsent, walk)).html).toContain('許可しました')
    expect((await walk.browser.get(`${walk.base}/give-consent`)).html).toContain('許可しました')
    expect(await consentsOf(bank)).toHaveLength(1)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })
})

describe('after a journey was finished, its cookies', () => {
  it('open nothing and allow nothing, whichever of them is sent', async () => {
    const all = [walk.browser.cookies()]
    await walkToConsent(walk, 'mihon02')
    all.push(walk.browser.cookies())
    await allow(walk)
    all.push(walk.browser.cookies())
    const back = await comeBack(walk)
    for (const cookies of all) {
      walk.browser.setCookies(cookies)
      for (const step of ['', '/sign-in', '/give-consent', '/return']) {
        const page = await walk.browser.get(walk.base + step)
        expect(page.status).toBe(410)
        expect(page.html).not.toContain('株式会社ひばり製菓')
      }
    }
    expect(await consentsOf(bank)).toHaveLength(1)
    const { status } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    expect(status).toBe(200)
  })
})

describe('after a journey was cancelled, an old cookie', () => {
  it('does not revive it: nothing is allowed, no PIN is kept, and the fintech gets its refusal', async () => {
    await walkToConsent(walk, 'mihon01')
    const atConsent = walk.browser.page()
    const old = walk.browser.cookies()
    await cancel(walk)
    walk.browser.setCookies(old)
    expect((await allowOn(atConsent, walk)).html).toContain('何も許可されていません')
    expect(await heldPins()).toEqual([])
    expect((await comeBack(walk)).searchParams.get('error')).toBe('access_denied')
    walk.browser.setCookies(old)
    expect((await walk.browser.get(`${walk.base}/give-consent`)).status).toBe(410)
    expect(await consentsOf(bank)).toEqual([])
  })
})

describe('after 15 idle minutes, an old cookie', () => {
  it('signs nobody in, also when newer cookies were kept alive', async () => {
    await walkToConsent(walk, 'mihon02')
    const old = walk.browser.cookies()
    pass(10)
    await walk.browser.get(walk.base)
    pass(6)
    const kept = walk.browser.cookies()
    walk.browser.setCookies(old)
    const page = await walk.browser.get(`${walk.base}/give-consent`)
    expect(stepOf(page)).toBe('sign-in')
    expect(page.html).toContain('15分間操作がなかったため')
    walk.browser.setCookies(kept)
    expect(stepOf(await walk.browser.get(walk.base))).toBe('give-consent')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('of an hour ends the journey, however young the cookie is', async () => {
    await walkToConsent(walk, 'mihon02')
    for (let turn = 0; turn < 6; turn += 1) {
      pass(10)
      await walk.browser.get(walk.base)
    }
    const { html } = walk.browser.page()
    expect(html).toContain('_csrf')
    pass(1)
    expect((await allow(walk)).html).toContain('時間切れのため手続きを終了しました')
    expect(await consentsOf(bank)).toEqual([])
    expect((await comeBack(walk)).searchParams.get('error')).toBe('access_denied')
  })
})
