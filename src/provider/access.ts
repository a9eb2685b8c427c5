/** What an access token opens at our own API: the engine knows the token, the consent's row says whether it still counts. */
import type Provider from 'oidc-provider'
import type { ApiParts } from '../accounts-api/routes.ts'
import type { Consents } from '../consent/consents.ts'
import type { Clients } from '../store/clients.ts'
import { apiResource, bankScopesIn } from './resource.ts'

type AccessParts = {
  readonly provider: Provider
  readonly consents: Consents
  readonly clients: Clients
  readonly publicUrl: string
}

export function consentOfToken({
  provider,
  consents,
  clients,
  publicUrl,
}: AccessParts): ApiParts['consentOfToken'] {
  return async (value) => {
    const token = await provider.AccessToken.find(value)
    if (!token?.isValid || token.aud !== apiResource(publicUrl) || !token.grantId) return undefined
    const consent = await consents.findLive(token.grantId)
    if (!consent || consent.client !== token.clientId) return undefined
    const client = await clients.find(consent.client)
    if (client?.status !== 'active') return undefined
    return { consent, scopes: bankScopesIn(token.scope) }
  }
}
