/** The verbs of a customer at his own connections. */
import type { TestBank } from './bank.ts'
import { type Browser, openBrowser, type Page } from './browser.ts'
import { answer, password } from './walk.ts'

export const base = '/connections'

/** Signs in, with the extra question where it is asked; ends on the list. */
export async function visitConnections(
  bank: TestBank,
  loginId: string,
  browser: Browser = openBrowser(bank),
): Promise<Browser> {
  await browser.get(base)
  const page = await browser.post(`${base}/sign-in`, { loginId, password })
  if (page.path.endsWith('answer-challenge')) await browser.post(`${base}/answer-challenge`, { answer })
  if (browser.page().path !== base) throw new Error(`not signed in: ${page.status} ${browser.page().path}`)
  return browser
}

export const numbersOn = ({ html }: Page): string[] => [
  ...new Set([...html.matchAll(/\/connections\/consents\/([\w-]+)"/g)].map((match) => match[1] ?? '')),
]

/** The only connection on the list. */
export function theNumber(page: Page): string {
  const [number, ...more] = numbersOn(page)
  if (!number || more.length > 0) throw new Error(`not one connection but ${numbersOn(page).join(', ')}`)
  return number
}

/**
 * As a customer does: the page that asks, then its button.
 * @param what a number, or with `accounts/<handle>` behind it
 */
export async function stop(browser: Browser, what: string): Promise<Page> {
  const page = await browser.get(`${base}/consents/${what}/stop`)
  if (!page.path.endsWith('/stop')) throw new Error(`nothing to stop at ${page.path}`)
  return browser.post(page.path, {})
}

/** What to stop for one account, named by its number on the page of a connection. */
export function accountToStop({ html }: Page, accountNumber: string): string {
  const item = html.split('<li>').find((part) => part.includes(accountNumber)) ?? ''
  const address = /\/connections\/consents\/([\w-]+\/accounts\/[\w-]+)\/stop"/.exec(item)?.[1]
  if (!address) throw new Error(`account ${accountNumber} cannot be stopped here`)
  return address
}
