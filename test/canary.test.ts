/** Secrets are planted, journeys walked well, badly and through crashes, and then everything that was left behind is searched for them. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LightMyRequestResponse } from 'fastify'
import type { Bank } from '../src/bank/port.ts'
import { startBank, type TestBank, type TestBankOptions, withCalls } from './support/bank.ts'
import { goodCertificate } from './support/certificates.ts'
import { csrfOf } from './support/browser.ts'
import { openGateway } from './support/served-bank.ts'
import { openFintech } from './support/fintech.ts'
import { leaksOf, type Secret, type Trace, tracesOf } from './support/traces.ts'
import {
  allow,
  answer as rightAnswer,
  begin,
  cancel,
  chooseServices,
  comeBack,
  confirmPins,
  giveAnswer,
  morePins,
  password as rightPassword,
  pin as rightPin,
  registerPins,
  signIn,
  stepOf,
  type Walk,
  watchAnswers,
} from './support/walk.ts'

/** So unlike anything else that a find is a leak. The bank takes them for what it knows. */
const canary = {
  password: 'Kanaria-Passw0rd-7f3k',
  answer: 'かなりやのこたえ七',
  pin: '83920174',
  wrongPassword: 'Kanaria-Wr0ng-9x2m',
  wrongAnswer: 'ちがうかなりや八',
  wrongPin: '60517293',
}
const typed: readonly Secret[] = Object.entries(canary).map(([name, value]) => ({ name, value }))

const options: TestBankOptions = {
  environment: { LOG_LEVEL: 'trace' },
  institution: (one) => ({ ...one, rules: { ...one.rules, pinDigits: canary.pin.length } }),
}

let bank: TestBank
let failing: Partial<Bank>
let answers: () => Promise<readonly LightMyRequestResponse[]>
let printed: string[]
beforeEach(async () => {
  failing = {}
  printed = []
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      printed.push(String(chunk))
      return true
    })
  }
  bank = await startBank({ ...options, wrapBank: takingCanaries })
  answers = watchAnswers(bank)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await bank.close()
})

function takingCanaries(real: Bank): Bank {
  const known: Record<string, string> = {
    [canary.password]: rightPassword,
    [canary.answer]: rightAnswer,
    [canary.pin]: rightPin,
  }
  const translate = (text: string): string => known[text] ?? 'wrong'
  const translating: Partial<Bank> = {
    signIn: ({ loginId, password }) => real.signIn({ loginId, password: translate(password) }),
    signInWithCertificate: ({ user, password }) =>
      real.signInWithCertificate({ user, password: translate(password) }),
    answer: (attempt) => real.answer({ ...attempt, answer: translate(attempt.answer) }),
    holdPins: (request) =>
      real.holdPins({
        ...request,
        pins: request.pins.map(({ account, pin }) => ({ account, pin: translate(pin) })),
      }),
  }
  return withCalls(real, () => ({ ...translating, ...failing }))
}

async function expectNoLeak(secrets: readonly Secret[] = [], more: readonly Trace[] = []): Promise<void> {
  await bank.sealer.seal()
  const traces = [...(await tracesOf(bank, await answers())), ...more]
  const console = printed.map((text) => ({ place: 'log', what: 'console', text }) as const)
  expect(leaksOf([...traces, ...console], [...typed, ...secrets])).toEqual([])
}

/** As far as 手順 6, or to the page that says that something crashed. */
async function walkWith(walk: Walk): Promise<void> {
  for (const step of [
    () => signIn(walk, 'mihon03', canary.password),
    () => giveAnswer(walk, canary.answer),
    () => chooseServices(walk),
    () => registerPins(walk, { 2000002: canary.pin, 1000314: toFullWidth(canary.pin) }),
    () => confirmPins(walk),
  ]) {
    const { status } = await step()
    if (status === 500) return
  }
}

const toFullWidth = (digits: string): string =>
  digits.replaceAll(/\d/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0))

