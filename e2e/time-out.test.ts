/**
 * What happens to a customer who takes too long. The program's clock cannot be moved from outside, so here the real
 * application and the real fintechs listen within the test, whose Date stands still until it is moved. Chromium's does not,
 * unless a test moves both.
 */
import { join } from 'node:path'
import type { Locator } from 'playwright'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hours, minutes, seconds } from '../src/clock.ts'
import { createFintechs } from '../src/demo/fintechs.ts'
import { startBank } from '../test/support/bank.ts'
import { type Customer, pin } from './customer.ts'
import { type Demo, freePort } from './demo.ts'
import { useDemo } from './fixtures.ts'

// Never back: the limits on floods count by the same Date, and browsers drop cookies whose time is over.
let latest = Date.now()
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: latest })
})
afterEach(() => {
  latest = Date.now() + hours(1)
  vi.useRealTimers()
})

// A window's own clock is never taken out again.
const openBrowser = useDemo(startInProcess, { isKept: false })

const wait = (ms: number) => vi.setSystemTime(Date.now() + ms)

describe('a journey that takes longer than an hour', () => {
  it.each([
    { when: 'at the next click', after: minutes(61), javaScript: true },
    { when: 'at the next click, without JavaScript', after: minutes(61), javaScript: false },
    { when: 'even hours later', after: hours(20), javaScript: true },
  ])('ends $when, with a way back to a fintech that is told', async ({ after, javaScript }) => {
    const mihon = await openBrowser({ javaScript })
    await walkToPins(mihon)
    wait(after)
    await mihon.registerPins({ 2000002: pin })

    expect(await mihon.screen()).toBe('時間切れのため手続きを終了しました')
    expect(await mihon.text()).toContain('何も許可されていません')
    await mihon.page.getByRole('link', { name: 'みほん家計簿に戻る', exact: true }).click()
    expect(await mihon.screen()).toBe('連携は行われませんでした')
    expect(await mihon.text()).toContain('access_denied')
  })

  it('ends at a reload too, however busy the customer was', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    for (let turn = 0; turn < 5; turn += 1) {
      wait(minutes(10))
      await mihon.page.reload()
      expect(mihon.step()).toBe('register-pins')
    }
    wait(minutes(11))
    await mihon.page.reload()
    expect(await mihon.screen()).toBe('時間切れのため手続きを終了しました')
  })

  it('leaves nothing behind: the PIN that was held is not registered', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    await mihon.registerPins({ 2000002: pin })
    wait(minutes(61))
    await mihon.press('確認')
    expect(await mihon.screen()).toBe('時間切れのため手続きを終了しました')

    await walkToPins(mihon)
    expect(await mihon.row('2000002').innerText()).toContain('未登録')
  })
})

describe('fifteen minutes without a click', () => {
  it('lead to the sign-in with the reason, and from there on through the same journey', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    wait(minutes(16))
    await mihon.press('登録しないで次へ')

    expect(await mihon.screen()).toBe('API連携認証（利用登録）')
    expect(await mihon.text()).toContain(
      '15分間操作がなかったため、安全のためはじめからのお手続きとなります。何も許可されていません。',
    )
    expect(await mihon.text()).not.toContain('株式会社見本商店')
    await mihon.page.reload()
    expect(await mihon.screen()).toBe('API連携認証（利用登録）')
    expect(await mihon.text()).not.toContain('15分間操作がなかったため')

    await mihon.signIn('mihon01')
    await mihon.chooseServices('残高照会')
    await mihon.skipPins()
    await mihon.allow()
    expect(await mihon.screen()).toBe('連携できました')
  })

  it('discard the PIN that was held', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    await mihon.registerPins({ 2000002: pin })
    wait(minutes(16))
    await mihon.press('確認')

    await mihon.signIn('mihon01')
    await mihon.chooseServices('残高照会')
    expect(await mihon.row('2000002').innerText()).toContain('未登録')
  })

  it('are counted from the last page, not from the start', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    wait(minutes(14))
    await mihon.page.reload()
    wait(minutes(14))
    await mihon.skipPins()
    expect(await mihon.screen()).toBe('API連携認証（情報アクセス許可）（利用登録）')
  })
})

