/** A pushed request is one fintech's, for one minute, for one answer; what stands beside it in the address counts for nothing. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser, type Page } from '../support/browser.ts'
import { type Fintech, openFintech } from '../support/fintech.ts'
import { allow, cancel, comeBack, stepOf, type Walk, walkToConsent } from '../support/walk.ts'

let bank: TestBank
let fintech: Fintech
beforeAll(async () => {
  bank = await startBank()
  fintech = openFintech(bank)
})
afterAll(() => bank.close())
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const seconds = (n: number) => vi.setSystemTime(Date.now() + n * 1000)
const visit = (address: string): Promise<Page> => openBrowser(bank).get(address)
const authorize = (parameters: Record<string, string>): Promise<Page> =>
  visit(`/authorize?${new URLSearchParams(parameters).toString()}`)

/** A journey, and the address that opened it. */
async function open(more = ''): Promise<{ address: string; walk: Walk }> {
  const { parameters, verifier } = fintech.newRequest({ scope: 'openid balances' })
  const address = await fintech.authorizeAddress(parameters)
  const browser = openBrowser(bank)
  const page = await browser.get(address + more)
  expect(stepOf(page)).toBe('sign-in')
  const base = page.path.split('/').slice(0, 3).join('/')
  return { address, walk: { browser, fintech, verifier, parameters, base } }
}

const requestUri = (address: string): string =>
  new URL(address, bank.settings.publicUrl).searchParams.get('request_uri') ?? ''

/** No journey: our own page, or an error at the address that this very fintech has registered. */
function expectRefused({ status, path, html, leftTo }: Page, clientId: string = fintech.clientId): void {
  expect(path).toBe('/authorize')
  if (!leftTo) {
    expect(status).toBe(400)
    expect(html).toContain('data-problem="authorization-refused"')
    return
  }
  expect(leftTo.href.split('?')[0]).toBe(`${bank.settings.fintechUrl}/callback/${clientId}`)
  expect(leftTo.searchParams.get('error')).toMatch(
    /^(invalid_request(_uri|_object)?|request_uri_not_supported)$/,
  )
  expect(leftTo.searchParams.get('code')).toBeNull()
}

