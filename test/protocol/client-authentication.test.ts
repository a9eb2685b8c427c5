/** Requirements 14 to 16: how a fintech proves who it is, and in which words it is refused. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import type { Answer } from '../support/fintech.ts'
import { type Change, makeKey, now, type SigningFintech, signingFintech } from '../support/signing-fintech.ts'

let bank: TestBank
let fintech: SigningFintech
let standard: SigningFintech
let other: SigningFintech
beforeAll(async () => {
  bank = await startBank()
  fintech = await signingFintech(bank, { id: 'asserting' })
  standard = await signingFintech(bank, {
    id: 'asserting-standard',
    profile: 'standard',
    senderConstraint: 'none',
  })
  other = await signingFintech(bank, { id: 'asserting-other' })
})
afterAll(() => bank.close())

const push = (assertion: string | null, who = fintech): Promise<Answer> =>
  who.push(who.newRequest().parameters, { assertion })

/** Of RFC 6749, section 5.2: printable ASCII without quote and backslash. */
const describable = /^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/

const descriptionOf = ({ error_description: said }: Answer['body']): string =>
  typeof said === 'string' ? said : ''

function expectRefused({ status, body, headers }: Answer, errors = ['invalid_client']): void {
  expect([400, 401]).toContain(status)
  expect(errors).toContain(body['error'])
  expect(String(headers['content-type'])).toMatch(/^application\/json/)
  expect(headers['cache-control']).toBe('no-store')
  expect(descriptionOf(body)).toMatch(describable)
}

describe('an assertion', () => {
  it.each(['ES256', 'PS256'] as const)('14. signed with %s, as registered, counts', async (alg) => {
    const key = makeKey(alg)
    const who = await signingFintech(bank, {
      id: `asserting-${alg.toLowerCase()}`,
      authentication: { method: 'private_key_jwt', signingAlg: alg },
      keys: { jwks: { keys: [key.jwk] } },
    })
    const assertion = who.assertion({ header: { alg, kid: key.jwk['kid'] }, key })
    expect((await push(assertion, who)).status).toBe(201)
  })

  const rsa = makeKey('PS256')
  it.each<[string, Change]>([
    ['RS256 though it is another key than ES256', { header: { alg: 'RS256' }, key: rsa }],
    ['PS256 where ES256 is registered', { header: { alg: 'PS256' }, key: rsa }],
    ['EdDSA where ES256 is registered', { header: { alg: 'EdDSA' }, key: makeKey('EdDSA') }],
    ['nothing at all (none)', { header: { alg: 'none' }, alg: 'none' }],
    ['another key of the right kind', { key: makeKey() }],
    ['a key that nobody registered, by its name', { key: makeKey(), header: { kid: 'unknown' } }],
  ])('14. signed with %s is refused', async (_how, change) => {
    expectRefused(await push(fintech.assertion(change)))
  })

  it('14. signed with RS256 is refused also when the registered key is an RSA key', async () => {
    const who = await signingFintech(bank, {
      id: 'asserting-rs256',
      authentication: { method: 'private_key_jwt', signingAlg: 'PS256' },
      keys: { jwks: { keys: [rsa.jwk] } },
    })
    const header = { alg: 'RS256', kid: rsa.jwk['kid'] }
    expectRefused(await push(who.assertion({ header, key: rsa }), who))
    expect((await push(who.assertion({ header: { ...header, alg: 'PS256' }, key: rsa }), who)).status).toBe(
      201,
    )
  })

  it.each<[string, Record<string, unknown>]>([
    ['without sub', { sub: undefined }],
    ['with the sub of another fintech', { sub: 'asserting-other' }],
    ['without iss', { iss: undefined }],
    ['with another iss', { iss: 'asserting-other' }],
    ['without exp', { exp: undefined }],
    ['without jti', { jti: undefined }],
    ['with a jti that is no text', { jti: 7 }],
    ['that is over', { iat: now() - 300, exp: now() - 60 }],
    ['whose nbf is more than a minute ahead', { nbf: now() + 62 }],
    ['whose iat is more than a minute ahead', { iat: now() + 62, exp: now() + 120 }],
    ['whose exp is no number', { exp: 'tomorrow' }],
    ['whose iat is no number', { iat: 'today' }],
  ])('14. %s is refused', async (_how, claims) => {
    // What its sub says another client's assertion to be is another client's business: nothing is ever pushed.
    expectRefused(await push(fintech.assertion({ claims })), ['invalid_client', 'invalid_request'])
  })

  it.each(['nbf', 'iat'])('14. whose %s is eight seconds ahead counts: clocks differ', async (claim) => {
    const assertion = fintech.assertion({ claims: { [claim]: now() + 8, exp: now() + 60 } })
    expect((await push(assertion)).status).toBe(201)
  })

  it('14. counts once, at whichever endpoint', async () => {
    const assertion = fintech.assertion()
    expect((await push(assertion)).status).toBe(201)
    expectRefused(await push(assertion))
    expectRefused(await fintech.refresh('any', { assertion }))
  })

  it('14. shown several times at once counts once', async () => {
    const assertion = fintech.assertion()
    const answers = await Promise.all([1, 2, 3].map(() => push(assertion)))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 401, 401])
  })

  it('14. that would be good for ever is refused or forgotten, and is no failure of ours', async () => {
    for (const exp of [Number.MAX_SAFE_INTEGER, 1e300])
      expect((await push(fintech.assertion({ claims: { exp } }))).status).toBeLessThan(500)
  })

  it('14. of another fintech is not this one’s', async () => {
    const { parameters } = fintech.newRequest()
    expectRefused(await fintech.push(parameters, { assertion: other.assertion() }), [
      'invalid_client',
      'invalid_request',
    ])
  })

  it('14. is needed: a name alone, a secret or a secret besides prove nothing', async () => {
    const basic = `Basic ${Buffer.from('asserting:secret').toString('base64')}`
    const { parameters } = fintech.newRequest()
    expectRefused(await push(null))
    expectRefused(await fintech.push(parameters, { assertion: null, headers: { authorization: basic } }))
    expectRefused(await fintech.push(parameters, { headers: { authorization: basic } }), ['invalid_request'])
  })
})