describe('two minutes before fifteen without a click', () => {
  it('the page asks, and says once a minute how long there is', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    await pass(mihon, minutes(13) - seconds(10))
    expect(await question(mihon).count()).toBe(0)
    await pass(mihon, seconds(11))
    await question(mihon).waitFor()
    expect(await question(mihon).innerText()).toContain('残り時間 2 分')
    expect(await question(mihon).innerText()).toContain('入力した内容はそのまま')
    expect(await question(mihon).innerText()).not.toContain('延ばすことはできません')
    await pass(mihon, minutes(1))
    await question(mihon).getByText('残り時間 1 分').waitFor()
  })

  it.each(['手続きを続ける', 'Escape'])('%s gives fifteen more, and what was typed stays', async (how) => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    const field = mihon.row('2000002').getByLabel('照会用暗証番号（現在）')
    await field.fill(pin)
    for (const turn of [1, 2]) {
      await pass(mihon, minutes(13) + seconds(turn))
      await question(mihon).waitFor()
      const kept = mihon.page.waitForResponse('**/keep-alive')
      if (how === 'Escape') await mihon.page.keyboard.press('Escape')
      else await question(mihon).getByRole('button', { name: how, exact: true }).click()
      expect((await kept).status()).toBe(204)
      expect(await question(mihon).count()).toBe(0)
    }
    // 40 minutes after the page came, and 14 after the last answer.
    await pass(mihon, minutes(12) + seconds(30))
    expect(await question(mihon).count()).toBe(0)
    expect(await field.inputValue()).toBe(pin)
    await mihon.press('登録')
    expect(await mihon.text()).toContain('1件の照会用暗証番号を登録しました')
  })

  it('can be answered by keyboard alone, and the focus goes back to where it was', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    const field = mihon.row('2000002').getByLabel('照会用暗証番号（現在）')
    await field.press('4')
    await pass(mihon, minutes(14))
    const stay = question(mihon).getByRole('button', { name: '手続きを続ける', exact: true })
    const leave = question(mihon).getByRole('button', { name: '中止して連携先に戻る', exact: true })
    await expectFocus(stay)
    await mihon.page.keyboard.press('Tab')
    await expectFocus(leave)
    await mihon.page.keyboard.press('Shift+Tab')
    await expectFocus(stay)
    await mihon.page.keyboard.press('Enter')
    await expectFocus(field)
    await mihon.page.keyboard.type('649')
    expect(await field.inputValue()).toBe(pin)
  })

  it('中止 leads back to a fintech that is told', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    await pass(mihon, minutes(14))
    await expectFocus(question(mihon).getByRole('button', { name: '手続きを続ける', exact: true }))
    await mihon.page.keyboard.press('Tab')
    await Promise.all([mihon.page.waitForURL('**/callback/**'), mihon.page.keyboard.press('Enter')])
    expect(await mihon.screen()).toBe('連携は行われませんでした')
    expect(await mihon.text()).toContain('access_denied')
  })

  it('are asked in every tab, and one answer is enough for all', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    const other = await mihon.newTab()
    await other.page.goto(mihon.page.url())
    await pass(mihon, minutes(13) + seconds(1))
    await question(mihon).waitFor()
    await question(other).waitFor()
    await question(other).getByRole('button', { name: '手続きを続ける', exact: true }).click()
    await question(mihon).waitFor({ state: 'hidden' })
    await pass(mihon, minutes(12) + seconds(30))
    expect(await question(mihon).count()).toBe(0)
    await mihon.skipPins()
    expect(await mihon.screen()).toBe('API連携認証（情報アクセス許可）（利用登録）')
  })

  it('are counted anew for every tab when another one is loaded', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    await pass(mihon, minutes(10))
    const other = await mihon.newTab()
    await other.page.goto(mihon.page.url())
    await pass(mihon, minutes(12) + seconds(30))
    expect([await question(mihon).count(), await question(other).count()]).toEqual([0, 0])
    await pass(mihon, seconds(31))
    await question(mihon).waitFor()
    await question(other).waitFor()
  })

  it('are asked about again when the bank could not be reached, and what was typed stays', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    const field = mihon.row('2000002').getByLabel('照会用暗証番号（現在）')
    await field.fill(pin)
    await pass(mihon, minutes(13) + seconds(1))
    await question(mihon).waitFor()
    const stay = question(mihon).getByRole('button', { name: '手続きを続ける', exact: true })

    await mihon.page.context().setOffline(true)
    await stay.click()
    await question(mihon).getByRole('alert').waitFor()
    expect(await question(mihon).getByRole('alert').innerText()).toContain('通信できませんでした')
    expect(await field.inputValue()).toBe(pin)

    await mihon.page.context().setOffline(false)
    const kept = mihon.page.waitForResponse('**/keep-alive')
    await stay.click()
    expect((await kept).status()).toBe(204)
    await question(mihon).waitFor({ state: 'hidden' })
    await mihon.press('登録')
    expect(await mihon.text()).toContain('1件の照会用暗証番号を登録しました')
  })

  it('cannot be prolonged after the server found them over, and the page says so', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    await pass(mihon, minutes(14))
    await question(mihon).waitFor()
    wait(minutes(2))
    await Promise.all([mihon.page.waitForURL('**/sign-in'), mihon.page.keyboard.press('Escape')])
    expect(await mihon.text()).toContain('15分間操作がなかったため')
  })

  it('are seen to be over when a laptop wakes up, without a click', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    await Promise.all([mihon.page.waitForURL('**/sign-in'), pass(mihon, minutes(40))])
    expect(await mihon.text()).toContain('15分間操作がなかったため')
    expect(await mihon.text()).not.toContain('株式会社見本商店')
  })

  it('the server has the last word on whether there is more time', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    await pass(mihon, minutes(14))
    await question(mihon).waitFor()
    wait(minutes(50))
    await Promise.all([mihon.page.waitForURL('**/return'), mihon.page.keyboard.press('Escape')])
    expect(await mihon.screen()).toBe('時間切れのため手続きを終了しました')
  })

  it('are asked about in English, too', async () => {
    const mihon = await openBrowser({ language: 'en' })
    await startClock(mihon)
    await mihon.arrive({ at: 'sign-in' })
    await pass(mihon, minutes(14))
    const dialog = mihon.page.getByRole('dialog', { name: 'Your time is almost up', exact: true })
    await dialog.getByText('Time left: 1 min').waitFor()
    expect(await dialog.getByRole('button').allInnerTexts()).toEqual([
      'Continue',
      'Cancel and return to the service',
    ])
  })
})

