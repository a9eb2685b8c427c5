/** What is noted of every request on every listener: the trace that it belongs to, and one line in the log. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { trustedPeers } from '../certificate/trust.ts'
import { interactionHeader } from '../edge/interaction.ts'
import { journeyNumber } from '../secrets.ts'
import { newTrace, readTraceparent, type Trace, within } from '../trace.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** null only until the first hook */
    trace: Trace | null
  }
}

/**
 * Goes on with the trace of a listed proxy, and begins one for everybody else: under a trace that a stranger chose, his
 * requests could be hidden among others in the log.
 */
export function traceRequests(app: FastifyInstance, trustedProxies: readonly string[]): void {
  const isTrusted = trustedPeers(trustedProxies)
  const traceOf = ({ socket, headers }: FastifyRequest): Trace =>
    (isTrusted(socket.remoteAddress) ? readTraceparent(headers.traceparent) : undefined) ?? newTrace()
  app.decorateRequest('trace', null)
  app.addHook('onRequest', (request, _reply, done) => {
    request.trace = traceOf(request)
    within(request.trace, done)
  })
  // What comes after the body was read comes from the connection, which knows no request.
  app.addHook('preValidation', (request, _reply, done) => within(request.trace ?? newTrace(), done))
}

/** One line a request: the route's pattern, never its address, because addresses may carry codes and tickets. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const interaction = reply.getHeader(interactionHeader)
    const uid = (request.params as { uid?: unknown } | undefined)?.uid
    // Asked every few seconds by whoever watches us.
    const level = /^\/(health|ready)z$/.test(request.routeOptions.url ?? '') ? 'debug' : 'info'
    request.log[level]({
      event: 'request',
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      client: request.ip,
      ...(request.trace ? { trace: request.trace.id } : {}),
      ...(typeof interaction === 'string' ? { interaction } : {}),
      ...(typeof uid === 'string' ? { journey: journeyNumber(uid) } : {}),
    })
  })
}
