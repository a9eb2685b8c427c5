/** Requirements 22 to 24: what opens the accounts API, and every proof that does not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Change, makeKey, now, type SigningFintech, signingFintech } from '../support/signing-fintech.ts'

let bank: TestBank
let fintech: SigningFintech
let token: string
let bearing: SigningFintech
let bearer: string
beforeAll(async () => {
  bank = await startBank()
  fintech = await signingFintech(bank, { id: 'reading' })
  token = (await fintech.connect({ scope: 'offline_access balances transactions' })).access
  bearing = await signingFintech(bank, { id: 'bearing', profile: 'standard', senderConstraint: 'none' })
  bearer = (await bearing.connect()).access
})
afterAll(() => bank.close())

const path = '/api/accounts'
const proofOf = (change?: Change) => fintech.proof({ path, method: 'GET', token }, change)
const read = (headers: Record<string, string | string[]> = {}) =>
  fintech.accounts({ authorization: `DPoP ${token}`, dpop: proofOf(), ...headers })

describe('a token and its proof', () => {
  it.each<[string, Record<string, string>]>([
    ['as they are', {}],
    ['with any Accept', { accept: '*/*' }],
    ['with JSON and a charset as Accept', { accept: 'application/json; charset=utf-8' }],
    ['with x-fapi-auth-date', { 'x-fapi-auth-date': 'Sun, 10 Sep 2017 19:43:31 GMT' }],
    ['with an IPv4 address of the customer', { 'x-fapi-customer-ip-address': '198.51.100.119' }],
    ['with an IPv6 address of the customer', { 'x-fapi-customer-ip-address': '2001:db8::1893:25c8:1946' }],
    ['with an interaction id', { 'x-fapi-interaction-id': 'c770aef3-6784-41f7-8e0e-ff5f97bddb3a' }],
  ])('22. open the accounts %s, in JSON and with a Date', async (_how, headers) => {
    const answer = await read(headers)
    expect(answer.status).toBe(200)
    expect(answer.body['accounts']).not.toEqual([])
    expect(String(answer.headers['content-type'])).toMatch(/^application\/json/)
    expect(Date.parse(String(answer.headers['date']))).toBeGreaterThan(0)
  })

  it.each(['DPoP', 'dpop', 'DPOP', 'dPoP'])('22. open them by the scheme %s', async (scheme) => {
    expect((await read({ authorization: `${scheme} ${token}` })).status).toBe(200)
  })

  it.each(['Bearer', 'bearer', 'BEARER'])('22. that is bound to nothing opens them by %s', async (scheme) => {
    expect((await bearing.accounts({ authorization: `${scheme} ${bearer}` })).status).toBe(200)
  })

  it('24. open them whether OpenID Connect was asked for or not', async () => {
    expect((await read()).status).toBe(200)
    const { access, body } = await fintech.connect({ scope: 'openid balances' }, 'mihon01')
    expect(body['id_token']).toBeTypeOf('string')
    const dpop = fintech.proof({ path, method: 'GET', token: access })
    expect((await fintech.accounts({ authorization: `DPoP ${access}`, dpop })).status).toBe(200)
  })
})

/** Schemes with parameters in quotes, whose text has no quote and no backslash in it (RFC 6750, section 3). */
const parameter = '[a-z_]+="[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]*"'
const challenges = new RegExp(`^Bearer ${parameter}(, ${parameter})*, DPoP ${parameter}(, ${parameter})*$`)

function expectRefused({ status, body, headers }: Awaited<ReturnType<typeof read>>, error?: string): void {
  expect([400, 401]).toContain(status)
  expect(body['error']).toEqual(error ?? expect.stringMatching(/^(invalid|missing)_/))
  if (status === 401) expect(headers['www-authenticate']).toMatch(challenges)
}

