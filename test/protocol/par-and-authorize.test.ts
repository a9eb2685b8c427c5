/** Requirements 7 to 13: what may be pushed, what a pushed request opens, and how the answer comes back. */
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import {
  authorizeAddress,
  type Change,
  makeKey,
  now,
  type SigningFintech,
  signingFintech,
} from '../support/signing-fintech.ts'
import { agree, redirectUri } from '../support/strict-fintech.ts'
import { cancel, comeBack, type Walk } from '../support/walk.ts'

const issuer = 'http://localhost:3000'
const withQuery = `${redirectUri}?dummy1=lorem&dummy2=ipsum`

let bank: TestBank
let fintech: SigningFintech
let signing: SigningFintech
beforeAll(async () => {
  bank = await startBank()
  const redirectUris = [redirectUri, withQuery]
  fintech = await signingFintech(bank, { id: 'pushing', redirectUris })
  signing = await signingFintech(bank, {
    id: 'pushing-signed',
    profile: 'fapi2-message-signing',
    redirectUris,
  })
})
afterAll(() => bank.close())

const push = (changes: Record<string, string | undefined> = {}, who = fintech) =>
  who.push(who.newRequest(changes).parameters)
const pushed = async (changes: Record<string, string | undefined> = {}, who = fintech) =>
  String((await push(changes, who)).body['request_uri'])

/** What an address of the authorization endpoint leads to. */
async function open(address: string) {
  const { leftTo, html, path, status } = await openBrowser(bank).get(address)
  const problem = /data-problem="([\w-]+)"/.exec(html)?.[1]
  return { path, status, problem, error: leftTo?.searchParams.get('error'), leftTo }
}

