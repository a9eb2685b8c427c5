/** Requirements 17 to 21: what a code gives and when it gives nothing more, and what tokens are bound to. */
import { randomBytes } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import type { Answer } from '../support/fintech.ts'
import { makeKey, now, type SigningFintech, signingFintech } from '../support/signing-fintech.ts'

let bank: TestBank
let fintech: SigningFintech
let other: SigningFintech
beforeAll(async () => {
  bank = await startBank()
  fintech = await signingFintech(bank, { id: 'exchanging' })
  other = await signingFintech(bank, { id: 'exchanging-other' })
})
afterAll(() => bank.close())

const errorOf = ({ status, body }: Answer) => [status, body['error']]
const grantRefused = [400, 'invalid_grant']
const proofRefused = [400, 'invalid_dpop_proof']
const read = (access: string, key = fintech.proofKey) =>
  fintech.accounts({
    authorization: `DPoP ${access}`,
    dpop: fintech.proof({ path: '/api/accounts', method: 'GET', token: access }, { key }),
  })

describe('a code', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('17. is spent once, and spent again it takes its tokens with it', async () => {
    const { code, verifier } = await fintech.returnWithCode()
    const { status, body } = await fintech.exchange(code, verifier)
    expect(status).toBe(200)
    expect((await read(String(body['access_token']))).status).toBe(200)
    expect(errorOf(await fintech.exchange(code, verifier))).toEqual(grantRefused)
    expect((await read(String(body['access_token']))).status).toBe(401)
    expect(errorOf(await fintech.refresh(String(body['refresh_token'])))).toEqual(grantRefused)
  })

  it.each([
    [59, 200],
    [61, 400],
    [62, 400],
  ])(
    '17. is taken after %i seconds with status %i: our tolerance for clocks is not for it',
    async (age, status) => {
      // Time stands still from the first: a slow machine must not spend the last second.
      vi.useFakeTimers({ toFake: ['Date'] })
      const { code, verifier } = await fintech.returnWithCode()
      vi.setSystemTime(Date.now() + age * 1000)
      const answer = await fintech.exchange(code, verifier)
      expect(answer.status).toBe(status)
      if (status === 400) expect(answer.body['error']).toBe('invalid_grant')
    },
  )

  it('17. is another fintech’s nothing, and another verifier’s, and none’s', async () => {
    const { code, verifier } = await fintech.returnWithCode()
    expect(errorOf(await other.exchange(code, verifier))).toEqual(grantRefused)
    const wrong = randomBytes(32).toString('base64url')
    expect(errorOf(await fintech.exchange(code, wrong))).toEqual(grantRefused)
    const without = await fintech.exchange(code, verifier, { fields: { code_verifier: undefined } })
    expect(errorOf(without)).toEqual(grantRefused)
    const elsewhere = { fields: { redirect_uri: 'https://strict.example/other' } }
    expect(errorOf(await fintech.exchange(code, verifier, elsewhere))).toEqual(grantRefused)
    expect((await fintech.exchange(code, verifier)).status).toBe(200)
  })

  it('17. 18. is bound to the key of a pushed dpop_jkt, and to that of the proof it was pushed with', async () => {
    const stranger = makeKey()
    const strange = () => ({ proof: fintech.proof({ path: '/token' }, { key: stranger }) })
    const thumbprint = await thumbprintOf(fintech)
    const named = await fintech.returnWithCode({ dpop_jkt: thumbprint })
    expect(errorOf(await fintech.exchange(named.code, named.verifier, strange()))).toEqual(grantRefused)
    const proven = await fintech.returnWithCode({}, { proof: fintech.proof({ path: '/par' }) })
    expect(errorOf(await fintech.exchange(proven.code, proven.verifier, strange()))).toEqual(grantRefused)
    // The wrong key has spent those codes; the right one is taken.
    const right = await fintech.returnWithCode(
      { dpop_jkt: thumbprint },
      { proof: fintech.proof({ path: '/par' }) },
    )
    expect((await fintech.exchange(right.code, right.verifier)).status).toBe(200)
  })

  it('18. is not taken with a proof of one key and the dpop_jkt of another when it is pushed', async () => {
    const { parameters } = fintech.newRequest({ dpop_jkt: await thumbprintOf(fintech) })
    const proof = fintech.proof({ path: '/par' }, { key: makeKey() })
    expect((await fintech.push(parameters, { proof })).status).toBe(400)
  })
})