describe('a token', () => {
  it('22. in the address opens nothing', async () => {
    const answer = await bank.server.inject({ url: `${path}?access_token=${bearer}` })
    expect([400, 401]).toContain(answer.statusCode)
  })

  it('22. that was revoked opens nothing', async () => {
    const { access } = await fintech.connect({}, 'mihon01')
    expect((await fintech.form('/revoke', { token: access })).status).toBe(200)
    const dpop = fintech.proof({ path, method: 'GET', token: access })
    expectRefused(await fintech.accounts({ authorization: `DPoP ${access}`, dpop }))
  })

  it('22. of another fintech opens nothing with this one’s key', async () => {
    const other = await signingFintech(bank, { id: 'reading-other' })
    const { access } = await other.connect()
    const dpop = fintech.proof({ path, method: 'GET', token: access })
    expectRefused(await fintech.accounts({ authorization: `DPoP ${access}`, dpop }), 'invalid_dpop_proof')
  })

  it.each<[string, Record<string, string>]>([
    ['as Bearer, without a proof', { authorization: 'Bearer TOKEN', dpop: '' }],
    ['as Bearer, with a proof', { authorization: 'Bearer TOKEN' }],
    ['as DPoP, without a proof', { dpop: '' }],
    ['as Basic', { authorization: 'Basic TOKEN' }],
    ['without a scheme', { authorization: 'TOKEN' }],
    ['twice', { authorization: 'DPoP TOKEN TOKEN' }],
  ])('23. bound to a key opens nothing when it is sent %s', async (_how, { authorization, dpop }) => {
    const sent = {
      authorization: (authorization ?? 'DPoP TOKEN').replaceAll('TOKEN', token),
      ...(dpop === '' ? {} : { dpop: proofOf() }),
    }
    expectRefused(await fintech.accounts(sent))
  })

  it('23. bound to nothing is no DPoP token', async () => {
    const dpop = bearing.proof({ path, method: 'GET', token: bearer })
    expectRefused(await bearing.accounts({ authorization: `DPoP ${bearer}`, dpop }))
  })
})

