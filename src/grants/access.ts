/** Who asks about a grant: a fintech in its own name, by a token that it got for this (Grant Management for OAuth 2.0, section 6.1). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type NotPresented, type PossessionParts, presentedToken } from '../provider/possession.ts'
import { proofAlgorithms } from '../provider/proof.ts'
import { type GrantScope, grantsResource } from '../provider/resource.ts'

export type GrantAccessParts = PossessionParts & { readonly publicUrl: string }

export type Refused = {
  readonly status: number
  readonly error: string
  /** in ASCII, for the fintech's developer */
  readonly description: string
  /** what is missing from the token */
  readonly scope?: GrantScope
  /** false where no token was sent: there is nothing wrong with one (RFC 6750, section 3.1) */
  readonly isTokenAtFault?: false
}

/** The id of the client that may do this, or why nobody may. A token of a customer's flow is of another kind, and unknown here. */
export async function askingClient(
  parts: GrantAccessParts,
  request: FastifyRequest,
  scope: GrantScope,
): Promise<string | Refused> {
  const token = await presentedToken(parts, request, (value) => parts.provider.ClientCredentials.find(value))
  if ('fault' in token) return refusalOf(token)
  const { clientId: client } = token
  if (!client || !token.isValid || token.aud !== grantsResource(parts.publicUrl))
    return refusalOf({ fault: 'unknown-token' })
  if ((await parts.clients.find(client))?.status !== 'active')
    return invalidToken('the bank has suspended this client')
  if (!token.scope?.split(' ').includes(scope))
    return {
      status: 403,
      error: 'insufficient_scope',
      description: `this takes a token with the scope ${scope}`,
      scope,
    }
  return client
}

export const noSuchGrant: Refused = {
  status: 404,
  error: 'grant_not_found',
  description: 'you have no live grant of this id',
}

const invalidToken = (description: string): Refused => ({ status: 401, error: 'invalid_token', description })

function refusalOf({ fault, detail }: NotPresented): Refused {
  if (fault === 'no-token')
    return {
      ...invalidToken(
        'send an access token of the grant type client_credentials in the Authorization header',
      ),
      isTokenAtFault: false,
    }
  if (fault === 'wrong-proof')
    return { status: 401, error: 'invalid_dpop_proof', description: detail ?? 'the DPoP proof does not fit' }
  return invalidToken(detail ?? 'the access token is unknown or has expired, or is for another resource')
}

export function refuse(
  { publicUrl }: { readonly publicUrl: string },
  reply: FastifyReply,
  { status, error, description, scope, isTokenAtFault }: Refused,
): FastifyReply {
  if (status === 401 || status === 403) {
    const realm = `realm="${grantsResource(publicUrl)}"`
    const wanted = scope ? `, scope="${scope}"` : ''
    const why =
      isTokenAtFault === false ? '' : `, error="${error}", error_description="${description}"${wanted}`
    // Which scheme goes with the token is for the token to say, so both are offered (RFC 9449, section 7.1).
    const bearer = `Bearer ${realm}${error === 'invalid_dpop_proof' ? '' : why}`
    reply.header('www-authenticate', `${bearer}, DPoP ${realm}${why}, algs="${proofAlgorithms.join(' ')}"`)
  }
  return reply.code(status).send({ error, error_description: description })
}
