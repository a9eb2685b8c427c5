/** What is counted of every request: the route's pattern, never its address, with the name of the step where it is one. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { steps } from '../journey/steps.ts'
import type { Metrics } from './metrics.ts'

/** Which of the process's doors a request came through. */
export type Listener = 'public' | 'certificate' | 'fintechs' | 'desk'

export function measureRequests(app: FastifyInstance, metrics: Metrics, listener: Listener): void {
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode: status } = reply
    const route = routeOf(request, status)
    const method = usualMethods.has(request.method) ? request.method : 'other'
    metrics.request({ listener, method, route, status: String(status) })
    metrics.requestTook(
      { listener, method, route, class: `${Math.floor(status / 100)}xx` },
      reply.elapsedTime / 1000,
    )
  })
}

const usualMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE'])

function routeOf({ routeOptions, params }: FastifyRequest, status: number): string {
  const { url } = routeOptions
  if (url === undefined) return 'none'
  if (/^\/(css|js|brand)\//.test(url)) return 'files'
  const { step } = params as { step?: unknown }
  // Only a step that is due is shown or takes what is posted; of any other name the status is another.
  return typeof step === 'string' && Object.hasOwn(steps, step) && status < 400
    ? url.replace(':step', step)
    : url
}
