/** Who asks about a grant: a fintech in its own name, by a token that it got for this (Grant Management for OAuth 2.0, section 6.1). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { errorIdHeader, newErrorId, numbered } from '../explain/numbers.ts'
import type { Refusals } from '../explain/refusals.ts'
import { type NotPresented, type PossessionParts, presentedToken } from '../provider/possession.ts'
import { proofAlgorithms } from '../provider/proof.ts'
import { type GrantScope, grantsResource } from '../provider/resource.ts'

export type GrantAccessParts = PossessionParts & { readonly publicUrl: string; readonly refusals: Refusals }

export type Refused = {
  readonly status: number
  readonly error: string
  /** in ASCII, for the fintech's developer */
  readonly description: string
  /** what is missing from the token */
  readonly scope?: GrantScope
  /** whose token it was */
  readonly client?: string
}

/** The id of the client that may do this, or why nobody may. A token of a customer's flow is of another kind, and unknown here. */
export async function askingClient(
  parts: GrantAccessParts,
  request: FastifyRequest,
  scope: GrantScope,
): Promise<string | Refused> {
  const presented = await presentedToken(parts, request, (value) =>
    parts.provider.ClientCredentials.find(value),
  )
  if ('fault' in presented) return refusalOf(presented)
  const { token, registered } = presented
  const { clientId: client } = token
  if (!client || !token.isValid || token.aud !== grantsResource(parts.publicUrl))
    return refusalOf({ fault: 'unknown-token', ...(client ? { client } : {}) })
  if (registered?.status !== 'active')
    return { ...invalidToken('the bank has suspended this client'), client }
  if (!token.scope?.split(' ').includes(scope))
    return {
      status: 403,
      error: 'insufficient_scope',
      description: `this takes a token with the scope ${scope}`,
      scope,
      client,
    }
  return client
}

export const noSuchGrant = (client: string): Refused => ({
  status: 404,
  error: 'grant_not_found',
  description: 'you have no live grant of this id',
  client,
})

const invalidToken = (description: string): Refused => ({ status: 401, error: 'invalid_token', description })

function refusalOf({ fault, detail, client }: NotPresented): Refused {
  const whose = client === undefined ? {} : { client }
  if (fault === 'no-token')
    return {
      status: 401,
      error: 'missing_token',
      description: 'send an access token of the grant type client_credentials in the Authorization header',
    }
  if (fault === 'wrong-proof')
    return {
      status: 401,
      error: 'invalid_dpop_proof',
      description: detail ?? 'the DPoP proof does not fit',
      ...whose,
    }
  return {
    ...invalidToken(detail ?? 'the access token is unknown or has expired, or is for another resource'),
    ...whose,
  }
}

/** In JSON, with a number that the client's developer can look up. */
export async function refuse(
  { publicUrl, refusals }: GrantAccessParts,
  reply: FastifyReply,
  { status, error, description, scope, client }: Refused,
): Promise<FastifyReply> {
  const id = newErrorId()
  // A token that does not count may have been anybody's to send.
  const proven = client !== undefined && status !== 401
  await refusals.note({ id, endpoint: '/grants', error, description, detail: null, client, proven })
  if (status !== 404) {
    const realm = `realm="${grantsResource(publicUrl)}"`
    const wanted = scope ? `, scope="${scope}"` : ''
    // Where no token was sent there is nothing wrong with one (RFC 6750, section 3.1).
    const why =
      error === 'missing_token' ? '' : `, error="${error}", error_description="${description}"${wanted}`
    // Which scheme goes with the token is for the token to say, so both are offered (RFC 9449, section 7.1).
    const bearer = `Bearer ${realm}${error === 'invalid_dpop_proof' ? '' : why}`
    reply.header('www-authenticate', `${bearer}, DPoP ${realm}${why}, algs="${proofAlgorithms.join(' ')}"`)
  }
  reply.header(errorIdHeader, id)
  return reply.code(status).send({ error, error_description: numbered(description, id) })
}
