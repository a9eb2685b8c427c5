/** A developer's verbs: registers a sandbox client by the form, as he would in his browser. */
import type { TestBank } from './bank.ts'
import { type Browser, type Fields, openBrowser, type Page } from './browser.ts'

export type Registered = {
  readonly browser: Browser
  readonly page: Page
  readonly id: string
  readonly developerKey: string
  readonly secret: string
}

/** @param fields other than those of the form as it is shown first */
export async function registerSandbox(
  bank: Pick<TestBank, 'server' | 'settings'>,
  fields: Fields = {},
  browser = openBrowser(bank),
): Promise<Registered> {
  await browser.get('/developers/register')
  const page = await browser.post('/developers/register', { ...usual, ...fields })
  const shown = (label: string): string =>
    new RegExp(`<dt>${label}[^<]*</dt><dd><code>([^<]+)</code>`).exec(page.html)?.[1] ?? ''
  return {
    browser,
    page,
    id: shown('クライアントID'),
    secret: shown('クライアントシークレット'),
    developerKey: shown('開発者キー'),
  }
}

const usual: Fields = {
  name: 'つくしの家計簿',
  redirectUris: 'http://127.0.0.1:8765/callback',
  profile: 'standard',
  method: 'client_secret_basic',
  senderConstraint: 'none',
  signingAlg: 'ES256',
}

/** What stands beside a field, in words. */
export const errorsIn = ({ html }: Page): string[] =>
  [...html.matchAll(/<div class="error" id="([\w-]+)-error">/g)].map((match) => match[1] ?? '')
