/** The one place where what a route threw, or never answered, becomes a page or an OAuth error. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { type ProblemCode, problems } from '../errors.ts'
import { spokenCode } from '../secrets.ts'
import { pickLanguage } from './language.ts'
import type { Pages } from './pages.ts'

export function handleFailures(app: FastifyInstance, pages: Pages): void {
  app.setNotFoundHandler((request, reply) => answer(request, reply, 'not-found'))

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const code = codeOf(error)
    if (code !== 'incident') {
      request.log[problems[code].log]({ problem: code, errorCode: error.code }, 'a request was refused')
      return answer(request, reply, code)
    }
    const incident = spokenCode(8)
    request.log.error({ incident, err: error }, 'an unexpected failure')
    return answer(request, reply, 'incident', incident)
  })

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    code: ProblemCode,
    incident?: string,
  ): Promise<FastifyReply> {
    if (wantsJson(request)) {
      return reply.code(problems[code].status).send({
        error: code === 'incident' ? 'server_error' : code.replaceAll('-', '_'),
        ...(incident ? { incident } : {}),
      })
    }
    const journey = /^\/journey\/[\w-]{1,64}/.exec(request.url)?.[0]
    return pages.problem(request, reply, {
      code,
      ...(incident ? { incident } : {}),
      ...(journey && problems[code].retry ? { retry: journey } : {}),
    })
  }
}

/** Fintechs' programs call these; everything else is a person's browser. */
function wantsJson({ url, headers }: FastifyRequest): boolean {
  return (
    /^\/(api|token|par|introspect|revoke|jwks|\.well-known)\b/.test(url) ||
    headers.accept === 'application/json'
  )
}

function codeOf(error: FastifyError): ProblemCode {
  switch (error.code) {
    case 'FST_CSRF_MISSING_SECRET':
    case 'FST_CSRF_INVALID_TOKEN':
      return 'stale-form'
    case 'NINKA_FOREIGN_ORIGIN':
      return 'foreign-origin'
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
export function engineErrorPage(app: FastifyInstance, pages: Pages) {
  return async (ctx: KoaContextWithOIDC, error: { code: string; description?: string }): Promise<void> => {
    const incident = ctx.status >= 500 ? spokenCode(8) : undefined
    if (incident) app.log.error({ incident, error: error.code }, 'the engine failed')
    const language = pickLanguage({ accepted: ctx.get('accept-language') })
    ctx.type = 'text/html; charset=utf-8'
    ctx.body = await pages.renderProblem((template, data) => app.view(template, data), language, {
      code: incident ? 'incident' : 'authorization-refused',
      ...(incident ? { incident } : {}),
      detail: `${error.code}${error.description ? `: ${error.description}` : ''}`,
    })
  }
}
