/** Requirements 2 and 3: what every answer has, and what is said to whoever comes without a certificate. 1 is in deploy/tls and demo/tls-front. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { type SigningFintech, signingFintech } from '../support/signing-fintech.ts'

let bank: TestBank
let fintech: SigningFintech
beforeAll(async () => {
  bank = await startBank({
    environment: { PUBLIC_URL: 'https://ninka.localhost:8443' },
    mutualTls: {
      origin: {
        url: 'https://api.ninka.localhost:8443',
        format: 'rfc9440',
        trustedProxies: ['127.0.0.1'],
        secret: undefined,
      },
      verifier: undefined,
    },
  })
  fintech = await signingFintech(bank, { id: 'transported' })
  await bank.clients.put({
    ...(await registrationOf('transported')),
    id: 'certified',
    senderConstraint: 'mtls',
    authentication: { method: 'self_signed_tls_client_auth' },
  })
})
afterAll(() => bank.close())

async function registrationOf(id: string) {
  const found = await bank.clients.find(id)
  if (!found) throw new Error(`no client ${id}`)
  const { status: _1, ...registered } = found
  return registered
}

const onMutualTls = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) => {
  const { mutualTlsServer } = bank
  if (!mutualTlsServer) throw new Error('this bank has no origin for certificates')
  return mutualTlsServer.inject({
    method: 'POST',
    url: path,
    headers: {
      host: 'api.ninka.localhost:8443',
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    },
    payload: new URLSearchParams(fields).toString(),
  })
}

describe('without a certificate', () => {
  it.each(['/token', '/par', '/introspect', '/revoke'])('2. %s answers 4xx in JSON', async (path) => {
    const fields = { client_id: 'certified', grant_type: 'refresh_token', refresh_token: 'r', token: 't' }
    const answer = await onMutualTls(path, fields)
    expect([400, 401]).toContain(answer.statusCode)
    expect(answer.json()).toMatchObject({ error: 'invalid_client' })
  })

  it('2. the accounts answer 401 in JSON', async () => {
    const headers = { host: 'api.ninka.localhost:8443', authorization: 'Bearer token' }
    const answer = await bank.mutualTlsServer?.inject({ url: '/api/accounts', headers })
    expect(answer?.statusCode).toBe(401)
    expect(answer?.json()).toMatchObject({ error: expect.any(String) })
  })

  it.each(['/authorize', '/journey/x/sign-in', '/connections', '/.well-known/openid-configuration'])(
    '2. nothing for browsers (%s) is on the origin that asks for one',
    async (url) => {
      const answer = await bank.mutualTlsServer?.inject({
        url,
        headers: { host: 'api.ninka.localhost:8443' },
      })
      expect(answer?.statusCode).toBe(404)
    },
  )

  it('2. a client that has one is refused at the main origin', async () => {
    const { status, body } = await fintech.form('/par', { client_id: 'certified' }, { assertion: null })
    expect([status, body['error']]).toEqual([401, 'invalid_client'])
  })
})

describe('an answer', () => {
  it('3. is JSON with a Date and kept by nobody, with tokens and without', async () => {
    const { body, status } = await fintech.push(fintech.newRequest().parameters)
    expect([status, typeof body['request_uri']]).toEqual([201, 'string'])
    const { code, verifier } = await fintech.returnWithCode()
    const given = await fintech.exchange(code, verifier)
    expect(given.status).toBe(200)
    const answers = [
      given,
      await fintech.refresh('none'),
      await fintech.push({}),
      await fintech.form('/introspect', { token: String(given.body['access_token']) }),
      await fintech.accounts({}),
    ]
    for (const { headers } of answers) {
      expect(String(headers['content-type'])).toMatch(/^application\/json(;|$)/)
      expect(headers['cache-control']).toBe('no-store')
      expect(Math.abs(Date.parse(String(headers['date'])) - Date.now())).toBeLessThan(10_000)
    }
  })

  it('3. of discovery has the issuer that its address has, and https everywhere', async () => {
    const { body } = await bank.server.inject({ url: '/.well-known/openid-configuration' })
    const said = JSON.parse(body) as Record<string, unknown>
    expect(said['issuer']).toBe('https://ninka.localhost:8443')
    expect(body).not.toContain('http:')
  })
})
