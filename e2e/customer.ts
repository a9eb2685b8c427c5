/** The customer at the browser: the verbs that every end-to-end test tells its story with, found by role and label. */
import {
  type BrowserContext,
  chromium as playwright,
  type Browser,
  type LaunchOptions,
  type Locator,
  type Page,
} from 'playwright'
import { type Arrival, arrive } from './arrival.ts'
import type { Demo } from './demo.ts'

export const password = 'Tsubame2026'
export const pin = '4649'
export const answer = 'さくら'

export type BrowserOptions = {
  readonly javaScript?: boolean
  /** of the window, in CSS pixels */
  readonly width?: number
  readonly language?: 'ja' | 'en'
  /** that he comes from, where the bank believes what a proxy says */
  readonly address?: string
}

export type Customer = {
  readonly page: Page
  /** What no page may cause: a failure of the server, a script error, a refusal by the content security policy. */
  readonly troubles: readonly string[]
  /** Every answer to a navigation in this window, as `<status> <path>` with the journey's id as `:uid`. */
  readonly visited: readonly string[]
  readonly newTab: () => Promise<Customer>
  readonly close: () => Promise<void>

  /** Comes to a page of the journey without being shown those before it: for stories that begin there. */
  readonly arrive: (where: Arrival) => Promise<void>
  /** A page of the gallery: nothing there is sent anywhere. */
  readonly openSample: (name: string, language?: 'ja' | 'en') => Promise<void>
  /** At the fintechs' page: 「銀行と連携する」 on the card of this service. */
  readonly connectBank: (service: 'みほん家計簿' | 'みほん会計') => Promise<void>
  /** 「電子証明書ログイン」 or 「証明書を選び直す」: what the browser has chosen is sent, and the bank's next page is there. */
  readonly showCertificate: (link?: '電子証明書ログイン' | '証明書を選び直す') => Promise<void>
  /** The password of the certificate's holder. */
  readonly enterPassword: (secret?: string) => Promise<void>
  readonly signIn: (loginId: string, secret?: string) => Promise<void>
  readonly answerQuestion: (text?: string) => Promise<void>
  readonly chooseServices: (...names: string[]) => Promise<void>
  /** Rows are named by account number. */
  readonly registerPins: (pins: Readonly<Record<string, string>>) => Promise<void>
  readonly skipPins: () => Promise<void>
  readonly confirmPins: () => Promise<void>
  readonly addMorePins: () => Promise<void>
  /** The tick, 「許可」, and back to the fintech. */
  readonly allow: () => Promise<void>
  /** 「許可しない」, and back to the fintech. */
  readonly refuse: () => Promise<void>
  /** 「中止して連携先に戻る」, and back to the fintech. */
  readonly cancel: () => Promise<void>

  /** Presses the button of this name and waits for the next page. */
  readonly press: (button: string) => Promise<void>
  /** Presses the button of this name and waits until the fintech is back on screen. */
  readonly leaveBy: (button: string) => Promise<void>
  /** The title on the page, its h1. */
  readonly screen: () => Promise<string>
  /** The last part of the address, at the bank the name of the step. */
  readonly step: () => string
  readonly buttons: () => Promise<string[]>
  readonly row: (accountNumber: string) => Locator
  readonly text: () => Promise<string>
}

/**
 * Debian's Chromium: nothing is downloaded, and it calls nobody but the pages under test.
 * @param where a program that starts it in other surroundings, and the environment it gets there
 */
