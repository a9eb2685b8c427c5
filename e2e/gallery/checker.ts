/** Looks at one page under many conditions, without loading it again for each: what is wrong, in plain words. */
import axe, { type AxeResults, type RunOptions } from 'axe-core'
import type { BrowserContext, CDPSession, Page } from 'playwright'
import type { Condition } from './conditions.ts'
import type { Window } from './dom.ts'
import { type Looks, looksScript } from './in-page.ts'

export type Finding = { readonly what: string; readonly under: readonly string[] }

const axeOptions: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  // Off unless asked for, whatever the tags say.
  rules: { 'target-size': { enabled: true } },
  resultTypes: ['violations', 'incomplete'],
}

const contrastOptions: RunOptions = {
  runOnly: { type: 'rule', values: ['color-contrast'] },
  resultTypes: ['violations', 'incomplete'],
}

const mostOfAKind = 4

/** WCAG 2.2, 1.4.12. */
const spacing = `
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
p { margin-block-end: 2em !important }`

type InPage = Window & {
  readonly axe: { readonly run: (options: RunOptions) => Promise<AxeResults> }
  readonly looks: Looks
}
declare const window: InPage

/**
 * To be called before the context's first page. Scripts that come in this way, and style sheets that are adopted, are not held
 * to the page's security policy, so the pages keep theirs.
 */
export async function prepareChecks(context: BrowserContext): Promise<void> {
  await context.addInitScript({ content: axe.source })
  await context.addInitScript({ content: looksScript() })
}

/** Looks at the page that is shown. */
export async function check(page: Page, conditions: readonly Condition[]): Promise<Finding[]> {
  const devTools = await page.context().newCDPSession(page)
  const under = new Map<string, string[]>()
  const add = (name: string, whats: readonly string[]) => {
    for (const what of whats) under.set(what, [...(under.get(what) ?? []), name])
  }
  // What is folded away is part of the page.
  await page.evaluate(() => {
    for (const details of window.document.querySelectorAll('details')) details.open = true
  })
  const hasDialog = (await page.locator('dialog').count()) > 0
  for (const condition of conditions) {
    if (condition.dialog && !hasDialog) continue
    await bringAbout(page, devTools, condition)
    add(condition.name, fewOf(await look(page, condition)))
  }
  await bringAbout(page, devTools, { width: 1280 })
  await devTools.detach()
  return [...under].map(([what, names]) => ({ what, under: names }))
}

async function bringAbout(
  page: Page,
  devTools: CDPSession,
  {
    width,
    scheme = 'light',
    forcedColors,
    moreContrast,
    text,
    touch,
    dialog,
  }: Omit<Condition, 'name' | 'looks'>,
): Promise<void> {
  await page.setViewportSize({ width, height: 780 })
  await page.emulateMedia({
    colorScheme: scheme,
    forcedColors: forcedColors ? 'active' : 'none',
    contrast: moreContrast ? 'more' : 'no-preference',
  })
  await devTools.send('Emulation.setTouchEmulationEnabled', { enabled: touch ?? false })
  await page.evaluate(
    ({ fontSize, css, asks }) => {
      const { document, CSSStyleSheet } = window
      document.documentElement.style.fontSize = fontSize
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(css)
      document.adoptedStyleSheets = [sheet]
      for (const one of document.querySelectorAll('dialog')) {
        one.close()
        if (asks) one.showModal()
      }
    },
    {
      fontSize: text === 'double' ? '200%' : '',
      css: text === 'spaced' ? spacing : '',
      asks: dialog ?? false,
    },
  )
}

async function look(page: Page, { looks, touch }: Condition): Promise<string[]> {
  const found: string[] = []
  if (looks.includes('axe')) found.push(...(await askAxe(page, axeOptions)))
  if (looks.includes('contrast')) found.push(...(await askAxe(page, contrastOptions)))
  if (looks.includes('forced colours'))
    found.push(...(await page.evaluate(() => window.looks.lostInForcedColours())))
  if (looks.includes('layout')) found.push(...(await page.evaluate(() => window.looks.misplaced())))
  if (looks.includes('languages')) found.push(...(await page.evaluate(() => window.looks.unmarkedWords())))
  // A finger needs more room than WCAG asks for every pointer.
  const least = touch ? 44 : 24
  if (looks.includes('targets'))
    found.push(...(await page.evaluate((px) => window.looks.smallTargets(px), least)))
  return found
}

/** What is broken once is often broken in every row. */
function fewOf(found: readonly string[]): string[] {
  const kinds = Map.groupBy(found, (what) => /^(axe )?[^:]*/.exec(what)?.[0] ?? '')
  return [...kinds].flatMap(([kind, all]) =>
    all.length > mostOfAKind
      ? [...all.slice(0, mostOfAKind - 1), `${kind}: … and ${all.length - mostOfAKind + 1} more like these`]
      : all,
  )
}

/** Every rule that is broken, and every contrast that nobody could work out. */
async function askAxe(page: Page, asked: RunOptions): Promise<string[]> {
  const { violations, incomplete } = await page.evaluate((options) => window.axe.run(options), asked)
  return [...violations, ...incomplete.filter(({ id }) => id === 'color-contrast')].flatMap(({ id, nodes }) =>
    nodes.map(({ target, any, all, none }) => {
      const why = [...any, ...all, ...none].map(({ message }) => message).join('; ')
      return `axe ${id}: ${target.join(' ')}: ${why}`
    }),
  )
}
