/** A registered fintech as the engine's client metadata (RFC 7591 names). */
import { timingSafeEqual } from 'node:crypto'
import type { AdapterPayload } from 'oidc-provider'
import { hashClientSecret } from '../secrets.ts'
import type { Client } from '../store/clients.ts'

/** @param now ms; a former secret whose time has ended is not handed over */
export function engineClient(client: Client, now: number): AdapterPayload {
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
      : { client_secret: keptSecrets(authentication, now).join(' ') }),
    'urn:ninka:bank_scopes': client.scopes,
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
