/** The customer's verbs: every app-level test tells its story with these. */
import type { LightMyRequestResponse } from 'fastify'
import { vi } from 'vitest'
import type { TestBank } from './bank.ts'
import { type Browser, type Cookie, csrfOf, type Fields, openBrowser, type Page } from './browser.ts'
import { type Fintech, openFintech } from './fintech.ts'

export const password = 'Tsubame2026'
export const pin = '4649'
export const answer = 'さくら'

export type Walk = {
  readonly browser: Browser
  readonly fintech: Fintech
  readonly verifier: string
  readonly parameters: Record<string, string>
  /** `/journey/<uid>` */
  readonly base: string
}

/** From the fintech's button to the bank's first screen. */
export async function begin(
  bank: TestBank,
  {
    fintech = openFintech(bank),
    browser = openBrowser(bank),
    request = {},
  }: { fintech?: Fintech; browser?: Browser; request?: Record<string, string | undefined> } = {},
): Promise<Walk> {
  const { verifier, parameters } = fintech.newRequest(request)
  const page = await browser.get(await fintech.authorizeAddress(parameters))
  const base = /^\/journey\/[\w-]+/.exec(page.path)?.[0]
  if (!base) throw new Error(`no journey began: ${page.status} ${page.path}`)
  return { browser, fintech, verifier, parameters, base }
}

export const stepOf = (page: Page): string => page.path.split('/')[3] ?? ''

export const signIn = ({ browser, base }: Walk, loginId: string, secret = password): Promise<Page> =>
  browser.post(`${base}/sign-in`, { loginId, password: secret })

export const giveAnswer = ({ browser, base }: Walk, text = answer): Promise<Page> =>
  browser.post(`${base}/answer-challenge`, { answer: text })

export const chooseServices = (
  { browser, base }: Walk,
  services: readonly string[] = ['balances', 'transactions'],
): Promise<Page> => browser.post(`${base}/choose-services`, { services })

/** Rows are named by account number, as a customer would. */
export function registerPins({ browser, base }: Walk, pins: Readonly<Record<string, string>>): Promise<Page> {
  const { html } = browser.page()
  const fields: Record<string, string | string[]> = {
    rows: Object.keys(pins).map((number) => handleOf(html, number)),
  }
  for (const [number, value] of Object.entries(pins)) fields[`pin-${handleOf(html, number)}`] = value
  return browser.post(`${base}/register-pins`, fields)
}

export const skipPins = ({ browser, base }: Walk): Promise<Page> =>
  browser.post(`${base}/register-pins`, { action: 'skip' })

export const confirmPins = ({ browser, base }: Walk): Promise<Page> =>
  browser.post(`${base}/review-pins`, { action: 'confirm' })

export const morePins = ({ browser, base }: Walk): Promise<Page> =>
  browser.post(`${base}/review-pins`, { action: 'more' })

/** 許可 with the tick and all accounts as the page offers them. */
export function allow(
  { browser, base }: Walk,
  changes: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<Page> {
  const { html } = browser.page()
  return browser.post(`${base}/give-consent`, {
    proceed: 'yes',
    accounts: offeredAccounts(html),
    shown: /name="shown" value="([^"]*)"/.exec(html)?.[1] ?? '',
    language: /name="language" value="([^"]*)"/.exec(html)?.[1] ?? '',
    ...changes,
  })
}

export const cancel = ({ browser, base }: Walk, how: 'cancelled' | 'refused' = 'cancelled'): Promise<Page> =>
  browser.post(`${base}/cancel`, { how })

/** From the return page through the engine back to the fintech: the address it is called at. */
export async function comeBack({ browser }: Walk): Promise<URL> {
  const resume = browser.page().leftTo ?? resumeLink(browser.page().html)
  if (!resume) throw new Error(`nothing leads back from ${browser.page().path}`)
  const { leftTo } = await browser.get(resume.pathname + resume.search)
  if (!leftTo)
    throw new Error(`the engine did not lead back: ${browser.page().status} ${browser.page().path}`)
  return leftTo
}

export type Tokens = { readonly access: string; readonly refresh: string; readonly idToken: string }

/** The whole way of a customer who agrees to everything; ends with the fintech's tokens. */
export async function connect(
  bank: TestBank,
  loginId: string,
  options: Parameters<typeof begin>[1] = {},
): Promise<Walk & Tokens> {
  const walk = await begin(bank, options)
  await walkToConsent(walk, loginId)
  await allow(walk)
  const back = await comeBack(walk)
  const { status, body } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
  if (status !== 200) throw new Error(`the code was refused: ${JSON.stringify(body)}`)
  return {
    ...walk,
    access: String(body.access_token),
    refresh: String(body.refresh_token),
    idToken: String(body.id_token),
  }
}

