/** Refuses a form that another site made the browser send. The CSRF token is checked besides. */
import type { FastifyRequest } from 'fastify'

/**
 * Origin decides where it is sent, as every browser does with a POST since 2020; Fetch Metadata only where it is missing
 * or `null`. With neither the request is refused.
 */
export function isSameOrigin(request: Pick<FastifyRequest, 'headers'>, publicUrl: string): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined && origin !== 'null') return origin === publicUrl
  return site === 'same-origin'
}