export function launchChromium(where: Pick<LaunchOptions, 'executablePath' | 'env'> = {}): Promise<Browser> {
  return playwright.launch({
    executablePath: '/usr/bin/chromium',
    ...where,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/**
 * A browser of its own, with its own cookies.
 * @param emptied a window with the same script and language that another has left: a new one costs a second
 */
export async function openBrowser(
  chromium: Browser,
  demo: Pick<Demo, 'fintechUrl' | 'publicUrl'>,
  { javaScript = true, width = 1280, language = 'ja', address }: BrowserOptions = {},
  emptied?: Page,
): Promise<Customer> {
  const context =
    emptied?.context() ??
    (await chromium.newContext({
      javaScriptEnabled: javaScript,
      locale: language === 'ja' ? 'ja-JP' : 'en-GB',
      timezoneId: 'Asia/Tokyo',
    }))
  context.setDefaultTimeout(15_000)
  if (address) await context.setExtraHTTPHeaders({ 'x-forwarded-for': address })
  const troubles = watch(context)
  const page = emptied ?? (await context.newPage())
  await page.setViewportSize({ width, height: 780 })
  return customerAt(page, demo, troubles)
}

/** Leaves nothing of a customer in his window: no cookie, no other tab, nobody who listens. */
export async function emptied(page: Page): Promise<Page> {
  const context = page.context()
  for (const other of context.pages()) if (other !== page) await other.close()
  await page.unrouteAll()
  await page.goto('about:blank')
  await context.clearCookies()
  for (const event of ['response', 'weberror', 'console'] as const) context.removeAllListeners(event)
  page.removeAllListeners('response')
  return page
}

function customerAt(
  page: Page,
  demo: Pick<Demo, 'fintechUrl' | 'publicUrl'>,
  troubles: readonly string[],
): Customer {
  const { fintechUrl, publicUrl } = demo
  const context = page.context()
  const visited: string[] = []
  page.on('response', (response) => {
    if (response.request().isNavigationRequest())
      visited.push(`${response.status()} ${pathOf(response.url())}`)
  })
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const row = (accountNumber: string) => page.getByRole('row').filter({ hasText: accountNumber })

  const press = async (name: string): Promise<void> => {
    await Promise.all([page.waitForEvent('domcontentloaded'), button(name).click()])
  }
  const leaveBy = async (name: string): Promise<void> => {
    await press(name)
    await page.waitForURL((url) => url.origin === fintechUrl)
  }

  return {
    page,
    troubles,
    visited,
    newTab: async () => customerAt(await context.newPage(), demo, troubles),
    close: () => context.close(),

    arrive: (where) => arrive(page, fintechUrl, where),
    async openSample(name, language = 'ja') {
      await page.goto(`${publicUrl}/gallery/${name}?language=${language}`)
    },
    async connectBank(service) {
      await page.goto(fintechUrl)
      const card = page.getByRole('region', { name: service, exact: true })
      await Promise.all([
        page.waitForURL((url) => url.origin !== fintechUrl),
        card.getByRole('button', { name: '銀行と連携する' }).click(),
      ])
    },
    async showCertificate(link = '電子証明書ログイン') {
      const asked = page.waitForResponse((response) => /\/certificate\?ticket=/.test(response.url()))
      await page.getByRole('link', { name: link, exact: true }).click()
      await asked
      await page.waitForLoadState('domcontentloaded')
    },
    async enterPassword(secret = password) {
      await page.getByLabel('ログインパスワード', { exact: true }).fill(secret)
      await press('API連携')
    },
    async signIn(loginId, secret = password) {
      await page.getByLabel('ログインID', { exact: true }).fill(loginId)
      await page.getByLabel('ログインパスワード', { exact: true }).fill(secret)
      await press('API連携')
    },
    async answerQuestion(text = answer) {
      await page.getByLabel('回答を入力', { exact: true }).fill(text)
      await press('認証')
    },
    async chooseServices(...names) {
      for (const name of names) await page.getByRole('checkbox', { name }).check()
      await press('次へ')
    },
    async registerPins(pins) {
      for (const [accountNumber, entered] of Object.entries(pins)) {
        await row(accountNumber).getByRole('checkbox').check()
        await row(accountNumber).getByLabel('照会用暗証番号（現在）').fill(entered)
      }
      await press('登録')
    },
    skipPins: () => press('登録しないで次へ'),
    confirmPins: () => press('確認'),
    addMorePins: () => press('照会用暗証番号の追加登録'),
    async allow() {
      await page.getByLabel('認可手続きを継続する', { exact: true }).check()
      await leaveBy('許可')
    },
    refuse: () => leaveBy('許可しない'),
    cancel: () => leaveBy('中止して連携先に戻る'),

    press,
    leaveBy,
    screen: () => page.getByRole('heading', { level: 1 }).innerText(),
    step: () => new URL(page.url()).pathname.split('/').at(-1) ?? '',
    async buttons() {
      // Those that send something; what only changes the page comes with the script.
      const all = await page.locator('button:visible:not([type="button"])').all()
      return Promise.all(all.map((one) => one.innerText()))
    },
    row,
    text: () => page.getByRole('main').innerText(),
  }
}

/** Uids and codes differ from run to run; what is left of an address can be compared. */
function pathOf(url: string): string {
  return new URL(url).pathname.replace(/^\/(journey|authorize)\/[\w-]+/, '/$1/:uid')
}

/** What goes wrong in any tab. */
function watch(context: BrowserContext): readonly string[] {
  const troubles: string[] = []
  context.on('response', (response) => {
    // 503 is a page of ours too: the bank is closed or down.
    const failed = response.status() >= 500 && response.status() !== 503
    const missing = response.status() >= 400 && !response.request().isNavigationRequest()
    if (failed || missing) troubles.push(`${response.status()} ${response.url()}`)
  })
  context.on('weberror', (error) => troubles.push(`script: ${error.error().message}`))
  context.on('console', (message) => {
    // Chromium says this of every page with a status from 400; the answers themselves are looked at above.
    if (message.text().startsWith('Failed to load resource')) return
    if (message.type() === 'error' || message.type() === 'warning')
      troubles.push(`${message.type()}: ${message.text()}`)
  })
  return troubles
}
