/** Nobody is sent where the fintech has not registered an address, however much it looks like one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser, type Page } from '../support/browser.ts'
import { type Fintech, openFintech } from '../support/fintech.ts'
import { openToNetwork, type RawClient, rawRequest } from '../support/raw.ts'
import { returnWithCode } from '../support/returned.ts'
import { allow, begin, cancel, comeBack, walkToConsent } from '../support/walk.ts'

let bank: TestBank
let fintech: Fintech
let send: RawClient
beforeAll(async () => {
  bank = await startBank()
  fintech = openFintech(bank)
  send = await openToNetwork(bank)
})
afterAll(() => bank.close())

const registered = 'http://127.0.0.1:3001/callback/demo-kakeibo'
const tail = '/callback/demo-kakeibo'

const tricks = [
  ['the registered one as a prefix', `${registered}x`],
  ['a path below it', `${registered}/evil`],
  ['its folder', 'http://127.0.0.1:3001/callback/'],
  ['its origin', 'http://127.0.0.1:3001'],
  ['its origin with a slash', 'http://127.0.0.1:3001/'],
  ['another path', 'http://127.0.0.1:3001/other'],
  ['another fintech’s', 'http://127.0.0.1:3001/callback/demo-kaikei'],
  ['another host', `https://evil.example${tail}`],
  ['the host as a prefix', `http://127.0.0.1.evil.example:3001${tail}`],
  ['host and port as a prefix', `http://127.0.0.1:3001.evil.example${tail}`],
  ['another port', `http://127.0.0.1:3002${tail}`],
  ['no port', `http://127.0.0.1${tail}`],
  ['a port with zeros', `http://127.0.0.1:03001${tail}`],
  ['a path that climbs', `${registered}/../evil`],
  ['a path that climbs and comes back', `http://127.0.0.1:3001/x/..${tail}`],
  ['a path that climbs encoded', `${registered}/%2e%2e/evil`],
  ['a path that climbs with an encoded slash', `${registered}/..%2fevil`],
  ['a dot segment', `http://127.0.0.1:3001/.${tail}`],
  ['two slashes', `http://127.0.0.1:3001/${tail}`],
  ['a user', `http://evil@127.0.0.1:3001${tail}`],
  ['the registered host as a user', `http://127.0.0.1:3001@evil.example${tail}`],
  ['the registered host as a password', `http://a:127.0.0.1@evil.example${tail}`],
  ['a backslash before the host', `http://evil.example\\@127.0.0.1:3001${tail}`],
  ['backslashes', registered.replaceAll('/', '\\')],
  ['an empty fragment', `${registered}#`],
  ['a fragment', `${registered}#evil`],
  ['an empty query', `${registered}?`],
  ['a query', `${registered}?next=https://evil.example`],
  ['a matrix parameter', `${registered};evil`],
  ['capitals in the scheme', `HTTP://127.0.0.1:3001${tail}`],
  ['capitals in the path', 'http://127.0.0.1:3001/Callback/demo-kakeibo'],
  ['a slash at the end', `${registered}/`],
  ['a dot at the end', `${registered}.`],
  ['a dot after the host', `http://127.0.0.1.:3001${tail}`],
  ['https', `https://127.0.0.1:3001${tail}`],
  ['localhost', `http://localhost:3001${tail}`],
  ['the IPv6 loopback', `http://[::1]:3001${tail}`],
  ['a short loopback', `http://127.1:3001${tail}`],
  ['a decimal loopback', `http://2130706433:3001${tail}`],
  ['a full-width loopback', `http://１２７.0.0.1:3001${tail}`],
  ['an encoded letter', 'http://127.0.0.1:3001/%63allback/demo-kakeibo'],
  ['an encoded slash', 'http://127.0.0.1:3001/callback%2Fdemo-kakeibo'],
  ['encoded twice', encodeURIComponent(registered)],
  ['a space before', ` ${registered}`],
  ['a space after', `${registered} `],
  ['a tab within', registered.replace('callback', 'call\tback')],
  ['a line break', `${registered}\r\nset-cookie: a=b`],
  ['a NUL', `${registered}\0.evil.example`],
  ['no scheme', '//127.0.0.1:3001/callback/demo-kakeibo'],
  ['a path only', tail],
  ['a script', 'javascript:alert(1)//127.0.0.1:3001/callback/demo-kakeibo'],
  ['data', 'data:text/html,<script>alert(1)</script>'],
  ['not an address', 'demo-kakeibo'],
] as const

const authorize = (query: URLSearchParams): Promise<Page> =>
  openBrowser(bank).get(`/authorize?${query.toString()}`)

/** Our own page, and nothing on it leads anywhere that the request named. */
function expectOurPage({ status, html, leftTo }: Page): void {
  expect(leftTo?.href).toBeUndefined()
  expect(status).toBe(400)
  expect(html).toContain('data-problem="authorization-refused"')
  expect(html).not.toMatch(/(href|action|src|content)="[^"]*(evil|javascript:|data:text)/)
}

