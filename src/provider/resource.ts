/** The accounts API as the one protected resource (RFC 8707): which bank scopes a request means, and for whom. */
import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import { type BankScope, bankScopes } from '../consent/services.ts'

export const apiResource = (publicUrl: string): string => `${publicUrl}/api`

/** The bank scopes among space-separated ones. */
export function bankScopesIn(scope: string | undefined): BankScope[] {
  const asked = new Set((scope ?? '').split(' '))
  return bankScopes.filter((name) => asked.has(name))
}

const requestRoutes = new Set(['authorization', 'pushed_authorization_request'])

/** True where a request for a customer is read, not where he comes back. */
export const asksTheCustomer = (ctx: KoaContextWithOIDC): boolean => requestRoutes.has(ctx.oidc.route)

/**
 * A token for nothing but identity has no use here, so a request without a bank scope is refused early.
 * @throws InvalidScope
 */
export function requireBankScope(ctx: KoaContextWithOIDC, allowed: readonly BankScope[]): void {
  if (!asksTheCustomer(ctx)) return
  const asked = ctx.oidc.params?.scope
  const scope = typeof asked === 'string' ? asked : ''
  if (!bankScopesIn(scope).some((name) => allowed.includes(name))) {
    throw new errors.InvalidScope(`ask for at least one of: ${allowed.join(' ')}`, scope)
  }
}

/** What a fintech asks in its own name, without a customer (client_credentials). */
export const grantsResource = (publicUrl: string): string => `${publicUrl}/grants`
export const errorsResource = (publicUrl: string): string => `${publicUrl}/errors`

/** Grant Management for OAuth 2.0, section 6.1. */
export const grantScopes = ['grant_management_query', 'grant_management_revoke'] as const
/** to read why it was refused */
export const errorsScope = 'errors'

export type GrantScope = (typeof grantScopes)[number]

export const inOwnName = (ctx: KoaContextWithOIDC): boolean =>
  ctx.oidc.params?.grant_type === 'client_credentials'

function scopeAsked(ctx: KoaContextWithOIDC): readonly string[] {
  const scope = ctx.oidc.params?.scope
  return typeof scope === 'string' ? scope.split(' ') : []
}

/** The resource that a request means which names none: in its own name, that of the first scope. */
export function defaultResource(ctx: KoaContextWithOIDC, publicUrl: string): string {
  if (!inOwnName(ctx)) return apiResource(publicUrl)
  return scopeAsked(ctx)[0] === errorsScope ? errorsResource(publicUrl) : grantsResource(publicUrl)
}

/**
 * @param allowed the bank scopes that this client may ask customers for
 * @throws InvalidTarget for any resource but those that this kind of request may mean
 */
export function resourceServer(
  ctx: KoaContextWithOIDC,
  resource: string,
  { publicUrl, allowed }: { readonly publicUrl: string; readonly allowed: readonly BankScope[] },
): ResourceServer {
  const open: Readonly<Record<string, readonly string[]>> = inOwnName(ctx)
    ? { [grantsResource(publicUrl)]: grantScopes, [errorsResource(publicUrl)]: [errorsScope] }
    : { [apiResource(publicUrl)]: allowed }
  const scopes = open[resource]
  if (!scopes) throw new errors.InvalidTarget(`what can be asked for is ${Object.keys(open).join(' or ')}`)
  return { scope: scopes.join(' '), audience: resource, accessTokenFormat: 'opaque' }
}
