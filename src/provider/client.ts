/** A registered fintech as the engine's client metadata (names of RFC 7591, 8705, 9101, 9126, 9396, 9449 and JARM). */
import { timingSafeEqual } from 'node:crypto'
import type { AdapterPayload } from 'oidc-provider'
import { minutes } from '../clock.ts'
import { hashClientSecret } from '../secrets.ts'
import type { Client } from '../store/clients.ts'
import { accountInformation } from './rich-requests.ts'

/** @param now ms; a former secret whose time has ended is not handed over */
export function engineClient(client: Client, now: number): AdapterPayload {
  const { keys, profile, senderConstraint } = client
  const signsMessages = profile === 'fapi2-message-signing'
  return {
    client_id: client.id,
    client_name: client.serviceName,
    redirect_uris: client.redirectUris,
    response_types: ['code'],
    // Under message signing every answer is signed (JARM): one that is not could have been changed on its way.
    response_modes: signsMessages ? ['jwt', 'query.jwt'] : ['query', 'jwt', 'query.jwt'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    authorization_details_types: [accountInformation],
    subject_type: 'pairwise',
    ...authenticationOf(client, now),
    ...(keys && ('jwks' in keys ? { jwks: keys.jwks } : published(keys.jwksUri, now))),
    ...(profile === 'standard' ? {} : { require_pushed_authorization_requests: true }),
    ...(signsMessages
      ? { require_signed_request_object: true, request_object_signing_alg: client.requestSigningAlg }
      : {}),
    dpop_bound_access_tokens: senderConstraint === 'dpop',
    tls_client_certificate_bound_access_tokens: senderConstraint === 'mtls',
    'urn:ninka:bank_scopes': client.scopes,
    'urn:ninka:profile': profile,
  }
}

/**
 * The engine would use keys that it once fetched for as long as they verify anything, also one that the fintech has taken
 * back. Another `period` makes it another client to the engine, without any keys.
 */
const published = (jwksUri: string, now: number) => ({
  jwks_uri: jwksUri,
  'urn:ninka:keys_period': Math.floor(now / minutes(5)),
})

function authenticationOf({ authentication }: Client, now: number): Record<string, unknown> {
  const { method } = authentication
  const named = { token_endpoint_auth_method: method }
  switch (method) {
    case 'client_secret_basic':
      return { ...named, client_secret: keptSecrets(authentication, now).join(' ') }
    case 'private_key_jwt':
      return { ...named, token_endpoint_auth_signing_alg: authentication.signingAlg }
    case 'tls_client_auth':
      return { ...named, [`tls_client_auth_${authentication.subject.kind}`]: authentication.subject.value }
    case 'self_signed_tls_client_auth':
      return named
  }
}

function keptSecrets(
  { secretHash, former }: Extract<Client['authentication'], { method: 'client_secret_basic' }>,
  now: number,
): string[] {
  return former && now <= former.until ? [secretHash, former.secretHash] : [secretHash]
}

/** @param kept hashes of the secrets that count, as `engineClient` hands them to the engine */
export function clientSecretMatches(kept: string | undefined, given: string): boolean {
  const b = Buffer.from(hashClientSecret(given))
  return (kept ?? '').split(' ').some((one) => {
    const a = Buffer.from(one)
    return a.length === b.length && timingSafeEqual(a, b)
  })
}
