/** The first registration by keyboard alone: Tab, Space and Enter reach everything, and it is always seen where one is. */
import type { Locator, Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { password, pin } from './customer.ts'
import { startDemo } from './demo.ts'
import { useDemo } from './fixtures.ts'
import type { Window } from './gallery/dom.ts'

declare const window: Window

let fintechUrl = ''
const openBrowser = useDemo(async () => {
  const demo = await startDemo()
  ;({ fintechUrl } = demo)
  return demo
})

describe.each([1280, 360])('the first registration by keyboard alone (%i px)', (width) => {
  it('leads from the fintech through every screen and back, with errors on the way', async () => {
    const mihon = await openBrowser({ width })
    const { page } = mihon
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    const field = (name: string) => page.getByLabel(name, { exact: true })
    await page.goto(fintechUrl)
    await walkAround(page)
    await tabTo(page, page.getByRole('region', { name: 'みほん家計簿' }).getByRole('button'))
    await pressAndLoad(page, 'Enter')

    // 手順 1-2, with nothing in it at first
    expect(await mihon.screen()).toBe('API連携認証（利用登録）')
    await walkAround(page)
    await tabTo(page, button('API連携'))
    await pressAndLoad(page, 'Enter')
    await expectFocusOnSummary(page)
    await walkAround(page)
    await tabTo(page, page.getByRole('link', { name: 'ログインIDを入力してください' }))
    await page.keyboard.press('Enter')
    await expectFocus(field('ログインID'))
    await page.keyboard.type('mihon01')
    await tabTo(page, field('ログインパスワード'))
    await page.keyboard.type(password)
    await pressAndLoad(page, 'Enter')

    // 手順 3
    expect(await mihon.screen()).toBe('API連携認証（認可業務選択）（利用登録）')
    await walkAround(page)
    await tabTo(page, page.getByRole('checkbox', { name: '残高照会' }))
    await page.keyboard.press('Space')
    await tabTo(page, button('次へ'))
    await pressAndLoad(page, 'Enter')

    // 手順 4, with a row that has no PIN at first
    expect(await mihon.screen()).toBe('API連携認証（照会用暗証番号登録）（利用登録）')
    await walkAround(page)
    await tabTo(page, mihon.row('2000002').getByRole('checkbox'))
    await page.keyboard.press('Space')
    await tabTo(page, button('登録'))
    await pressAndLoad(page, 'Space')
    await expectFocusOnSummary(page)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expectFocus(mihon.row('2000002').getByLabel('照会用暗証番号（現在）'))
    await page.keyboard.type(pin)
    await tabTo(page, button('登録'))
    await pressAndLoad(page, 'Enter')

    // 手順 5
    expect(await mihon.screen()).toBe('API連携認証（照会用暗証番号登録結果）')
    await walkAround(page)
    await tabTo(page, button('確認'))
    await pressAndLoad(page, 'Enter')

    // 手順 6, without the tick at first
    expect(await mihon.screen()).toBe('API連携認証（情報アクセス許可）（利用登録）')
    await walkAround(page)
    await tabTo(page, button('許可'))
    await pressAndLoad(page, 'Enter')
    await expectFocusOnSummary(page)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expectFocus(field('認可手続きを継続する'))
    await page.keyboard.press('Space')
    await tabTo(page, button('許可'))
    await page.keyboard.press('Enter')
    await page.waitForURL('**/connections/demo-kakeibo')
    expect(await mihon.screen()).toBe('連携できました')
    await walkAround(page)
  })

  it('begins every page with a link past what stands above its text', async () => {
    const mihon = await openBrowser({ width })
    const { page } = mihon
    await mihon.connectBank('みほん家計簿')
    const bank = new URL(page.url()).origin
    for (const address of [page.url(), `${bank}/nothing-here`, fintechUrl]) {
      await page.goto(address)
      await page.keyboard.press('Tab')
      await expectFocus(page.getByRole('link', { name: '本文へ進む', exact: true }))
      expect((await stop(page)).isSeen).toBe(true)
      await page.keyboard.press('Enter')
      await page.keyboard.press('Tab')
      await expectFocus(page.locator(':is(main, footer) :is(a, button, input, summary)').first())
    }
  })

  it('can be left, too', async () => {
    const mihon = await openBrowser({ width })
    const { page } = mihon
    await mihon.connectBank('みほん家計簿')
    await tabTo(page, page.getByRole('button', { name: '中止して連携先に戻る' }))
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.origin === fintechUrl)
    expect(await mihon.screen()).toBe('連携は行われませんでした')
  })
})