/** RFC 7638, by another hand than the engine's. */
async function thumbprintOf({ proofKey }: SigningFintech): Promise<string> {
  const { kty, crv, x, y } = proofKey.jwk
  const bytes = new TextEncoder().encode(JSON.stringify({ crv, kty, x, y }))
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('base64url')
}

describe('a proof at the token endpoint', () => {
  let code: string
  let verifier: string
  beforeAll(async () => {
    const returned = await fintech.returnWithCode()
    code = returned.code
    verifier = returned.verifier
  })
  const at = { path: '/token' }
  const url = 'http://localhost:3000/token'

  it.each<[string, () => string | null]>([
    ['nothing at all', () => null],
    ['one for another endpoint', () => fintech.proof({ path: '/par' })],
    ['one for GET', () => fintech.proof({ ...at, method: 'GET' })],
    ['one of an hour ago', () => fintech.proof(at, { claims: { iat: now() - 3600 } })],
    ['one of an hour ahead', () => fintech.proof(at, { claims: { iat: now() + 3600 } })],
    ['one without jti', () => fintech.proof(at, { claims: { jti: undefined } })],
    ['one with a nonce', () => fintech.proof(at, { claims: { nonce: 'n' } })],
    ['one of typ JWT', () => fintech.proof(at, { header: { typ: 'JWT' } })],
    ['one of alg none', () => fintech.proof(at, { header: { alg: 'none' }, alg: 'none' })],
    ['one of alg RS256', () => fintech.proof(at, { header: { alg: 'RS256' }, key: makeKey('PS256') })],
    ['one without a key', () => fintech.proof(at, { header: { jwk: undefined } })],
    ['two in one header', () => `${fintech.proof(at)}, ${fintech.proof(at)}`],
  ])('18. must be: %s gives no token, and the code lives on', async (_what, proof) => {
    const { status, body } = await fintech.exchange(code, verifier, { proof: proof() })
    expect(status).toBe(400)
    expect(body['error']).toBeOneOf(['invalid_dpop_proof', 'invalid_grant', 'invalid_request'])
    expect(body['access_token']).toBeUndefined()
  })

  it.each<[string, () => string]>([
    ['ten seconds old', () => fintech.proof(at, { claims: { iat: now() - 10 } })],
    ['ten seconds ahead', () => fintech.proof(at, { claims: { iat: now() + 10 } })],
    ['with exp and nbf', () => fintech.proof(at, { claims: { exp: now() + 60, nbf: now() } })],
    ['for the address with a query', () => fintech.proof(at, { claims: { htu: `${url}?a=b` } })],
  ])('18. may be %s', async (_how, proof) => {
    const { refresh } = await connected()
    const { status, body, headers } = await fintech.refresh(refresh, { proof: proof() })
    expect([status, body['token_type']]).toEqual([200, 'DPoP'])
    // 19. A nonce is optional, and we give none.
    expect(headers['dpop-nonce']).toBeUndefined()
  })

  it('18. counts once', async () => {
    const { refresh } = await connected()
    const proof = fintech.proof(at)
    expect((await fintech.refresh(refresh, { proof })).status).toBe(200)
    expect((await fintech.refresh(refresh, { proof })).status).toBe(400)
  })

  let first: ReturnType<SigningFintech['connect']> | undefined
  /** One connection for all of them. */
  const connected = () => {
    first ??= fintech.connect({ scope: 'openid offline_access balances', nonce: 'n'.repeat(64) }, 'mihon01')
    return first
  }
})

