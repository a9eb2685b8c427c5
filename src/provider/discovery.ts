/** What the discovery documents say: what clients can really get here, and nothing that the engine could do besides. */
import type { KoaContextWithOIDC } from 'oidc-provider'
import { bankScopes } from '../consent/services.ts'
import { errorsScope, grantScopes } from './resource.ts'

export const responseModes: readonly string[] = ['query', 'jwt', 'query.jwt']

/** A post-middleware of the engine. */
export async function discoverTruly(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next()
  const body: unknown = ctx.body
  if (!ctx.path.startsWith('/.well-known/') || !body || typeof body !== 'object') return
  ctx.body = {
    ...body,
    response_modes_supported: responseModes,
    // The engine knows scopes of its own here, and not those of our resources.
    scopes_supported: ['openid', 'offline_access', ...bankScopes, ...grantScopes, errorsScope],
  }
}
