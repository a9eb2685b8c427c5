/** Refusals are provoked for real, and each names its own parameter and rule, never the general one of its code. */
import { randomUUID } from 'node:crypto'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { errorIdHeader } from '../../src/explain/numbers.ts'
import { explain } from '../../src/explain/rules.ts'
import { withoutNumber } from '../support/answers.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Fintech, openFintech } from '../support/fintech.ts'
import { type Returned, returnWithCode } from '../support/returned.ts'
import { keyPair, type StrictFintech, strictFintech } from '../support/strict-fintech.ts'
import { connect, type Tokens } from '../support/walk.ts'

let bank: TestBank
let fintech: Fintech
let returned: Returned
let tokens: Tokens
let key: Awaited<ReturnType<typeof keyPair>>
let boundRefresh: string
let signing: StrictFintech

beforeAll(async () => {
  bank = await startBank({
    mutualTls: {
      origin: {
        url: 'https://localhost:3003',
        format: 'rfc9440',
        trustedProxies: ['127.0.0.1'],
        secret: undefined,
      },
      verifier: undefined,
    },
  })
  fintech = openFintech(bank)
  returned = await returnWithCode(bank)
  tokens = await connect(bank, 'mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
  key = await keyPair('ES256')
  const byKey = { authentication: { method: 'private_key_jwt' } as const, keys: { jwks: key.jwks } }
  const authentication = oauth.PrivateKeyJwt(key.privateKey)
  const bound = await strictFintech(bank, {
    registered: { id: 'bound', profile: 'fapi2', senderConstraint: 'dpop', ...byKey },
    authentication,
    dpop: (await keyPair('ES256')).pair,
  })
  boundRefresh = (await bound.connect()).refresh_token ?? ''
  signing = await strictFintech(bank, {
    registered: { id: 'signing', profile: 'fapi2-message-signing', senderConstraint: 'dpop', ...byKey },
    authentication,
    signing: key.privateKey,
  })
  const certified = { method: 'self_signed_tls_client_auth' } as const
  await strictFintech(bank, {
    registered: { id: 'certified', senderConstraint: 'mtls', authentication: certified, keys: byKey.keys },
    authentication: oauth.None(),
  })
}, 60_000)
afterAll(() => bank.close())
afterEach(() => vi.useRealTimers())

type Answer = { readonly headers: Readonly<Record<string, unknown>> }
type Case = readonly [what: string, parameter: string | null, provoke: () => Promise<Answer>]

const post = (
  path: string,
  fields: Record<string, string> | string,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  bank.server.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  })

const signed = async (payload: JWTPayload, header: { alg: string; typ?: string } = { alg: 'ES256' }) =>
  new SignJWT(payload).setProtectedHeader({ kid: 'key-1', ...header }).sign(key.privateKey.key)

const seconds = () => Math.floor(Date.now() / 1000)

async function asBound(
  fields: Record<string, string>,
  { claims = {}, proof = {} }: { claims?: JWTPayload; proof?: JWTPayload | null } = {},
): Promise<Answer> {
  const iss = 'bound'
  const assertion = await signed({
    iss,
    sub: iss,
    aud: bank.settings.publicUrl,
    jti: randomUUID(),
    exp: seconds() + 60,
    ...claims,
  })
  const htu = `${bank.settings.publicUrl}/token`
  const dpop = proof && {
    dpop: await new SignJWT({ htm: 'POST', htu, jti: randomUUID(), iat: seconds(), ...proof })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(key.pair.publicKey) })
      .sign(key.pair.privateKey),
  }
  return post(
    '/token',
    {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      ...fields,
    },
    dpop ?? {},
  )
}

const refreshBound = (options: Parameters<typeof asBound>[1]) =>
  asBound({ grant_type: 'refresh_token', refresh_token: boundRefresh }, options)

const push = (overrides: Record<string, string | undefined>) =>
  fintech.push(fintech.newRequest(overrides).parameters)

const authorize = (parameters: Record<string, string>): Promise<Answer> =>
  bank.server.inject(`/authorize?${new URLSearchParams(parameters).toString()}`)

const exchange = (overrides: Record<string, string>) =>
  fintech.exchange(returned.code, returned.verifier, overrides)

