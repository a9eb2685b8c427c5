/** What is counted of the authorization server: what fintechs ask of it and how that ends, and the journeys that begin. */
import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { clientLabel } from './events.ts'
import { type Metrics, wordOf } from './metrics.ts'

const endpoints = new Map([
  ['/par', 'par'],
  ['/token', 'token'],
  ['/introspect', 'introspect'],
  ['/revoke', 'revoke'],
])
const grantTypes: ReadonlySet<unknown> = new Set([
  'authorization_code',
  'refresh_token',
  'client_credentials',
])

/** To be used before every other middleware that changes an answer, so that it sees the last word. */
export function countEngine(provider: Provider, metrics: Metrics): void {
  provider.use(async (ctx: KoaContextWithOIDC, next: () => Promise<void>) => {
    await next()
    const endpoint = endpoints.get(ctx.path)
    if (!endpoint) return
    const grantType: unknown = ctx.oidc?.params?.grant_type
    metrics.oauth({
      endpoint,
      client: clientLabel(ctx.oidc?.client?.clientId ?? null),
      grant_type: endpoint === 'token' ? (grantTypes.has(grantType) ? String(grantType) : 'other') : '',
      result: resultOf(ctx.body, ctx.status),
    })
  })
  provider.on('interaction.started', (ctx) =>
    metrics.stepReached({ client: clientLabel(ctx.oidc.client?.clientId ?? null), step: 'sign-in' }),
  )
}

function resultOf(body: unknown, status: number): string {
  if (body && typeof body === 'object') {
    if ('error' in body) return wordOf(body.error)
    if ('active' in body) return body.active === true ? 'active' : 'inactive'
  }
  return status < 400 ? 'ok' : 'other'
}
