/** The desk as a member of the bank's staff uses it: a browser on its origin, and the forms that are on its pages. */
import type { LightMyRequestResponse } from 'fastify'
import { demoStaff } from '../../src/demo/staff.ts'
import type { Entrance } from '../../src/operator/desk/entrance.ts'
import { startBank, type TestBank, type TestBankOptions } from './bank.ts'
import { type Browser, csrfOf, type Fields, openBrowser, type Page } from './browser.ts'

export const deskUrl = 'http://127.0.0.1:3004'

/** One of the demo's staff for each role. */
export const staffWith = {
  reader: '見本 花子',
  desk: '窓口 一郎',
  registrar: '管理 葵',
  auditor: '監査 誠',
} as const

export const demoEntrance: Entrance = { kind: 'demo', url: deskUrl, members: demoStaff }

export const startBankWithDesk = (options: TestBankOptions = {}): Promise<TestBank> =>
  startBank({ desk: demoEntrance, ...options })

export type Desk = Browser & {
  /** Types into the box, and follows wherever that leads. */
  readonly search: (text: string) => Promise<Page>
  readonly stop: (number: string, changes?: Fields) => Promise<Page>
}

/** Somebody of the staff at the desk. */
export async function openDesk(bank: TestBank, role: keyof typeof staffWith = 'desk'): Promise<Desk> {
  const browser = browserAt(bank)
  await browser.get('/sign-in')
  await browser.post('/sign-in', { name: staffWith[role] })
  return {
    ...browser,
    async search(text) {
      await browser.get('/')
      return browser.post('/search', { q: text })
    },
    stop: (number, changes = {}) =>
      browser.post(`/consents/${number}/stop`, {
        scope: 'whole',
        reason: 'customer-asked',
        check: 'callback',
        note: 'お電話あり',
        confirm: 'yes',
        ...changes,
      }),
  }
}

/** A browser on the desk's origin in which nobody has signed in. */
export function browserAt({ deskServer, settings }: TestBank): Browser {
  if (!deskServer) throw new Error('this bank has no desk')
  return openBrowser({ server: deskServer, settings: { ...settings, publicUrl: deskUrl } })
}

/** One request by hand, with the cookies of a browser and the token of its last page. */
export function ask(
  { deskServer }: TestBank,
  browser: Browser,
  [method, url]: readonly ['GET' | 'POST', string],
  { fields, headers = {} }: { fields?: Record<string, string>; headers?: Record<string, string> } = {},
): Promise<LightMyRequestResponse> {
  if (!deskServer) throw new Error('this bank has no desk')
  const cookie = browser.cookies().map(({ name, value }) => `${name}=${encodeURIComponent(value)}`)
  return deskServer.inject({
    method,
    url,
    headers: {
      host: new URL(deskUrl).host,
      'accept-language': 'ja',
      cookie: cookie.join('; '),
      ...(method === 'POST' ? { origin: deskUrl, 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...headers,
    },
    ...(method === 'POST'
      ? { payload: new URLSearchParams({ _csrf: csrfOf(browser.page().html), ...fields }).toString() }
      : {}),
  })
}

export type AuditRow = { readonly event: string; readonly [name: string]: unknown }

/** What the audit has, the oldest first. */
export async function auditOf({ db }: TestBank, event?: string): Promise<readonly AuditRow[]> {
  const rows = await db.selectFrom('audit').selectAll().orderBy('seq').execute()
  return rows
    .filter((row) => event === undefined || row.event === event)
    .map((row) => ({
      ...(JSON.parse(row.payload) as Record<string, unknown>),
      event: row.event,
      journey: row.journey,
    }))
}
