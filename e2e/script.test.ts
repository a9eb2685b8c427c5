/** What script adds to pages that work without it. That no page breaks its security policy is checked after every test. */
import { describe, expect, it } from 'vitest'
import { type BrowserOptions, type Customer, password, pin } from './customer.ts'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

async function walkToPins(options: BrowserOptions = {}): Promise<Customer> {
  const mihon = await openBrowser(options)
  await mihon.arrive({ at: 'register-pins' })
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

describe('very many accounts, one table a branch', () => {
  it('have one box above that ticks all of them and unfolds what it ticks, and one in every table', async () => {
    const { page } = await openSample('register-pins/sixty-accounts')
    const all = page.getByRole('checkbox', { name: 'すべての口座を選ぶ', exact: true })
    const ofBranches = page.locator('thead input')
    const ticked = () => page.locator('[name="rows"]:checked').count()
    const partly = () => all.evaluate((input) => 'indeterminate' in input && input.indeterminate)

    await all.check()
    expect(await ticked()).toBe(60)
    expect(await page.locator('details.branch:not([open])').count()).toBe(0)
    expect(await ofBranches.count()).toBeGreaterThan(1)
    for (const one of await ofBranches.all()) expect(await one.isChecked()).toBe(true)

    const inFirst = await page.locator('table').first().locator('[name="rows"]').count()
    await ofBranches.first().uncheck()
    expect(await ticked()).toBe(60 - inFirst)
    expect([await all.isChecked(), await partly()]).toEqual([false, true])
    await ofBranches.first().check()
    expect([await all.isChecked(), await partly()]).toEqual([true, false])
  })

  it('unfold when a link of the errors leads into one', async () => {
    const { page } = await openSample('register-pins/sixty-accounts-errors')
    const link = page.locator('#errors a').first()
    const field = page.locator(`${await link.getAttribute('href')}`)
    await page.locator('details.branch', { has: field }).locator('summary').click()
    expect(await field.isVisible()).toBe(false)
    await link.click()
    expect(await field.isVisible()).toBe(true)
    await field.and(page.locator(':focus')).waitFor()
  })
})

describe('errors', () => {
  it('take the focus, and their links lead into the fields', async () => {
    const mihon = await openBrowser()
    await mihon.arrive({ at: 'sign-in' })
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
    await hibari.arrive({ at: 'give-consent', loginId: 'mihon02', from: 'demo-kaikei' })
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

describe('a password', () => {
  it('is shown as long as wanted, and is a password again when it is sent', async () => {
    const mihon = await openBrowser()
    await mihon.arrive({ at: 'sign-in' })
    const { page } = mihon
    const field = page.getByLabel('ログインパスワード', { exact: true })
    const show = page.getByRole('button', { name: 'パスワードを表示する', exact: true })
    const hide = page.getByRole('button', { name: 'パスワードを隠す', exact: true })
    await page.getByLabel('ログインID', { exact: true }).fill('mihon01')
    await field.fill(password)
    await show.click()
    expect([await field.getAttribute('type'), await field.getAttribute('autocapitalize')]).toEqual([
      'text',
      'none',
    ])
    // Its words say what it will do; a state beside them would say the opposite.
    expect(await hide.getAttribute('aria-pressed')).toBe(null)
    await hide.click()
    expect(await field.getAttribute('type')).toBe('password')
    expect(await show.isVisible()).toBe(true)

    await show.press('Enter')
    expect(await field.getAttribute('type')).toBe('text')
    await page.evaluate(
      "addEventListener('submit', () => console.log(document.getElementById('password').type))",
    )
    const sent = page.waitForEvent('console')
    await mihon.press('API連携')
    expect((await sent).text()).toBe('password')
    expect(mihon.step()).toBe('choose-services')
  })
})

describe('an answer', () => {
  it('can be hidden from whoever stands near, and Japanese can still be typed', async () => {
    const aoba = await openBrowser()
    await aoba.arrive({ at: 'answer-challenge', loginId: 'mihon03' })
    const field = aoba.page.getByLabel('回答を入力', { exact: true })
    const isHidden = () =>
      aoba.page.evaluate('getComputedStyle(document.getElementById("answer")).webkitTextSecurity === "disc"')
    await field.fill('さく')
    expect(await isHidden()).toBe(false)
    await aoba.page.getByRole('button', { name: '回答を隠す', exact: true }).click()
    expect(await isHidden()).toBe(true)
    expect(await field.getAttribute('type')).toBe('text')
    await field.press('End')
    await aoba.page.keyboard.insertText('ら')
    await aoba.press('認証')
    expect(aoba.step()).toBe('choose-services')
  })
})

describe('a button that prints', () => {
  it('prints', async () => {
    const { page } = await openSample('review-pins/one-registered')
    await page.evaluate('print = () => document.body.setAttribute("data-printed", "")')
    await page.locator('[data-print]').click()
    await page.locator('body[data-printed]').waitFor()
  })
})

describe('without script', () => {
  it('there is no button but those that send a form', async () => {
    const aoba = await openBrowser({ javaScript: false })
    for (const page of [
      'sign-in/fresh',
      'certificate-password/fresh',
      'answer-challenge/fresh',
      'choose-services/fresh',
      'register-pins/sixty-accounts',
      'review-pins/one-registered',
      'give-consent/fresh',
      'return/allowed',
    ]) {
      await aoba.openSample(page)
      expect(await aoba.page.locator('button:visible:not([type="submit"])').count(), page).toBe(0)
      expect(await aoba.page.getByRole('button').count(), page).toBe(
        await aoba.page.locator('form button:visible').count(),
      )
    }
  })
})

describe('the sign-in page', () => {
  it('tells whoever holds a phone that certificates live on a PC, and nobody else', async () => {
    const mihon = await openBrowser()
    await mihon.arrive({ at: 'sign-in' })
    const words = '電子証明書はパソコンに入っています。'
    expect(await mihon.page.getByText(words).isVisible()).toBe(false)

    const phone = await mihon.page
      .context()
      .browser()
      ?.newContext({
        viewport: { width: 390, height: 780 },
        locale: 'ja-JP',
        hasTouch: true,
        isMobile: true,
        storageState: await mihon.page.context().storageState(),
      })
    const page = await phone?.newPage()
    await page?.goto(mihon.page.url())
    expect(await page?.getByText(words).isVisible()).toBe(true)
    await phone?.close()
  })

  it('takes as many characters of a login ID as the bank gives out', async () => {
    const mihon = await openBrowser()
    await mihon.arrive({ at: 'sign-in' })
    const field = mihon.page.getByLabel('ログインID', { exact: true })
    await field.pressSequentially('1234567890123')
    expect(await field.inputValue()).toBe('123456789012')
  })
})

async function openSample(name: string): Promise<Customer> {
  const mihon = await openBrowser()
  await mihon.openSample(name)
  return mihon
}
