/** Requirements 4 to 6: both discovery documents, true to what is switched on; and who may read what from a browser. */
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MutualTlsParts } from '../../src/app.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { makeAuthority } from '../support/certificates.ts'
import { signingFintech } from '../support/signing-fintech.ts'

const issuer = 'http://localhost:3000'
const mutualTlsUrl = 'https://localhost:3003'
const documents = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']

type Document = Readonly<Record<string, unknown>>
const documentOf = async ({ server }: TestBank, path: string): Promise<Document> =>
  (await server.inject({ url: path })).json<Document>()

const origin: MutualTlsParts['origin'] = {
  url: mutualTlsUrl,
  format: 'rfc9440',
  trustedProxies: ['127.0.0.1'],
  secret: undefined,
}

let plain: TestBank
let mutual: TestBank
let selfSigned: TestBank
beforeAll(async () => {
  plain = await startBank()
  selfSigned = await startBank({ mutualTls: { origin, verifier: undefined } })
  const authority = await makeAuthority()
  mutual = await startBank({ mutualTls: { origin, verifier: (await authority.parts()).verifier } })
  authority.remove()
})
afterAll(async () => {
  await plain.close()
  await selfSigned.close()
  await mutual.close()
})

describe.each(documents)('%s', (path) => {
  it('4. 5. names what FAPI 2.0 clients look for', async () => {
    const algorithms = ['ES256', 'PS256']
    expect(await documentOf(mutual, path)).toMatchObject({
      issuer,
      response_types_supported: ['code'],
      grant_types_supported: expect.arrayContaining(['authorization_code', 'refresh_token']),
      pushed_authorization_request_endpoint: `${issuer}/par`,
      authorization_response_iss_parameter_supported: true,
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'private_key_jwt',
        'tls_client_auth',
        'self_signed_tls_client_auth',
      ],
      tls_client_certificate_bound_access_tokens: true,
      response_modes_supported: ['query', 'jwt', 'query.jwt'],
      token_endpoint_auth_signing_alg_values_supported: algorithms,
      dpop_signing_alg_values_supported: algorithms,
      id_token_signing_alg_values_supported: algorithms,
      request_object_signing_alg_values_supported: algorithms,
      authorization_signing_alg_values_supported: algorithms,
      mtls_endpoint_aliases: {
        token_endpoint: `${mutualTlsUrl}/token`,
        pushed_authorization_request_endpoint: `${mutualTlsUrl}/par`,
        introspection_endpoint: `${mutualTlsUrl}/introspect`,
        revocation_endpoint: `${mutualTlsUrl}/revoke`,
      },
    })
  })

  it('4. asks nobody for a pushed request who need not push: that stands with each client', async () => {
    const said = await documentOf(mutual, path)
    expect(said['require_pushed_authorization_requests']).toBeOneOf([undefined, false])
    expect(said['require_signed_request_object']).toBeOneOf([undefined, false])
  })

  it('5. names nothing of certificates where no origin asks for any', async () => {
    const said = await documentOf(plain, path)
    expect(said['token_endpoint_auth_methods_supported']).toEqual(['client_secret_basic', 'private_key_jwt'])
    expect(said).not.toHaveProperty('mtls_endpoint_aliases')
    expect(said).not.toHaveProperty('tls_client_certificate_bound_access_tokens')
  })

  it('5. names self-signed certificates alone where no authority is trusted', async () => {
    const methods = ['client_secret_basic', 'private_key_jwt', 'self_signed_tls_client_auth']
    const said = await documentOf(selfSigned, path)
    expect(said['token_endpoint_auth_methods_supported']).toEqual(methods)
    expect(said['revocation_endpoint_auth_methods_supported']).toEqual(methods)
    expect(said['introspection_endpoint_auth_methods_supported']).toEqual(methods)
  })

  it('6. has every field in its type, and no scope that is none', async () => {
    const said = await documentOf(mutual, path)
    expect(said['scopes_supported']).toEqual(
      expect.arrayContaining(['openid', 'offline_access', 'balances', 'transactions']),
    )
    for (const [name, value] of Object.entries(said)) {
      if (/_supported$|_values_supported$/.test(name) && typeof value !== 'boolean') {
        expect(value, name).toEqual(expect.any(Array))
        for (const one of value as unknown[]) expect(one, name).toMatch(/^[\x21\x23-\x5B\x5D-\x7E]+$/)
      } else if (/_endpoint$|_uri$|^issuer$|_documentation$/.test(name)) {
        expect(URL.canParse(String(value)), name).toBe(true)
      } else {
        expect(value, name).toEqual(
          name === 'mtls_endpoint_aliases' ? expect.any(Object) : expect.any(Boolean),
        )
      }
    }
  })

  it('3. 4. names no address that nobody answers at', async () => {
    const said = await documentOf(mutual, path)
    const { mutualTlsServer } = mutual
    if (!mutualTlsServer) throw new Error('this bank has no origin for certificates')
    const addresses = Object.entries(said).filter(([name]) => /_endpoint$|_uri$|_documentation$/.test(name))
    const aliases = Object.entries(said['mtls_endpoint_aliases'] ?? {})
    expect(addresses.length).toBeGreaterThanOrEqual(6)
    for (const [name, value] of addresses) await expectAnswer(mutual.server, name, String(value), issuer)
    for (const [name, value] of aliases)
      await expectAnswer(mutualTlsServer, name, String(value), mutualTlsUrl)
  })
})