describe('an address that is not registered', () => {
  it.each(tricks)('(%s) is refused with our page, whatever else is wrong', async (_what, redirect_uri) => {
    for (const more of [
      {},
      { prompt: 'none' },
      { response_type: 'token' },
      { response_mode: 'fragment' },
      { response_mode: 'jwt', scope: 'nothing' },
    ]) {
      const { parameters } = fintech.newRequest({ redirect_uri, ...more })
      expectOurPage(await authorize(new URLSearchParams(parameters)))
    }
  })

  it.each(tricks)('(%s) is refused when pushed', async (_what, redirect_uri) => {
    const { status, body } = await fintech.push(fintech.newRequest({ redirect_uri }).parameters)
    expect([status, body.error]).toEqual([400, 'invalid_request'])
    expect(body.request_uri).toBeUndefined()
  })

  it.each([
    ['before the registered one', ['https://evil.example/', registered]],
    ['after the registered one', [registered, 'https://evil.example/']],
    ['twice the registered one', [registered, registered]],
  ])('given %s is refused', async (_what, addresses) => {
    const { parameters } = fintech.newRequest({ redirect_uri: undefined })
    const query = new URLSearchParams(parameters)
    for (const address of addresses) query.append('redirect_uri', address)
    const { leftTo, status } = await authorize(query)
    expect(leftTo?.hostname).not.toBe('evil.example')
    if (leftTo) expect(leftTo.searchParams.get('error')).toBe('invalid_request')
    else expect(status).toBe(400)
  })

  it.each([
    'redirect_uri[]',
    'redirect_uri[0]',
    'Redirect_Uri',
    'redirect_uri%00',
    'redirectUri',
    'return_to',
    'next',
  ])('under the name %s is not looked at', async (name) => {
    const { parameters } = fintech.newRequest({ prompt: 'none' })
    const query = new URLSearchParams(parameters)
    query.append(name, 'https://evil.example/')
    const { leftTo } = await authorize(query)
    expect(leftTo?.href.startsWith(`${registered}?`)).toBe(true)
    expect(leftTo?.href).not.toContain('evil')
  })

  it('at the token endpoint gives nothing', async () => {
    const { code, verifier } = await returnWithCode(bank)
    for (const redirect_uri of [
      `${registered}/`,
      `${registered}?`,
      'http://localhost:3001/callback/demo-kakeibo',
    ]) {
      expect((await fintech.exchange(code, verifier, { redirect_uri })).body.error).toBe('invalid_grant')
    }
  })
})

describe('the way back', () => {
  const distractions = new URLSearchParams({
    redirect_uri: 'https://evil.example/',
    return_to: 'https://evil.example/',
    url: 'https://evil.example/',
    state: 'evil',
    iss: 'https://evil.example',
    code: 'evil',
  }).toString()

  it('is the registered address, whatever is added to the return page or the resume address', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    const page = await walk.browser.get(`${walk.base}/return?${distractions}`)
    expect(page.html).not.toContain('evil')
    const resume = page.leftTo?.pathname ?? ''
    const { leftTo } = await walk.browser.get(`${resume}?${distractions}`)
    expect(leftTo?.href.startsWith(`${registered}?code=`)).toBe(true)
    expect(leftTo?.href).not.toContain('evil')
    expect(leftTo?.searchParams.get('state')).toBe(walk.parameters.state)
  })

  it('is the registered address after 中止, whatever the form brings', async () => {
    const walk = await begin(bank)
    await walk.browser.post(`${walk.base}/cancel?${distractions}`, {
      how: 'cancelled',
      redirect_uri: 'https://evil.example/',
    })
    expect((await comeBack(walk)).href.startsWith(`${registered}?error=access_denied`)).toBe(true)
  })

  it('of one journey is not another’s: a resume address is worth nothing in another browser', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    const resume = walk.browser.page().leftTo?.pathname ?? ''
    const thief = await openBrowser(bank).get(resume)
    expect(thief.leftTo).toBeUndefined()
    expect(thief.status).toBeGreaterThanOrEqual(400)
    const other = await begin(bank)
    await cancel(other)
    expect((await other.browser.get(resume)).leftTo).toBeUndefined()
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })
})

describe('no address of ours leads away:', () => {
  const evilPaths = [
    '//evil.example',
    '//evil.example/',
    '///evil.example/%2e%2e',
    '/\\evil.example',
    '/%5cevil.example',
    '/%2f%2fevil.example',
    '/evil.example',
    '/https://evil.example',
    '/@evil.example',
    '/.evil.example',
    '/%09/evil.example',
    '/..//evil.example',
  ]

  it.each(
    evilPaths.flatMap((path) => [
      path,
      `${path}?lang=en`,
      `/journey${path}?lang=en`,
      `/journey/abc${path}?lang=en`,
      `/authorize${path}`,
    ]),
  )('%s', async (target) => {
    const { headers, text } = await send(rawRequest(target))
    const { origin } = new URL(headers.location ?? '/', bank.settings.publicUrl)
    expect(origin).toBe(bank.settings.publicUrl)
    expect(text).not.toMatch(/(href|action|url)="?[^"]*evil\.example/)
  })

  it.each([
    'en&lang=ja',
    'en%0d%0aset-cookie:a=b',
    'https://evil.example',
    '//evil.example',
    '__proto__',
    '',
  ])('?lang=%s', async (lang) => {
    const { parameters } = fintech.newRequest()
    const browser = openBrowser(bank)
    const { path } = await browser.get(await fintech.authorizeAddress(parameters))
    const page = await browser.get(`${path}?lang=${lang}&next=https://evil.example`)
    expect([page.status, page.path, page.leftTo]).toEqual([200, path, undefined])
    expect(page.html).not.toContain('evil')
  })
})
