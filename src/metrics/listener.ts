/** The door for whoever watches: figures, life and readiness. On an address of its own, which no proxy leads to. */
import Fastify, { type FastifyInstance } from 'fastify'
import { type Readiness, readinessRoutes } from '../readiness.ts'
import type { Metrics } from './metrics.ts'

export function internalListener(
  metrics: Pick<Metrics, 'contentType' | 'text'>,
  readiness: Pick<Readiness, 'ask'>,
): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  readinessRoutes(app, readiness)
  return app
}
