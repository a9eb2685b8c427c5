/**
 * A fintech that somebody else wrote: oauth4webapi, which refuses every answer that is not right to the letter. It calls the
 * application over inject; with a certificate, the listener for fintechs as a proxy before it would.
 */
import { execFileSync } from 'node:child_process'
import { type KeyObject, X509Certificate } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import type { z } from 'zod'
import type { registration } from '../../src/store/registration.ts'
import type { TestBank } from './bank.ts'
import { type Browser, openBrowser } from './browser.ts'
import { allow, comeBack, walkToConsent } from './walk.ts'

type Registration = z.input<typeof registration>

export type StrictOptions = {
  readonly registered: Partial<Registration> & Pick<Registration, 'id' | 'authentication'>
  readonly authentication: oauth.ClientAuth
  /** binds tokens to this key */
  readonly dpop?: Awaited<ReturnType<typeof oauth.generateKeyPair>>
  /** DER of what the connection presents */
  readonly certificate?: Buffer
  /** signs requests (JAR) with it and asks for signed answers (JARM) */
  readonly signing?: oauth.PrivateKey
}

export type StrictFintech = Awaited<ReturnType<typeof strictFintech>>

export const redirectUri = 'https://strict.example/callback'

/** Registers it and makes it ready; everything that it does throws where an answer is not right. */
export async function strictFintech(bank: TestBank, options: StrictOptions) {
  const { registered, authentication, certificate, signing } = options
  await bank.clients.put({ ...commonRegistration, ...registered })
  const issuer = bank.settings.publicUrl
  const client: oauth.Client = {
    client_id: registered.id,
    require_signed_request_object: signing !== undefined,
    use_mtls_endpoint_aliases: certificate !== undefined,
  }
  const settings = { [oauth.customFetch]: fetchBy(bank, certificate), [oauth.allowInsecureRequests]: true }
  const as = await oauth.processDiscoveryResponse(
    new URL(issuer),
    await oauth.discoveryRequest(new URL(issuer), { ...settings, algorithm: 'oauth2' }),
  )
  const dpop = () => (options.dpop ? { DPoP: oauth.DPoP(client, options.dpop) } : {})

  const push = async (overrides: Record<string, string | undefined> = {}) => {
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const plain = withoutMissing({
      client_id: client.client_id,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'offline_access balances transactions',
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(signing ? { response_mode: 'jwt' } : {}),
      ...overrides,
    })
    const parameters = signing
      ? new URLSearchParams({ request: await oauth.issueRequestObject(as, client, plain, signing) })
      : plain
    const response = await oauth.pushedAuthorizationRequest(as, client, authentication, parameters, {
      ...settings,
      ...dpop(),
    })
    const pushed = await oauth.processPushedAuthorizationResponse(as, client, response)
    return { ...pushed, verifier, state }
  }

  /** The customer walks the journey and agrees; ends where he is back. */
  const authorize = ({ request_uri }: { readonly request_uri: string }, who?: Agreeing): Promise<URL> => {
    const address = new URLSearchParams({ client_id: client.client_id, request_uri })
    return agree(bank, `/authorize?${address.toString()}`, who)
  }

  const exchange = async (back: URL, { verifier, state }: { verifier: string; state: string }) => {
    const parameters = signing
      ? await oauth.validateJwtAuthResponse(as, client, back, state, settings)
      : oauth.validateAuthResponse(as, client, back, state)
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      parameters,
      redirectUri,
      verifier,
      { ...settings, ...dpop() },
    )
    return oauth.processAuthorizationCodeResponse(as, client, response)
  }

  return {
    as,
    client,
    settings,
    push,
    authorize,
    exchange,
    /** From the button to the tokens. */
    async connect(overrides: Record<string, string | undefined> = {}, loginId = 'mihon02') {
      const pushed = await push(overrides)
      return exchange(await authorize(pushed, { loginId }), pushed)
    },
    async refresh(refreshToken: string, additionalParameters: Record<string, string> = {}) {
      const response = await oauth.refreshTokenGrantRequest(as, client, authentication, refreshToken, {
        ...settings,
        ...dpop(),
        additionalParameters,
      })
      return oauth.processRefreshTokenResponse(as, client, response)
    },
    /** A token in its own name, for its grants. */
    async ownToken(scope: string, overrides: Record<string, string> = {}) {
      const response = await oauth.clientCredentialsGrantRequest(
        as,
        client,
        authentication,
        { scope, ...overrides },
        { ...settings, ...dpop() },
      )
      return oauth.processClientCredentialsResponse(as, client, response)
    },
    async introspect(token: string) {
      const response = await oauth.introspectionRequest(as, client, authentication, token, settings)
      return oauth.processIntrospectionResponse(as, client, response)
    },
    async revoke(token: string) {
      const response = await oauth.revocationRequest(as, client, authentication, token, settings)
      return oauth.processRevocationResponse(response)
    },
    /** @param origin of the API; that for certificates where this fintech has one */
    resource(
      token: string,
      path: string,
      origin = certificate ? (bank.settings.mutualTls?.url ?? '') : issuer,
      method = 'GET',
    ) {
      return oauth.protectedResourceRequest(token, method, new URL(path, origin), new Headers(), null, {
        ...settings,
        ...dpop(),
      })
    },
  }
}

