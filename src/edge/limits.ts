/** Flood limits on real routes, keyed by the client address that trusted proxies vouch for. Guessing is locked elsewhere. */
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'

/** Requests a minute from one address; the token side is generous, because a fintech calls from few addresses. */
const floodLimits = { pages: 240, posts: 60, engine: 1200, api: 3000 } as const

class TooManyRequests extends Error {
  override name = 'TooManyRequests'
  readonly statusCode = 429
}

export async function floodLimit(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    timeWindow: '1 minute',
    cache: 20_000,
    max: (request) =>
      request.method === 'POST' && request.url.startsWith('/journey/')
        ? floodLimits.posts
        : limitOf(request.url),
    // Posts and views of one address are counted apart, so that reading never blocks a submit.
    keyGenerator: (request) => `${kindOf(request.method, request.url)} ${request.ip}`,
    errorResponseBuilder: () => new TooManyRequests('too many requests from one address'),
  })
}

function kindOf(method: string, url: string): string {
  if (url.startsWith('/journey/')) return method === 'POST' ? 'post' : 'page'
  return url.startsWith('/api/') ? 'api' : 'engine'
}

function limitOf(url: string): number {
  if (url.startsWith('/journey/')) return floodLimits.pages
  return url.startsWith('/api/') ? floodLimits.api : floodLimits.engine
}
