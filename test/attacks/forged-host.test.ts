/** What a request says about where it was sent to is believed by nobody: every address we hand out has the configured origin. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { openFintech } from '../support/fintech.ts'
import { forging } from '../support/forging.ts'
import { openToNetwork, type RawClient, rawRequest } from '../support/raw.ts'
import { allow, begin, comeBack, walkToConsent } from '../support/walk.ts'

let bank: TestBank
let send: RawClient
beforeAll(async () => {
  bank = await startBank()
  send = await openToNetwork(bank)
})
afterAll(() => bank.close())

const discovery = '/.well-known/openid-configuration'
const evil = 'evil.example'

const forgeries: [string, Record<string, string>][] = [
  ['Host', { host: evil }],
  ['Host with another port', { host: 'localhost:31337' }],
  ['X-Forwarded-Host', { 'x-forwarded-host': evil }],
  ['X-Forwarded-Proto', { 'x-forwarded-proto': 'https' }],
  ['X-Forwarded-Port', { 'x-forwarded-port': '31337' }],
  ['X-Forwarded-Prefix', { 'x-forwarded-prefix': '/evil' }],
  ['X-Forwarded-Server', { 'x-forwarded-server': evil }],
  ['Forwarded', { forwarded: `for=192.0.2.1;host=${evil};proto=https` }],
  ['X-Original-URL', { 'x-original-url': `https://${evil}/`, 'x-rewrite-url': `https://${evil}/` }],
  [
    'all of them at once',
    {
      host: evil,
      'x-forwarded-host': `${evil}, ${evil}`,
      'x-forwarded-proto': 'https, http',
      'x-forwarded-for': '192.0.2.1',
      forwarded: `host=${evil}`,
    },
  ],
]

describe.each(forgeries)('a forged %s', (_name, headers) => {
  it('changes nothing in discovery', async () => {
    const honest = await bank.server.inject({ url: discovery })
    const forged = await bank.server.inject({ url: discovery, headers })
    expect(forged.json()).toEqual(honest.json())
  })

  it('changes no address of a journey, from the first page to the fintech', async () => {
    const walk = await begin(forging(bank, headers))
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    expect(walk.browser.page().leftTo?.origin).toBe(bank.settings.publicUrl)
    expect(walk.browser.page().html).not.toContain(evil)
    const back = await comeBack(walk)
    expect(back.href.startsWith(`${walk.fintech.redirectUri}?code=`)).toBe(true)
    expect(back.searchParams.get('iss')).toBe(bank.settings.publicUrl)
  })
})

describe('a forged header from a trusted proxy', () => {
  let behindProxy: TestBank
  beforeAll(async () => {
    behindProxy = await startBank({ environment: { TRUSTED_PROXIES: '127.0.0.1' } })
  })
  afterAll(() => behindProxy.close())

  it.each(forgeries)('(%s) changes nothing in discovery either', async (_name, headers) => {
    const forged = await behindProxy.server.inject({ url: discovery, headers })
    expect(forged.json()).toEqual((await bank.server.inject({ url: discovery })).json())
  })
})

describe('behind TLS', () => {
  it('27. cookies stay Secure and host-only whatever the request says about its scheme', async () => {
    const secure = await startBank({ environment: { PUBLIC_URL: 'https://login.bank.example' } })
    const headers = { host: evil, 'x-forwarded-proto': 'http', 'x-forwarded-host': evil }
    const address = await openFintech(secure).authorizeAddress(openFintech(secure).newRequest().parameters)
    const started = await secure.server.inject({ url: address, headers })
    const [, journey] = /^(.*)\/sign-in$/.exec(String(started.headers.location)) ?? []
    const cookie = started.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const page = await secure.server.inject({ url: `${journey}/sign-in`, headers: { ...headers, cookie } })
    const switched = await secure.server.inject({ url: `${journey}?lang=en`, headers })
    await secure.close()

    const cookies = [...started.cookies, ...page.cookies, ...switched.cookies]
    expect(cookies.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['__Secure-interaction', '__Secure-resume', '__Secure-journey', 'language']),
    )
    for (const { name, secure: isSecure, domain, httpOnly } of cookies) {
      expect([name, isSecure, httpOnly, domain]).toEqual([name, true, true, undefined])
    }
    expect(page.headers['strict-transport-security']).toContain('max-age=')
  })
})

describe('a request target', () => {
  it.each([
    `http://${evil}${discovery}`,
    `https://${evil}${discovery}`,
    `HTTP://${evil}${discovery}`,
    `http://${evil}:80/${discovery}`,
    `ftp://${evil}${discovery}`,
    `http:${discovery}`,
    `//${evil}${discovery}`,
    `/${discovery}`,
    `/%2e${discovery.slice(2)}`,
    '/.well-known/openid%2dconfiguration',
    '/.WELL-KNOWN/openid-configuration',
    `${discovery}/`,
    `${discovery}%00`,
    `${discovery};x=1`,
    `${discovery}#@${evil}/`,
    `/x/..${discovery}`,
    `\\${discovery}`,
  ])('%s gives our discovery document or nothing', async (target) => {
    const { status, body, text } = await send(rawRequest(target, { headers: [`Host: ${evil}`] }))
    expect(text).not.toContain(`//${evil}`)
    if (status === 200) expect(JSON.parse(body)).toMatchObject({ issuer: bank.settings.publicUrl })
    else expect([400, 404]).toContain(status)
  })

  it.each([
    `http://${evil}/authorize`,
    '/%61uthorize',
    '/authoriz%65',
    '/AUTHORIZE',
    '/Authorize',
    '/authorize/',
    '//authorize',
    '/./authorize',
    '/journey/../authorize',
    '/authorize%2f',
    '/authorize%3f',
  ])('%s starts a journey of ours or nothing', async (target) => {
    const query = new URLSearchParams(openFintech(bank).newRequest().parameters).toString()
    const { status, headers } = await send(rawRequest(`${target}?${query}`, { headers: [`Host: ${evil}`] }))
    expect([303, 400, 404, 410]).toContain(status)
    if (status === 303)
      expect(new URL(headers.location ?? '', bank.settings.publicUrl).origin).toBe(bank.settings.publicUrl)
  })

  it.each([
    `http://${evil}/journey/abc?lang=en`,
    `https://${evil}/journey/abc?lang=ja`,
    `//${evil}/journey/abc?lang=en`,
    `/%2f${evil}/journey/abc?lang=en`,
    `http://${evil}/authorize/abc`,
    `//${evil}/authorize/abc`,
    `http://${evil}/journey/abc/sign-in?lang=en`,
  ])('%s never redirects away from us', async (target) => {
    const { status, headers } = await send(rawRequest(target, { headers: [`Host: ${evil}`] }))
    expect([303, 400, 404, 410]).toContain(status)
    const { origin } = new URL(headers.location ?? '/', bank.settings.publicUrl)
    expect(origin).toBe(bank.settings.publicUrl)
  })

  it.each([
    ['two Host headers', [`Host: ${evil}`, 'Host: localhost:3000']],
    ['two Host headers, the forged one last', ['Host: localhost:3000', `Host: ${evil}`]],
    ['a Host with a path', [`Host: ${evil}/x`]],
    ['a Host with a user', [`Host: localhost:3000@${evil}`]],
    ['an empty Host', ['Host:']],
    ['a folded Host', ['Host: localhost:3000', ` ${evil}`]],
    ['a Host with a space', [`Host: localhost:3000 ${evil}`]],
  ])('with %s is refused or answered as ours', async (_what, headers) => {
    const { status, body, text } = await send(rawRequest(discovery, { headers }))
    expect(text).not.toContain(evil)
    if (status === 200) expect(JSON.parse(body)).toMatchObject({ issuer: bank.settings.publicUrl })
    else expect(status).toBe(400)
  })
})

describe('X-Forwarded-For', () => {
  const left = async (one: TestBank, address: string) => {
    const headers = { 'x-forwarded-for': address, forwarded: `for=${address}` }
    const page = await openBrowser(one).get('/journey/abc', headers)
    return Number(page.headers['x-ratelimit-remaining'])
  }

  it('from just anybody is no new address: the flood limit and the log count the connection', async () => {
    const one = await startBank()
    const first = await left(one, '192.0.2.1')
    expect(await left(one, '192.0.2.2')).toBe(first - 1)
    expect(await left(one, '127.0.0.1, 192.0.2.3')).toBe(first - 2)
    expect(one.logged.join('')).not.toContain('192.0.2.')
    await one.close()
  })

  it('from a listed proxy is believed, its last entry first', async () => {
    const one = await startBank({ environment: { TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' } })
    const first = await left(one, '192.0.2.1')
    expect(await left(one, '192.0.2.2')).toBe(first)
    expect(await left(one, '203.0.113.9, 192.0.2.1')).toBe(first - 1)
    expect(await left(one, '203.0.113.10, 192.0.2.1, 10.1.2.3')).toBe(first - 2)
    expect(one.logged.join('')).not.toContain('203.0.113.')
    await one.close()
  })
})
