/**
 * `npm run gallery:check [part of a name]`: starts the demo and looks at every page of the gallery and of the demo fintechs
 * under every condition. A line for every finding; the last one says how many pages and findings there were.
 */
import type { Browser } from 'playwright'
import { addressOf, readMinato, samplesOfMinato } from '../../src/web/gallery.ts'
import { samples } from '../../src/web/samples.ts'
import { wrongIn } from '../../test/web/valid-html.ts'
import { launchChromium } from '../customer.ts'
import { type Demo, startDemo } from '../demo.ts'
import { check, type Finding, prepareChecks } from './checker.ts'
import { allConditions } from './conditions.ts'
import { fintechPages } from './fintech-pages.ts'

const wanted = process.argv[2] ?? ''
const tabs = 3

type ToOpen = { readonly name: string; readonly address: string }

const bankPages: readonly ToOpen[] = [
  { name: 'gallery', address: '/gallery' },
  ...[...samples, ...samplesOfMinato(readMinato())].map(({ name, language }) => ({
    name: `${name} (${language})`,
    address: addressOf(name, language),
  })),
]

let checked = 0
let findings = 0
const began = performance.now()
const [demo, chromium] = await Promise.all([startDemo(), launchChromium()])
try {
  const queue = bankPages.filter(({ name }) => name.includes(wanted))
  await Promise.all([
    ...Array.from({ length: tabs - 1 }, () => checkBankPages(queue, chromium, demo)),
    checkFintechPages(chromium, demo).then(() => checkBankPages(queue, chromium, demo)),
  ])
} finally {
  await chromium.close()
  await demo.stop()
}
process.exitCode = findings > 0 ? 1 : 0
console.log(`${Math.round((performance.now() - began) / 1000)} seconds`)
console.log(`${checked} pages checked, ${findings} findings`)

/** One tab, until nothing is left to open. */
async function checkBankPages(queue: ToOpen[], browser: Browser, { publicUrl }: Demo): Promise<void> {
  const context = await browser.newContext()
  await prepareChecks(context)
  const page = await context.newPage()
  const refused: string[] = []
  page.on('pageerror', ({ message }) => refused.push(`script: ${message}`))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) refused.push(`console: ${message.text()}`)
  })
  for (let next = queue.shift(); next; next = queue.shift()) {
    refused.length = 0
    const answer = await page.goto(publicUrl + next.address)
    if (answer?.status() !== 200) refused.push(`answered with ${answer?.status()}`)
    const invalid = await wrongIn((await answer?.text()) ?? '')
    const found = await check(page, allConditions)
    report(next.name, [...unconditional([...invalid.map((what) => `HTML ${what}`), ...refused]), ...found])
  }
  await context.close()
}

async function checkFintechPages(browser: Browser, started: Demo): Promise<void> {
  if (!'fintech'.includes(wanted) && !wanted.startsWith('fintech')) return
  for await (const { name, customer } of fintechPages(browser, started)) {
    const invalid = await wrongIn(await customer.page.content())
    const found = await check(customer.page, allConditions)
    report(name, [...unconditional(invalid.map((what) => `HTML ${what}`)), ...found])
  }
}

function unconditional(whats: readonly string[]): Finding[] {
  return whats.map((what) => ({ what, under: [] }))
}

function report(name: string, found: readonly Finding[]): void {
  checked += 1
  findings += found.length
  for (const { what, under } of found)
    console.log(`${name}: ${what}${under.length > 0 ? ` [${under.join(', ')}]` : ''}`)
}
