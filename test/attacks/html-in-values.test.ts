/** Values that others write, walked through the whole journey: whatever they hold, the pages keep the structure that they have. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import type { Client } from '../../src/store/clients.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { goodCertificate } from '../support/certificates.ts'
import { openFintech } from '../support/fintech.ts'
import {
  allow,
  begin,
  cancel,
  chooseServices,
  comeBack,
  confirmPins,
  giveAnswer,
  handleOf,
  pin,
  send,
  signIn,
  watchAnswers,
} from '../support/walk.ts'

const started: TestBank[] = []
afterEach(async () => {
  for (const bank of started.splice(0)) await bank.close()
})

/** A bank and a fintech of which every shown text is, or begins with, `value`. */
async function bankOf(value: string): Promise<TestBank> {
  const wrapBank = (real: Bank): Bank => ({
    ...real,
    async signIn(credentials) {
      const said = await real.signIn(credentials)
      return said.ok ? { ok: true, value: { ...said.value, companyName: value, userName: value } } : said
    },
    async signInWithCertificate(credentials) {
      const said = await real.signInWithCertificate(credentials)
      return said.ok ? { ok: true, value: { ...said.value, companyName: value, userName: value } } : said
    },
    async question(who) {
      const said = await real.question(who)
      return said.ok ? { ok: true, value: { ...said.value, text: value } } : said
    },
    async accounts(who) {
      const said = await real.accounts(who)
      if (!said.ok) return said
      const texts = { branchName: value, branchCode: value, kind: value, memo: value }
      return { ok: true, value: said.value.map((account) => ({ ...account, ...texts })) }
    },
  })
  const bank = await startBank({ wrapBank })
  started.push(bank)
  await register(bank, {
    serviceName: value,
    companyName: value,
    registrationNumber: value,
    contact: value,
    liabilityUrl: `https://fintech.example/?q=${value}`,
    termsUrl: `https://fintech.example/?q=${value}`,
    privacyUrl: `https://fintech.example/?q=${value}`,
  })
  return bank
}

/** Changes what is registered of the fintech. */
async function register(bank: TestBank, changes: Partial<Client>): Promise<void> {
  const registered = await bank.clients.find('demo-kakeibo')
  if (!registered) throw new Error('no such fintech')
  const { status: _active, ...client } = registered
  await bank.clients.put({ ...client, ...changes })
}

/** Every page of the journey with every error on it: what the browser was shown, in order. */
async function allPages(value: string): Promise<readonly string[]> {
  const bank = await bankOf(value)
  const answers = watchAnswers(bank)
  const walk = await begin(bank)
  await signIn(walk, value, '')
  await signIn(walk, value, 'wrong')
  await walk.browser.get(
    `${walk.base}/certificate?ticket=${bank.tickets.issue(goodCertificate({ name: value }), walk.base.split('/')[2] ?? '')}`,
  )
  await walk.browser.post(`${walk.base}/certificate-password`, { password: 'wrong' })
  await walk.browser.post(`${walk.base}/change`, { fact: 'certificate' })
  await signIn(walk, 'mihon03')
  await giveAnswer(walk, value)
  await giveAnswer(walk)
  await walk.browser.post(`${walk.base}/choose-services`, { services: value })
  await chooseServices(walk)
  const { html } = walk.browser.page()
  const [first, second] = ['2000002', '1111111'].map((number) => handleOf(html, number)) as [string, string]
  await walk.browser.post(`${walk.base}/register-pins`, { rows: [first, second], [`pin-${first}`]: value })
  await walk.browser.post(`${walk.base}/register-pins`, {
    rows: [first, second],
    [`pin-${first}`]: pin,
    [`pin-${second}`]: '0000',
  })
  await confirmPins(walk)
  await allow(walk, { proceed: value, accounts: value })
  await allow(walk)
  await comeBack(walk)
  await walk.browser.get(walk.base)
  const other = await begin(bank)
  await signIn(other, 'mihon08')
  await cancel(other)
  await send(bank, walk, 'GET', `/journey/${encodeURIComponent(value)}`)
  await send(bank, walk, 'GET', `/${encodeURIComponent(value)}?lang=${encodeURIComponent(value)}`)
  const { parameters } = openFintech(bank).newRequest({ client_id: value, scope: value, redirect_uri: value })
  await send(bank, walk, 'GET', `/authorize?${new URLSearchParams(parameters).toString()}`)
  return (await answers())
    .filter(({ headers }) => String(headers['content-type']).startsWith('text/html'))
    .map(({ body }) => body)
}

/** The tags of a page with the names of their attributes; a `<` that opens none of them is a fault. */
function structureOf(html: string): string {
  const tags: string[] = []
  const rest = html.replace(
    /<(?:!DOCTYPE html|(\/?[a-z][a-z0-9]*)((?: [a-z-]+(?:="[^"<>]*")?)*))>/g,
    (_tag, name: string | undefined, attributes: string | undefined) => {
      tags.push(`${name ?? ''}${(attributes ?? '').replace(/="[^"]*"/g, '')}`)
      return ''
    },
  )
  expect(rest).not.toMatch(/[<>]/)
  return tags.join('\n')
}

const harmless = 'harmless'
const hostile: Readonly<Record<string, string>> = {
  'a script': '<script>alert(1)</script>',
  'an image in an attribute': '"><img src=x onerror=alert(1)>',
  'a handler in an attribute': `" onfocus="alert(1)" autofocus x='`,
  'single quotes and a comment': `'--><svg onload=alert(1)><!--`,
  'the end of title and main': '</title></main></form><base href=//evil>',
  // A user's name is cut after 40 characters, so this one has fewer.
  'template tags': '{{1111*1111}}<%=1111*1111%>${1111*1111}',
  entities: '&lt;script&gt;&#x3c;b&#60;',
}

let expected: readonly string[]
beforeAll(async () => {
  expected = await allPages(harmless)
})

describe.each(Object.entries(hostile))('values with %s', (_what, value) => {
  it('change no page’s structure, and are read as they were written', async () => {
    const pages = await allPages(value)
    expect(pages.map(structureOf)).toEqual(expected.map(structureOf))
    const escaped = value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
    for (const [n, page] of expected.entries()) {
      // The question, the names, the memo: wherever the harmless one is shown, this one is.
      if (page.includes(`>${harmless}<`)) expect(pages[n]).toContain(`>${escaped}<`)
      if (value.includes('1111')) expect(pages[n]).not.toContain('1234321')
    }
  })
})

describe('a registration', () => {
  const refuses = async (fields: readonly (keyof Client)[], value: string): Promise<void> => {
    const bank = await startBank()
    started.push(bank)
    for (const field of fields) await expect(register(bank, { [field]: value })).rejects.toThrow()
  }

  it.each([
    ['turn the text around', '\u202eみほん\u202c'],
    ['isolate it', '\u2066みほん'],
    ['begin a line', 'みほん\r\nSet-Cookie: x=y'],
    ['end a text', 'みほん\u0000'],
    ['have no width', 'みほん\u200b'],
  ])('takes no names with characters that nobody sees and that %s', (_what, name) =>
    refuses(['serviceName', 'companyName', 'registrationNumber', 'contact'], name),
  )

  it.each(['javascript:alert(1)', 'data:text/html,<script>alert(1)</script>', 'http://fintech.example/'])(
    'takes no link to %s',
    (url) => refuses(['liabilityUrl', 'termsUrl', 'privacyUrl'], url),
  )
})
