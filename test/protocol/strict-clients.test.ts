/** Every profile with every way to authenticate and to bind tokens, by clients that others wrote and that refuse what is not right. */
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import {
  type FintechCertificates,
  makeFintechCertificates,
  trustedSubject,
} from '../support/fintech-certificates.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import { openidFintech } from '../support/openid-fintech.ts'
import { jwkOfCertificate, keyPair, type StrictOptions, strictFintech } from '../support/strict-fintech.ts'
import { hashClientSecret } from '../../src/secrets.ts'

let bank: TestBank
let certificates: FintechCertificates
beforeAll(async () => {
  certificates = await makeFintechCertificates()
  // The flood limit is for each address.
  const started = await startBank({
    environment: behindProxy,
    mutualTls: {
      origin: {
        url: 'https://localhost:3003',
        format: 'rfc9440',
        trustedProxies: ['127.0.0.1'],
        secret: undefined,
      },
      verifier: certificates.verifier,
    },
  })
  bank = fromEverywhere(started)
})
afterAll(async () => {
  await bank.close()
  certificates.remove()
})

type Profile = 'standard' | 'fapi2' | 'fapi2-message-signing'
type Method = 'client_secret_basic' | 'private_key_jwt' | 'tls_client_auth' | 'self_signed_tls_client_auth'
type Constraint = 'none' | 'dpop' | 'mtls'
type Combination = { readonly profile: Profile; readonly method: Method; readonly constraint: Constraint }

const methods: readonly Method[] = ['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth']
const underFapi = (['fapi2', 'fapi2-message-signing'] as const).flatMap((profile) =>
  methods.flatMap((method) =>
    (['dpop', 'mtls'] as const).map((constraint): Combination => ({ profile, method, constraint })),
  ),
)
const standard = (['client_secret_basic', ...methods] as const).flatMap((method) =>
  (['none', 'dpop', 'mtls'] as const).map(
    (constraint): Combination => ({ profile: 'standard', method, constraint }),
  ),
)

/** A fintech of this kind, with all that it needs. */
async function optionsOf({ profile, method, constraint }: Combination, name: string): Promise<StrictOptions> {
  const id = `${name}-${profile}-${method}-${constraint}`.replaceAll('_', '-')
  const { jwks, privateKey } = await keyPair('ES256')
  const secret = 'a-secret-of-this-fintech'
  const { trusted, selfSigned } = certificates
  const ways = {
    client_secret_basic: {
      registered: { method, secretHash: hashClientSecret(secret) } as const,
      by: oauth.ClientSecretBasic(secret),
    },
    private_key_jwt: { registered: { method } as const, by: oauth.PrivateKeyJwt(privateKey) },
    tls_client_auth: {
      registered: { method, subject: { kind: 'subject_dn', value: trustedSubject } } as const,
      by: oauth.TlsClientAuth(),
    },
    self_signed_tls_client_auth: { registered: { method } as const, by: oauth.TlsClientAuth() },
  }
  const certificate = method === 'self_signed_tls_client_auth' ? selfSigned.der : trusted.der
  const byCertificate = constraint === 'mtls' || method.includes('tls')
  return {
    registered: {
      id,
      profile,
      senderConstraint: constraint,
      authentication: ways[method].registered as StrictOptions['registered']['authentication'],
      keys: { jwks: { keys: [...jwks.keys, jwkOfCertificate(certificate)] } },
    },
    authentication: ways[method].by,
    ...(byCertificate ? { certificate } : {}),
    ...(constraint === 'dpop' ? { dpop: (await keyPair('ES256')).pair } : {}),
    ...(profile === 'fapi2-message-signing' ? { signing: privateKey } : {}),
  }
}

describe('oauth4webapi', () => {
  it.each([...standard, ...underFapi])(
    '$profile, $method, tokens bound by $constraint: connects, reads, refreshes, and reads again',
    async (combination) => {
      const fintech = await strictFintech(bank, await optionsOf(combination, 'strict'))
      const tokens = await fintech.connect()
      expect(tokens.token_type).toBe(combination.constraint === 'dpop' ? 'dpop' : 'bearer')
      const opens = async (token: string) => (await fintech.resource(token, '/api/accounts')).status
      expect(await opens(tokens.access_token)).toBe(200)
      const refreshed = await fintech.refresh(tokens.refresh_token ?? '')
      expect(await opens(refreshed.access_token)).toBe(200)
    },
  )

  it('18. 22. a token that is bound to a certificate opens nothing where none is shown', async () => {
    const combination = { profile: 'fapi2', method: 'private_key_jwt', constraint: 'mtls' } as const
    const fintech = await strictFintech(bank, await optionsOf(combination, 'elsewhere'))
    const { access_token: token } = await fintech.connect()
    const elsewhere = fintech.resource(token, '/api/accounts', bank.settings.publicUrl)
    await expect(elsewhere).rejects.toMatchObject({ status: 401 })
  })

  it.each<[string, Record<string, string | undefined>, string]>([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['for an answer that is not signed', { response_mode: 'query' }, 'invalid_request'],
    ['for another response type', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ])('7. 13. a signed request %s is refused in its own words', async (_how, changes, error) => {
    const combination = {
      profile: 'fapi2-message-signing',
      method: 'private_key_jwt',
      constraint: 'dpop',
    } as const
    const fintech = await strictFintech(bank, await optionsOf(combination, 'refused'))
    await expect(fintech.push(changes)).rejects.toMatchObject({ status: 400, error })
  })
})

describe('openid-client', () => {
  const some = [
    { profile: 'standard', method: 'client_secret_basic', constraint: 'none' },
    { profile: 'standard', method: 'private_key_jwt', constraint: 'dpop' },
    ...underFapi.filter(
      ({ method, constraint }) => (method === 'private_key_jwt') === (constraint === 'dpop'),
    ),
  ] satisfies Combination[]

  it.each(some)(
    '$profile, $method, tokens bound by $constraint: connects, reads, refreshes',
    async (combination) => {
      const fintech = await openidFintech(bank, await optionsOf(combination, 'openid'))
      const tokens = await fintech.connect()
      expect((await fintech.resource(tokens.access_token)).status).toBe(200)
      const refreshed = await fintech.refresh(tokens.refresh_token ?? '')
      expect((await fintech.resource(refreshed.access_token)).status).toBe(200)
    },
  )
})
