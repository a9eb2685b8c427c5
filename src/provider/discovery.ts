/** What the discovery documents say: what clients can really get here, and nothing that the engine could do besides. */
import type { KoaContextWithOIDC } from 'oidc-provider'
import { bankScopes } from '../consent/services.ts'
import { errorsScope, grantScopes } from './resource.ts'

export const responseModes: readonly string[] = ['query', 'jwt', 'query.jwt']

/** What is for everybody to read, also for a page of another origin: no secret is in it, and no cookie changes it. */
export const isPublicDocument = (path: string): boolean =>
  path.startsWith('/.well-known/') || path === '/jwks'

/** A post-middleware of the engine. */
export async function discoverTruly(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next()
  const body: unknown = ctx.body
  if (!ctx.path.startsWith('/.well-known/') || !body || typeof body !== 'object') return
  const said = body as Record<string, unknown>
  ctx.body = {
    ...said,
    response_modes_supported: responseModes,
    scopes_supported: [...listed(said['scopes_supported']), ...bankScopes, ...grantScopes, errorsScope],
    // The engine's sessions end with the journey, so there is nothing to log out of.
    claims_supported: listed(said['claims_supported']).filter((claim) => claim !== 'sid'),
    // Left out, these would say client_secret_basic alone (RFC 8414, section 2).
    ...sameAsToken(said, 'revocation_endpoint'),
    ...sameAsToken(said, 'introspection_endpoint'),
  }
}

const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function sameAsToken(said: Readonly<Record<string, unknown>>, endpoint: string): Record<string, unknown> {
  const names = ['auth_methods_supported', 'auth_signing_alg_values_supported']
  return Object.fromEntries(names.map((name) => [`${endpoint}_${name}`, said[`token_endpoint_${name}`]]))
}
