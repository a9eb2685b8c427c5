/** What an access token opens at our own API: the engine knows the token, the consent's row says whether it still counts. */
import type Provider from 'oidc-provider'
import type { ApiParts } from '../accounts-api/routes.ts'
import type { Consents } from '../consent/consents.ts'
import { apiResource, bankScopesIn } from './resource.ts'

export function consentOfToken(
  provider: Provider,
  consents: Consents,
  publicUrl: string,
): ApiParts['consentOfToken'] {
  return async (value) => {
    const token = await provider.AccessToken.find(value)
    if (!token?.isValid || token.aud !== apiResource(publicUrl) || !token.grantId) return undefined
    const consent = await consents.findLive(token.grantId)
    if (!consent || consent.client !== token.clientId) return undefined
    return { consent, scopes: bankScopesIn(token.scope) }
  }
}
