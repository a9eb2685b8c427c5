/**
 * Every page in one of its states, looked at as `npm run gallery:check` looks at all of them. And the look itself: what it is
 * there to find is put into a page, and found.
 */
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressOf, readMinato, samplesOfMinato } from '../src/web/gallery.ts'
import { samples } from '../src/web/samples.ts'
import { launchChromium } from './customer.ts'
import { type Demo, startDemo } from './demo.ts'
import { check, prepareChecks } from './gallery/checker.ts'
import { allConditions, mainConditions, wideConditions } from './gallery/conditions.ts'
import { fintechPages } from './gallery/fintech-pages.ts'

let demo: Demo
let chromium: Awaited<ReturnType<typeof launchChromium>>
let page: Page

beforeAll(async () => {
  ;[demo, chromium] = await Promise.all([startDemo(), launchChromium()])
  const context = await chromium.newContext()
  await prepareChecks(context)
  page = await context.newPage()
})
afterAll(async () => {
  await chromium.close()
  await demo.stop()
})

const inJapanese = samples.filter(({ language }) => language === 'ja').map(({ name }) => name)
const pageOf = (name: string): string => name.replace(/\/.*/, '')

/** The state with most to say: one with errors, else one in a journey, else the first. */
const selection = Object.values(Object.groupBy(inJapanese, pageOf)).map((names = []) =>
  [/\/(errors|empty|wrong|tick-missing|partial-failure)$/, /in-journey$/, /./]
    .map((wanted) => names.find((name) => wanted.test(name)))
    .find((name) => name !== undefined),
)

const wideToo = /^(sign-in|register-pins|give-consent)\//

describe('every page of the bank', () => {
  it.each(selection)('%s', async (name = '') => {
    await page.goto(demo.publicUrl + addressOf(name, 'ja'))
    const conditions = wideToo.test(name) ? [...mainConditions, ...wideConditions] : mainConditions
    expect(await check(page, conditions)).toEqual([])
  })
})

describe('another bank’s pages, in its colours', () => {
  const names = samplesOfMinato(readMinato()).flatMap(({ name, language }) =>
    language === 'ja' ? [name] : [],
  )
  it.each(names)('%s', async (name) => {
    await page.goto(demo.publicUrl + addressOf(name, 'ja'))
    expect(
      await page.evaluate('getComputedStyle(document.documentElement).getPropertyValue("--brand-primary")'),
    ).toBe('#00695c')
    expect(await check(page, mainConditions)).toEqual([])
  })
})

describe('every page of the demo fintechs', () => {
  it('is as accessible as the bank’s', async () => {
    for await (const { name, customer } of fintechPages(chromium, demo)) {
      expect({ name, found: await check(customer.page, mainConditions) }).toEqual({ name, found: [] })
    }
  })
})

describe('every page for developers', () => {
  it('is as accessible as the bank’s', async () => {
    const at = (path: string) => page.goto(`${demo.publicUrl}/developers${path}`)
    const expectClean = async (name: string) =>
      expect({ name, found: await check(page, mainConditions) }).toEqual({ name, found: [] })
    // half of them in each language
    for (const path of ['?lang=en', '/samples', '/sign-in']) {
      await at(path)
      await expectClean(path)
    }
    await at('/register?lang=ja')
    await page.getByRole('button', { name: '登録する' }).click()
    await expectClean('register, with an error')
    await page.getByLabel('サービス名').fill('つくし')
    await page.getByRole('button', { name: '登録する' }).click()
    await expectClean('registered')
    await at('/client')
    await expectClean('client')
    await at('/client/consents')
    await expectClean('consents')
    await at('/try')
    await page.getByRole('button', { name: '要求を預ける' }).click()
    await expectClean('try')
  })
})

const long = 'とても長い文がここにあります。'.repeat(9)
const css = `
.pale { color: #555; background: #444 }
.picture { background: linear-gradient(#fff, #000) }
.wide { width: 50rem }
.cut { height: 2rem; overflow: hidden }
.low { height: 2rem; border: 1px solid }
.over { margin-top: -2.5rem }
.unset { all: unset }
.finger { padding: 0; border: 1px solid; width: 30px; height: 30px }
.edgeless { border: 0; background: #ddd; height: 3rem }`

describe('the look at a page', () => {
  const show = async (html: string): Promise<void> => {
    await page.goto('about:blank')
    await page.setContent(
      `<!DOCTYPE html><html lang="ja"><head><title>題</title><style>${css}</style></head>
<body><main><h1>題</h1>${html}</main></body></html>`,
    )
  }

  it('finds nothing where nothing is wrong', async () => {
    await show('<p>文 <a href="#here">リンク</a></p>')
    expect(await check(page, allConditions)).toEqual([])
  })

  it.each([
    ['a control without a name', 'light 320', '<button></button>', /^axe button-name/],
    ['pale text', 'dark 1280', '<p class="pale">薄い字</p>', /^axe color-contrast/],
    ['text on a picture', 'light 1280', '<p class="picture">字</p>', /^axe color-contrast/],
    ['what is too wide', 'light 320', '<div class="wide">幅</div>', /^the page scrolls sideways/],
    ['text that is cut', 'text 200 % 320', `<p class="cut">${long}</p>`, /^cut off: p.cut/],
    ['text that leaves its box', 'text spacing 320', `<p class="low">${long}</p>`, /^outside of its box: /],
    [
      'text over text',
      'light 320',
      '<p>上の文</p><p class="over">下の文</p>',
      /^overlapping: p "上の文" and p/,
    ],
    ['a small target', 'light 320', '<button class="unset">×</button>', /^smaller than 24 px: button/],
    [
      'a target too small for a finger',
      'touch 320',
      '<button class="finger">指</button>',
      /^smaller than 44/,
    ],
    ['Japanese as English', 'light 320', '<p lang="en">口座メモ</p>', /^not marked with its language: "口座/],
    ['English as Japanese', 'light 320', '<p>Please call the bank</p>', /^not marked .*"Please call/],
    ['no edge', 'forced colours light 320', '<button class="edgeless">送信</button>', /^has no edge: button/],
  ])('finds %s', async (_what, condition, html, finding) => {
    await show(html)
    const found = await check(
      page,
      allConditions.filter(({ name }) => name === condition),
    )
    expect(found.map(({ what }) => what)).toEqual(expect.arrayContaining([expect.stringMatching(finding)]))
  })
})
