/** `GET /errors/:id`: why a client was refused, for that client alone, with a token that it has asked for in its own name. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type PossessionParts, presentedToken } from '../provider/possession.ts'
import { proofAlgorithms } from '../provider/proof.ts'
import { errorsResource, errorsScope } from '../provider/resource.ts'
import { errorIdHeader, newErrorId, numbered } from './numbers.ts'
import type { Refusals } from './refusals.ts'

type RouteParts = PossessionParts & { readonly publicUrl: string; readonly refusals: Refusals }

export async function errorRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  app.get<{ Params: { id: string } }>('/errors/:id', async (request, reply) => {
    const opened = await open(parts, request)
    if ('error' in opened) return refuse(parts, request, reply, opened)
    const { client } = opened
    const found = await parts.refusals.find(client, request.params.id)
    // Another client's is as unknown as one that never was.
    if (!found) return refuse(parts, request, reply, { ...unknown, client })
    return reply.send(found)
  })
}

type Refused = {
  readonly status: 401 | 403 | 404
  readonly error: string
  readonly description: string
  readonly client?: string
}

const unknown: Refused = {
  status: 404,
  error: 'error_not_found',
  description:
    'this client had no error with this number within the last 30 days, or it was one of very many',
}

async function open(
  parts: RouteParts,
  request: FastifyRequest,
): Promise<Refused | { readonly client: string }> {
  const presented = await presentedToken(parts, request, (value) =>
    parts.provider.ClientCredentials.find(value),
  )
  if ('fault' in presented) {
    const { fault, detail, client } = presented
    const description = detail ?? (fault === 'no-token' ? noToken : badToken)
    const error =
      fault === 'no-token'
        ? 'missing_token'
        : fault === 'wrong-proof'
          ? 'invalid_dpop_proof'
          : 'invalid_token'
    return { status: 401, error, description, ...(client ? { client } : {}) }
  }
  const { token, registered } = presented
  const client = token.clientId ?? ''
  if (!token.isValid || token.aud !== errorsResource(parts.publicUrl) || registered?.status !== 'active')
    return { status: 401, error: 'invalid_token', description: badToken, client }
  if (!token.scope?.split(' ').includes(errorsScope))
    return { status: 403, error: 'insufficient_scope', description: 'ask for the scope errors', client }
  return { client }
}

const noToken = 'send a token of grant_type client_credentials and scope errors'
const badToken = 'the token is unknown, has expired or is for another API; ask for one with the scope errors'

async function refuse(
  { publicUrl, refusals }: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { status, error, description, client }: Refused,
): Promise<FastifyReply> {
  const id = newErrorId()
  request.log.info({ event: 'errors-refused', id, error, ...(client ? { fintech: client } : {}) })
  await refusals.note({
    id,
    endpoint: '/errors',
    error,
    description,
    detail: null,
    client,
    proven: client !== undefined,
  })
  const realm = `realm="${errorsResource(publicUrl)}"`
  const why = error === 'missing_token' ? '' : `, error="${error}", error_description="${description}"`
  if (status !== 404)
    reply.header(
      'www-authenticate',
      `Bearer ${realm}${error === 'invalid_dpop_proof' ? '' : why}, DPoP ${realm}${why}, algs="${proofAlgorithms.join(' ')}"`,
    )
  reply.header(errorIdHeader, id)
  return reply.code(status).send({ error, error_description: numbered(description, id) })
}
