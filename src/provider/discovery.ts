/** What the discovery documents say: what clients can really get here, and nothing that the engine could do besides. */
import type { KoaContextWithOIDC } from 'oidc-provider'

export const responseModes: readonly string[] = ['query', 'jwt', 'query.jwt']

/** A post-middleware of the engine. */
export async function discoverTruly(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next()
  const body: unknown = ctx.body
  if (!ctx.path.startsWith('/.well-known/') || !body || typeof body !== 'object') return
  ctx.body = { ...body, response_modes_supported: responseModes }
}