describe('two minutes before the end of the hour', () => {
  it('the page says once that no more time can be had, and then the server that it is over', async () => {
    const mihon = await openBrowser()
    await startClock(mihon)
    await walkToPins(mihon)
    for (let turn = 0; turn < 4; turn += 1) {
      await pass(mihon, minutes(12))
      await mihon.page.reload()
    }
    await pass(mihon, minutes(10) + seconds(2))
    await question(mihon).waitFor()
    expect(await question(mihon).innerText()).toContain('延ばすことはできません')
    expect(await question(mihon).innerText()).not.toContain('時間が延びます')
    await mihon.page.keyboard.press('Escape')
    await pass(mihon, minutes(1))
    expect(await question(mihon).count()).toBe(0)
    await Promise.all([mihon.page.waitForURL('**/return'), pass(mihon, minutes(1))])
    expect(await mihon.screen()).toBe('時間切れのため手続きを終了しました')
    expect(await mihon.text()).toContain('何も許可されていません')
  })
})

describe('every page of a step', () => {
  it.each([true, false])('says when it ends (JavaScript: %s)', async (javaScript) => {
    const tomorrow = new Date(Date.now() + hours(24)).toISOString().slice(0, 10)
    vi.setSystemTime(new Date(`${tomorrow}T15:04:00+09:00`))
    const mihon = await openBrowser({ javaScript })
    const words = () => mihon.page.getByRole('contentinfo').innerText()
    await mihon.arrive({ at: 'sign-in' })
    expect(await words()).toContain('15分間操作がないと、安全のため終了します。')
    expect(await words()).toContain('この手続きは、16:04（日本時間）までに終えてください。')
    wait(minutes(5))
    await mihon.signIn('mihon01')
    expect(await words()).toContain('16:04（日本時間）')
    expect(await mihon.page.locator('dialog').isVisible()).toBe(false)
  })
})

/**
 * Has to come before the first page. Playwright's own clock reckons with the Date of this process, which stands still here,
 * and so runs apart in every tab that is loaded later.
 */
const startClock = ({ page }: Customer) =>
  page
    .context()
    .addInitScript('{ const now = Date.now; globalThis.passed = 0; Date.now = () => now() + passed }')

/** On the server's clock and on that of every tab, also of those to come; a tab is told as after a sleep. */
async function pass({ page }: Customer, ms: number): Promise<void> {
  wait(ms)
  const forward = `passed += ${ms}`
  const context = page.context()
  await context.addInitScript(forward)
  for (const tab of context.pages())
    await tab.evaluate(`${forward}; document.dispatchEvent(new Event('visibilitychange'))`)
}

const question = ({ page }: Customer) =>
  page.getByRole('dialog', { name: 'まもなく時間切れになります', exact: true })

const expectFocus = (target: Locator) => target.and(target.page().locator(':focus')).waitFor()

async function walkToPins(mihon: Customer): Promise<void> {
  await mihon.arrive({ at: 'register-pins' })
  expect(mihon.step()).toBe('register-pins')
}

async function startInProcess(): Promise<Demo> {
  const [port, fintechPort] = [await freePort(), await freePort()]
  const bank = await startBank({ environment: { PORT: String(port), FINTECH_PORT: String(fintechPort) } })
  const { publicUrl, fintechUrl } = bank.settings
  const root = join(import.meta.dirname, '..')
  const fintechs = await createFintechs({
    issuer: publicUrl,
    origin: fintechUrl,
    fintechs: bank.fintechs,
    resetBank: () => bank.simulator.reset(),
    viewsDir: join(root, 'views'),
    publicDir: join(root, 'public'),
  })
  await bank.server.listen({ host: '127.0.0.1', port })
  await fintechs.listen({ host: '127.0.0.1', port: fintechPort })
  return {
    publicUrl,
    fintechUrl,
    async reset() {
      await bank.simulator.reset()
      // Whoever is connected would renew.
      await bank.db.updateTable('consents').set({ status: 'stopped' }).execute()
    },
    async stop() {
      await fintechs.close()
      await bank.close()
    },
  }
}
