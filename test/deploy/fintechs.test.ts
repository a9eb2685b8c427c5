/** Fintechs' servers through the nginx and the HAProxy of deploy/: their certificates reach ninka, and nobody else's word about one. */
import { readFileSync } from 'node:fs'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { forwardedAs } from '../support/certificates.ts'
import {
  type FintechCertificates,
  makeFintechCertificates,
  trustedSubject,
} from '../support/fintech-certificates.ts'
import { httpsFetch } from '../support/https-fetch.ts'
import { openidFintech } from '../support/openid-fintech.ts'
import type { Issued } from '../support/openssl.ts'
import { freePort } from '../support/postgres.ts'
import { type Proxy, startHaproxy, startNginx } from '../support/proxies.ts'
import { commonRegistration, jwkOfCertificate, keyPair } from '../support/strict-fintech.ts'
import { makeCertificates } from '../support/tls-client.ts'

const { proxy: keys, authoritiesFile, remove } = makeCertificates()
const ca = readFileSync(keys.ec.certFile, 'utf8')
const secret = 'Kagi-0123_456789'

let certificates: FintechCertificates
beforeAll(async () => {
  certificates = await makeFintechCertificates()
})
afterAll(() => {
  certificates.remove()
  remove()
})

describe.each([
  { proxy: 'nginx', start: startNginx, format: 'nginx' },
  { proxy: 'haproxy', start: startHaproxy, format: 'rfc9440' },
] as const)('$proxy', ({ start, format }) => {
  let proxy: Proxy
  let bank: TestBank
  let publicUrl: string
  let mutualTlsUrl: string
  beforeAll(async () => {
    const [main, fintechs] = [await freePort(), await freePort()]
    proxy = await start({
      upstreams: {
        main: [`127.0.0.1:${main}`],
        certificate: ['127.0.0.1:1'],
        fintechs: [`127.0.0.1:${fintechs}`],
      },
      tls: keys.ec,
      authoritiesFile,
      secret,
    })
    publicUrl = `https://ninka.localhost:${proxy.port}`
    mutualTlsUrl = `https://api.ninka.localhost:${proxy.port}`
    const trustedProxies = ['127.0.0.1']
    bank = await startBank({
      environment: {
        PUBLIC_URL: publicUrl,
        API_MTLS_URL: mutualTlsUrl,
        CERTIFICATE_FORMAT: format,
        TRUSTED_PROXIES: '127.0.0.1',
      },
      mutualTls: {
        origin: { url: mutualTlsUrl, format, trustedProxies, secret },
        verifier: certificates.verifier,
      },
    })
    bank.readiness.open()
    await bank.server.listen({ host: '127.0.0.1', port: main })
    await bank.mutualTlsServer?.listen({ host: '127.0.0.1', port: fintechs })
    // HAProxy asks every second whether anybody wants requests by now.
    await vi.waitFor(async () => expect((await push(mutualTlsUrl)).status).toBe(401), 5000)
  })
  afterAll(async () => {
    await proxy.stop()
    await bank.close()
  })

  const shown = ({ pem, privateKey }: Issued) => ({
    cert: pem,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  })
  const fetchWith = (certificate?: Issued) =>
    httpsFetch({ ca, certificate: certificate && shown(certificate) })

  /** A pushed request of a fintech that a certificate is to prove, without anything in it. */
  async function push(origin: string, certificate?: Issued, headers: Record<string, string> = {}) {
    const answer = await fetchWith(certificate)(`${origin}/par`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ client_id: 'named' }),
      redirect: 'manual',
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const unproven = { status: 401, body: { error: 'invalid_client' } }
  /** It knows who asks, and misses the rest. */
  const proven = { status: 400, body: { error: 'invalid_request' } }

  it('lets a fintech with a self-signed certificate connect, read and refresh with tokens bound to it', async () => {
    const { selfSigned } = certificates
    const fintech = await openidFintech(
      bank,
      {
        registered: {
          id: 'itself',
          profile: 'fapi2',
          senderConstraint: 'mtls',
          authentication: { method: 'self_signed_tls_client_auth' },
          keys: { jwks: { keys: [jwkOfCertificate(selfSigned.der)] } },
        },
        authentication: oauth.TlsClientAuth(),
        certificate: selfSigned.der,
      },
      fetchWith(selfSigned),
    )
    const tokens = await fintech.connect()
    expect((await fintech.resource(tokens.access_token)).status).toBe(200)
    const refreshed = await fintech.refresh(tokens.refresh_token ?? '')
    expect((await fintech.resource(refreshed.access_token)).status).toBe(200)
    const stolen = await fetchWith(certificates.trusted)(`${mutualTlsUrl}/api/accounts`, {
      method: 'GET',
      headers: { authorization: `Bearer ${refreshed.access_token}` },
      body: null,
      redirect: 'manual',
    })
    expect(stolen.status).toBe(401)
    await fintech.revoke(tokens.refresh_token ?? '')
    await expect(fintech.resource(refreshed.access_token)).rejects.toMatchObject({ status: 401 })
  })

  it('lets one with a certificate of a trusted authority do so with tokens bound to a key, for that origin', async () => {
    const { trusted } = certificates
    const fintech = await openidFintech(
      bank,
      {
        registered: {
          id: 'named-with-key',
          profile: 'fapi2',
          senderConstraint: 'dpop',
          authentication: {
            method: 'tls_client_auth',
            subject: { kind: 'subject_dn', value: trustedSubject },
          },
        },
        authentication: oauth.TlsClientAuth(),
        certificate: trusted.der,
        dpop: (await keyPair('ES256')).pair,
      },
      fetchWith(trusted),
    )
    const tokens = await fintech.connect()
    expect((await fintech.resource(tokens.access_token, mutualTlsUrl)).status).toBe(200)
    expect((await fintech.resource(tokens.access_token, publicUrl)).status).toBe(200)
  })

  describe('a certificate', () => {
    beforeAll(() =>
      bank.clients.put({
        ...commonRegistration,
        id: 'named',
        profile: 'fapi2',
        senderConstraint: 'mtls',
        authentication: { method: 'tls_client_auth', subject: { kind: 'subject_dn', value: trustedSubject } },
      }),
    )

    it('2. proves who asks on its own origin, and on the main one nothing, without harm', async () => {
      expect(await push(mutualTlsUrl, certificates.trusted)).toMatchObject(proven)
      expect(await push(publicUrl, certificates.trusted)).toMatchObject(unproven)
    })

    it('2. that is missing, over, foreign or self-signed is refused by ninka, in JSON', async () => {
      const { expired, foreign, selfSigned } = certificates
      for (const certificate of [undefined, expired, foreign, selfSigned])
        expect(await push(mutualTlsUrl, certificate)).toMatchObject(unproven)
    })

    it('2. that somebody only writes into a header is removed on the way, on either origin', async () => {
      for (const { name, write } of Object.values(forwardedAs)) {
        const forged = { [name]: write(certificates.trusted.der) }
        expect(await push(mutualTlsUrl, undefined, forged)).toMatchObject(unproven)
        expect(await push(mutualTlsUrl, certificates.selfSigned, forged)).toMatchObject(unproven)
        expect(await push(publicUrl, undefined, forged)).toMatchObject(unproven)
      }
    })
  })
})
