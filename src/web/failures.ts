/** The one place where what a route threw, or never answered, becomes a page or an OAuth error. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { nameInteraction } from '../edge/interaction.ts'
import { type ProblemCode, problems, retryAfter } from '../errors.ts'
import { engineErrorId } from '../explain/engine.ts'
import { errorIdHeader, newErrorId, numbered } from '../explain/numbers.ts'
import { spokenCode } from '../secrets.ts'
import { isDatabaseAway } from '../store/database-away.ts'
import { pickLanguage } from './language.ts'
import type { Pages } from './pages.ts'

/** The pages that tell what went wrong; the bank's desk has some of its own. */
export type FailurePages = Pick<Pages, 'problem' | 'renderProblem'>

export function handleFailures(app: FastifyInstance, pages: FailurePages): void {
  // What is asked for in vain counts like what is there, or a flood would only need a wrong address.
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) =>
    answer(request, reply, { code: 'not-found' }),
  )
  app.setErrorHandler<FastifyError>((error, request, reply) =>
    answer(request, reply, failureOf(error, request)),
  )

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    failure: Failure,
  ): Promise<FastifyReply> {
    const { code, status = problems[code].status, incident } = failure
    if (status === 503) reply.header('retry-after', retryAfter)
    if (wantsJson(request)) return refuseProgram(request, reply, { status, incident })
    const again = /^\/(journey\/[\w-]{1,64}|connections(?=[/?]|$)|developers(?=[/?]|$))/.exec(
      request.url,
    )?.[0]
    return pages.problem(request, reply, {
      code,
      status,
      ...(incident ? { incident } : {}),
      ...(again && problems[code].retry ? { retry: again } : {}),
    })
  }
}

/**
 * An address that cannot be read never reaches a route or a hook: the answer and its headers are given here.
 */
export function answerUnreadable(pages: FailurePages, headers: Readonly<Record<string, string>>) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    if (wantsJson(request)) {
      nameInteraction(request, reply)
      nameInteraction(request, reply)
      reply.headers(headers)
      refuseProgram(request, reply, { status: 400, incident: undefined })
      return
    }
    const render = request.server.view.bind(request.server)
    const language = pickLanguage({ accepted: request.headers['accept-language'] })
    void pages
      .renderProblem(render, language, { code: 'bad-request' })
      .then((html) =>
        reply
          .headers(headers)
          .code(error.statusCode ?? 400)
          .type('text/html; charset=utf-8')
          .send(html),
      )
      .catch(() => reply.raw.destroy())
  }
}

type Failure = { readonly code: ProblemCode; readonly status?: number; readonly incident?: string }

function failureOf(error: FastifyError, request: FastifyRequest): Failure {
  if (isDatabaseAway(error)) {
    request.log.error({ event: 'database-away', err: error }, 'the database is away')
    return { code: 'system-unavailable' }
  }
  const code = codeOf(error)
  if (code === 'incident') {
    const incident = spokenCode(8)
    request.log.error({ incident, err: error }, 'an unexpected failure')
    return { code, incident }
  }
  request.log[problems[code].log]({ problem: code, errorCode: error.code }, 'a request was refused')
  return code === 'bad-request' && error.statusCode ? { code, status: error.statusCode } : { code }
}

/** Fintechs' programs call these; everything else is a person's browser. */
function wantsJson({ url, headers }: FastifyRequest): boolean {
  return (
    /^\/(api|errors|grants|token|par|introspect|revoke|jwks|\.well-known)\b/.test(url) ||
    headers.accept === 'application/json'
  )
}

/** The number leads to this line of the log: who asked is not known here, so nothing is kept for a client. */
function refuseProgram(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, incident }: { readonly status: number; readonly incident: string | undefined },
): FastifyReply {
  const id = newErrorId()
  const { error, description } = oauthError(status)
  request.log.info({ event: 'program-refused', id, error, ...(incident ? { incident } : {}) })
  return reply
    .header(errorIdHeader, id)
    .code(status)
    .send({ error, error_description: numbered(description, id), ...(incident ? { incident } : {}) })
}

/** RFC 6749 has no word for a flood; `temporarily_unavailable` is what a program should do about it. */
function oauthError(status: number): { readonly error: string; readonly description: string } {
  if (status === 429)
    return {
      error: 'temporarily_unavailable',
      description: 'too many requests from one address; wait for a minute',
    }
  if (status === 404) return { error: 'invalid_request', description: 'there is nothing at this address' }
  if (status === 503)
    return {
      error: 'temporarily_unavailable',
      description: 'the bank is not available at the moment; try again later',
    }
  if (status >= 500) return { error: 'server_error', description: 'an unexpected failure at the bank' }
  return { error: 'invalid_request', description: 'the request could not be read' }
}

function codeOf(error: FastifyError): ProblemCode {
  switch (error.code) {
    case 'FST_CSRF_MISSING_SECRET':
    case 'FST_CSRF_INVALID_TOKEN':
      return 'stale-form'
    case 'NINKA_FOREIGN_ORIGIN':
      return 'foreign-origin'
    case 'NINKA_FORWARDING_REFUSED':
      return 'forwarding-refused'
    default:
  }
  const status = error.statusCode ?? 500
  if (status === 429) return 'too-many-requests'
  return status >= 400 && status < 500 ? 'bad-request' : 'incident'
}

/**
 * Where the engine may not redirect (an unknown client, an address that is not registered) the customer reads our page.
 * Programs get the engine's JSON, because it only asks for a page when the caller accepts one.
 */
export function engineErrorPage(app: FastifyInstance, pages: FailurePages) {
  return async (ctx: KoaContextWithOIDC, error: { code: string; description?: string }): Promise<void> => {
    const language = pickLanguage({ accepted: ctx.get('accept-language') })
    ctx.type = 'text/html; charset=utf-8'
    ctx.body = await pages.renderProblem((template, data) => app.view(template, data), language, {
      code: problemOf(ctx.status, error.code),
      incident: engineErrorId(ctx),
      detail: `${error.code}${error.description ? `: ${error.description}` : ''}`,
    })
    if (error.code === 'session_not_found') ctx.status = problems['journey-unknown'].status
  }
}

function problemOf(status: number, code: string): ProblemCode {
  if (status === 503) return 'system-unavailable'
  if (status >= 500) return 'incident'
  return code === 'session_not_found' ? 'journey-unknown' : 'authorization-refused'
}
