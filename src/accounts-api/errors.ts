/** How the accounts API refuses: its own codes in the body, those of RFC 6750 in the challenge, both in plain ASCII. */
import type { FastifyReply } from 'fastify'
import type { Clock } from '../clock.ts'
import { nameInteraction } from '../edge/interaction.ts'
import { errorIdHeader, newErrorId, numbered } from '../explain/numbers.ts'
import type { Refusals } from '../explain/refusals.ts'
import { proofAlgorithms } from '../provider/proof.ts'
import type { Refusal } from './shapes.ts'

export type ApiError = {
  readonly status: number
  readonly error: string
  readonly description: string
  /** the code of RFC 6750, section 3.1, where ours says more */
  readonly challenge?: 'invalid_token'
  /** whose token it was, where the token told */
  readonly client?: string
  /** ms; when it is worth trying again, where the bank knows */
  readonly resumesAt?: number
  /** what the bank's log has it under */
  readonly incident?: string
}

export const errors = {
  badRequest: { status: 400, error: 'invalid_request', description: 'the request could not be read' },
  tokenInQuery: {
    status: 400,
    error: 'invalid_request',
    description: 'an access token belongs into the Authorization header, never into an address',
  },
  wrongInteraction: {
    status: 400,
    error: 'invalid_request',
    description: 'x-fapi-interaction-id is a UUID, sent once',
  },
  noToken: {
    status: 401,
    error: 'missing_token',
    description: 'send an access token in the Authorization header (Bearer, or DPoP with a proof)',
  },
  badToken: {
    status: 401,
    error: 'invalid_token',
    description: 'the access token is unknown or has expired; refresh it',
  },
  badProof: {
    status: 401,
    error: 'invalid_dpop_proof',
    description: 'the DPoP proof does not fit this request',
  },
  consent_expired: {
    status: 401,
    error: 'consent_expired',
    challenge: 'invalid_token',
    description: 'the period that the customer agreed to has ended; the customer has to connect again',
  },
  consent_stopped: {
    status: 401,
    error: 'consent_stopped',
    challenge: 'invalid_token',
    description: 'this connection was stopped or replaced by a newer one',
  },
  client_suspended: {
    status: 401,
    error: 'client_suspended',
    challenge: 'invalid_token',
    description: 'the bank has suspended this client; the connections of its customers live on',
  },
  scope: { status: 403, error: 'insufficient_scope', description: 'the consent does not cover this service' },
  account: { status: 404, error: 'account_not_found', description: 'no such account in this consent' },
  stopped: {
    status: 403,
    error: 'account_stopped',
    description: 'this account is not shared any more; the others of the consent are',
  },
  closed: { status: 403, error: 'account_closed', description: 'the bank has closed this account' },
  stale: {
    status: 403,
    error: 'pin_stale',
    description: 'the inquiry PIN of this account is no longer registered; the customer has to connect again',
  },
  notFound: { status: 404, error: 'not_found', description: 'there is nothing at this address' },
  method: { status: 405, error: 'method_not_allowed', description: 'this API is read with GET' },
  flood: {
    status: 429,
    error: 'too_many_requests',
    description: 'too many requests from one address; wait as Retry-After says',
  },
  incident: { status: 500, error: 'server_error', description: 'an unexpected failure at the bank' },
  unavailable: {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'the bank is not available at the moment; try again later',
  },
  maintenance: {
    status: 503,
    error: 'maintenance',
    description: 'the bank is working on its systems; this says nothing about the consent',
  },
  'outside-hours': {
    status: 503,
    error: 'outside_hours',
    description: 'the bank answers inquiries at other hours; this says nothing about the consent',
  },
} as const satisfies Record<string, ApiError>

/** @param reason why this account of a live consent ended */
export function stoppedBecause(reason: string): ApiError {
  if (reason === 'account-closed') return errors.closed
  return reason === 'pin-changed' ? errors.stale : errors.stopped
}

export const closedUntil = (
  because: 'maintenance' | 'outside-hours' | 'unavailable',
  resumesAt?: number,
): ApiError => ({
  ...errors[because],
  ...(resumesAt === undefined ? {} : { resumesAt }),
})

export const badRequest = (description: string): ApiError => ({ ...errors.badRequest, description })

/** The one way on which a call is refused. */
export async function refuse(
  {
    publicUrl,
    clock,
    refusals,
  }: { readonly publicUrl: string; readonly clock: Clock; readonly refusals: Refusals },
  reply: FastifyReply,
  refusal: ApiError,
): Promise<FastifyReply> {
  const { status, error, description, challenge, client, incident } = refusal
  const resumesAt = refusal.resumesAt !== undefined && refusal.resumesAt > clock() ? refusal.resumesAt : null
  nameInteraction(reply.request, reply)
  const id = newErrorId()
  reply.header(errorIdHeader, id)
  reply.log.info({ event: 'api-refused', id, error, ...(client ? { fintech: client } : {}) })
  const endpoint = reply.request.routeOptions.url ?? '/api'
  await refusals.note({ id, endpoint, error, description, detail: null, client, proven: true })
  // Where no token was sent there is nothing wrong with one (RFC 6750, section 3.1).
  const why =
    error === 'missing_token' ? '' : `, error="${challenge ?? error}", error_description="${description}"`
  if (status === 401 || error === 'insufficient_scope') {
    // Which scheme goes with the token is for the token to say, so both are offered (RFC 9449, section 7.1).
    const realm = `realm="${publicUrl}/api"`
    const bearer = `Bearer ${realm}${error === 'invalid_dpop_proof' ? '' : why}`
    reply.header('www-authenticate', `${bearer}, DPoP ${realm}${why}, algs="${proofAlgorithms.join(' ')}"`)
  }
  if (status === 405) reply.header('allow', 'GET')
  if (status === 503) {
    const seconds = resumesAt === null ? waitSeconds : Math.ceil((resumesAt - clock()) / 1000)
    reply.header('retry-after', String(seconds))
  }
  return reply.code(status).send({
    error,
    error_description: numbered(description, id),
    ...(incident === undefined ? {} : { incident }),
    ...(resumesAt === null ? {} : { resumesAt: new Date(resumesAt).toISOString() }),
  } satisfies Refusal)
}

/** Until the next try, where the bank does not know when it is back. */
const waitSeconds = 60