describe('no planted secret is left behind', () => {
  it('by a journey that goes well, nor is the code or a token of it', async () => {
    const walk = await begin(bank)
    const csrf = [csrfOf(walk.browser.page().html)]
    await walkWith(walk)
    csrf.push(csrfOf(walk.browser.page().html))
    expect(stepOf(walk.browser.page())).toBe('give-consent')
    await allow(walk)
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    const { body } = await walk.fintech.exchange(code, walk.verifier)
    const { body: refreshed } = await walk.fintech.refresh(String(body.refresh_token))
    await walk.fintech.introspect(String(body.refresh_token))
    await walk.fintech.api('/api/accounts', String(body.access_token))
    await walk.fintech.exchange(code, walk.verifier)
    await bank.sweeper.sweep()
    expect([code, body.access_token, refreshed.access_token, ...csrf].every(Boolean)).toBe(true)
    const secrets: Secret[] = [
      { name: 'the code', value: code, mayStandIn: ['way back'] },
      { name: 'the verifier', value: walk.verifier },
      { name: 'the access token', value: String(body.access_token) },
      { name: 'the refreshed access token', value: String(refreshed.access_token) },
      { name: 'the refresh token', value: String(body.refresh_token) },
      { name: 'the ID token', value: String(body.id_token) },
      { name: 'the client’s secret', value: walk.fintech.clientSecret },
      ...csrf.map((value): Secret => ({ name: 'a form’s token', value, mayStandIn: ['page'] })),
    ]
    await expectNoLeak(secrets.map((secret) => ({ ...secret, isStoredHashed: true })))
  })

  it('by the addresses and headers of the calls to a bank over HTTP', async () => {
    const gateway = await openGateway()
    await bank.close()
    bank = await startBank({ ...options, wrapBank: (real) => gateway.wrapBank(takingCanaries(real)) })
    answers = watchAnswers(bank)
    const walk = await begin(bank)
    await walkWith(walk)
    await signIn(await begin(bank), 'mihon03', canary.wrongPassword)
    const calls = gateway.heard.map(
      (headers): Trace => ({ place: 'call', what: String(headers.url), text: JSON.stringify(headers) }),
    )
    expect(calls.map(({ what }) => what)).toContain('/v1/hold-pins')
    await expectNoLeak([], calls)
    await gateway.close()
  })

  it('by one with a signed answer', async () => {
    const walk = await begin(bank, { request: { response_mode: 'jwt' } })
    await walkWith(walk)
    await allow(walk)
    const response = (await comeBack(walk)).searchParams.get('response') ?? ''
    const claims = Buffer.from(response.split('.')[1] ?? '', 'base64url').toString()
    const { code } = JSON.parse(claims) as { code: string }
    expect((await walk.fintech.exchange(code, walk.verifier)).status).toBe(200)
    await expectNoLeak([{ name: 'the code', value: code, mayStandIn: ['way back'], isStoredHashed: true }])
  })

  it('by one with mistakes at every step', async () => {
    const walk = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
    await signIn(walk, 'mihon03', canary.wrongPassword)
    await signIn(walk, '', canary.password)
    await signIn(walk, 'nobody', canary.password)
    await signIn(walk, 'mihon04', canary.password)
    await walk.browser.get(`${walk.base}/sign-in?lang=en`)
    await signIn(walk, 'mihon03', canary.password)
    await giveAnswer(walk, canary.wrongAnswer)
    await giveAnswer(walk, canary.answer)
    await registerPins(walk, { 2000002: canary.wrongPin })
    await registerPins(walk, { 2000002: `${canary.pin}0`, 1000314: canary.pin })
    await morePins(walk)
    await walk.browser.post(`${walk.base}/register-pins`, { rows: [], 'pin-x': canary.pin })
    await registerPins(walk, { 2000002: canary.pin, 1111111: canary.wrongPin })
    expect(stepOf(walk.browser.page())).toBe('review-pins')
    await walk.browser.post(`${walk.base}/give-consent`, { ...canary })
    await cancel(walk)
    await comeBack(walk)
    await bank.sweeper.sweep()
    await expectNoLeak()
  })

  it('by forms that come to the wrong place, in the wrong way or without their token', async () => {
    const walk = await begin(bank)
    for (const path of ['/sign-in', '/cancel', '/change', '/keep-alive', '/nowhere', '/return', ''])
      await walk.browser.post(`${walk.base}${path}`, { ...canary, _csrf: 'none' })
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'content-type': 'application/json' },
      { 'content-type': 'multipart/form-data; boundary=x' },
    ])
      await walk.browser.post(`${walk.base}/sign-in`, { ...canary }, headers)
    for (const path of ['/token', '/par', '/introspect', '/revoke', '/nowhere'])
      await walk.fintech
        .form(path, { ...canary, state: canary.password, client_id: canary.pin })
        .catch(() => {})
    for (const fields of [{ scope: 'errors' }, { grant_type: canary.pin, scope: 'errors' }])
      await walk.fintech.form('/token', { ...canary, grant_type: 'client_credentials', ...fields })
    await walk.fintech.api(`/errors/${canary.pin}`, canary.password)
    await walk.browser.get(`${walk.base}/sign-in?${new URLSearchParams(canary).toString()}`)
    await walk.browser.get(
      `/authorize?${new URLSearchParams({ client_id: canary.pin, ...canary }).toString()}`,
    )
    await expectNoLeak()
  })

  it('by a certificate’s ticket, used, used again or foreign', async () => {
    const walk = await begin(bank)
    const uid = walk.base.split('/')[2] ?? ''
    const ticket = bank.tickets.issue(goodCertificate(), uid)
    const foreign = bank.tickets.issue(goodCertificate(), 'another')
    const address = `${walk.base}/certificate?ticket=`
    await walk.browser.get(`${address}${foreign}`)
    expect(stepOf(await walk.browser.get(`${address}${ticket}`))).toBe('certificate-password')
    await walk.browser.post(`${walk.base}/certificate-password`, { password: canary.wrongPassword })
    await walk.browser.post(`${walk.base}/certificate-password`, { password: canary.password })
    await walk.browser.get(`${address}${ticket}`)
    await expectNoLeak([
      { name: 'the ticket', value: ticket },
      { name: 'a foreign ticket', value: foreign },
    ])
  })
})

