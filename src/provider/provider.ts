/** node-oidc-provider, configured for this bank and fenced in. What it must never do: show a page, keep a session, remember a consent. */
import Provider, { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { type Clock, hours, seconds } from '../clock.ts'
import type { Consents } from '../consent/consents.ts'
import { engineErrorOf, explainEngine } from '../explain/engine.ts'
import type { Refusals } from '../explain/refusals.ts'
import type { Log } from '../log.ts'
import { countEngine } from '../metrics/engine.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { keyedHash } from '../secrets.ts'
import type { Client } from '../store/clients.ts'
import type { BankScope } from '../consent/services.ts'
import type { Reach } from '../outgoing/ask.ts'
import { assertionClaims, clockTolerance } from './assertion.ts'
import { clientSecretMatches } from './client.ts'
import { answerWhileAway } from './database-away.ts'
import { fetchClientKeys } from './client-keys.ts'
import { cookieSignatures } from './cookie-signatures.ts'
import { discoverTruly } from './discovery.ts'
import { grantMetadata, grantParameters } from './grant-management.ts'
import { giveIdTokensWhereAsked } from './id-token.ts'
import { logRefusals } from './log-refusals.ts'
import { endpointAliases, mutualTlsOf } from './mutual-tls.ts'
import { policy } from './policy.ts'
import { proofAlgorithms } from './proof.ts'
import { defaultResource, requireBankScope, resourceServer } from './resource.ts'
import { richRequests } from './rich-requests.ts'
import { tellOfConsent } from './tell-of-consent.ts'

type ProviderParts = {
  readonly publicUrl: string
  /** origin that asks fintechs for a certificate, and whether any authority of theirs is trusted; undefined without one */
  readonly mutualTls: { readonly url: string; readonly hasAuthorities: boolean } | undefined
  readonly adapter: NonNullable<Configuration['adapter']>
  readonly jwks: NonNullable<Configuration['jwks']>
  /** newest first */
  readonly cookieKeys: readonly [Buffer, ...Buffer[]]
  /** where clients' keys may be fetched from */
  readonly reach: Reach
  readonly pairwiseKey: Buffer
  /** the page of a journey of which nothing is known yet, below `/journey/<uid>` */
  readonly firstStep: string
  /** how long the engine remembers a request, ms; outlives every journey (design 2.3) */
  readonly interactionLifetime: number
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly consents: Consents
  readonly refusals: Refusals
  /** Answers with our own page where the engine may not redirect. */
  readonly renderError: (
    ctx: KoaContextWithOIDC,
    error: { code: string; description?: string },
  ) => Promise<void>
}

const algorithms = proofAlgorithms
/** How long a code and an access token can be used, in seconds; the second one never beyond its consent. */
export const lifetimes = { code: 60, accessToken: 300 } as const

const inSeconds = (ms: number) => Math.floor(ms / seconds(1))

export function createProvider(parts: ProviderParts): Provider {
  const { publicUrl, mutualTls } = parts
  const provider = new Provider(publicUrl, {
    adapter: parts.adapter,
    jwks: parts.jwks,
    routes: {
      authorization: '/authorize',
      token: '/token',
      pushed_authorization_request: '/par',
      introspection: '/introspect',
      revocation: '/revoke',
      jwks: '/jwks',
    },
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub'] },
    responseTypes: ['code'],
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_ctx, accountId, client) =>
      pairwiseSubject(parts.pairwiseKey, client.clientId, accountId),
    clientAuthMethods: [
      'client_secret_basic',
      'private_key_jwt',
      ...(mutualTls?.hasAuthorities ? (['tls_client_auth'] as const) : []),
      ...(mutualTls ? (['self_signed_tls_client_auth'] as const) : []),
    ],
    discovery: {
      ...grantMetadata(publicUrl),
      ...(mutualTls ? { mtls_endpoint_aliases: endpointAliases(mutualTls.url) } : {}),
    },
    clientDefaults: { id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256' },
    extraClientMetadata: {
      properties: ['urn:ninka:bank_scopes', 'urn:ninka:profile', 'urn:ninka:keys_period'],
    },
    enabledJWA: {
      clientAuthSigningAlgValues: [...algorithms],
      idTokenSigningAlgValues: [...algorithms],
      authorizationSigningAlgValues: [...algorithms],
      requestObjectSigningAlgValues: [...algorithms],
      dPoPSigningAlgValues: [...algorithms],
    },
    extraParams: grantParameters(parts.consents),
    clockTolerance,
    assertJwtClientAuthClaimsAndHeader: assertionClaims(isFapi),
    clientBasedCORS: () => false,
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    rotateRefreshToken: false,
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    conformIdTokenClaims: true,
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    loadExistingGrant: async (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId
      return grantId ? ctx.oidc.provider.Grant.find(grantId) : undefined
    },
    interactions: { url: (_ctx, interaction) => journeyAddress(interaction), policy: policy() },
    fetch: fetchClientKeys(parts),
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true },
      ...(mutualTls ? { mTLS: mutualTlsOf(mutualTls) } : {}),
      fapi: {
        enabled: true,
        profile: (_ctx, client) => (client && isFapi(client) ? '2.0' : undefined),
      },
      requestObjects: { enabled: true },
      clientCredentials: { enabled: true },
      richAuthorizationRequests: richRequests({ ...parts, allowedScopes }),
      jwtResponseModes: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, client) => {
          requireBankScope(ctx, allowedScopes(client))
          return defaultResource(ctx, publicUrl)
        },
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource, client) => {
          const allowed = allowedScopes(client)
          requireBankScope(ctx, allowed)
          return resourceServer(ctx, resource, { publicUrl, allowed })
        },
      },
    },
    cookies: {
      keys: cookieSignatures(parts.cookieKeys),
      names: cookieNames(publicUrl),
      long: { httpOnly: true, sameSite: 'lax', signed: true },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    ttl: {
      Interaction: inSeconds(parts.interactionLifetime),
      Session: 60,
      AuthorizationCode: lifetimes.code,
      Grant: inSeconds(hours(24)),
      AccessToken: (ctx) => Math.min(lifetimes.accessToken, untilEnd(ctx)),
      ClientCredentials: lifetimes.accessToken,
      RefreshToken: (ctx) => untilEnd(ctx),
      IdToken: 300,
    },
    renderError: async (ctx, out, error) => {
      const { error: code, error_description: description } = engineErrorOf(ctx) ?? out
      await parts.renderError(ctx, {
        code: error instanceof errors.SessionNotFound ? 'session_not_found' : code,
        ...(description ? { description } : {}),
      })
    },
  })

  // Secrets are kept hashed; the engine compares through its client model.
  provider.Client.prototype.compareClientSecret = function compare(
    this: { clientSecret?: string },
    given: string,
  ) {
    return clientSecretMatches(this.clientSecret, given)
  }

  giveIdTokensWhereAsked(provider)
  countEngine(provider, parts.metrics)
  explainEngine(provider, parts.refusals)
  provider.use(answerWhileAway(parts.log))
  provider.use(discoverTruly)
  provider.use(straightTo(parts.firstStep))
  provider.use(tellOfConsent(parts))
  logRefusals(provider, parts.log)
  return provider
}