const mostStops = 80

type Stop = {
  readonly name: string
  /** its place among all that can be reached, in the order of the source; -1 beyond the page's end */
  readonly place: number
  /** what has the focus has an outline, is in the window and lies under nothing else */
  readonly isSeen: boolean
  readonly box: { left: number; right: number; top: number; bottom: number }
}

/** Where the focus is, and how much it could be on. */
function stop(page: Page): Promise<Stop & { readonly reachable: number }> {
  return page.evaluate(async () => {
    const { document, getComputedStyle, requestAnimationFrame } = window
    const pressable =
      'a[href], button, input:not([type="hidden"], [tabindex="-1"]), select, textarea, summary, [tabindex="0"]'
    const reachable = [...document.querySelectorAll(pressable)].filter((one) =>
      one.checkVisibility({ visibilityProperty: true }),
    )
    const focused = document.activeElement
    const isSeen = () => {
      const { left, right, top, bottom } = focused.getBoundingClientRect()
      const { outlineStyle, outlineWidth } = getComputedStyle(focused)
      const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2)
      return (
        outlineStyle !== 'none' &&
        Number.parseFloat(outlineWidth) >= 2 &&
        // The window scrolls by whole pixels.
        left > -1 &&
        right < window.innerWidth + 1 &&
        top > -1 &&
        bottom < window.innerHeight + 1 &&
        over !== null &&
        // A label may be stretched over its box, so that the whole row ticks it.
        [focused, ...(focused.labels ?? [])].some((one) => one.contains(over) || over.contains(one))
      )
    }
    // The window follows the focus with one of its next pictures.
    for (let pictures = 0; pictures < 3 && !isSeen(); pictures += 1) {
      await new Promise((done) => requestAnimationFrame(done))
    }
    const { left, right, top, bottom } = focused.getBoundingClientRect()
    const { scrollY } = window
    return {
      name: `${focused.tagName} ${focused.id} ${focused.textContent.trim()}`,
      place: reachable.indexOf(focused),
      isSeen: isSeen(),
      box: { left, right, top: top + scrollY, bottom: bottom + scrollY },
      reachable: reachable.length,
    }
  })
}

/** Forwards and backwards through the whole page: nothing is left out, holds the focus, hides it or is out of order. */
async function walkAround(page: Page): Promise<void> {
  await stopsTo('Tab', page)
  const forwards = await stopsTo('Tab', page)
  const backwards = await stopsTo('Shift+Tab', page)
  const { reachable } = await stop(page)
  const places = Array.from({ length: reachable }, (_, place) => place)
  expect(forwards.map(({ place }) => place)).toEqual(places)
  expect(backwards.map(({ place }) => place)).toEqual(places.toReversed())
  expect([...forwards, ...backwards].filter(({ isSeen }) => !isSeen).map(({ name }) => name)).toEqual([])
  for (const [index, { name, box }] of forwards.entries()) {
    const before = forwards[index - 1]?.box
    // Down the page, or up again in a column further to the right.
    const isNext = !before || box.bottom > before.top || box.left >= before.right
    expect({ name, isNext }).toEqual({ name, isNext: true })
  }
}

/** All the stops from here until the focus leaves the page. */
async function stopsTo(key: 'Tab' | 'Shift+Tab', page: Page): Promise<Stop[]> {
  const stops: Stop[] = []
  while (stops.length < mostStops) {
    await page.keyboard.press(key)
    const here = await stop(page)
    if (here.place === -1) return stops
    stops.push(here)
  }
  throw new Error(`the focus does not leave the page: ${stops.map(({ name }) => name).join(', ')}`)
}

/** Presses Tab until the focus is there. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let pressed = 0; pressed < mostStops; pressed += 1) {
    await page.keyboard.press('Tab')
    if (await isFocused(target)) return
  }
  throw new Error(`Tab does not lead to ${target.toString()}`)
}

async function pressAndLoad(page: Page, key: 'Enter' | 'Space'): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press(key)])
}

const isFocused = (target: Locator): Promise<boolean> =>
  target.evaluate((element) => element.matches(':focus'))

async function expectFocus(target: Locator): Promise<void> {
  expect({ target: target.toString(), isFocused: await isFocused(target) }).toEqual({
    target: target.toString(),
    isFocused: true,
  })
}

async function expectFocusOnSummary(page: Page): Promise<void> {
  expect(await page.title()).toMatch(/^エラー：/)
  await expectFocus(page.locator('#errors'))
  expect((await stop(page)).isSeen).toBe(true)
}
