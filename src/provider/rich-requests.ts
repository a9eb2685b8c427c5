/**
 * Rich authorization requests (RFC 9396). The bank has one type of them, and it says what the bank scopes say: so a request
 * becomes scopes at once, the journey knows nothing of it, and what is answered is read from the consent, never from what
 * was asked.
 */
import {
  type AuthorizationDetailsForIntrospection,
  errors,
  type KoaContextWithOIDC,
  type RichAuthorizationRequestsActiveConfiguration,
} from 'oidc-provider'
import { z } from 'zod'
import type { Consents } from '../consent/consents.ts'
import { type BankScope, bankScopes } from '../consent/services.ts'
import type { Consent } from '../store/consents.ts'
import { orAway } from './database-away.ts'
import { apiResource, asksTheCustomer, bankScopesIn, inOwnName } from './resource.ts'

export const accountInformation = 'account_information'

type RichRequests = RichAuthorizationRequestsActiveConfiguration & {
  authorizationDetailsForIntrospection: AuthorizationDetailsForIntrospection
}

type Parts = {
  readonly publicUrl: string
  readonly consents: Pick<Consents, 'findLive'>
  /** the bank scopes that a client may ask customers for */
  readonly allowedScopes: (client: unknown) => readonly BankScope[]
}

export function richRequests({ publicUrl, consents, allowedScopes }: Parts): RichRequests {
  const granted = async (grantId: string | undefined, scope: string | undefined) => {
    const consent = await orAway(() => consents.findLive(grantId ?? ''))
    // Ended a moment ago: the answer is refused or turned to inactive after this (tell-of-consent.ts).
    if (!consent) return undefined
    const services = bankScopesIn(scope).filter((name) => consent.services.includes(name))
    return services.length > 0 ? [grantedDetail(consent, services, publicUrl)] : undefined
  }
  return {
    enabled: true,
    types: {
      [accountInformation]: {
        validate(ctx, detail, client) {
          const actions = readDetail(detail, { publicUrl, allowed: allowedScopes(client) })
          if (inOwnName(ctx)) throw wrong('account_information needs a customer: ask for it at /authorize')
          // Beside a scope both are asked, as RFC 9396 says (section 3.1); the customer sees the union.
          if (asksTheCustomer(ctx)) askAlso(ctx, actions)
        },
      },
    },
    // That the code and its refresh token came of a rich request. What was granted stands in the consent's row.
    authorizationDetailsForGrantSource: () => [{ type: accountInformation }],
    async authorizationDetailsForAccessToken(ctx, token, source) {
      narrow(ctx, token)
      return granted(source?.grantId, token.scope)
    },
    authorizationDetailsForIntrospection: (_ctx, token) =>
      'grantId' in token ? granted(token.grantId, token.scope) : undefined,
  }
}

/** What a consent lets a fintech do, in the words of a rich request. */
export const grantedDetail = (
  { accounts }: Pick<Consent, 'accounts'>,
  services: readonly BankScope[],
  publicUrl: string,
) => ({
  type: accountInformation,
  locations: [apiResource(publicUrl)],
  actions: [...services],
  accounts: accounts.map(({ id }) => id),
})

const knownFields = new Set(['type', 'actions', 'locations'])
const actionsShape = z.array(z.enum(bankScopes)).min(1)

/** @throws InvalidAuthorizationDetails; what was sent is not repeated in it, for it may be in any characters */
function readDetail(
  detail: Readonly<Record<string, unknown>>,
  { publicUrl, allowed }: { readonly publicUrl: string; readonly allowed: readonly BankScope[] },
): readonly BankScope[] {
  if (!Object.keys(detail).every((name) => knownFields.has(name)))
    throw wrong('account_information takes type, actions and locations, and no other field')
  const actions = actionsShape.safeParse(detail.actions)
  if (!actions.success || !actions.data.every((name) => allowed.includes(name)))
    throw wrong(`actions must name at least one of, and only: ${allowed.join(' ')}`)
  const api = apiResource(publicUrl)
  if (detail.locations !== undefined && !(Array.isArray(detail.locations) && isOnly(detail.locations, api)))
    throw wrong(`the only location is ${api}`)
  return actions.data
}

const isOnly = (locations: readonly unknown[], api: string): boolean =>
  locations.length > 0 && locations.every((one) => one === api)

function askAlso(ctx: KoaContextWithOIDC, actions: readonly BankScope[]): void {
  const { params } = ctx.oidc
  if (!params) return
  const asked = typeof params.scope === 'string' ? params.scope.split(' ') : []
  params.scope = [...new Set([...asked, ...actions])].join(' ')
}

/**
 * Details in a token request ask for an access token that opens less than the grant (RFC 9396, section 6). The grant stays.
 * @throws InvalidAuthorizationDetails when they ask for more
 */
function narrow(ctx: KoaContextWithOIDC, token: { scope?: string | undefined }): void {
  const asked = actionsIn(ctx.oidc.params?.authorization_details)
  if (!asked) return
  const opened = bankScopesIn(token.scope)
  const missing = asked.filter((name) => !opened.includes(name))
  if (missing.length > 0) throw wrong(`not granted: ${missing.join(' ')}`)
  token.scope = opened.filter((name) => asked.includes(name)).join(' ')
}

/** Of details that were validated before. */
function actionsIn(details: unknown): BankScope[] | undefined {
  if (typeof details !== 'string') return undefined
  const parsed = z.array(z.object({ actions: actionsShape })).parse(JSON.parse(details))
  return bankScopes.filter((name) => parsed.some(({ actions }) => actions.includes(name)))
}

const wrong = (description: string) => new errors.InvalidAuthorizationDetails(description)