describe('a request under FAPI 2.0', () => {
  it.each<[string, Record<string, string | undefined>, string]>([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with a challenge and no method', { code_challenge_method: undefined }, 'invalid_request'],
    ['with PKCE plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['for a token at once', { response_type: 'token' }, 'invalid_request'],
    ['for an ID token at once', { response_type: 'id_token' }, 'invalid_request'],
    ['for a code and an ID token', { response_type: 'code id_token' }, 'invalid_request'],
    ['for nothing', { response_type: undefined }, 'invalid_request'],
    ['without an address', { redirect_uri: undefined }, 'invalid_request'],
    ['with an address that is not registered', { redirect_uri: `${redirectUri}/x` }, 'invalid_request'],
    [
      'with a request_uri in it',
      { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
      'request_uri_not_supported',
    ],
    ['of another fintech', { client_id: 'pushing-signed' }, 'invalid_request'],
    ['for an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
  ])('7. %s is not taken', async (_how, changes, error) => {
    const { status, body } = await push(changes)
    expect(status).toBe(400)
    expect(body['error']).toBe(error)
    expect(body['request_uri']).toBeUndefined()
  })

  it('7. is never taken without being pushed, whether it is right or signed', async () => {
    const { parameters } = fintech.newRequest()
    const plain = await open(
      `/authorize?${new URLSearchParams(parameters as Record<string, string>).toString()}`,
    )
    expect(plain.path).not.toContain('/journey/')
    expect(plain.error ?? plain.problem).toBeTruthy()
    const request = signing.requestObject(signing.newRequest().parameters)
    const signed = await open(
      `/authorize?${new URLSearchParams({ client_id: signing.id, request }).toString()}`,
    )
    expect(signed.path).not.toContain('/journey/')
    expect(signed.error ?? signed.problem).toBeTruthy()
  })

  it('7. is its own fintech’s alone', async () => {
    const { path, problem } = await open(authorizeAddress('pushing-signed', await pushed()))
    expect(path).not.toContain('/journey/')
    expect(problem).toBeDefined()
  })

  it('8. is kept for a minute, and its address says so', async () => {
    const { status, body } = await push()
    expect(status).toBe(201)
    expect(body['expires_in']).toBeGreaterThanOrEqual(5)
    expect(body['expires_in']).toBeLessThanOrEqual(600)
  })

  it('8. opens two journeys in one browser, each of which ends well until one has the code', async () => {
    const browser = openBrowser(bank)
    const { verifier, parameters } = fintech.newRequest()
    const { body } = await fintech.push(parameters)
    const address = authorizeAddress(fintech.id, body['request_uri'])
    const first = await browser.get(address)
    expect(first.path).toMatch(/^\/journey\//)
    const back = await agree(bank, address, { browser })
    expect((await fintech.exchange(back.searchParams.get('code') ?? '', verifier)).status).toBe(200)
    const again = await open(address)
    expect(again.path).not.toContain('/journey/')
    expect(again.problem).toBeDefined()
  })
})

/** Bits, by how often each character stands in it: how the conformance suite measures. */
function entropyOf(text: string): number {
  const counts = text
    .split('')
    .reduce((all, one) => all.set(one, (all.get(one) ?? 0) + 1), new Map<string, number>())
  const perCharacter = [...counts.values()].reduce(
    (sum, n) => sum - (n / text.length) * Math.log2(n / text.length),
    0,
  )
  return perCharacter * text.length
}

it('9. nothing that opens something can be guessed: 128 bits long, and never the same', async () => {
  const prefix = 'urn:ietf:params:oauth:request_uri:'
  const uris = await Promise.all([pushed(), pushed()])
  const { code, verifier } = await fintech.returnWithCode()
  const { body } = await fintech.exchange(code, verifier)
  const secrets = [
    ...uris.map((uri) => uri.slice(prefix.length)),
    code,
    body['access_token'],
    body['refresh_token'],
  ]
  for (const secret of secrets.map(String)) {
    expect(secret).toMatch(/^[\w-]{22,}$/)
    expect(entropyOf(secret)).toBeGreaterThan(96)
  }
  expect(new Set(secrets).size).toBe(secrets.length)
})

describe('the answer', () => {
  it('10. has code, iss and a state of 128 characters as it was sent, beside the address’s own query', async () => {
    const state = 'Aa0-._~'.padEnd(128, 'z')
    const { body } = await push({ redirect_uri: withQuery, state })
    const back = await agree(bank, authorizeAddress(fintech.id, body['request_uri']))
    expect(back.hash).toBe('')
    expect(Object.fromEntries(back.searchParams)).toEqual({
      dummy1: 'lorem',
      dummy2: 'ipsum',
      code: expect.stringMatching(/^[\w-]+$/),
      iss: issuer,
      state,
    })
  })

  it('10. has no state when none was sent, whatever the browser adds', async () => {
    const { body } = await push({ state: undefined })
    const address = `${authorizeAddress(fintech.id, body['request_uri'])}&state=added`
    const back = await agree(bank, address)
    expect([...back.searchParams.keys()].toSorted()).toEqual(['code', 'iss'])
  })

  it('11. of a customer who cancels is access_denied with iss and state, and nothing else', async () => {
    const { parameters } = fintech.newRequest({ redirect_uri: withQuery })
    const { body } = await fintech.push(parameters)
    const browser = openBrowser(bank)
    const page = await browser.get(authorizeAddress(fintech.id, body['request_uri']))
    const walk = { browser, base: page.path.replace(/\/sign-in$/, '') } as Walk
    expect(page.html).toMatch(/<form[^>]*action="[^"]*\/cancel"/)
    await cancel(walk)
    const { searchParams, hash } = await comeBack(walk)
    expect(hash).toBe('')
    expect(Object.fromEntries(searchParams)).toEqual({
      dummy1: 'lorem',
      dummy2: 'ipsum',
      error: 'access_denied',
      error_description: expect.any(String),
      iss: issuer,
      state: parameters['state'],
    })
  })
})

describe('an error page of our own', () => {
  it.each<[string, () => string]>([
    ['an address that is not registered', () => unpushed({ redirect_uri: 'https://strict.example/other' })],
    ['an unknown fintech', () => unpushed({ client_id: 'nobody' })],
    [
      'a request_uri that is none',
      () => authorizeAddress('pushing', 'urn:ietf:params:oauth:request_uri:none'),
    ],
    ['a request_uri of another kind', () => authorizeAddress('pushing', 'https://strict.example/request')],
  ])('12. answers %s, by a name that stays, and leads nowhere', async (_what, address) => {
    const { status, problem, leftTo } = await open(address())
    expect(status).toBe(400)
    expect(problem).toMatch(/^[\w-]+$/)
    expect(leftTo).toBeUndefined()
  })

  const unpushed = (changes: Record<string, string>) =>
    `/authorize?${new URLSearchParams(standing(changes)).toString()}`
  const standing = (changes: Record<string, string>) =>
    fintech.newRequest(changes).parameters as Record<string, string>
})

describe('a signed request (JAR)', () => {
  const signed = (change: Change, parameters = signing.newRequest().parameters) =>
    signing.form('/par', { client_id: signing.id, request: signing.requestObject(parameters, change) })

  it.each<[string, () => Change]>([
    ['as it is', () => ({})],
    ['with nbf eight seconds ahead', () => ({ claims: { nbf: now() + 8 } })],
    ['for the issuer in a list', () => ({ claims: { aud: [issuer] } })],
    ['for the issuer among others', () => ({ claims: { aud: ['https://other.example', issuer] } })],
    ['that lasts an hour', () => ({ claims: { nbf: now(), exp: now() + 3600 } })],
    ['of typ JWT', () => ({ header: { typ: 'JWT' } })],
    ['without typ', () => ({ header: { typ: undefined } })],
  ])('13. %s is taken', async (_how, change) => {
    expect((await signed(change())).status).toBe(201)
  })

  const rsa = makeKey('PS256')
  it.each<[string, () => Change]>([
    ['without exp', () => ({ claims: { exp: undefined } })],
    ['without nbf', () => ({ claims: { nbf: undefined } })],
    ['without aud', () => ({ claims: { aud: undefined } })],
    ['without iss', () => ({ claims: { iss: undefined } })],
    ['that is over', () => ({ claims: { nbf: now() - 300, exp: now() - 60 } })],
    ['with nbf more than a minute ahead', () => ({ claims: { nbf: now() + 62, exp: now() + 300 } })],
    ['more than an hour old', () => ({ claims: { nbf: now() - 3660, exp: now() + 60 } })],
    ['that lasts more than an hour', () => ({ claims: { exp: now() + 3660 } })],
    ['that ends before it begins', () => ({ claims: { nbf: now() + 5, exp: now() + 5 } })],
    ['for another server', () => ({ claims: { aud: 'https://other.example' } })],
    ['for the pushed request endpoint', () => ({ claims: { aud: `${issuer}/par` } })],
    ['of another fintech', () => ({ claims: { iss: 'pushing', client_id: 'pushing' } })],
    ['without client_id', () => ({ claims: { client_id: undefined } })],
    ['with alg none', () => ({ header: { alg: 'none' }, alg: 'none' })],
    ['with RS256', () => ({ header: { alg: 'RS256' }, key: rsa })],
    ['with PS256 where ES256 is registered', () => ({ header: { alg: 'PS256' }, key: rsa })],
    ['with another key', () => ({ key: makeKey() })],
    ['with a request in it', () => ({ claims: { request: 'x' } })],
    ['with a request_uri in it', () => ({ claims: { request_uri: 'urn:x' } })],
  ])('13. %s is not taken', async (_how, change) => {
    const { status, body } = await signed(change())
    expect(status).toBe(400)
    expect(body['error']).toMatch(/^invalid_request(_object)?$/)
  })

  it('13. is the only one under message signing: what is not signed is refused', async () => {
    const { parameters } = signing.newRequest()
    const unsigned = await signing.form('/par', parameters)
    expect([unsigned.status, unsigned.body['error']]).toEqual([400, 'invalid_request'])
  })

  it('13. has what counts: a parameter beside it is ignored, also a state', async () => {
    const { parameters } = signing.newRequest({ state: undefined })
    const request = signing.requestObject(parameters)
    const { status, body } = await signing.form('/par', { client_id: signing.id, request, state: 'outside' })
    expect(status).toBe(201)
    const back = await agree(bank, authorizeAddress(signing.id, body['request_uri']))
    const claims = await openAnswer(back)
    expect(claims['state']).toBeUndefined()
  })

  it.each(['query', undefined])(
    '13. asks for a signed answer: response_mode %s is not taken',
    async (mode) => {
      const { status, body } = await push({ response_mode: mode }, signing)
      expect([status, body['error']]).toEqual([400, 'invalid_request'])
    },
  )
})

/** Checks an answer (JARM) by the keys that we publish. */
async function openAnswer(back: URL): Promise<Record<string, unknown>> {
  expect([...back.searchParams.keys()]).toEqual(['response'])
  expect(back.hash).toBe('')
  const response = back.searchParams.get('response') ?? ''
  const keys = (await bank.server.inject({ url: '/jwks' })).json<JSONWebKeySet>()
  expect(keys.keys.map(({ kid }) => kid)).toContain(decodeProtectedHeader(response).kid)
  const { payload } = await jwtVerify(response, createLocalJWKSet(keys), {
    issuer,
    audience: signing.id,
    algorithms: ['ES256', 'PS256'],
  })
  return payload
}

describe('a signed answer (JARM)', () => {
  it('13. is signed by a key that we publish, for the fintech, and lasts minutes', async () => {
    const { back, parameters } = await signing.returnWithCode()
    const claims = await openAnswer(back)
    expect(claims).toMatchObject({ code: expect.any(String), state: parameters['state'] })
    const life = Number(claims['exp']) - now()
    expect(life).toBeGreaterThan(10)
    expect(life).toBeLessThanOrEqual(600)
  })

  it('13. is that of a refusal too', async () => {
    const { parameters } = signing.newRequest()
    const { body } = await signing.push(parameters)
    const browser = openBrowser(bank)
    const page = await browser.get(authorizeAddress(signing.id, body['request_uri']))
    const walk = { browser, base: page.path.replace(/\/sign-in$/, '') } as Walk
    await cancel(walk)
    const claims = await openAnswer(await comeBack(walk))
    expect(claims).toMatchObject({ error: 'access_denied', state: parameters['state'] })
  })
})
