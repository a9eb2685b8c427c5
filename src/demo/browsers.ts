/** What the demo fintechs remember of a browser, in bounded memory, and the guard of every request. */
import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { showTrouble } from './pages.ts'

/** Several journeys may run in one browser at once: each is found again by its `state`. */
export type Browser<Flow, Connection> = {
  readonly flows: Map<string, Flow>
  readonly connections: Map<string, Connection>
}

const cookieName = 'fintech'
const mostBrowsers = 500
const mostFlows = 10

export function createBrowsers<Flow, Connection>({ secure }: { secure: boolean }) {
  const browsers = new Map<string, Browser<Flow, Connection>>()
  const keyOf = (request: FastifyRequest): string => request.cookies[cookieName] ?? ''
  const find = (request: FastifyRequest) => browsers.get(keyOf(request))
  return {
    find,
    /** @returns the browser with room for one more flow */
    findOrCreate(request: FastifyRequest, reply: FastifyReply): Browser<Flow, Connection> {
      const known = find(request)
      if (known) {
        dropOldest(known.flows, mostFlows - 1)
        return known
      }
      const key = randomBytes(24).toString('base64url')
      const browser = { flows: new Map<string, Flow>(), connections: new Map<string, Connection>() }
      browsers.set(key, browser)
      dropOldest(browsers, mostBrowsers)
      // Lax, not Strict: the customer comes back by a redirect from the bank's site
      reply.setCookie(cookieName, key, { path: '/', httpOnly: true, sameSite: 'lax', secure })
      return browser
    },
    forget(request: FastifyRequest): void {
      browsers.delete(keyOf(request))
    },
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return
    map.delete(key)
  }
}

/** Headers for every answer, and no form from another site: it could connect a stranger's bank. */
export function guard({ issuer, origin }: { issuer: string; origin: string }) {
  const headers = {
    // Chromium checks form-action along the whole chain of redirects, and /connect leads to the bank
    'content-security-policy': [
      `default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' ${new URL(issuer).origin}`,
      `base-uri 'none'; frame-ancestors 'none'`,
    ].join('; '),
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  }
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    reply.headers(headers)
    if (request.method === 'GET' || request.method === 'HEAD') return undefined
    // The bank's servers: each of these routes knows them by a signature or a secret, and reads no cookie.
    if (/^\/(events\/[\w-]+|bank-mail)$/.test(request.url)) return undefined
    const own = request.headers.origin === origin || request.headers['sec-fetch-site'] === 'same-origin'
    return own ? undefined : showTrouble(reply, { trouble: { kind: 'foreign' } })
  }
}
