/** One address that asks too often is told to wait; everybody else, and his own reading, goes on. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { startBank, type TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { declaredIn, type Document } from '../support/declared.ts'
import { behindProxy } from '../support/forging.ts'
import { openToNetwork, rawRequest } from '../support/raw.ts'
import { begin, connect, signIn, stepOf } from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  bank = await startBank({ environment: behindProxy })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const posts = 60
const views = 240
const engine = 1200

const form = { 'content-type': 'application/x-www-form-urlencoded' }

/** The same request many times, one after the other, and how many of each status came back. */
async function flood(times: number, request: InjectOptions): Promise<Record<number, number>> {
  const counted: Record<number, number> = {}
  for (let turn = 0; turn < times; turn += 1) {
    const { statusCode } = await bank.server.inject(request)
    counted[statusCode] = (counted[statusCode] ?? 0) + 1
  }
  return counted
}

const post = (more: InjectOptions = {}): InjectOptions => ({
  method: 'POST',
  url: '/journey/abc/sign-in',
  payload: '_csrf=none',
  ...more,
  headers: { ...form, origin: bank.settings.publicUrl, ...more.headers },
})
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

function expectToldToWait(answer: LightMyRequestResponse): void {
  expect(answer.statusCode).toBe(429)
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60)
  expect(answer.headers['cache-control']).toBe('no-store')
}

describe('a flood of submits', () => {
  it('is stopped at sixty a minute with our page, and the customer’s own journey goes on afterwards', async () => {
    const walk = await begin(bank)
    await flood(posts, post())
    const page = await signIn(walk, 'mihon02')
    expect(page.status).toBe(429)
    expect(page.html).toContain('data-problem="too-many-requests"')
    expect(page.html).toContain(`href="${walk.base}"`)
    expectToldToWait(await bank.server.inject(post()))
    expect(stepOf(await walk.browser.get(walk.base))).toBe('sign-in')
    vi.setSystemTime(Date.now() + 61_000)
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('choose-services')
  })

  it('is stopped when all come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => bank.server.inject(post())))
    const through = answers.filter(({ statusCode }) => statusCode !== 429)
    expect(through.length).toBeLessThanOrEqual(posts)
  })

  it('stops nobody else’s', async () => {
    await flood(posts + 1, post(from('192.0.2.1')))
    expect(await flood(1, post(from('192.0.2.1')))).toEqual({ 429: 1 })
    expect(await flood(1, post(from('192.0.2.2')))).toEqual({ 403: 1 })
    expect(await flood(1, post(from('2001:db8:0:1::1')))).toEqual({ 403: 1 })
  })

  it('is one flood from all addresses of one network, as one house has them', async () => {
    for (let n = 0; n < posts; n += 1) await bank.server.inject(post(from(`2001:db8:0:2::${n.toString(16)}`)))
    expect(await flood(1, post(from('2001:db8:0:2:ffff::1')))).toEqual({ 429: 1 })
    expect(await flood(1, post(from('2001:db8:0:3::1')))).toEqual({ 403: 1 })
  })

  it('is one flood over all journeys and steps, however the address is written', async () => {
    const addresses = [
      '/journey/abc/sign-in',
      '/journey/abd/give-consent',
      '/journey/abc/cancel',
      '/%6aourney/abc/sign-in',
      '/journey/abc/sign%2din',
      '/journey/abc/sign-in?x=1',
    ]
    for (let n = 0; n < posts; n += 1)
      await bank.server.inject(post({ url: addresses[n % addresses.length] ?? '' }))
    for (const url of addresses) expect([url, await flood(1, post({ url }))]).toEqual([url, { 429: 1 }])
  })

  it('cannot pass for something else by an absolute address', async () => {
    const send = await openToNetwork(bank)
    const request = rawRequest('http://localhost:3000/journey/abc/sign-in', {
      method: 'POST',
      headers: ['Content-Length: 0', 'Content-Type: application/x-www-form-urlencoded'],
    })
    for (let n = 0; n < posts; n += 1) expect((await send(request)).status).toBe(403)
    expect((await send(request)).status).toBe(429)
  })
})

describe('a flood of views', () => {
  it('is stopped with our page, and the submits of that address are not', async () => {
    const url = '/journey/abc'
    expect(await flood(views + 10, { url })).toEqual({ 410: views, 429: 10 })
    const answer = await bank.server.inject({ url })
    expectToldToWait(answer)
    expect(answer.body).toContain('data-problem="too-many-requests"')
    expect(await flood(1, post())).toEqual({ 403: 1 })
  })

  it('of what is not there is stopped as well', async () => {
    const counted = await flood(engine + 10, { url: '/wp-login.php' })
    expect(counted[429]).toBeGreaterThanOrEqual(10)
  })
})

describe('a flood of the fintechs’ side', () => {
  const token = { method: 'POST', url: '/token', headers: form, payload: 'grant_type=refresh_token' } as const

  it('is stopped at the token endpoint with JSON, and the customers’ pages are not', async () => {
    expect(await flood(engine + 10, token)).toEqual({ 400: engine, 429: 10 })
    const answer = await bank.server.inject(token)
    expectToldToWait(answer)
    expect(answer.json()).toMatchObject({ error: 'temporarily_unavailable' })
    for (const url of ['/par', '/introspect', '/revoke'])
      expect([url, await flood(1, { ...token, url })]).toEqual([url, { 429: 1 }])
    expect(await flood(1, { url: '/journey/abc' })).toEqual({ 410: 1 })
    expect(await flood(1, post())).toEqual({ 403: 1 })
  })

  it('stops no other fintech, and no one for longer than a minute', async () => {
    const { refresh } = await connect(bank, 'mihon02')
    await flood(engine, token)
    expect((await openFintech(bank).refresh(refresh)).status).toBe(429)
    const elsewhere = openFintech(bank)
    const { status } = await elsewhere.form(
      '/token',
      { grant_type: 'refresh_token', refresh_token: refresh },
      { 'x-forwarded-for': '192.0.2.7' },
    )
    expect(status).toBe(200)
    vi.setSystemTime(Date.now() + 61_000)
    expect((await openFintech(bank).refresh(refresh)).status).toBe(200)
  })

  it('is stopped at the accounts API with JSON', async () => {
    const document = await bank.server.inject({ url: '/api/openapi.json', remoteAddress: '192.0.2.9' })
    const counted = await flood(3010, { url: '/api/accounts' })
    expect(counted).toEqual({ 401: 3000, 429: 10 })
    const answer = await bank.server.inject({ url: '/api/accounts' })
    expectToldToWait(answer)
    const { expectDeclared } = declaredIn(document.json<Document>())
    expect(expectDeclared('/api/accounts', answer)).toBe('too_many_requests')
  })
})