describe('a proof', () => {
  const rsa = makeKey('PS256')
  const stranger = makeKey()
  const url = 'http://localhost:3000/api/accounts'

  it.each<[string, () => Change]>([
    ['without typ', () => ({ header: { typ: undefined } })],
    ['without alg', () => ({ header: { alg: undefined } })],
    ['without jwk', () => ({ header: { jwk: undefined } })],
    ['without jti', () => ({ claims: { jti: undefined } })],
    ['without htm', () => ({ claims: { htm: undefined } })],
    ['without htu', () => ({ claims: { htu: undefined } })],
    ['without iat', () => ({ claims: { iat: undefined } })],
    ['without ath', () => ({ claims: { ath: undefined } })],
    ['of typ JWT', () => ({ header: { typ: 'JWT' } })],
    ['of alg none', () => ({ header: { alg: 'none' }, alg: 'none' as const })],
    ['of alg RS256', () => ({ header: { alg: 'RS256' }, key: rsa })],
    ['of alg EdDSA', () => ({ header: { alg: 'EdDSA' }, key: makeKey('EdDSA') })],
    ['of alg HS256', () => ({ header: { alg: 'HS256' } })],
    [
      'signed with another key than it shows',
      () => ({ header: { jwk: fintech.proofKey.jwk }, key: stranger }),
    ],
    ['of another key', () => ({ key: stranger })],
    ['of another key, PS256', () => ({ header: { alg: 'PS256' }, key: rsa })],
    ['that shows its private key', () => ({ header: { jwk: privateJwk() } })],
    ['whose jwk is no key', () => ({ header: { jwk: 'key' } })],
    ['whose jwk is a secret', () => ({ header: { jwk: { kty: 'oct', k: 'c2VjcmV0' } } })],
    ['for POST', () => ({ claims: { htm: 'POST' } })],
    ['for get', () => ({ claims: { htm: 'get' } })],
    ['for another path', () => ({ claims: { htu: `${url}/x` } })],
    ['for another host', () => ({ claims: { htu: 'https://other.example/api/accounts' } })],
    ['for another scheme', () => ({ claims: { htu: url.replace('http:', 'https:') } })],
    ['for a path alone', () => ({ claims: { htu: path } })],
    ['for a path in another case', () => ({ claims: { htu: `${url.slice(0, -8)}Accounts` } })],
    ['for a list of addresses', () => ({ claims: { htu: [url] } })],
    ['for another token', () => ({ claims: { ath: 'x'.repeat(43) } })],
    ['from an hour ago', () => ({ claims: { iat: now() - 3600 } })],
    ['from an hour ahead', () => ({ claims: { iat: now() + 3600 } })],
    ['from more than a minute ahead', () => ({ claims: { iat: now() + 63 } })],
    ['whose iat is text', () => ({ claims: { iat: String(now()) } })],
    ['whose jti is empty', () => ({ claims: { jti: '' } })],
    ['whose jti is a number', () => ({ claims: { jti: 1 } })],
    ['that is over', () => ({ claims: { exp: now() - 120 } })],
    ['that does not count yet', () => ({ claims: { nbf: now() + 120 } })],
    ['with a nonce that nobody gave', () => ({ claims: { nonce: 'n' } })],
    ['with a crit that nobody knows', () => ({ header: { crit: ['x'], x: 1 } })],
    ['with a crit that fits into no header', () => ({ header: { crit: ['許可", x="\r\n'] } })],
  ])('23. %s opens nothing', async (_how, change) => {
    expectRefused(await read({ dpop: proofOf(change()) }), 'invalid_dpop_proof')
  })

  const privateJwk = () => fintech.proofKey.privateKey.export({ format: 'jwk' })

  it.each<[string, (proof: string) => string]>([
    ['is no JWT', () => 'proof'],
    ['is empty', () => ''],
    ['has two parts', (proof) => proof.split('.').slice(0, 2).join('.')],
    ['has four parts', (proof) => `${proof}.x`],
    ['has an empty signature', (proof) => proof.replace(/[^.]+$/, '')],
    [
      'has a spoilt signature',
      (proof) =>
        proof
          .replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
          .replace(
            /\.(.)([^.]+)$/,
            (_all, first: string, rest: string) => `.${first === 'A' ? 'B' : 'A'}${rest}`,
          ),
    ],
    ['has a header that is no JSON', (proof) => proof.replace(/^[^.]+/, 'AAAA')],
    ['has claims that are no JSON', (proof) => proof.replace(/\.[^.]+\./, '.AAAA.')],
    ['are two in one header', (proof) => `${proof}, ${proofOf()}`],
  ])('23. that %s opens nothing', async (_how, spoil) => {
    const answer = await read({ dpop: spoil(proofOf()) })
    expectRefused(answer, 'invalid_dpop_proof')
  })

  it('23. beside another one, in a second header, opens nothing', async () => {
    expectRefused(await read({ dpop: [proofOf(), proofOf()] }), 'invalid_dpop_proof')
  })

  it('23. opens once, also when it is shown several times at once', async () => {
    const dpop = proofOf()
    const answers = await Promise.all([1, 2, 3].map(() => read({ dpop })))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401, 401])
    expectRefused(await read({ dpop }), 'invalid_dpop_proof')
  })

  it.each<[string, () => Change]>([
    ['with a query in htu', () => ({ claims: { htu: `${url}?a=b` } })],
    ['with a fragment in htu', () => ({ claims: { htu: `${url}#a` } })],
    [
      'with scheme and host in capitals',
      () => ({ claims: { htu: url.replace('http://localhost', 'HTTP://LocalHost') } }),
    ],
    ['with more claims', () => ({ claims: { extra: 1, sub: 'x', aud: 'y' } })],
    ['with exp and nbf', () => ({ claims: { exp: now() + 60, nbf: now() - 1 } })],
    ['ten seconds old', () => ({ claims: { iat: now() - 10 } })],
    ['ten seconds ahead', () => ({ claims: { iat: now() + 10 } })],
    ['with more in its header', () => ({ header: { kid: 'k', x: 1 } })],
  ])('23. %s opens', async (_how, change) => {
    expect((await read({ dpop: proofOf(change()) })).status).toBe(200)
  })

  it('23. opens by a header in capitals, and for an address with a query', async () => {
    const { server } = bank
    const headers = (dpop: string) => ({ authorization: `DPoP ${token}`, DPOP: dpop })
    expect((await server.inject({ url: path, headers: headers(proofOf()) })).statusCode).toBe(200)
    expect((await server.inject({ url: `${path}?a=b`, headers: headers(proofOf()) })).statusCode).toBe(200)
  })

  it('23. of a key of any kind that we take opens what is bound to it', async () => {
    const key = makeKey('PS256')
    const change = { key, header: { alg: 'PS256' } }
    const { code, verifier } = await fintech.returnWithCode({}, { loginId: 'mihon01' })
    const given = await fintech.exchange(code, verifier, { proof: fintech.proof({ path: '/token' }, change) })
    const access = String(given.body['access_token'])
    const at = { path, method: 'GET', token: access }
    const authorization = `DPoP ${access}`
    expect((await fintech.accounts({ authorization, dpop: fintech.proof(at, change) })).status).toBe(200)
    expectRefused(await fintech.accounts({ authorization, dpop: fintech.proof(at) }), 'invalid_dpop_proof')
  })
})
