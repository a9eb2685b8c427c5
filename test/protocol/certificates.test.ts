/** Requirements 14, 18, 20 and 22 where a certificate is what proves: whose counts, and what is bound to it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import {
  type FintechCertificates,
  makeFintechCertificates,
  trustedSubject,
} from '../support/fintech-certificates.ts'
import type { Issued } from '../support/openssl.ts'
import { authorizeAddress, type SigningFintech, signingFintech } from '../support/signing-fintech.ts'
import { agree, jwkOfCertificate, redirectUri } from '../support/strict-fintech.ts'

const host = 'localhost:3003'

let certificates: FintechCertificates
let bank: TestBank
/** By the subject of a trusted certificate. */
let named: SigningFintech
/** By the very certificate. */
let itself: SigningFintech
beforeAll(async () => {
  certificates = await makeFintechCertificates()
  bank = await startBank({
    mutualTls: {
      origin: {
        url: `https://${host}`,
        format: 'rfc9440',
        trustedProxies: ['127.0.0.1'],
        secret: undefined,
      },
      verifier: certificates.verifier,
    },
  })
  const bound = { senderConstraint: 'mtls' } as const
  named = await signingFintech(bank, { id: 'named', ...bound, authentication: bySubject(trustedSubject) })
  itself = await signingFintech(bank, {
    id: 'itself',
    ...bound,
    authentication: { method: 'self_signed_tls_client_auth' },
    keys: { jwks: { keys: [jwkOfCertificate(certificates.selfSigned.der)] } },
  })
})
afterAll(async () => {
  await bank.close()
  certificates.remove()
})

function bySubject(value: string, kind: 'subject_dn' | 'san_dns' | 'san_uri' = 'subject_dn') {
  return { method: 'tls_client_auth', subject: { kind, value } } as const
}

/** As the proxy forwards it, on the fintechs' origin. */
async function call(path: string, fields: Record<string, string | undefined>, certificate?: Issued) {
  const { mutualTlsServer } = bank
  if (!mutualTlsServer) throw new Error('this bank has no origin for certificates')
  const sent = Object.entries(fields).filter((one): one is [string, string] => one[1] !== undefined)
  const { statusCode, body } = await mutualTlsServer.inject({
    method: 'POST',
    url: path,
    headers: { host, 'content-type': 'application/x-www-form-urlencoded', ...shown(certificate) },
    payload: new URLSearchParams(sent).toString(),
  })
  return { status: statusCode, body: JSON.parse(body) as Record<string, unknown> }
}

const shown = (certificate: Issued | undefined): Record<string, string> =>
  certificate ? { 'client-cert': `:${certificate.der.toString('base64')}:` } : {}

const push = (fintech: SigningFintech, certificate?: Issued) =>
  call('/par', fintech.newRequest().parameters, certificate)

async function readAccounts(token: string, certificate?: Issued, scheme = 'Bearer'): Promise<number> {
  const headers = { host, authorization: `${scheme} ${token}`, ...shown(certificate) }
  const answer = await bank.mutualTlsServer?.inject({ url: '/api/accounts', headers })
  return answer?.statusCode ?? 0
}

const refused = { status: 401, body: { error: 'invalid_client' } }

describe('a certificate', () => {
  it('14. with the registered subject, by a trusted authority, proves who asks', async () => {
    expect((await push(named, certificates.trusted)).status).toBe(201)
  })

  it.each([
    ['none', () => undefined],
    ['one with another subject', () => certificates.otherName],
    ['the same names by an authority of the same name', () => certificates.foreign],
    ['the same names by itself', () => certificates.selfSigned],
    ['one that is over', () => certificates.expired],
  ])('14. %s proves nothing', async (_what, certificate) => {
    expect(await push(named, certificate())).toMatchObject(refused)
  })

  it('14. that nobody vouches for proves who asks when it is registered itself, and no other does', async () => {
    expect((await push(itself, certificates.selfSigned)).status).toBe(201)
    for (const other of [certificates.trusted, certificates.foreign, undefined])
      expect(await push(itself, other)).toMatchObject(refused)
  })

  it.each([
    ['san_dns', 'strict.example', 201],
    ['san_dns', 'other.example', 401],
    ['san_dns', 'strict', 401],
    ['san_uri', 'https://strict.example/id', 201],
    ['san_uri', 'https://strict.example', 401],
    ['subject_dn', 'CN=strict.example', 401],
    ['subject_dn', 'C=JP,O=Strict Inc.,CN=strict.example', 401],
  ] as const)('14. registered by %s %s is answered with %i', async (kind, value, status) => {
    const id = `by-${kind}-${status}`.replaceAll('_', '-')
    const authentication = bySubject(value, kind)
    const fintech = await signingFintech(bank, { id, senderConstraint: 'mtls', authentication })
    expect((await push(fintech, certificates.trusted)).status).toBe(status)
  })

  it('14. that is only written into a header of the main origin is an attack', async () => {
    const answer = await bank.server.inject({
      method: 'POST',
      url: '/par',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...shown(certificates.trusted) },
      payload: 'client_id=named',
    })
    expect(answer.statusCode).toBe(403)
  })

  it('14. is not enough for a fintech that signs assertions', async () => {
    const signs = await signingFintech(bank, { id: 'signs', senderConstraint: 'mtls' })
    expect(await push(signs, certificates.trusted)).toMatchObject(refused)
  })
})