const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` })

const object = (claims: JWTPayload, header?: { alg: string }) =>
  signed(
    {
      iss: 'signing',
      aud: bank.settings.publicUrl,
      nbf: seconds(),
      exp: seconds() + 60,
      client_id: 'signing',
      response_type: 'code',
      redirect_uri: 'https://strict.example/callback',
      scope: 'balances',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
      ...claims,
    },
    header,
  )

async function pushObject(request: string | undefined): Promise<Answer> {
  const jwt = await signed({
    iss: 'signing',
    sub: 'signing',
    aud: bank.settings.publicUrl,
    jti: randomUUID(),
    exp: seconds() + 60,
  })
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const assertion = {
    client_assertion_type: type,
    client_assertion: jwt,
    client_id: signing.client.client_id,
  }
  return post('/par', request === undefined ? assertion : { ...assertion, request })
}

const api = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  bank.server.inject({ url: path, headers })

const atClient: readonly Case[] = [
  [
    'with a wrong secret',
    'Authorization',
    () => fintech.form('/token', { scope: 'x' }, basic('demo-kakeibo:no')),
  ],
  [
    'with an empty secret',
    'Authorization',
    () => fintech.form('/token', { scope: 'x' }, basic('demo-kakeibo:')),
  ],
  [
    'with a header in another form',
    'Authorization',
    () => fintech.form('/token', { client_id: 'demo-kakeibo' }, { authorization: 'Basic ?' }),
  ],
  [
    'with two ways at once',
    'Authorization',
    () => fintech.form('/token', { client_assertion: 'x', client_id: 'demo-kakeibo' }),
  ],
  [
    'with a secret of a client that has a key',
    'token_endpoint_auth_method',
    () => post('/token', { scope: 'x' }, basic('bound:x')),
  ],
  ['with another client_id in the body', 'client_id', () => fintech.form('/token', { client_id: 'bound' })],
  [
    'with a broken assertion',
    'client_assertion',
    () => asBound({ client_assertion: 'x', client_id: 'bound' }),
  ],
  [
    'with another type of assertion',
    'client_assertion_type',
    () => asBound({ client_assertion_type: 'x', client_id: 'bound' }),
  ],
  [
    'with an assertion of another issuer',
    'client_assertion: iss',
    () => asBound({}, { claims: { iss: 'x' } }),
  ],
  [
    'with an assertion for somebody else',
    'client_assertion: aud',
    () => asBound({}, { claims: { aud: 'https://other.example' } }),
  ],
  ['with an old assertion', 'client_assertion: exp', () => asBound({}, { claims: { exp: seconds() - 60 } })],
  [
    'with an early assertion',
    'client_assertion: nbf',
    () => asBound({}, { claims: { nbf: seconds() + 600 } }),
  ],
  ['with an assertion without jti', 'client_assertion: jti', () => asBound({}, { claims: { jti: '' } })],
  [
    'without its certificate',
    'client certificate',
    () => post('/token', { client_id: 'certified', grant_type: 'client_credentials' }),
  ],
]

const atRequest: readonly Case[] = [
  ['without response_type', 'response_type', () => push({ response_type: undefined })],
  ['with another response_type', 'response_type', () => push({ response_type: 'token' })],
  ['with another redirect_uri', 'redirect_uri', () => push({ redirect_uri: 'https://other.example/' })],
  ['without a service', 'scope', () => push({ scope: 'openid' })],
  ['with a broken scope', 'scope', () => push({ scope: 'balances "x"' })],
  [
    'without PKCE',
    'code_challenge',
    () => push({ code_challenge: undefined, code_challenge_method: undefined }),
  ],
  ['with plain PKCE', 'code_challenge_method', () => push({ code_challenge_method: 'plain' })],
  ['with a short challenge', 'code_challenge', () => push({ code_challenge: 'short' })],
  ['with an unknown prompt', 'prompt', () => push({ prompt: 'create' })],
  ['with prompt=none', 'prompt', () => authorize(fintech.newRequest({ prompt: 'none' }).parameters)],
  ['with a broken max_age', 'max_age', () => push({ max_age: 'x' })],
  ['with a hint that is no ID token', 'id_token_hint', () => push({ id_token_hint: 'x' })],
  ['with a nonce and no openid', 'nonce', () => push({ scope: 'balances' })],
  ['with another resource', 'resource', () => push({ resource: 'https://other.example/' })],
  [
    'with an unknown response mode',
    'response_mode',
    () => authorize(fintech.newRequest({ response_mode: 'form_post' }).parameters),
  ],
  ['with registration', 'registration', () => push({ registration: '{}' })],
  [
    'with a request_uri of its own',
    'request_uri',
    () => authorize(fintech.newRequest({ request_uri: 'https://other.example/' }).parameters),
  ],
  [
    'with an unknown request_uri',
    'request_uri',
    () => authorize({ client_id: 'demo-kakeibo', request_uri: 'urn:ietf:params:oauth:request_uri:x' }),
  ],
  [
    'twice',
    'state',
    () =>
      fintech
        .form('/par', { ...fintech.newRequest().parameters, state: 'x' })
        .then(() =>
          post(
            '/par',
            `${new URLSearchParams(fintech.newRequest().parameters).toString()}&state=y`,
            basic(`demo-kakeibo:${fintech.clientSecret}`),
          ),
        ),
  ],
  [
    'as JSON',
    'Content-Type',
    () => post('/par', {}, { ...basic('demo-kakeibo:x'), 'content-type': 'application/json' }),
  ],
  [
    'that was not pushed',
    'request_uri',
    () =>
      authorize({
        client_id: 'bound',
        response_type: 'code',
        redirect_uri: 'https://strict.example/callback',
      }),
  ],
  ['that is not signed', 'request', () => pushObject(undefined)],
  ['that is no JWT', 'request', () => pushObject('x')],
  [
    'signed for somebody else',
    'request: aud, iss, exp, nbf',
    () => object({ aud: 'https://other.example' }).then(pushObject),
  ],
  ['signed for another client', 'request: client_id', () => object({ client_id: 'bound' }).then(pushObject)],
]

const atToken: readonly Case[] = [
  ['with another grant_type', 'grant_type', () => fintech.form('/token', { grant_type: 'password' })],
  ['without grant_type', 'grant_type', () => fintech.form('/token', { scope: 'x' })],
  ['with an unknown code', 'code', () => exchange({ code: 'x' })],
  [
    'with another redirect_uri than before',
    'redirect_uri',
    () => exchange({ redirect_uri: 'https://other.example/' }),
  ],
  ['with a wrong verifier', 'code_verifier', () => exchange({ code_verifier: 'x'.repeat(43) })],
  ['with a short verifier', 'code_verifier', () => exchange({ code_verifier: 'x' })],
  ['without the verifier', 'code_verifier', () => exchange({ code_verifier: '' })],
  [
    'with the code of another client',
    'code',
    () => openFintech(bank, 'demo-kaikei').exchange(returned.code, returned.verifier),
  ],
  ['with an unknown refresh token', 'refresh_token', () => fintech.refresh('x')],
  ['with the refresh token of another client', 'refresh_token', () => fintech.refresh(tokens.refresh)],
  [
    'with more scope than agreed to',
    'scope',
    () =>
      openFintech(bank, 'demo-kaikei').form('/token', {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh,
        scope: 'balances payments',
      }),
  ],
  ['without a proof', 'DPoP', () => refreshBound({ proof: null })],
  ['with a proof without jti', 'DPoP: jti', () => refreshBound({ proof: { jti: '' } })],
  [
    'with a proof for another address',
    'DPoP: htu',
    () => refreshBound({ proof: { htu: 'https://other.example/token' } }),
  ],
  ['with a proof for another method', 'DPoP: htm', () => refreshBound({ proof: { htm: 'GET' } })],
  ['with an old proof', 'DPoP: iat', () => refreshBound({ proof: { iat: seconds() - 3600 } })],
  ['to introspect an ID token', 'token', () => fintech.introspect(tokens.idToken)],
  ['to introspect nothing', 'token', () => fintech.form('/introspect', { scope: 'x' })],
]

const atApi: readonly Case[] = [
  [
    'with a token that is not sent as it is bound',
    'Authorization',
    () => api('/api/accounts', { authorization: `DPoP ${tokens.access}` }),
  ],
  [
    'for an account that is not shared',
    'account id',
    () => api('/api/accounts/x/balances', { authorization: `Bearer ${tokens.access}` }),
  ],
  [
    'for no error of this client',
    'error id',
    async () => {
      const { body } = await fintech.form('/token', { grant_type: 'client_credentials', scope: 'errors' })
      return api('/errors/7F3K-9QXM', { authorization: `Bearer ${String(body.access_token)}` })
    },
  ],
]

const all = { 'a client': atClient, 'a request': atRequest, 'the token endpoint': atToken, 'an API': atApi }

describe.each(Object.entries(all))('%s', (_place, cases) => {
  it.each(cases)('%s is told which rule it breaks', async (_what, parameter, provoke) => {
    const { headers } = await provoke()
    const id = headers[errorIdHeader]
    expect(id).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
    const kept = await bank.db.selectFrom('refusals').selectAll().where('id', '=', String(id)).execute()
    expect(kept).toHaveLength(1)
    const [row] = kept
    if (!row) return
    const told = explain(row)
    expect({ parameter: told.parameter, specific: told.specific }).toEqual({ parameter, specific: true })
    expect(told.section).toMatch(/section|appendix|docs\//)
    expect(withoutNumber(row.description ?? '')).toBe(row.description ?? '')
  })
})
