/** What script adds to pages that work without it. That no page breaks its security policy is checked after every test. */
import { describe, expect, it } from 'vitest'
import { type BrowserOptions, type Customer, pin } from './customer.ts'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

async function walkToPins(options: BrowserOptions = {}): Promise<Customer> {
  const mihon = await openBrowser(options)
  await mihon.connectBank('みほん家計簿')
  await mihon.signIn('mihon01')
  await mihon.chooseServices('残高照会')
  return mihon
}

const box = (customer: Customer, accountNumber: string) => customer.row(accountNumber).getByRole('checkbox')

const numbers = ['2000002', '1111111', '2222222', '1000314']

describe('the table of 照会用暗証番号', () => {
  it.each([1280, 360])(
    'has one box that ticks all rows, and shows when only some are (%i px)',
    async (width) => {
      const mihon = await walkToPins({ width })
      const all = mihon.page.getByRole('checkbox', { name: 'すべての口座を選ぶ', exact: true })
      const ticked = () => Promise.all(numbers.map((number) => box(mihon, number).isChecked()))
      const partly = () => all.evaluate((input) => 'indeterminate' in input && input.indeterminate)

      await all.check()
      expect(await ticked()).toEqual([true, true, true, true])
      await box(mihon, '1111111').uncheck()
      expect([await all.isChecked(), await partly()]).toEqual([false, true])
      await box(mihon, '1111111').check()
      expect([await all.isChecked(), await partly()]).toEqual([true, false])
      await all.uncheck()
      expect(await ticked()).toEqual([false, false, false, false])
    },
  )

  it('ticks the row in which a PIN is typed', async () => {
    const mihon = await walkToPins()
    await mihon.row('1111111').getByLabel('照会用暗証番号（現在）').pressSequentially(pin)
    expect(await box(mihon, '1111111').isChecked()).toBe(true)
    expect(await box(mihon, '2000002').isChecked()).toBe(false)
    await mihon.press('登録')
    expect(await mihon.text()).toContain('1件の照会用暗証番号を登録しました')
  })

  it('has no such box without script, where a PIN beside an unticked row is asked about', async () => {
    const mihon = await walkToPins({ javaScript: false })
    expect(await mihon.page.getByRole('checkbox').count()).toBe(4)
    await mihon.row('1111111').getByLabel('照会用暗証番号（現在）').fill(pin)
    await mihon.press('登録')
    expect(await mihon.page.getByRole('alert').innerText()).toContain('口座を選んでから')
  })
})

describe('errors', () => {
  it('take the focus, and their links lead into the fields', async () => {
    const mihon = await openBrowser()
    await mihon.connectBank('みほん家計簿')
    await mihon.press('API連携')
    const focused = mihon.page.locator(':focus')
    expect(await focused.getByRole('link').allInnerTexts()).toEqual([
      'ログインIDを入力してください',
      'ログインパスワードを入力してください',
    ])
    await mihon.page.getByRole('link', { name: 'ログインパスワードを入力してください' }).click()
    expect(await mihon.page.getByLabel('ログインパスワード').and(focused).count()).toBe(1)
  })
})

describe('許可', () => {
  it('is sent once, however often it is pressed', async () => {
    const hibari = await openBrowser()
    await hibari.connectBank('みほん会計')
    await hibari.signIn('mihon02')
    await hibari.page.getByLabel('認可手続きを継続する').check()

    // The first press is not answered before the second.
    const { promise: pressedTwice, resolve: goOn } = Promise.withResolvers<void>()
    let sent = 0
    await hibari.page.route('**/give-consent', async (route) => {
      sent += 1
      await pressedTwice
      await route.continue()
    })
    // By hand, because a click of Playwright's waits while a page is on its way.
    const allow = hibari.page.getByRole('button', { name: '許可', exact: true })
    await allow.scrollIntoViewIfNeeded()
    const { x = 0, y = 0 } = (await allow.boundingBox()) ?? {}
    const first = hibari.page.waitForRequest('**/give-consent')
    await hibari.page.mouse.click(x + 9, y + 9)
    await first
    await hibari.page.mouse.click(x + 9, y + 9)
    goOn()
    await hibari.page.waitForURL('**/connections/demo-kaikei')

    expect(sent).toBe(1)
    expect(await hibari.screen()).toBe('連携できました')
  })
})