describe('no planted secret is left behind by a bank that crashes', () => {
  /** As libraries do it: the values in the message, the request among the properties, the same again in the cause. */
  function crash(): never {
    const cause = Object.assign(new Error(`socket closed after ${JSON.stringify(canary)}`), { sent: canary })
    throw Object.assign(new Error(`POST failed with body ${JSON.stringify(canary)}`, { cause }), {
      ...canary,
      request: { body: canary, fields: Object.entries(canary) },
      config: { data: new URLSearchParams(canary).toString() },
    })
  }
  const crashing = async () => crash()

  it.each(['signIn', 'question', 'answer', 'accounts', 'holdPins', 'commitPins'] as const)(
    'in %s, and the customer reads an incident number',
    async (call) => {
      const walk = await begin(bank)
      failing = { [call]: crashing }
      await walkWith(walk)
      if (stepOf(walk.browser.page()) === 'give-consent') await allow(walk)
      expect(walk.browser.page().html).toContain('data-problem="incident"')
      await walk.browser.get(walk.base)
      await cancel(walk)
      await bank.sweeper.sweep()
      await expectNoLeak()
    },
  )

  it.each([
    ['a text', () => Promise.reject(canary.pin)],
    ['an object', () => Promise.reject({ ...canary })],
    ['an error named by it', () => Promise.reject(Object.assign(new Error('x'), { name: canary.pin }))],
    ['several errors', () => Promise.reject(new AggregateError([new Error(canary.pin)], canary.pin))],
  ])('that throws %s', async (_what, fail) => {
    const walk = await begin(bank)
    failing = { holdPins: fail }
    await walkWith(walk)
    expect(walk.browser.page().status).toBe(500)
    await expectNoLeak()
  })
})

describe('the search itself', () => {
  const spoken = (text: string) => Buffer.from(text).toString('base64url')

  it('finds what is planted in a log line, a table, a page, an address and a cookie', async () => {
    const walk = await begin(bank)
    bank.server.log.warn({ note: `typed ${canary.pin}` })
    const payload = JSON.stringify({ note: spoken(`{"pin":"${canary.pin}"}`) })
    await bank.db.insertInto('audit').values({ at: 0, event: 'planted', journey: null, payload }).execute()
    bank.server.log.warn({ note: spoken(spoken(`the password is ${canary.password}`)) })
    const cookie =
      new Map(walk.browser.cookies().map(({ name, value }) => [name, value])).get('journey') ?? ''
    const opened = bank.server.decodeSecureSession(cookie)
    const uid = String(opened?.get('journey')?.uid)
    const leaks = leaksOf(await tracesOf(bank, await answers()), [...typed, { name: 'the uid', value: uid }])
    expect(leaks).toEqual(
      expect.arrayContaining([
        'pin in a log (line)',
        'pin in a table (audit)',
        'password in a log (line)',
        'the uid in a cookie (journey)',
        `the uid in a page (${walk.base}/sign-in)`,
        expect.stringMatching(/^the uid in a address \(from \/authorize/),
      ]),
    )
  })

  it.each([
    ['as it is', canary.password],
    ['percent-encoded', `?p=${encodeURIComponent(canary.answer)}`],
    ['as JSON escapes', '\\u304b\\u306a\\u308a\\u3084\\u306e\\u3053\\u305f\\u3048\\u4e03'],
    [
      'as HTML escapes',
      Array.from(canary.answer)
        .map((letter) => `&#${letter.codePointAt(0)};`)
        .join(''),
    ],
    ['in base64', `x ${btoa(`user:${canary.pin}`)} y`],
    ['in base64 within percent signs', encodeURIComponent(`a=${btoa(`secret=${canary.pin}`)}`)],
    ['in full width', toFullWidth(canary.pin)],
    ['in hex', Buffer.from(canary.pin).toString('hex')],
  ])('reads a secret %s', (_what, text) => {
    expect(leaksOf([{ place: 'page', what: 'x', text }], typed)).toHaveLength(1)
  })

  it('takes a plain digest of a PIN for the PIN, because ten thousand guesses are quickly made', async () => {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Buffer.from(canary.pin)))
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      const text = Buffer.from(digest).toString(encoding)
      expect(leaksOf([{ place: 'table', what: 'x', text }], typed)).toHaveLength(1)
    }
  })
})