describe('the audience of an assertion', () => {
  const issuer = 'http://localhost:3000'
  const others = [
    ['the token endpoint', `${issuer}/token`],
    ['the pushed request endpoint', `${issuer}/par`],
    ['a list with the issuer in it', [issuer]],
    ['a list of the issuer and more', [issuer, `${issuer}/token`]],
    ['the issuer with a slash', `${issuer}/`],
    ['another server', 'https://other.example'],
    ['nothing', undefined],
  ] as const

  it.each(others)('15. under FAPI 2.0 may not be %s', async (_what, aud) => {
    expectRefused(await push(fintech.assertion({ claims: { aud } })))
    expectRefused(await fintech.refresh('any', { assertion: fintech.assertion({ claims: { aud } }) }))
  })

  it('15. under FAPI 2.0 is the issuer, as a string, at every endpoint', async () => {
    expect((await push(fintech.assertion())).status).toBe(201)
    expect((await fintech.refresh('any')).body['error']).toBe('invalid_grant')
    expect((await fintech.form('/introspect', { token: 'any' })).body).toEqual({ active: false })
    expect((await fintech.form('/revoke', { token: 'any' })).status).toBe(200)
  })

  it.each(others.slice(0, 4))('15. under the standard profile may be %s too', async (_what, aud) => {
    expect((await push(standard.assertion({ claims: { aud } }), standard)).status).toBe(201)
  })

  it.each(others.slice(4))('15. under the standard profile may not be %s', async (_what, aud) => {
    expectRefused(await push(standard.assertion({ claims: { aud } }), standard))
  })
})

describe('a refusal', () => {
  it.each<[string, number[], string, () => Promise<Answer>]>([
    ['of an unknown client', [400, 401], 'invalid_client', () => unknownClient()],
    ['of a code that is none', [400], 'invalid_grant', () => fintech.exchange('none', 'v'.repeat(43))],
    ['of a refresh token that is none', [400], 'invalid_grant', () => fintech.refresh('none')],
    ['of a request without a code', [400], 'invalid_request', () => fintech.exchange('', 'v'.repeat(43))],
    [
      'of a proof that is none',
      [400],
      'invalid_dpop_proof',
      () => fintech.refresh('none', { proof: 'none' }),
    ],
    ['of another grant type', [400], 'unsupported_grant_type', () => grant('password')],
    ['of a grant type that is none', [400], 'unsupported_grant_type', () => grant('"\n\té')],
    ['of a scope that is none', [400], 'invalid_scope', () => push_({ scope: 'openid "\n\té' })],
    [
      'of an address that is not registered',
      [400],
      'invalid_request',
      () => push_({ redirect_uri: 'https://é.example/"' }),
    ],
  ])(
    '16. %s has its status and its code, in JSON and in plain characters',
    async (_what, statuses, error, ask) => {
      const { status, body, headers } = await ask()
      expect([status, body['error']]).toEqual([expect.toBeOneOf(statuses), error])
      expect(String(headers['content-type'])).toMatch(/^application\/json/)
      expect(descriptionOf(body)).toMatch(describable)
    },
  )

  const grant = (type: string) => fintech.form('/token', { grant_type: type })
  const push_ = (changes: Record<string, string>) => fintech.push(fintech.newRequest(changes).parameters)
  const unknownClient = () =>
    fintech.push(fintech.newRequest({ client_id: undefined }).parameters, {
      assertion: fintech.assertion({ claims: { iss: 'nobody', sub: 'nobody', jti: randomUUID() } }),
    })
})

it('14. a key of a kind that nobody expects is refused, whatever it is named', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const assertion = fintech.assertion({
    key: { privateKey, jwk: {} },
    header: { alg: 'ES384' },
    alg: 'ES256',
  })
  expectRefused(await push(assertion))
})