describe('a request_uri', () => {
  it('opens no second journey once it was answered with a code', async () => {
    const { address, walk } = await open()
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    expectRefused(await walk.browser.get(address))
    expectRefused(await visit(address))
  })

  it('that the customer refused opens nothing any more when its minute is over', async () => {
    const { address, walk } = await open()
    await cancel(walk)
    expect((await comeBack(walk)).searchParams.get('error')).toBe('access_denied')
    seconds(61)
    expectRefused(await walk.browser.get(address))
  })

  it('8. survives a second visit before the login, in this browser and in another', async () => {
    const { address, walk } = await open()
    const pages = [walk.browser.page(), await walk.browser.get(address), await visit(address)]
    expect(pages.map(stepOf)).toEqual(['sign-in', 'sign-in', 'sign-in'])
    expect(new Set(pages.map(({ path }) => path)).size).toBe(3)
    await walk.browser.get(walk.base)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    expect((await fintech.exchange(code, walk.verifier)).status).toBe(200)
  })

  it('8. is dead after 60 seconds, and a journey that it opened in time goes on', async () => {
    const { address, walk } = await open()
    seconds(55)
    expect(stepOf(await visit(address))).toBe('sign-in')
    seconds(6)
    expectRefused(await visit(address))
    seconds(120)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('7. is nobody else’s: another client cannot use it, nor use it up', async () => {
    const address = await fintech.authorizeAddress(fintech.newRequest().parameters)
    const request_uri = requestUri(address)
    expectRefused(await authorize({ client_id: 'demo-kaikei', request_uri }), 'demo-kaikei')
    expectRefused(await authorize({ client_id: 'nobody', request_uri }))
    expectRefused(await authorize({ request_uri }))
    expect(stepOf(await visit(address))).toBe('sign-in')
  })

  it('7. of another client is what its developer reads about, also with the redirect_uri of that one beside it', async () => {
    const { parameters } = fintech.newRequest()
    const request_uri = requestUri(await fintech.authorizeAddress(parameters))
    const { redirect_uri = '' } = parameters
    const { html, leftTo } = await authorize({ client_id: 'demo-kaikei', request_uri, redirect_uri })
    expect(leftTo).toBeUndefined()
    expect(html).toContain('invalid_request_uri')
    expect(html).not.toContain('invalid_redirect_uri')
  })

  it('tells another client nothing of what was pushed', async () => {
    const { parameters } = fintech.newRequest()
    const request_uri = requestUri(await fintech.authorizeAddress(parameters))
    const { leftTo, html } = await authorize({ client_id: 'demo-kaikei', request_uri })
    const told = decodeURIComponent(`${leftTo?.href ?? ''} ${html}`)
    for (const name of ['state', 'nonce', 'code_challenge', 'redirect_uri'])
      expect(told, name).not.toContain(parameters[name])
  })

  it.each([
    ['made up', `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}`],
    ['empty', 'urn:ietf:params:oauth:request_uri:'],
    ['with a NUL', 'urn:ietf:params:oauth:request_uri:\0'],
    ['with a quote', "urn:ietf:params:oauth:request_uri:' or '1'='1"],
    ['of a megabyte, nearly', `urn:ietf:params:oauth:request_uri:${'A'.repeat(8000)}`],
    ['an address on the web', 'https://evil.example/request.jwt'],
    ['an address of our own', 'http://localhost:3000/jwks'],
    ['a local address', 'http://127.0.0.1:1/'],
    ['a file', 'file:///etc/passwd'],
    ['a name of Object', '__proto__'],
  ])('forged (%s) is never fetched and never redirects', async (_what, forged) => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    const { parameters } = fintech.newRequest()
    const page = await authorize({ client_id: fintech.clientId, request_uri: forged })
    expectRefused(page)
    const beside = await authorize({
      ...parameters,
      redirect_uri: 'https://evil.example/',
      request_uri: forged,
    })
    expect(beside.leftTo?.hostname).not.toBe('evil.example')
    expect(fetched).not.toHaveBeenCalled()
    fetched.mockRestore()
  })

  it('given twice is refused', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => fintech.authorizeAddress(fintech.newRequest().parameters)),
    )
    expectRefused(await visit(`${one}&request_uri=${encodeURIComponent(requestUri(two ?? ''))}`))
  })

  it('mixed with conflicting parameters means what was pushed', async () => {
    const conflicting = new URLSearchParams({
      redirect_uri: 'https://evil.example/callback',
      state: 'the attacker’s',
      nonce: 'the attacker’s',
      scope: 'openid offline_access balances transactions',
      response_mode: 'fragment',
      code_challenge: 'A'.repeat(43),
      code_challenge_method: 'plain',
      prompt: 'none',
    })
    const { address, walk } = await open(`&${conflicting.toString()}`)
    expectRefused(await visit(`${address}&response_type=token`))
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    const back = await comeBack(walk)
    expect(back.href.startsWith(fintech.redirectUri)).toBe(true)
    expect(back.searchParams.get('state')).toBe(walk.parameters.state)
    const tokens = await fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    expect(tokens.body.scope).toBe('balances')
  })
})

describe('the pushed request endpoint', () => {
  it('7. takes no request_uri and no request of another client', async () => {
    const { parameters } = fintech.newRequest()
    const request_uri = requestUri(await fintech.authorizeAddress(parameters))
    for (const more of [
      { request_uri },
      { request_uri: 'https://evil.example/request.jwt' },
      { request: 'e30.e30.' },
      { client_id: 'demo-kaikei' },
      { client_id: 'nobody' },
    ]) {
      const { status, body } = await fintech.push({ ...parameters, ...more })
      expect([400, 401], JSON.stringify(more)).toContain(status)
      expect(body.request_uri, JSON.stringify(more)).toBeUndefined()
      expect(body.error, JSON.stringify(more)).toBeTruthy()
    }
  })

  it('takes nothing without the fintech’s secret', async () => {
    const { parameters } = fintech.newRequest()
    for (const authorization of [
      '',
      'Basic',
      `Basic ${btoa('demo-kakeibo:')}`,
      `Basic ${btoa('demo-kakeibo:x')}`,
    ]) {
      const { status, body } = await fintech.form('/par', parameters, { authorization })
      expect([400, 401], authorization).toContain(status)
      expect(body.request_uri).toBeUndefined()
    }
  })

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)('7. takes no %s', async (method) => {
    const query = new URLSearchParams(fintech.newRequest().parameters).toString()
    const { statusCode, body } = await bank.server.inject({ method, url: `/par?${query}` })
    expect(statusCode).toBeGreaterThanOrEqual(400)
    expect(statusCode).toBeLessThan(500)
    expect(body).not.toContain('request_uri')
  })

  it('is not tricked by a method override', async () => {
    const { parameters } = fintech.newRequest()
    const address = await fintech.authorizeAddress(parameters)
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      const { statusCode } = await bank.server.inject({ url: '/par', headers: { [name]: 'POST' } })
      expect(statusCode).toBe(404)
    }
    expect((await fintech.form(`${address}&_method=GET`, {})).status).toBe(404)
  })
})