describe('a token that is bound to a certificate', () => {
  let tokens: { access: string; refresh: string }
  let code: string
  let verifier: string
  const exchange = (certificate?: Issued) =>
    call(
      '/token',
      {
        client_id: named.id,
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        redirect_uri: redirectUri,
      },
      certificate,
    )
  beforeAll(async () => {
    const request = named.newRequest()
    verifier = request.verifier
    const { body } = await call('/par', request.parameters, certificates.trusted)
    const back = await agree(bank, authorizeAddress(named.id, body['request_uri']))
    code = back.searchParams.get('code') ?? ''
  })

  it('18. is given to nobody who shows none, and the code lives on', async () => {
    expect(await exchange()).toMatchObject(refused)
    const { status, body } = await exchange(certificates.trusted)
    expect([status, body['token_type']]).toEqual([200, 'Bearer'])
    tokens = { access: String(body['access_token']), refresh: String(body['refresh_token']) }
  })

  it('22. opens the accounts with that certificate, and with no other and none', async () => {
    expect(await readAccounts(tokens.access, certificates.trusted)).toBe(200)
    expect(await readAccounts(tokens.access, certificates.trusted, 'bearer')).toBe(200)
    for (const other of [certificates.otherName, certificates.expired, certificates.selfSigned, undefined])
      expect(await readAccounts(tokens.access, other)).toBe(401)
    expect(await readAccounts(tokens.access, certificates.trusted, 'DPoP')).toBe(401)
  })

  it('20. is refreshed with the certificate alone, and introspection says what it is bound to', async () => {
    const fields = { client_id: named.id, grant_type: 'refresh_token', refresh_token: tokens.refresh }
    expect(await call('/token', fields)).toMatchObject(refused)
    expect(await call('/token', fields, certificates.otherName)).toMatchObject(refused)
    const { status, body } = await call('/token', fields, certificates.trusted)
    expect(status).toBe(200)
    expect(await readAccounts(String(body['access_token']), certificates.trusted)).toBe(200)
    const about = { client_id: named.id, token: String(body['access_token']) }
    const told = await call('/introspect', about, certificates.trusted)
    expect(told.body).toMatchObject({
      active: true,
      cnf: { 'x5t#S256': expect.stringMatching(/^[\w-]{43}$/) },
    })
  })

  it('18. is asked for with an assertion too, and then any certificate that is shown binds it', async () => {
    const signs = await signingFintech(bank, { id: 'signs-and-shows', senderConstraint: 'mtls' })
    const { code: own, verifier: secret } = await signs.returnWithCode()
    const assertion = (): Record<string, string> => ({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: signs.assertion(),
    })
    const fields = {
      grant_type: 'authorization_code',
      code: own,
      code_verifier: secret,
      redirect_uri: redirectUri,
    }
    const without = await signs.exchange(own, secret)
    expect([without.status, without.body['error']]).toEqual([400, 'invalid_grant'])
    const { status, body } = await call('/token', { ...fields, ...assertion() }, certificates.selfSigned)
    expect(status).toBe(200)
    const access = String(body['access_token'])
    expect(await readAccounts(access, certificates.selfSigned)).toBe(200)
    expect(await readAccounts(access, certificates.trusted)).toBe(401)
  })
})

it('14. a fintech that is registered by a certificate is refused, not failed, where no origin asks for any', async () => {
  const plain = await startBank()
  const fintech = await signingFintech(plain, { id: 'named', authentication: bySubject(trustedSubject) })
  const { status } = await fintech.form('/par', fintech.newRequest().parameters, { assertion: null })
  const page = await plain.server.inject({
    url: authorizeAddress('named', 'urn:ietf:params:oauth:request_uri:x'),
  })
  await plain.close()
  expect([400, 401]).toContain(status)
  expect([400, 401]).toContain(page.statusCode)
})
