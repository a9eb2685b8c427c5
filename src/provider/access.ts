/** What an access token opens at our own API: the engine knows the token, the consent's row says whether it still counts. */
import type Provider from 'oidc-provider'
import type { Clock } from '../clock.ts'
import type { Consents } from '../consent/consents.ts'
import type { BankScope } from '../consent/services.ts'
import { whyOver } from '../consent/state.ts'
import type { Clients } from '../store/clients.ts'
import type { Consent } from '../store/consents.ts'
import { apiResource, bankScopesIn } from './resource.ts'

type AccessParts = {
  readonly provider: Provider
  readonly consents: Consents
  readonly clients: Clients
  readonly publicUrl: string
  readonly clock: Clock
}

/** Of a token that was given by us for our API; why it opens nothing is only for whoever holds it. */
export type Access =
  | { readonly consent: Consent; readonly scopes: readonly BankScope[] }
  | { readonly closed: 'consent_expired' | 'consent_stopped' | 'client_suspended' }

/** Undefined for a token that is unknown, forgotten, for something else, or has run out while its consent lives. */
export type FindAccess = (token: string) => Promise<Access | undefined>

export function consentOfToken({ provider, consents, clients, publicUrl, clock }: AccessParts): FindAccess {
  return async (value) => {
    const token = await provider.AccessToken.find(value, { ignoreExpiration: true })
    if (!token || token.aud !== apiResource(publicUrl) || !token.grantId) return undefined
    const consent = await consents.find(token.grantId)
    if (!consent || consent.client !== token.clientId) return undefined
    const closed = whyOver(consent, clock())
    if (closed) return { closed }
    if (!token.isValid) return undefined
    const client = await clients.find(consent.client)
    if (client?.status !== 'active') return { closed: 'client_suspended' }
    return { consent, scopes: bankScopesIn(token.scope) }
  }
}