async function expectAnswer(
  server: FastifyInstance,
  name: string,
  address: string,
  at: string,
): Promise<void> {
  const { origin: of, host, pathname } = new URL(address)
  expect(of, name).toBe(at)
  // Each grant has an address of its own below this one.
  const url = name === 'grant_management_endpoint' ? `${pathname}/some-grant` : pathname
  const isRead = /authorization_endpoint$|^grant_management|_uri$|_documentation$/.test(name)
  const method = isRead && !name.startsWith('pushed') ? 'GET' : 'POST'
  const { statusCode } = await server.inject({ method, url, headers: { host } })
  expect([404, 405, 500], name).not.toContain(statusCode)
}

it('6. every key is public, has a name, and is as long as it must be', async () => {
  const { keys } = (await plain.server.inject({ url: '/jwks' })).json<{ keys: Record<string, string>[] }>()
  expect(keys.map(({ alg }) => alg)).toEqual(['ES256', 'PS256'])
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length)
  for (const key of keys) {
    expect(key['kid']).toMatch(/^[\w-]{43}$/)
    expect(key['use']).toBe('sig')
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) expect(key).not.toHaveProperty(secret)
    if (key['kty'] === 'RSA')
      expect(Buffer.from(key['n'] ?? '', 'base64url').length * 8).toBeGreaterThanOrEqual(2048)
  }
})

describe('a page of another origin', () => {
  const headers = { origin: 'https://evil.example' }
  const allowed = (server: FastifyInstance, method: 'GET' | 'POST' | 'OPTIONS', url: string) =>
    server
      .inject({ method, url, headers: { ...headers, 'access-control-request-method': 'POST' } })
      .then((answer) => Object.entries(answer.headers).filter(([name]) => name.startsWith('access-control-')))

  it.each([...documents, '/jwks', '/api/openapi.json'])('may read %s, with no credentials', async (path) => {
    expect(await allowed(plain.server, 'GET', path)).toEqual([['access-control-allow-origin', '*']])
  })

  it.each([
    '/token',
    '/par',
    '/introspect',
    '/revoke',
    '/authorize',
    '/api/accounts',
    '/grants/x',
    '/connections',
    '/',
  ])('may read nothing of %s, whoever asks and however', async (path) => {
    for (const method of ['GET', 'POST', 'OPTIONS'] as const)
      expect(await allowed(plain.server, method, path)).toEqual([])
  })

  it('may read nothing of an answer to a fintech that is known, and the request is refused', async () => {
    const fintech = await signingFintech(plain, { id: 'in-a-browser' })
    const { status, headers: got } = await fintech.push(fintech.newRequest().parameters, { headers })
    expect(status).toBe(400)
    expect(Object.keys(got).filter((name) => name.startsWith('access-control-'))).toEqual([])
  })

  it('may read nothing of the origin for certificates', async () => {
    const { mutualTlsServer } = mutual
    if (!mutualTlsServer) throw new Error('this bank has no origin for certificates')
    for (const path of ['/token', '/par']) expect(await allowed(mutualTlsServer, 'POST', path)).toEqual([])
  })
})
