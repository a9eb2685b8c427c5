/** Try it: the whole connection from page to page, with a real journey between, and no token for anybody to read. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Browser, openBrowser, type Page } from '../support/browser.ts'
import { allow, comeBack, walkToConsent } from '../support/walk.ts'
import { wrongIn } from '../web/valid-html.ts'

let bank: TestBank
beforeAll(async () => {
  bank = await startBank()
})
afterAll(() => bank.close())

async function push(browser: Browser): Promise<URL> {
  await browser.get('/developers/try')
  const { html } = await browser.post('/developers/try/push', {})
  const address = /href="([^"]*\/authorize\?[^"]+)"/.exec(html)?.[1] ?? ''
  return new URL(address.replaceAll('&amp;', '&'))
}

/** The customer walks in the same browser; ends where he is sent back to. */
async function agree(browser: Browser, { pathname, search }: URL): Promise<URL> {
  const page = await browser.get(pathname + search)
  const base = /^\/journey\/[\w-]+/.exec(page.path)?.[0] ?? ''
  const walk = { browser, base } as Parameters<typeof walkToConsent>[0]
  await walkToConsent(walk, 'mihon02')
  await allow(walk)
  return comeBack(walk)
}

const comesBack = (browser: Browser, { pathname, search }: URL): Promise<Page> =>
  browser.get(pathname + search)

it('goes step by step to the balances, and shows each request and answer without a secret', async () => {
  const browser = openBrowser(bank)
  const back = await agree(browser, await push(browser))
  let page = await comesBack(browser, back)
  expect(page.path).toBe('/developers/try')
  for (let step = 0; step < 3; step += 1) page = await browser.post('/developers/try/next', {})
  const { html } = page
  expect(html).toContain('全部の手順が終わりました')
  for (const shown of [
    'POST http://localhost:3000/par',
    'POST http://localhost:3000/token',
    'dpop: ',
    'client_assertion=',
  ])
    expect(html).toContain(shown)
  expect(html).toContain('GET http://localhost:3000/api/accounts')
  expect(html).toMatch(/本店営業部 \S+ 3004501<\/th><td>-?\d+円/)
  const code = back.searchParams.get('code') ?? ''
  expect(code.length).toBeGreaterThan(20)
  expect(html).not.toContain(code)
  // Nothing longer than what a shortened value leaves could open anything.
  const longest = html.match(
    /(?:authorization: |access_token&quot;: &quot;|refresh_token&quot;: &quot;|dpop: |code=)[^…\s]{7,}…/g,
  )
  expect(longest).toBeNull()
  expect(await wrongIn(html)).toEqual([])
  const english = await browser.get('/developers/try?lang=en')
  expect(await wrongIn(english.html)).toEqual([])
  expect(english.html).not.toContain('文字')
  const rows = await bank.db.selectFrom('developer_tries').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain('accessToken')
})

it('ends with the bank’s error when the customer refuses, and can begin again', async () => {
  const browser = openBrowser(bank)
  const { pathname, search } = await push(browser)
  const started = await browser.get(pathname + search)
  const base = /^\/journey\/[\w-]+/.exec(started.path)?.[0] ?? ''
  await browser.post(`${base}/cancel`, { how: 'refused' })
  const back = await comeBack({ browser, base } as Parameters<typeof comeBack>[0])
  const page = await comesBack(browser, back)
  expect(page.html).toContain('<code>access_denied</code>')
  expect(await wrongIn(page.html)).toEqual([])
  expect((await push(browser)).pathname).toBe('/authorize')
})

it('takes no answer that is not to this browser’s own request', async () => {
  const victim = openBrowser(bank)
  const attacker = openBrowser(bank)
  const stolen = await agree(attacker, await push(attacker))
  await push(victim)
  const { html } = await comesBack(victim, stolen)
  expect(html).toContain('/authorize?')
  expect((await comesBack(openBrowser(bank), stolen)).html).not.toContain('POST http://localhost:3000/token')
})

it('by its registered number leads to the issuer’s name, where its cookie is', async () => {
  const { statusCode, headers } = await bank.server.inject({
    url: '/developers/try/callback?code=x&state=y',
    headers: { host: '127.0.0.1:3000' },
  })
  expect([statusCode, headers.location]).toEqual([
    303,
    'http://localhost:3000/developers/try/callback?code=x&state=y',
  ])
})
