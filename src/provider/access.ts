/** What an access token opens at our own API: the engine knows the token, the consent's row says whether it still counts. */
import type { FastifyRequest } from 'fastify'
import type { Consents } from '../consent/consents.ts'
import type { BankScope } from '../consent/services.ts'
import { whyOver } from '../consent/state.ts'
import type { Consent } from '../store/consents.ts'
import { type NotPresented, type PossessionParts, presentedToken } from './possession.ts'
import { apiResource, bankScopesIn } from './resource.ts'

type AccessParts = PossessionParts & { readonly consents: Consents; readonly publicUrl: string }

/** Of a token that was given by us for our API; why it opens nothing is only for whoever holds it, and can prove it. */
export type Access =
  | { readonly consent: Consent; readonly scopes: readonly BankScope[] }
  | {
      readonly closed: 'consent_expired' | 'consent_stopped' | 'client_suspended'
      readonly client: string
    }
  | NotPresented

export type FindAccess = (request: FastifyRequest) => Promise<Access>

export function accessOfRequest(parts: AccessParts): FindAccess {
  const { provider, consents, publicUrl, clock } = parts
  const find = (value: string) => provider.AccessToken.find(value, { ignoreExpiration: true })
  return async (request) => {
    const presented = await presentedToken(parts, request, find)
    if ('fault' in presented) return presented
    const { token, registered } = presented
    const consent = token.grantId ? await consents.find(token.grantId) : undefined
    const unknown = { fault: 'unknown-token' } as const
    if (token.aud !== apiResource(publicUrl) || !consent || consent.client !== token.clientId) return unknown
    const { client } = consent
    const closed = whyOver(consent, clock())
    if (closed) return { closed, client }
    if (!token.isValid) return { ...unknown, client }
    if (registered?.status !== 'active') return { closed: 'client_suspended', client }
    return { consent, scopes: bankScopesIn(token.scope) }
  }
}