type Agreeing = { readonly loginId?: string; readonly browser?: Browser }

/** The customer walks the journey that an address leads to, and agrees to everything; ends where he is back. */
export async function agree(
  bank: TestBank,
  address: string,
  { loginId = 'mihon02', browser = openBrowser(bank) }: Agreeing = {},
): Promise<URL> {
  const page = await browser.get(address)
  const base = /^\/journey\/[\w-]+/.exec(page.path)?.[0]
  if (!base) throw new Error(`no journey began: ${page.status} ${page.path}`)
  const walk = { browser, base } as Parameters<typeof walkToConsent>[0]
  await walkToConsent(walk, loginId)
  await allow(walk)
  return comeBack(walk)
}

/** The proof's key pair, or one to authenticate or sign with; the public half as a JWKS. */
export async function keyPair(alg: 'ES256' | 'PS256', kid = 'key-1') {
  const pair = await oauth.generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await crypto.subtle.exportKey('jwk', pair.publicKey)), kid, alg, use: 'sig' }
  return { pair, jwks: { keys: [jwk as Record<string, unknown>] }, privateKey: { key: pair.privateKey, kid } }
}

/** DER of a certificate that no authority vouches for. */
export const selfSigned = (): Buffer =>
  execFileSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    '/dev/null',
    '-subj',
    '/CN=strict.example',
    '-outform',
    'DER',
  ])

/** A certificate's own key as a JWK with the certificate in it, as a self-signed one is registered. */
export const jwkOfCertificate = (der: Buffer): Record<string, unknown> => ({
  ...(new X509Certificate(der).publicKey as KeyObject).export({ format: 'jwk' }),
  kid: 'certificate-1',
  x5c: [der.toString('base64')],
})

/** What is the same for every fintech of these tests. */
export const commonRegistration = {
  serviceName: '厳格家計簿',
  companyName: '株式会社厳格',
  registrationNumber: '関東財務局長（電代）第999号',
  contact: '03-0000-0000',
  liabilityUrl: 'https://strict.example/liability',
  termsUrl: 'https://strict.example/terms',
  termsVersion: '1',
  privacyUrl: 'https://strict.example/privacy',
  customerChooses: false,
  scopes: ['balances', 'transactions'],
  consentDays: 90,
  redirectUris: [redirectUri],
} satisfies Partial<Registration>

/** With a certificate, requests to the origin for them go to its listener, as the proxy that terminated TLS forwards them. */
export function fetchBy(bank: TestBank, certificate: Buffer | undefined) {
  return async (
    address: string,
    { body, headers, method }: { body?: unknown; headers: Record<string, string>; method: string },
  ): Promise<Response> => {
    const url = new URL(address)
    const isMutual = url.origin === bank.settings.mutualTls?.url
    const listener = isMutual ? bank.mutualTlsServer : bank.server
    if (!listener) throw new Error(`nothing listens at ${url.origin}`)
    const answer = await listener.inject({
      method: method as 'GET',
      url: url.pathname + url.search,
      headers: {
        ...headers,
        host: url.host,
        ...(isMutual && certificate ? { 'client-cert': `:${certificate.toString('base64')}:` } : {}),
        ...(body === undefined || body === null
          ? {}
          : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(body === undefined || body === null ? {} : { payload: String(body as URLSearchParams) }),
    })
    return new Response(answer.body === '' ? null : answer.body, {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
    })
  }
}

const withoutMissing = (parameters: Record<string, string | undefined>): URLSearchParams =>
  new URLSearchParams(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