describe('a refresh token', () => {
  let refresh: string
  let given: Record<string, unknown>
  beforeAll(async () => {
    const connection = await fintech.connect({ nonce: 'n'.repeat(64) })
    refresh = connection.refresh
    given = connection.body
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('20. without a proof, or with a wrong one, gives nothing', async () => {
    expect((await fintech.refresh(refresh, { proof: null })).status).toBe(400)
    const { status, body } = await fintech.refresh(refresh, { proof: fintech.proof({ path: '/par' }) })
    expect([status, body['error']]).toEqual(proofRefused)
  })

  it('20. without the fintech’s own credentials gives nothing', async () => {
    expect(errorOf(await other.refresh(refresh))).toEqual(grantRefused)
    const nobody = await fintech.form(
      '/token',
      { client_id: fintech.id, grant_type: 'refresh_token', refresh_token: refresh },
      { assertion: null },
    )
    expect([400, 401]).toContain(nobody.status)
    const theirs = await fintech.refresh(refresh, { assertion: other.assertion() })
    expect(errorOf(theirs)).toEqual(grantRefused)
  })

  it('20. works with a new key, and the token that it gives is bound to that one', async () => {
    const renewed = makeKey()
    const proof = fintech.proof({ path: '/token' }, { key: renewed })
    const { status, body } = await fintech.refresh(refresh, { proof })
    expect(status).toBe(200)
    const access = String(body['access_token'])
    expect((await read(access, renewed)).status).toBe(200)
    expect((await read(access)).status).toBe(401)
  })

  it('20. is not rotated: it works again and again, and long after it was used', async () => {
    const { body } = await fintech.refresh(refresh)
    expect(body['refresh_token']).toBeOneOf([undefined, refresh])
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 40 * 24 * 3600 * 1000)
    expect((await fintech.refresh(refresh)).status).toBe(200)
    expect((await fintech.refresh(refresh)).status).toBe(200)
  })

  it('20. is given without offline_access and without prompt=consent too', async () => {
    const { refresh: another, body } = await other.connect({ scope: 'balances' })
    expect((await other.refresh(another)).status).toBe(200)
    // 21. Without openid there is no ID token.
    expect(body['id_token']).toBeUndefined()
  })

  it('21. comes with an access token whose life is a number of seconds, at most a year', async () => {
    for (const { body } of [{ body: given }, await fintech.refresh(refresh)]) {
      expect(body['expires_in']).toBeTypeOf('number')
      expect(body['expires_in']).toBeGreaterThan(0)
      expect(body['expires_in']).toBeLessThanOrEqual(31_536_000)
    }
  })

  it('21. comes with an ID token: signed by a key with a name, with the nonce, and nothing that was not asked for', async () => {
    const idToken = String(given['id_token'])
    expect(decodeProtectedHeader(idToken)).toMatchObject({
      alg: 'ES256',
      kid: expect.stringMatching(/^[\w-]+$/),
    })
    const claims = decodeJwt(idToken)
    expect(claims).toMatchObject({ aud: fintech.id, iss: 'http://localhost:3000', nonce: 'n'.repeat(64) })
    const known = ['sub', 'iss', 'aud', 'iat', 'exp', 'nonce', 'auth_time', 'at_hash', 'acr', 'amr']
    expect(known).toEqual(expect.arrayContaining(Object.keys(claims)))
  })

  it('21. names the same customer of the same bank, and the same time, ever after', async () => {
    const once = decodeJwt(String(given['id_token']))
    const asked = { scope: 'openid balances transactions' }
    const again = decodeJwt(String((await fintech.refresh(refresh, { fields: asked })).body['id_token']))
    for (const claim of ['iss', 'sub', 'aud', 'auth_time'] as const) expect(again[claim]).toBe(once[claim])
  })

  it('21. comes with an ID token at a refresh only where openid is asked for again: a refresh is no sign-in', async () => {
    for (const fields of [{}, { scope: 'balances' }]) {
      const { status, body } = await fintech.refresh(refresh, { fields })
      expect(status).toBe(200)
      expect(body).not.toHaveProperty('id_token')
    }
  })
})
