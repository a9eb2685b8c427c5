/** Requests that mix flows, modes and proofs, so that a code or token would arrive where or how it must not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as oauth from 'oauth4webapi'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser, type Page } from '../support/browser.ts'
import { type Fintech, openFintech } from '../support/fintech.ts'
import { returnWithCode } from '../support/returned.ts'
import { begin, cancel, comeBack } from '../support/walk.ts'

let bank: TestBank
let fintech: Fintech
beforeAll(async () => {
  bank = await startBank()
  fintech = openFintech(bank, 'demo-kaikei')
})
afterAll(() => bank.close())

type Overrides = Record<string, string | undefined>

const authorize = (overrides: Overrides): Promise<Page> =>
  openBrowser(bank).get(
    `/authorize?${new URLSearchParams(fintech.newRequest(overrides).parameters).toString()}`,
  )

/** No journey and nothing of value: our own page, or an error at the registered address. */
function expectRefused({ status, path, html, leftTo }: Page): void {
  expect(path).toBe('/authorize')
  if (!leftTo) {
    expect(status).toBe(400)
    expect(html).toContain('data-problem="authorization-refused"')
    return
  }
  expect(leftTo.href.split(/[?#]/)[0]).toBe(fintech.redirectUri)
  const answer = new URLSearchParams(leftTo.search || leftTo.hash.slice(1))
  for (const name of ['code', 'access_token', 'id_token']) expect(answer.get(name), name).toBeNull()
  // A signed answer says in its claims that it is an error.
  const signed = answer.get('response')
  expect(signed ? claimsOf(signed) : Object.fromEntries(answer)).toMatchObject({
    error: expect.stringMatching(/^(invalid_request|unsupported_response_(type|mode))$/),
    iss: bank.settings.publicUrl,
  })
}

async function expectNotPushed(overrides: Overrides): Promise<void> {
  const { status, body } = await fintech.push(fintech.newRequest(overrides).parameters)
  expect([status, body.request_uri]).toEqual([400, undefined])
  expect(body.error).toMatch(/^(invalid_request|unsupported_response_(type|mode))$/)
}

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('a response type other than code', () => {
  const types = [
    'token',
    'id_token',
    'none',
    'id_token token',
    'code id_token',
    'code token',
    'code id_token token',
    'code none',
    'CODE',
    'password',
    ' ',
  ]
  it.each(types)('(%s) is refused in every response mode', async (response_type) => {
    for (const response_mode of [undefined, 'query', 'fragment', 'jwt', 'query.jwt', 'fragment.jwt']) {
      expectRefused(await authorize({ response_type, response_mode }))
    }
  })

  it.each(types)('(%s) is refused when pushed', (response_type) => expectNotPushed({ response_type }))

  it('is not even needed: a missing one is refused', async () => {
    expectRefused(await authorize({ response_type: undefined }))
    await expectNotPushed({ response_type: undefined })
  })
})

describe('a response mode that is not registered', () => {
  const modes = [
    'fragment',
    'form_post',
    'web_message',
    'fragment.jwt',
    'form_post.jwt',
    'Query',
    'none',
    ' ',
  ]
  it.each(modes)('(%s) is refused, and no page of the engine is seen', async (response_mode) => {
    expectRefused(await authorize({ response_mode }))
    expectRefused(await authorize({ response_mode, response_type: 'token' }))
    expectRefused(await authorize({ response_mode, prompt: 'none' }))
  })

  it.each(modes)('(%s) is refused when pushed', (response_mode) => expectNotPushed({ response_mode }))
})

describe('a signed answer', () => {
  it.each(['jwt', 'query.jwt'])(
    '(%s) verifies against our keys and holds everything',
    async (response_mode) => {
      const { back, code, parameters, verifier } = await returnWithCode(bank, 'mihon02', {
        fintech,
        request: { response_mode },
      })
      expect([code, back.hash, [...back.searchParams.keys()]]).toEqual(['', '', ['response']])
      const answer = await verify(back, parameters.state ?? '')
      expect(answer.get('iss')).toBe(bank.settings.publicUrl)
      expect((await fintech.exchange(answer.get('code') ?? '', verifier)).status).toBe(200)
    },
  )

  it('of a refusal is signed too', async () => {
    const walk = await begin(bank, { fintech, request: { response_mode: 'jwt' } })
    await cancel(walk)
    const back = await comeBack(walk)
    await expect(verify(back, walk.parameters.state ?? '')).rejects.toMatchObject({ error: 'access_denied' })
  })

  it.each([
    ['changed claims', ([head, , seal]: string[]) => [head, encode({ code: 'stolen' }), seal]],
    ['no signature', ([head, claims]: string[]) => [head, claims, '']],
    ['alg none', ([, claims]: string[]) => [encode({ alg: 'none' }), claims, '']],
  ])('with %s does not verify', async (_what, tamper) => {
    const walk = await begin(bank, { fintech, request: { response_mode: 'jwt' } })
    await cancel(walk)
    const back = await comeBack(walk)
    const parts = (back.searchParams.get('response') ?? '').split('.')
    back.searchParams.set('response', tamper(parts).join('.'))
    await expect(verify(back, walk.parameters.state ?? '')).rejects.not.toMatchObject({
      error: 'access_denied',
    })
  })

  const encode = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url')

  async function verify(back: URL, state: string): Promise<URLSearchParams> {
    const server = { issuer: bank.settings.publicUrl, jwks_uri: `${bank.settings.publicUrl}/jwks` }
    const client = { client_id: fintech.clientId, authorization_signed_response_alg: 'ES256' }
    const answer = await oauth.validateJwtAuthResponse(server, client, back, state, {
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: async (url: string) => {
        const { body, statusCode, headers } = await bank.server.inject({ url: new URL(url).pathname })
        return new Response(body, {
          status: statusCode,
          headers: { 'content-type': String(headers['content-type']) },
        })
      },
    })
    return oauth.validateAuthResponse(server, client, answer, state)
  }
})

describe('PKCE', () => {
  it.each([
    ['with an empty challenge', { code_challenge: '' }],
    ['with a short challenge', { code_challenge: 'A'.repeat(42) }],
    ['with a long challenge', { code_challenge: 'A'.repeat(129) }],
    ['with a challenge of other letters', { code_challenge: `${'A'.repeat(42)}!` }],
    ['without a method', { code_challenge_method: undefined }],
    ['with an empty method', { code_challenge_method: '' }],
    ['with a method in lower case', { code_challenge_method: 's256' }],
    ['with a method of its own', { code_challenge_method: 'S512' }],
    ['with a method and no challenge', { code_challenge: undefined }],
  ] as const)('%s is refused', async (_what, overrides) => {
    expectRefused(await authorize(overrides))
    await expectNotPushed(overrides)
  })

  it('cannot be talked down at the token endpoint', async () => {
    const { code, verifier, parameters } = await returnWithCode(bank, 'mihon02', { fintech })
    const challenge = parameters.code_challenge ?? ''
    for (const [given, more] of [
      [challenge, { code_challenge_method: 'plain' }],
      [challenge, { code_challenge: challenge, code_challenge_method: 'plain' }],
      ['', { code_challenge: '', code_challenge_method: '' }],
      [verifier.slice(0, 42), {}],
      [`${verifier}${'A'.repeat(100)}`, {}],
      [verifier.toLowerCase(), {}],
      [`${verifier}\0`, {}],
      [` ${verifier}`, {}],
    ] as const) {
      const { status, body } = await fintech.exchange(code, given, more)
      expect([status, body.access_token], given).toEqual([400, undefined])
    }
    expect((await fintech.exchange(code, verifier)).status).toBe(200)
  })
})

describe('state and nonce', () => {
  const strange = `"'<>&=#%+ ;?/\\ %26code%3Devil 認可 é 👪\u200d\r\n\t\0`
  it.each([
    ['128 characters', 's'.repeat(128), 'n'.repeat(128)],
    ['a kilobyte', 's'.repeat(1024), 'n'.repeat(1024)],
    ['everything that needs care', strange, strange],
    ['what looks like an answer', 'x&code=evil&iss=https://evil.example#code=evil', '{"nonce":"evil"}'],
    ['one character', '0', '0'],
  ])('of %s come back as they were sent', async (_what, state, nonce) => {
    const { back, code, verifier } = await returnWithCode(bank, 'mihon02', {
      fintech,
      request: { state, nonce },
    })
    expect(back.searchParams.getAll('state')).toEqual([state])
    expect(back.searchParams.getAll('iss')).toEqual([bank.settings.publicUrl])
    expect([...back.searchParams.keys()].toSorted()).toEqual(['code', 'iss', 'state'])
    expect(back.hash).toBe('')
    const { body } = await fintech.exchange(code, verifier)
    expect(claimsOf(String(body.id_token)).nonce).toBe(nonce)
  })

  it('that were not sent do not come back', async () => {
    const { back, code, verifier } = await returnWithCode(bank, 'mihon02', {
      fintech,
      request: { state: undefined, nonce: undefined },
    })
    expect([...back.searchParams.keys()].toSorted()).toEqual(['code', 'iss'])
    const { body } = await fintech.exchange(code, verifier)
    expect(Object.keys(claimsOf(String(body.id_token)))).not.toContain('nonce')
  })

  it('come back with an error too', async () => {
    const walk = await begin(bank, { fintech, request: { state: strange } })
    await cancel(walk)
    expect((await comeBack(walk)).searchParams.getAll('state')).toEqual([strange])
  })
})

describe('prompt', () => {
  it.each([
    'none login',
    'login none',
    'none consent',
    'select_account',
    'create',
    'LOGIN',
    'login,consent',
    'login  consent',
  ])('%s is refused', async (prompt) => {
    expectRefused(await authorize({ prompt }))
    await expectNotPushed({ prompt })
  })

  it.each(['consent login', 'login login'])('%s asks the customer', async (prompt) => {
    expect((await authorize({ prompt })).path).toMatch(/^\/journey\/.*\/sign-in$/)
  })
})

describe('a parameter given twice', () => {
  it.each([
    'client_id',
    'response_type',
    'redirect_uri',
    'scope',
    'state',
    'nonce',
    'prompt',
    'code_challenge',
    'code_challenge_method',
  ])('(%s) is refused, with the same value and with another', async (name) => {
    const { parameters } = fintech.newRequest()
    for (const second of [parameters[name] ?? '', 'another']) {
      const query = new URLSearchParams(parameters)
      query.append(name, second)
      expectRefused(await openBrowser(bank).get(`/authorize?${query.toString()}`))
      const pushed = await bank.server.inject({
        method: 'POST',
        url: '/par',
        headers: {
          authorization: `Basic ${btoa(`${fintech.clientId}:${fintech.clientSecret}`)}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        payload: query.toString(),
      })
      expect([400, 401]).toContain(pushed.statusCode)
      expect(pushed.json()).not.toHaveProperty('request_uri')
    }
  })
})
