/** What a frame, a cache, a referrer, an opener or the Back button could give away: headers, cookies and addresses of every answer. */
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import { goodCertificate } from '../support/certificates.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { csrfOf, openBrowser } from '../support/browser.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import {
  allow,
  answer,
  begin,
  cancel,
  chooseServices,
  comeBack,
  confirmPins,
  giveAnswer,
  password,
  pin,
  registerPins,
  send,
  signIn,
  stepOf,
  type Walk,
  watchAnswers,
} from '../support/walk.ts'

const failing = (real: Bank): Bank => ({
  ...real,
  async signIn(credentials) {
    if (credentials.loginId === 'fail') throw new Error('the core system said something nobody expected')
    return real.signIn(credentials)
  },
})

/** Walks to the fintech and back, into every dead end and to every endpoint; all that was answered on the way. */
async function everyAnswer(
  bank: TestBank,
): Promise<{ answers: readonly LightMyRequestResponse[]; walk: Walk; code: string }> {
  const seen = watchAnswers(bank)
  const walk = await begin(bank)
  const uid = walk.base.split('/')[2] ?? ''
  await signIn(walk, 'mihon03', 'wrong')
  await walk.browser.get(`${walk.base}/certificate-login`)
  await walk.browser.get(`${walk.base}/certificate?ticket=${bank.tickets.issue(goodCertificate(), uid)}`)
  await walk.browser.post(`${walk.base}/change`, { fact: 'certificate' })
  await signIn(walk, 'mihon03')
  await giveAnswer(walk)
  await chooseServices(walk)
  await registerPins(walk, { 2000002: '0000' })
  await registerPins(walk, { 2000002: pin })
  await confirmPins(walk)
  await walk.browser.get(`${walk.base}/give-consent?lang=en`)
  await allow(walk, { proceed: '' })
  await allow(walk)
  const code = (await comeBack(walk)).searchParams.get('code') ?? ''
  await walk.browser.get(walk.base)

  const other = await begin(bank)
  await send(bank, other, 'POST', `${other.base}/sign-in`, { fields: { _csrf: 'x' } })
  await send(bank, other, 'POST', `${other.base}/sign-in`, {
    fields: {},
    headers: { origin: 'https://evil.example' },
  })
  await send(bank, other, 'POST', `${other.base}/sign-in`, { fields: { loginId: 'fail', password } })
  await send(bank, other, 'POST', `${other.base}/keep-alive`, { fields: {} })
  await send(bank, other, 'POST', `${other.base}/sign-in`, { body: { type: 'text/plain', content: 'x' } })
  await send(bank, other, 'POST', `${other.base}/sign-in`, { fields: { loginId: 'x'.repeat(70_000) } })
  for (const path of [
    '/',
    '/nothing',
    '/journey/unknown',
    '/journey/%ZZ',
    `/journey/${'x'.repeat(300)}`,
    '/healthz',
  ])
    await send(bank, other, 'GET', path)
  await send(bank, other, 'DELETE', '/authorize')
  await signIn(other, 'mihon08')
  await cancel(other)
  await comeBack(other)

  const { fintech, verifier } = walk
  const { body } = await fintech.exchange(code, verifier)
  await fintech.exchange('wrong', verifier)
  await fintech.form('/token', {}, { authorization: 'Basic eA==' })
  await fintech.push({})
  await fintech.introspect('x')
  await fintech.api('/api/accounts', String(body.access_token))
  await fintech.api('/api/accounts', 'wrong')
  await fintech.api('/api/nothing', 'wrong')
  await fintech.revoke(String(body.access_token))
  for (const path of [
    '/jwks',
    '/.well-known/openid-configuration',
    '/authorize?client_id=unknown',
    `/authorize?${new URLSearchParams(fintech.newRequest({ prompt: 'none' }).parameters).toString()}`,
    `/authorize/${uid}`,
  ])
    await send(bank, other, 'GET', path)
  return { answers: await seen(), walk, code }
}

const origins = { http: 'http://localhost:3000', https: 'https://login.mihon-shinkumi.example' } as const

