/** The profiles as fintechs that others wrote use them: each with every way to authenticate and to bind a token. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as oauth from 'oauth4webapi'
import { startBank, type TestBank } from '../support/bank.ts'
import {
  jwkOfCertificate,
  keyPair,
  selfSigned,
  type StrictOptions,
  strictFintech,
} from '../support/strict-fintech.ts'

let bank: TestBank
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
})
afterAll(() => bank.close())

const byPrivateKey = async (id: string): Promise<StrictOptions> => {
  const { jwks, privateKey } = await keyPair('ES256')
  return {
    registered: { id, authentication: { method: 'private_key_jwt' }, keys: { jwks } },
    authentication: oauth.PrivateKeyJwt(privateKey),
  }
}

describe('FAPI 2.0', () => {
  it('with a private key and tokens bound to a key: connects, reads, refreshes as often as it likes', async () => {
    const options = await byPrivateKey('strict-dpop')
    const fintech = await strictFintech(bank, {
      ...options,
      registered: { ...options.registered, profile: 'fapi2', senderConstraint: 'dpop' },
      dpop: (await keyPair('ES256')).pair,
    })
    const tokens = await fintech.connect()
    expect(tokens.token_type).toBe('dpop')
    expect((await fintech.resource(tokens.access_token, '/api/accounts')).status).toBe(200)
    const again = await fintech.refresh(tokens.refresh_token ?? '')
    await fintech.refresh(tokens.refresh_token ?? '')
    expect((await fintech.resource(again.access_token, '/api/accounts')).status).toBe(200)
  })

  it('with a self-signed certificate and tokens bound to it', async () => {
    const certificate = selfSigned()
    const fintech = await strictFintech(bank, {
      registered: {
        id: 'strict-mtls',
        profile: 'fapi2',
        senderConstraint: 'mtls',
        authentication: { method: 'self_signed_tls_client_auth' },
        keys: { jwks: { keys: [jwkOfCertificate(certificate)] } },
      },
      authentication: oauth.TlsClientAuth(),
      certificate,
    })
    const tokens = await fintech.connect()
    expect((await fintech.resource(tokens.access_token, '/api/accounts')).status).toBe(200)
    const elsewhere = fintech.resource(tokens.access_token, '/api/accounts', bank.settings.publicUrl)
    await expect(elsewhere).rejects.toMatchObject({ status: 401 })
  })

  it('with signed requests and answers', async () => {
    const options = await byPrivateKey('strict-signing')
    const { jwks, privateKey } = await keyPair('ES256')
    const fintech = await strictFintech(bank, {
      ...options,
      registered: {
        ...options.registered,
        keys: { jwks },
        profile: 'fapi2-message-signing',
        senderConstraint: 'dpop',
      },
      authentication: oauth.PrivateKeyJwt(privateKey),
      signing: privateKey,
      dpop: (await keyPair('ES256')).pair,
    })
    const tokens = await fintech.connect()
    expect((await fintech.resource(tokens.access_token, '/api/accounts')).status).toBe(200)
  })
})
