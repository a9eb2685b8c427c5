/**
 * The protected resource: accounts, balances and transactions of a live consent, nothing beyond it. Every call asks the
 * consent's row, so a connection that was stopped a moment ago is refused now. Whatever is asked under /api, JSON answers.
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasWrongInteraction, nameInteraction } from '../edge/interaction.ts'
import { spokenCode } from '../secrets.ts'
import { isDatabaseAway } from '../store/database-away.ts'
import { listAccounts } from './accounts.ts'
import { tellBalances } from './balances.ts'
import { type ApiError, errors, refuse } from './errors.ts'
import { openApiDocument } from './openapi.ts'
import type { ApiParts } from './parts.ts'
import { tellTransactions } from './transactions.ts'

/** To be registered under the prefix /api. */
export async function accountsApi(api: FastifyInstance, parts: ApiParts): Promise<void> {
  const refused = (reply: FastifyReply, error: ApiError) => refuse(parts, reply, error)

  api.addHook('onRequest', async (request, reply) => {
    nameInteraction(request, reply)
    if (hasWrongInteraction(request)) return refused(reply, errors.wrongInteraction)
    if (hasToken(request.query)) return refused(reply, errors.tokenInQuery)
    return undefined
  })
  api.setErrorHandler<FastifyError>((error, request, reply) => refused(reply, thrown(error, request)))
  // What is asked for in vain counts like what is there, or a flood would only need a wrong address.
  api.setNotFoundHandler({ preHandler: api.rateLimit() }, (_request, reply) =>
    refused(reply, errors.notFound),
  )

  const read = <Answer extends object>(
    path: string,
    answer: (
      parts: ApiParts,
      request: FastifyRequest<{ Params: { id: string } }>,
    ) => Promise<Answer | ApiError>,
  ) => {
    api.get<{ Params: { id: string } }>(path, async (request, reply) => {
      const said = await answer(parts, request)
      return 'status' in said ? refused(reply, said) : reply.send(said)
    })
    onlyRead(path)
  }
  /** Refused before a body is read, and after the call was counted. */
  const onlyRead = (url: string) =>
    api.route({
      method: api.supportedMethods.filter((method) => method !== 'GET'),
      url,
      preParsing: async (_request, reply) => refused(reply, errors.method),
      handler: async (_request, reply) => refused(reply, errors.method),
    })

  read('/accounts', listAccounts)
  read('/accounts/:id/balances', tellBalances)
  read('/accounts/:id/transactions', tellTransactions)

  const document = JSON.stringify(openApiDocument(parts))
  api.get('/openapi.json', async (_request, reply) =>
    reply
      .headers({
        'cache-control': 'public, max-age=3600',
        // Public, so a page of any origin may read it: tools that show such documents are such pages.
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
      })
      .type('application/json; charset=utf-8')
      .send(document),
  )
  onlyRead('/openapi.json')
}

/** In whatever spelling: an address is written down in too many places (FAPI 2.0 Security Profile, 5.3.4). */
const hasToken = (query: unknown): boolean =>
  typeof query === 'object' && query !== null && 'access_token' in query

function thrown(error: FastifyError, request: FastifyRequest): ApiError {
  const status = error.statusCode ?? 500
  if (status === 429) return errors.flood
  if (status >= 400 && status < 500) {
    request.log.warn({ errorCode: error.code }, 'a request was refused')
    return errors.badRequest
  }
  if (isDatabaseAway(error)) {
    request.log.error({ event: 'database-away', err: error }, 'the database is away')
    return errors.unavailable
  }
  const incident = spokenCode(8)
  request.log.error({ incident, err: error }, 'an unexpected failure')
  return { ...errors.incident, incident }
}