describe.each(Object.entries(origins))('every answer over %s', (scheme, publicUrl) => {
  let bank: TestBank
  let answers: readonly LightMyRequestResponse[]
  let walk: Walk
  let code: string
  beforeAll(async () => {
    bank = await startBank({
      wrapBank: failing,
      environment: { ...behindProxy, PUBLIC_URL: publicUrl },
    })
    ;({ answers, walk, code } = await everyAnswer(bank))
  })
  afterAll(() => bank.close())

  const pages = () => answers.filter(({ headers }) => String(headers['content-type']).startsWith('text/html'))
  const cookies = () =>
    answers
      .flatMap(({ headers }) => headers['set-cookie'] ?? [])
      // A cookie that is taken back carries nothing.
      .filter((cookie) => !/expires=Thu, 01 Jan 1970/i.test(cookie))

  it('is one of all kinds', () => {
    const statuses = [...new Set(answers.map(({ statusCode }) => statusCode))].toSorted((a, b) => a - b)
    expect(statuses).toEqual(expect.arrayContaining([200, 201, 204, 303, 400, 401, 403, 404, 410, 413, 500]))
    expect(pages().length).toBeGreaterThan(20)
  })

  it('may not be framed, sniffed, kept, opened from outside or told to others', () => {
    for (const { statusCode, headers, payload } of answers) {
      const which = `${statusCode} ${String(headers.location ?? payload.slice(0, 60))}`
      expect([which, headers]).toEqual([
        which,
        expect.objectContaining({
          'x-frame-options': 'DENY',
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'same-origin',
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-resource-policy': 'same-origin',
          'cache-control': expect.stringContaining('no-store'),
        }),
      ])
      expect(headers['strict-transport-security'] !== undefined).toBe(scheme === 'https')
      expect(headers.server).toBeUndefined()
      expect(headers['x-powered-by']).toBeUndefined()
    }
  })

  it('allows no script, frame, form or source but ours', () => {
    for (const { headers } of answers) {
      const policy = String(headers['content-security-policy'])
      const directives = new Map(
        policy.split('; ').map((part) => [part.split(' ')[0] ?? '', part.split(' ').slice(1).join(' ')]),
      )
      expect(Object.fromEntries(directives)).toMatchObject({
        'default-src': "'none'",
        'script-src': "'self'",
        'style-src': "'self'",
        'form-action': "'self'",
        'base-uri': "'none'",
        'frame-ancestors': "'none'",
      })
      expect(policy).not.toMatch(/unsafe|\*|https?:/)
    }
  })

  it('sets cookies that scripts cannot read, other sites do not send, and plain http does not carry', () => {
    expect(cookies().length).toBeGreaterThan(20)
    for (const cookie of cookies()) {
      const [, ...attributes] = cookie.toLowerCase().split(/; */)
      expect(attributes).toEqual(expect.arrayContaining(['httponly', 'samesite=lax']))
      expect(attributes.filter((one) => one.startsWith('domain'))).toEqual([])
      expect(attributes.includes('secure')).toBe(scheme === 'https')
      const ours = /^(__Secure-)?(journey|interaction|resume)/.exec(cookie)
      if (ours) expect(ours[1]).toBe(scheme === 'https' ? '__Secure-' : undefined)
    }
  })

  it('has no secret in an address of ours, in a redirect, link, form or refresh', () => {
    const tokens = pages().map(({ body }) => csrfOf(body))
    const secrets = [password, encodeURIComponent(answer), answer, pin, code, 'mihon03', ...tokens].filter(
      Boolean,
    )
    const addresses = answers.flatMap(({ headers, body }) => [
      ...(headers.location ? [headers.location] : []),
      ...[...body.matchAll(/ (?:href|src|action|formaction)="([^"]*)"|url=([^"]*)"/g)].map(
        ([, link, refresh]) => link ?? refresh ?? '',
      ),
    ])
    const ours = addresses.filter((address) => new URL(address, publicUrl).origin === publicUrl)
    expect(ours.length).toBeGreaterThan(100)
    for (const address of ours) {
      expect(secrets.filter((secret) => address.includes(secret))).toEqual([])
      expect(address).not.toContain('ticket=')
    }
    const toFintech = addresses.filter((address) => address.includes(code))
    expect(toFintech).toHaveLength(1)
    expect(toFintech[0]).toMatch(walk.fintech.redirectUri)
  })

  it('repeats nothing secret that was typed', () => {
    for (const { body } of pages()) {
      expect(body).not.toContain(password)
      expect(body).not.toContain(`value="${answer}"`)
      expect(body).not.toContain(pin)
      expect(body).not.toMatch(/type="password"[^>]* value=/)
    }
  })

  it('loads nothing from elsewhere, and links elsewhere without opener and referrer', () => {
    for (const { body } of pages()) {
      const loaded = [...body.matchAll(/<(?:script|link|img|iframe|object|embed|source|base)[^>]*>/g)].join(
        ' ',
      )
      expect(loaded).not.toMatch(/(?:src|href)="(?!\/(?!\/)|data:,)/)
      expect(body).not.toMatch(/<(?:iframe|object|embed|base|style)\b| style=| on[a-z]+=/)
      for (const [link] of body.matchAll(/<a [^>]*href="https?:[^>]*>/g)) {
        const within = link.includes(`href="${publicUrl}`)
        if (!within) expect(link).toContain('rel="noopener noreferrer"')
      }
    }
  })

  it('says nothing of what went wrong inside', () => {
    for (const { body } of answers.filter(({ statusCode }) => statusCode >= 400)) {
      expect(body).not.toMatch(/nobody expected|node_modules|\.ts:\d|at async|sqlite|postgres|FST_/i)
    }
  })
})

