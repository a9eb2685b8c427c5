/** A registered fintech as the engine's client metadata (RFC 7591 names). */
import { timingSafeEqual } from 'node:crypto'
import type { AdapterPayload } from 'oidc-provider'
import { sha256 } from '../secrets.ts'
import type { Client } from '../store/clients.ts'

export function engineClient(client: Client): AdapterPayload {
  const { authentication } = client
  return {
    client_id: client.id,
    client_name: client.serviceName,
    redirect_uris: client.redirectUris,
    response_types: ['code'],
    response_modes: ['query', 'jwt', 'query.jwt'],
    grant_types: ['authorization_code', 'refresh_token'],
    subject_type: 'pairwise',
    token_endpoint_auth_method: authentication.method,
    ...(authentication.method === 'private_key_jwt'
      ? { jwks: authentication.jwks, token_endpoint_auth_signing_alg: authentication.signingAlg }
      : { client_secret: authentication.secretHash }),
    'urn:ninka:bank_scopes': client.scopes,
  }
}

/** A client secret is 256 random bits, so one round of SHA-256 keeps it as safe as many would. */
export const hashClientSecret = (secret: string): string => `sha256.${sha256(secret)}`

/** @param kept what hashClientSecret made */
export function clientSecretMatches(kept: string | undefined, given: string): boolean {
  if (!kept) return false
  const a = Buffer.from(kept)
  const b = Buffer.from(hashClientSecret(given))
  return a.length === b.length && timingSafeEqual(a, b)
}
