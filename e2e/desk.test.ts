/** The bank's desk in Chromium: a call from beginning to end, without JavaScript too; every page looked at as the gallery's are. */
import type { Browser, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, openBrowser } from './customer.ts'
import { startDemo } from './demo.ts'
import { check, prepareChecks } from './gallery/checker.ts'
import { lightConditions, mainConditions, wideConditions } from './gallery/conditions.ts'

let demo: Awaited<ReturnType<typeof startDemo>>
let chromium: Browser
beforeAll(async () => {
  ;[demo, chromium] = await Promise.all([startDemo(), launchChromium()])
})
afterAll(async () => {
  await chromium.close()
  await demo.stop()
})

/** The desk in a window of its own, with one of the demo's staff. */
async function atTheDesk(
  name: string,
  { javaScript = true, language = 'ja', checks = false } = {},
): Promise<Page> {
  const context = await chromium.newContext({
    javaScriptEnabled: javaScript,
    locale: language === 'ja' ? 'ja-JP' : 'en-GB',
    viewport: { width: 1280, height: 780 },
  })
  context.setDefaultTimeout(15_000)
  if (checks) await prepareChecks(context)
  const page = await context.newPage()
  const wrong: string[] = []
  context.on('response', (response) => {
    if (response.status() >= 500) wrong.push(`${response.status()} ${response.url()}`)
  })
  context.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      wrong.push(message.text())
  })
  opened.push({ close: () => context.close(), wrong })
  await page.goto(demo.deskUrl)
  await page.locator(`button[value="${name}"]`).click()
  return page
}

let opened: { close: () => Promise<void>; wrong: string[] }[] = []
afterEach(async () => {
  const all = opened
  opened = []
  await Promise.all(all.map(({ close }) => close()))
  expect(all.flatMap(({ wrong }) => wrong)).toEqual([])
})

/** mihon02 connects みほん会計. @returns his 受付番号 */
async function connected(): Promise<string> {
  const customer = await openBrowser(chromium, demo)
  await customer.arrive({ at: 'give-consent', loginId: 'mihon02', from: 'demo-kaikei' })
  const number = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(await customer.page.locator('.foot').innerText())?.[0]
  await customer.allow()
  expect(customer.troubles).toEqual([])
  await customer.close()
  return number ?? ''
}

const search = async (page: Page, text: string): Promise<void> => {
  await page.locator('#q').fill(text)
  await page.getByRole('button', { name: /^(探す|Find)$/ }).click()
}

describe('a call', () => {
  it.each([true, false])(
    'from a customer ends in a stopped connection on the third page (JavaScript: %s)',
    async (javaScript) => {
      await demo.reset()
      await connected()
      const page = await atTheDesk('窓口 一郎', { javaScript })
      await search(page, 'ＭＩＨＯＮ０２')
      await page.getByText('この連携を停止する').click()
      await page.getByRole('radio', { name: '連携の全体' }).check()
      const form = page.locator('form[action$="/stop"]')
      await form.getByRole('radio', { name: 'お客様のお申し出' }).check()
      await form.getByRole('radio', { name: '届出の電話番号へ折り返して確認した' }).check()
      await form.getByRole('checkbox').check()
      await form.getByRole('button', { name: '停止する' }).click()
      expect(await page.getByRole('status').innerText()).toContain('連携を停止しました')
      expect(await page.locator('main').innerText()).toContain('職員 窓口 一郎')
    },
  )
})

/** Opens every page that a member of the staff has, and looks at each. */
const walks: Readonly<
  Record<string, (page: Page, look: (name: string) => Promise<void>, number: string) => Promise<void>>
> = {
  async '窓口 一郎'(page, look, number) {
    await look('home')
    await search(page, '株式会社')
    await look('found')
    await page.goto(demo.deskUrl)
    await search(page, 'mihon02')
    await look('customer')
    await page.locator('a[href^="/consents/"]').first().click()
    await look('consent')
    await page.locator('form[action$="/stop"] button').click()
    await look('consent, errors')
    await page.goto(`${demo.deskUrl}/journeys/${number}`)
    await look('journey')
    await page.goto(`${demo.deskUrl}/nothing-here`)
    await look('not found')
  },
  async '管理 葵'(page, look) {
    await page.goto(`${demo.deskUrl}/clients`)
    await look('clients')
    await page.goto(`${demo.deskUrl}/clients/demo-kaikei`)
    await look('client')
    await page.goto(`${demo.deskUrl}/register-client`)
    await page.locator('form[action="/register-client"] button').click()
    await look('client form, errors')
  },
  async '監査 誠'(page, look) {
    await page.goto(`${demo.deskUrl}/audit`)
    await look('audit')
    await page.goto(`${demo.deskUrl}/sign-in`)
    await look('choice of staff')
  },
}

describe.each([
  { language: 'ja', conditions: [...mainConditions, ...wideConditions] },
  // The colours are those of the same pages in Japanese.
  { language: 'en', conditions: lightConditions },
] as const)('the pages in $language', ({ language, conditions }) => {
  // None of these walks changes anything, so all of them see one connection.
  let number: string
  beforeAll(async () => {
    await demo.reset()
    number = await connected()
  })

  it.each(Object.keys(walks))(
    'of %s have no finding of axe, nothing misplaced, no small target and no unmarked word',
    async (name) => {
      const page = await atTheDesk(name, { language, checks: true })
      const findings: Record<string, unknown> = {}
      await walks[name]?.(
        page,
        async (where) => {
          const found = await check(page, conditions)
          if (found.length > 0) findings[where] = found
        },
        number,
      )
      expect(findings).toEqual({})
    },
    180_000,
  )
})