describe('style sheets and scripts', () => {
  it('are ours, framed by nobody, and load nothing from elsewhere', async () => {
    const bank = await startBank()
    for (const path of [
      '/css/customer.css',
      '/css/developers.css',
      '/css/desk.css',
      '/js/ninka.js',
      '/js/time-out.js',
    ]) {
      const { statusCode, headers, body } = await bank.server.inject({ url: path })
      expect(statusCode).toBe(200)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(headers['set-cookie']).toBeUndefined()
      expect(body).not.toMatch(/https?:|@import|url\(\s*["']?\/\/|innerHTML|eval\(|document\.write/)
    }
    await bank.close()
  })
})

describe('too many requests', () => {
  it('are refused with the same headers', async () => {
    const bank = await startBank()
    const walk = await begin(bank)
    let last = await send(bank, walk, 'GET', walk.base)
    for (let n = 0; n < 62; n += 1)
      last = await send(bank, walk, 'POST', `${walk.base}/keep-alive`, { fields: {}, from: '192.0.2.1' })
    expect(last.statusCode).toBe(429)
    expect(last.headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(last.headers['cache-control']).toBe('no-store')
    expect(last.body).toContain('data-problem="too-many-requests"')
    await bank.close()
  })
})

describe('the Back button', () => {
  it('finds no page of ours unchanged: each one came with a new cookie that scripts cannot read', async () => {
    const bank = fromEverywhere(await startBank({ environment: behindProxy }))
    const walk = await begin(bank, { browser: openBrowser(bank) })
    const steps: string[] = []
    const way = [
      () => signIn(walk, 'mihon03'),
      () => giveAnswer(walk),
      () => chooseServices(walk),
      () => registerPins(walk, { 2000002: pin }),
      () => confirmPins(walk),
      () => allow(walk),
    ]
    for (const go of way) {
      steps.push(stepOf(walk.browser.page()))
      const values = new Set<string>()
      for (let view = 0; view < 3; view += 1) {
        await walk.browser.get(walk.browser.page().path)
        values.add(walk.browser.cookies().find(({ name }) => name === 'journey')?.value ?? '')
      }
      expect(values.size).toBe(3)
      await go()
    }
    expect(steps).toEqual([
      'sign-in',
      'answer-challenge',
      'choose-services',
      'register-pins',
      'review-pins',
      'give-consent',
    ])
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    await bank.close()
  })
})