const journeyAddress = ({ uid }: { readonly uid: string }): string => `/journey/${uid}`

/**
 * A post-middleware: a new journey's address would only lead on to its first page, and that is a way less for the customer.
 * The engine cannot lead there by itself, because where it leads is the path of its cookie, which every page needs.
 */
const straightTo =
  (firstStep: string) =>
  async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    const pending = ctx.oidc?.entities.Interaction
    if (pending && ctx.response.get('location') === journeyAddress(pending))
      ctx.set('location', `${journeyAddress(pending)}/${firstStep}`)
  }

/** The `sub` by which a fintech knows a customer: another one at every fintech, the same one for ever. */
export const pairwiseSubject = (key: Buffer, client: string, customer: string): string =>
  keyedHash(key, `sub ${client} ${customer}`)

/** Our own metadata, which `client.ts` writes and the published types do not know. */
const allowedScopes = (client: unknown): BankScope[] =>
  (client as Record<'urn:ninka:bank_scopes', BankScope[]>)['urn:ninka:bank_scopes']
const profileOf = (client: unknown): Client['profile'] =>
  (client as Record<'urn:ninka:profile', Client['profile']>)['urn:ninka:profile']

const isFapi = (client: unknown): boolean => profileOf(client) !== 'standard'

/**
 * Whole seconds until the consent of the grant in use ends, at least 1: the engine answers 500 to a lifetime of zero.
 */
function untilEnd(ctx: KoaContextWithOIDC): number {
  const end = ctx.oidc.entities.Grant?.exp
  if (end === undefined) throw new errors.InvalidGrant('grant not found')
  return Math.max(1, end - Math.floor(Date.now() / 1000))
}

/** A cookie with a path may carry __Secure- on https, never __Host-. */
export function cookieNames(publicUrl: string): { session: string; interaction: string; resume: string } {
  const prefix = publicUrl.startsWith('https:') ? '__Secure-' : ''
  return {
    session: `${prefix}engine-session`,
    interaction: `${prefix}interaction`,
    resume: `${prefix}resume`,
  }
}