/** Signs in and answers whatever is due until 手順 6 is shown. */
export async function walkToConsent(walk: Walk, loginId: string): Promise<Page> {
  let page = await signIn(walk, loginId)
  for (let turn = 0; turn < 6 && stepOf(page) !== 'give-consent'; turn += 1) {
    const step = stepOf(page)
    if (step === 'answer-challenge') page = await giveAnswer(walk)
    else if (step === 'choose-services') page = await chooseServices(walk)
    else if (step === 'register-pins')
      page = await registerPins(walk, { [firstUnregistered(page.html)]: pin })
    else if (step === 'review-pins') page = await confirmPins(walk)
    else throw new Error(`no way on from ${page.status} ${page.path}`)
  }
  return page
}

/** The row or box of an account, by its number. */
export function handleOf(html: string, number: string): string {
  const row = new RegExp(`id="name-([\\w-]+)"(?:(?!id="name-)[\\s\\S])*?${number}`).exec(html)?.[1]
  if (!row) throw new Error(`no account ${number} on this page`)
  return row
}

export const offeredAccounts = (html: string): string[] =>
  [...html.matchAll(/name="accounts" value="([^"]+)"/g)].map((match) => match[1] ?? '')

function firstUnregistered(html: string): string {
  const row = html.split('<tr ').find((part) => part.includes('tag unregistered'))
  return /(?:普通|当座) (\d+)/.exec(row ?? '')?.[1] ?? ''
}

function resumeLink(html: string): URL | undefined {
  const href = /href="([^"]*\/authorize\/[^"]+)"/.exec(html)?.[1]
  return href ? new URL(href) : undefined
}

/** Whatever was tried before: the honest customer goes on from the step that is due, and the fintech gets this code. */
export async function goOn(walk: Walk, loginId: string): Promise<string> {
  await walk.browser.get(walk.base)
  await walkToConsent(walk, loginId)
  await allow(walk)
  return (await comeBack(walk)).searchParams.get('code') ?? ''
}

export type Sent = {
  readonly fields?: Fields
  /** a body that is no form, with its content type */
  readonly body?: { readonly type: string; readonly content: string }
  readonly headers?: Readonly<Record<string, string>>
  /** false: without the Origin that a browser sends with a form */
  readonly origin?: boolean
  /** other cookies than those of the browser */
  readonly cookies?: readonly Cookie[]
  /** the address it comes from */
  readonly from?: string
}

/** One request by hand, with its answer as it is: no redirect is followed, and the browser learns nothing of it. */
export function send(
  { server, settings }: TestBank,
  { browser }: Pick<Walk, 'browser'>,
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS',
  path: string,
  { fields, body, headers = {}, origin = true, cookies = browser.cookies(), from = '127.0.0.1' }: Sent = {},
): Promise<LightMyRequestResponse> {
  const form = new URLSearchParams()
  const withToken = fields && { _csrf: csrfOf(browser.page().html), ...fields }
  for (const [name, value] of Object.entries(withToken ?? {})) {
    for (const one of typeof value === 'string' ? [value] : value) form.append(name, one)
  }
  const sent: Record<string, string> = {
    host: new URL(settings.publicUrl).host,
    'accept-language': 'ja',
    accept: 'text/html,*/*;q=0.8',
    cookie: cookies.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join('; '),
    ...(method === 'POST' && origin ? { origin: settings.publicUrl } : {}),
    ...(fields ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
    ...(body ? { 'content-type': body.type } : {}),
    ...headers,
  }
  return server.inject({
    method,
    url: path,
    remoteAddress: from,
    headers: sent,
    ...(fields ? { payload: form.toString() } : body ? { payload: body.content } : {}),
  })
}

/** What the customers have agreed to, oldest first. */
export const consentsOf = ({ db }: Pick<TestBank, 'db'>) =>
  db.selectFrom('consents').selectAll().orderBy('granted_at').execute()

/** From now on remembers every answer of the bank, those that redirect included, to be looked at afterwards. */
export function watchAnswers({ server }: TestBank): () => Promise<readonly LightMyRequestResponse[]> {
  const spy = vi.spyOn(server, 'inject')
  return () =>
    Promise.all(spy.mock.results.map(({ value }) => value as unknown as Promise<LightMyRequestResponse>))
}

/** A journey from an address as it is: without a pushed request, or with one that was opened before. */
export async function beginAt({ browser, ...rest }: Omit<Walk, 'base'>, address: string): Promise<Walk> {
  const page = await browser.get(address)
  const base = /^\/journey\/[\w-]+/.exec(page.path)?.[0]
  if (!base) throw new Error(`no journey began: ${page.status} ${page.path}`)
  return { ...rest, browser, base }
}

/** 許可 on a page that was shown before: a tab left open, or an attacker who kept what he saw. */
export const allowOn = (shown: Page, walk: Walk): Promise<Page> =>
  allow({ ...walk, browser: { ...walk.browser, page: () => shown } }, { _csrf: csrfOf(shown.html) })
