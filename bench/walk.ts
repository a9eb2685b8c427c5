/**
 * A real customer's way over real HTTP, from the fintech's pushed request to its tokens, and what the fintech does with them.
 * Whatever does not go as it should says at which step, with which status and why.
 */
import { csrfOf, refreshTarget } from '../test/support/browser.ts'
import { answer, loginIdOf, password, pin } from './bank.ts'
import {
  type Browser,
  Failed,
  type Fields,
  openBrowser,
  openWire,
  type Page,
  type WireOptions,
} from './browser.ts'
import { addressOf, type FintechServer, openFintechServer, type Tokens, tokensIn } from './fintech.ts'
import type { Fintech } from './installation.ts'

/** How far a journey came; what the bank or the server has answered counts, even when a later step failed. */
export type Reached = {
  readonly customer: number
  /** `/journey/<uid>` */
  readonly base?: string
  /** 許可 was answered: from now on the consent must never be lost */
  readonly allowed?: true
  /** the fintech has it, with what proves that it asked */
  readonly code?: string
  readonly verifier?: string
  readonly tokens?: Tokens
}

export type Walked =
  | { readonly ok: true; readonly reached: Reached & { readonly tokens: Tokens } }
  | { readonly ok: false; readonly reached: Reached; readonly failed: Failed }

export type WalkOptions = {
  /** a PIN is registered in the journey, or 「登録しないで次へ」 */
  readonly pins?: 'register' | 'skip'
  /** what he types as his password */
  readonly password?: string
  /** the journey ends before this step is submitted, as when the tab is closed */
  readonly until?: string
}

export type Load = Omit<FintechServer, 'push'> & {
  /** The whole way. Never throws but for a defect of its own. */
  readonly connect: (customer: number, options?: WalkOptions) => Promise<Walked>
  readonly close: () => Promise<void>
}

/** @param fintech in whose name all this happens */
export function openLoad({ fintech, ...options }: WireOptions & { readonly fintech: Fintech }): Load {
  const { publicUrl } = options
  const wire = openWire(options)
  const { push, ...server } = openFintechServer(wire, fintech)

  async function go(reached: Changing, walk: WalkOptions): Promise<Tokens | undefined> {
    const browser = openBrowser(wire, { publicUrl, from: addressOf(reached.customer) })
    const { verifier, address } = await push()
    const first = await browser.get('authorize', address)
    reached.base = expectStep(first, 'sign-in')
    const shown = await toConsent(browser, first, reached, walk)
    if (!shown) return undefined
    const back = await comeBack(browser, await allow(browser, shown, reached))
    reached.code = back.searchParams.get('code') ?? ''
    reached.verifier = verifier
    if (reached.code === '') throw new Failed('resume', 303, `back without a code: ${back.search}`)
    return tokensIn(await server.exchange(reached.code, verifier))
  }

  return {
    ...server,
    async connect(customer, walk = {}) {
      const reached: Changing = { customer }
      try {
        const tokens = await go(reached, walk)
        if (tokens) return { ok: true, reached: { ...reached, tokens } }
        return { ok: false, reached, failed: new Failed(walk.until ?? '', 200, 'left on purpose') }
      } catch (error) {
        if (error instanceof Failed) return { ok: false, reached, failed: error }
        throw error
      }
    },
    close: wire.close,
  }
}

type Changing = { -readonly [Key in keyof Reached]: Reached[Key] }

/** What each step wants, until 手順 6 is shown. Undefined when the customer left before. */
async function toConsent(
  browser: Browser,
  first: Page,
  { base = '', customer }: Reached,
  { pins = 'register', until, ...typed }: WalkOptions,
): Promise<Page | undefined> {
  const fieldsOf: Readonly<Record<string, (html: string) => Fields>> = {
    'sign-in': () => ({ loginId: loginIdOf(customer), password: typed.password ?? password }),
    'answer-challenge': () => ({ answer }),
    'choose-services': () => ({ services: ['balances', 'transactions'] }),
    'register-pins': (html) => (pins === 'skip' ? { action: 'skip' } : onePin(html)),
    'review-pins': () => ({ action: 'confirm' }),
  }
  let page = first
  for (const [step, fields] of Object.entries(fieldsOf)) {
    const due = stepOf(page)
    if (due === until) return undefined
    if (due !== step) continue
    page = await browser.post(due, `${base}/${due}`, { _csrf: csrfOf(page.html), ...fields(page.html) })
    if (page.status !== 200 || stepOf(page) === due) throw new Failed(due, page.status, saidBy(page))
  }
  expectStep(page, 'give-consent')
  return until === 'give-consent' ? undefined : page
}

/** 許可 with the tick and every account that the page offers. */
async function allow(browser: Browser, { html }: Page, reached: Changing): Promise<Page> {
  const valueOf = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? ''
  const page = await browser.post('give-consent', `${reached.base}/give-consent`, {
    _csrf: csrfOf(html),
    proceed: 'yes',
    accounts: [...html.matchAll(/name="accounts" value="([^"]+)"/g)].map((match) => match[1] ?? ''),
    shown: valueOf('shown'),
    language: valueOf('language'),
  })
  expectStep(page, 'return')
  reached.allowed = true
  return page
}

/** Through the engine back to the fintech: the address it is called at. */
async function comeBack(browser: Browser, page: Page): Promise<URL> {
  const target = refreshTarget(page.html)
  if (!target) throw new Failed('return', page.status, saidBy(page))
  const { leftTo, ...last } = await browser.get('resume', target.pathname + target.search)
  if (!leftTo) throw new Failed('resume', last.status, saidBy({ ...last, leftTo }))
  return leftTo
}

/** @returns `/journey/<uid>` */
function expectStep(page: Page, step: string): string {
  const [, base, shown] = /^(\/journey\/[\w-]+)\/([\w-]+)$/.exec(page.path) ?? []
  if (page.status !== 200 || shown !== step || !base)
    throw new Failed(step, page.status, `${page.path}: ${saidBy(page)}`)
  return base
}

export const stepOf = ({ path }: Page): string => path.split('/')[3] ?? ''

/** The problem, the errors or at least the title of a page. */
export function saidBy({ html, path, leftTo }: Page): string {
  if (leftTo) return `led to ${leftTo.origin}${leftTo.pathname}`
  const problem = /data-problem="([\w-]+)"/.exec(html)?.[1]
  const errors = /<div role="alert">([\s\S]*?)<\/div>/
    .exec(html)?.[1]
    ?.replaceAll(/<[^>]*>|\s+/g, ' ')
    .trim()
  return problem ?? errors ?? /<title>([^<]*)/.exec(html)?.[1] ?? `${path}: ${html.slice(0, 200)}`
}

/** The PIN of the first account that has none in force. */
export function onePin(html: string): Fields {
  const row = html.split('<tr ').find((part) => part.includes('tag unregistered'))
  const handle = /name="rows" value="([^"]+)"/.exec(row ?? '')?.[1] ?? ''
  return { rows: [handle], [`pin-${handle}`]: pin }
}
