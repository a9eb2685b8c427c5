/** The accounts API as the one protected resource (RFC 8707): which bank scopes a request means, and for whom. */
import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import { type BankScope, bankScopes } from '../consent/services.ts'

export const apiResource = (publicUrl: string): string => `${publicUrl}/api`

/** The bank scopes among space-separated ones. */
export function bankScopesIn(scope: string | undefined): BankScope[] {
  const asked = new Set((scope ?? '').split(' '))
  return bankScopes.filter((name) => asked.has(name))
}

const asksTheCustomer = new Set(['authorization', 'pushed_authorization_request'])

/**
 * A token for nothing but identity has no use here, so a request without a bank scope is refused early.
 * @throws InvalidScope
 */
export function requireBankScope(ctx: KoaContextWithOIDC, allowed: readonly BankScope[]): void {
  if (!asksTheCustomer.has(ctx.oidc.route)) return
  const asked = ctx.oidc.params?.scope
  const scope = typeof asked === 'string' ? asked : ''
  if (!bankScopesIn(scope).some((name) => allowed.includes(name))) {
    throw new errors.InvalidScope(`ask for at least one of: ${allowed.join(' ')}`, scope)
  }
}

/** @throws InvalidTarget for any resource but the accounts API */
export function resourceServer(
  resource: string,
  publicUrl: string,
  allowed: readonly BankScope[],
): ResourceServer {
  if (resource !== apiResource(publicUrl))
    throw new errors.InvalidTarget(`the only resource is ${apiResource(publicUrl)}`)
  return { scope: allowed.join(' '), audience: resource, accessTokenFormat: 'opaque' }
}
