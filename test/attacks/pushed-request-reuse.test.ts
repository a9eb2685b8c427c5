/** A pushed request is one fintech's, for one minute, for one answer; what stands beside it in the address counts for nothing. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser, type Page } from '../support/browser.ts'
import { type Fintech, openFintech } from '../support/fintech.ts'
import { allow, begin, cancel, comeBack, stepOf, walkToConsent } from '../support/walk.ts'

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
const requestUri = (address: string): string =>
  new URL(address, bank.settings.publicUrl).searchParams.get('request_uri') ?? ''

/** No journey and no redirect: our own page says that the request cannot be taken. */
function expectRefused({ status, html, leftTo }: Page): void {
  expect(status).toBe(400)
  expect(leftTo).toBeUndefined()
  expect(html).toContain('data-problem="authorization-refused"')
}

describe('a request_uri', () => {
  it('opens no second journey once it was answered with a code', async () => {
    const walk = await begin(bank)
    const address = await fintech.authorizeAddress(walk.parameters)
    const page = await walk.browser.get(address)
    const used = { ...walk, base: `/journey/${page.path.split('/')[2]}` }
    await walkToConsent(used, 'mihon02')
    await allow(used)
    expect((await comeBack(used)).searchParams.get('code')).toBeTruthy()
    expectRefused(await used.browser.get(address))
    expectRefused(await visit(address))
  })

  it('opens no second journey once it was answered with access_denied', async () => {
    const walk = await begin(bank)
    const address = await fintech.authorizeAddress(walk.parameters)
    const page = await walk.browser.get(address)
    const used = { ...walk, base: `/journey/${page.path.split('/')[2]}` }
    await cancel(used)
    expect((await comeBack(used)).searchParams.get('error')).toBe('access_denied')
    expectRefused(await visit(address))
  })

  it('survives a second visit before the login, in this browser and in another', async () => {
    const { parameters, verifier } = fintech.newRequest()
    const address = await fintech.authorizeAddress(parameters)
    const browser = openBrowser(bank)
    const pages = [await browser.get(address), await browser.get(address), await visit(address)]
    expect(pages.map(stepOf)).toEqual(['sign-in', 'sign-in', 'sign-in'])
    expect(new Set(pages.map(({ path }) => path)).size).toBe(3)
    const base = `/journey/${pages[1]?.path.split('/')[2]}`
    const walk = { browser, fintech, verifier, parameters, base }
    await browser.get(base)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    expect((await fintech.exchange(code, verifier)).status).toBe(200)
  })

  it('is dead after 60 seconds, and a journey that it opened in time goes on', async () => {
    const { parameters, verifier } = fintech.newRequest()
    const address = await fintech.authorizeAddress(parameters)
    seconds(55)
    const browser = openBrowser(bank)
    const page = await browser.get(address)
    expect(stepOf(page)).toBe('sign-in')
    seconds(6)
    expectRefused(await visit(address))
    const walk = { browser, fintech, verifier, parameters, base: `/journey/${page.path.split('/')[2]}` }
    seconds(120)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('is nobody else’s: another client cannot use it, nor use it up', async () => {
    const address = await fintech.authorizeAddress(fintech.newRequest().parameters)
    const request_uri = requestUri(address)
    expectRefused(await authorize({ client_id: 'demo-kaikei', request_uri }))
    expectRefused(await authorize({ client_id: 'nobody', request_uri }))
    expectRefused(await authorize({ request_uri }))
    expect(stepOf(await visit(address))).toBe('sign-in')
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
    const beside = await authorize({ ...parameters, redirect_uri: 'https://evil.example/', request_uri: forged })
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
    const { parameters, verifier } = fintech.newRequest({ scope: 'openid balances' })
    const address = await fintech.authorizeAddress(parameters)
    const conflicting = new URLSearchParams({
      redirect_uri: 'https://evil.example/callback',
      state: 'the attacker’s',
      nonce: 'the attacker’s',
      scope: 'openid offline_access balances transactions',
      response_type: 'token',
      response_mode: 'fragment',
      code_challenge: 'A'.repeat(43),
      code_challenge_method: 'plain',
      prompt: 'none',
    })
    const browser = openBrowser(bank)
    const page = await browser.get(`${address}&${conflicting.toString()}`)
    expect(stepOf(page)).toBe('sign-in')
    const walk = { browser, fintech, verifier, parameters, base: `/journey/${page.path.split('/')[2]}` }
    await walkToConsent(walk, 'mihon02').catch(() => undefined)
    // Only balances were asked for, so there is nothing else to choose.
    await browser.post(`${walk.base}/choose-services`, { services: ['balances', 'transactions'] })
    await browser.get(walk.base)
    await allow(walk)
    const back = await comeBack(walk)
    expect(back.href.startsWith(fintech.redirectUri)).toBe(true)
    expect(back.searchParams.get('state')).toBe(parameters.state)
    const tokens = await fintech.exchange(back.searchParams.get('code') ?? '', verifier)
    expect(tokens.body.scope).toBe('balances')
  })
})

describe('the pushed request endpoint', () => {
  it('takes no request_uri and no request of another client', async () => {
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
    for (const authorization of ['', 'Basic', `Basic ${btoa('demo-kakeibo:')}`, `Basic ${btoa('demo-kakeibo:x')}`]) {
      const { status, body } = await fintech.form('/par', parameters, { authorization })
      expect([400, 401], authorization).toContain(status)
      expect(body.request_uri).toBeUndefined()
    }
  })

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)('takes no %s', async (method) => {
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
