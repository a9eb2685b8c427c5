/** Flood limits on real routes, keyed by the client address that trusted proxies vouch for. Guessing is locked elsewhere. */
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { addressOf } from '../risk/network.ts'

/** Requests a minute from one address; the token side is generous, because a fintech calls from few addresses. */
export const floodLimits = { view: 240, post: 60, engine: 1200, api: 3000 } as const

class TooManyRequests extends Error {
  override name = 'TooManyRequests'
  readonly statusCode = 429
}

export async function floodLimit(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    timeWindow: '1 minute',
    cache: 20_000,
    max: (request) => floodLimits[kindOf(request)],
    // Posts and views of one address are counted apart, so that reading never blocks a submit.
    keyGenerator: (request) => `${kindOf(request)} ${addressOf(request.ip)}`,
    errorResponseBuilder: () => new TooManyRequests('too many requests from one address'),
  })
}

/** By the route that was matched, never by the address as written: an encoded letter would change its kind. */
function kindOf({ method, routeOptions }: FastifyRequest): keyof typeof floodLimits {
  const route = routeOptions.url ?? '/journey/'
  if (route.startsWith('/certificate/') || route.startsWith('/help')) return 'view'
  if (/^\/(journey\/|connections|developers)/.test(route)) return method === 'POST' ? 'post' : 'view'
  return route.startsWith('/api/') ? 'api' : 'engine'
}
