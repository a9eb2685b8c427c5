/** What people do to a journey besides walking it: several tabs, the Back button, a reload, an old form. Never a 5xx. */
import { describe, expect, it } from 'vitest'
import { type Customer, pin } from './customer.ts'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

const titles = {
  signIn: 'API連携認証（利用登録）',
  chooseServices: 'API連携認証（認可業務選択）（利用登録）',
  registerPins: 'API連携認証（照会用暗証番号登録）（利用登録）',
  giveConsent: 'API連携認証（情報アクセス許可）（利用登録）',
  finished: 'この手続きは終わっています',
  connected: '連携できました',
}

/** The same address in a second tab of the same browser. */
async function alsoIn(customer: Customer): Promise<Customer> {
  const tab = await customer.newTab()
  await tab.page.goto(customer.page.url())
  return tab
}

async function walkToConsent(hibari: Customer): Promise<void> {
  await hibari.arrive({ at: 'give-consent', loginId: 'mihon02', services: ['balances', 'transactions'] })
}

describe('two tabs of one browser', () => {
  it('walk two journeys with two fintechs side by side', async () => {
    const one = await openBrowser()
    const two = await one.newTab()
    await one.connectBank('みほん家計簿')
    await two.connectBank('みほん会計')
    await one.signIn('mihon01')
    await two.signIn('mihon02')
    expect(await two.screen()).toBe(titles.giveConsent)
    await one.chooseServices('残高照会')
    expect(await one.text()).toContain('株式会社見本商店')
    expect(await two.text()).toContain('株式会社ひばり製菓')
    await two.allow()
    await one.registerPins({ 2000002: pin })
    await one.confirmPins()
    await one.allow()

    expect(await one.screen()).toBe(titles.connected)
    expect(new URL(one.page.url()).pathname).toBe('/connections/demo-kakeibo')
    expect(await one.text()).toContain('普通 2000002')
    expect(await two.screen()).toBe(titles.connected)
    expect(new URL(two.page.url()).pathname).toBe('/connections/demo-kaikei')
    expect(await two.text()).toContain('普通 3004501')
  })

  it('of one journey: an old form leads to the step that is due and changes nothing', async () => {
    const one = await openBrowser()
    await one.arrive({ at: 'choose-services' })
    const two = await alsoIn(one)
    await two.chooseServices('残高照会')
    expect(await two.screen()).toBe(titles.registerPins)

    await one.chooseServices('入出金明細照会')
    expect(await one.screen()).toBe(titles.registerPins)
    await one.skipPins()
    await one.allow()
    expect(await one.text()).toContain('入出金明細照会は許可されていません。')
  })

  it('of one journey: when one has allowed, the other says that it is over', async () => {
    const one = await openBrowser()
    await walkToConsent(one)
    const two = await alsoIn(one)
    await one.allow()
    expect(await one.screen()).toBe(titles.connected)

    await two.press('許可しない')
    expect(await two.screen()).toBe(titles.finished)
    await one.press('最新の残高を取得')
    expect(await one.page.getByRole('alert').count()).toBe(0)
  })

  it('of one journey: when one has refused, the other cannot allow', async () => {
    const one = await openBrowser()
    await walkToConsent(one)
    const two = await alsoIn(one)
    await one.refuse()

    await two.page.getByLabel('認可手続きを継続する').check()
    await two.press('許可')
    expect(await two.screen()).toBe(titles.finished)
    await two.page.goto(new URL('/connections/demo-kakeibo', one.page.url()).href)
    expect(await two.screen()).toBe('まだ連携していません')
  })
})

describe('the Back button', () => {
  it('after the return page shows that the journey is over', async () => {
    const hibari = await openBrowser()
    await walkToConsent(hibari)
    await hibari.allow()
    expect(await hibari.screen()).toBe(titles.connected)

    await hibari.page.goBack()
    expect(await hibari.screen()).toBe(titles.finished)
    await hibari.page.reload()
    expect(await hibari.screen()).toBe(titles.finished)
    await hibari.page.goForward()
    expect(await hibari.screen()).toBe(titles.connected)
  })

  it('within the journey, and a reload, show the step that is due', async () => {
    const mihon = await openBrowser()
    await mihon.arrive({ at: 'sign-in' })
    const signIn = mihon.page.url()
    await mihon.signIn('mihon01')
    await mihon.page.goBack()
    expect(await mihon.screen()).toBe(titles.chooseServices)
    await mihon.page.reload()
    expect(await mihon.screen()).toBe(titles.chooseServices)
    await mihon.chooseServices('残高照会')
    await mihon.page.goto(signIn)
    expect(await mihon.screen()).toBe(titles.registerPins)
    await mihon.page.reload()
    await mihon.page.goBack()
    expect(await mihon.screen()).toBe(titles.registerPins)
  })
})

describe('the address of a journey', () => {
  it('says nothing in another browser', async () => {
    const mihon = await openBrowser()
    await mihon.arrive({ at: 'choose-services' })
    const stranger = await openBrowser()
    await stranger.page.goto(mihon.page.url())
    expect(await stranger.screen()).toBe('この手続きは見つかりません')
    expect(await stranger.text()).not.toContain('株式会社見本商店')
  })

  it('from the fintech, opened again, starts anew but cannot be allowed twice', async () => {
    const hibari = await openBrowser()
    const requested = hibari.page.waitForRequest(/\/authorize\?/)
    await hibari.connectBank('みほん家計簿')
    const two = await hibari.newTab()
    await two.page.goto((await requested).url())
    for (const tab of [hibari, two]) {
      await tab.signIn('mihon02')
      await tab.chooseServices('残高照会')
    }
    await hibari.allow()
    expect(await hibari.screen()).toBe(titles.connected)

    await two.page.getByLabel('認可手続きを継続する').check()
    await two.press('許可')
    expect(await two.screen()).toBe('この申し込みは別の画面で手続きが済んでいます')
    await two.leaveBy('連携先に戻る')
    expect(await two.screen()).toBe('お手続きの続きが見つかりません')
  })
})
