/** What the server knows and what its answers may look like, whatever it was asked. */
import type { FastifyInstance } from 'fastify'

export type Route = { readonly path: string; readonly methods: readonly string[] }

/** Every route of the server, with its parameters as they are declared (`/journey/:uid`). */
export function routesOf(server: FastifyInstance): readonly Route[] {
  const parents: string[] = []
  return server
    .printRoutes({ commonPrefix: false })
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, indent = '', name = '', methods = ''] = /^([│├└─\s]+)(\S+) \((.*)\)$/.exec(line) ?? []
      const depth = indent.length / 4
      const path = (parents[depth - 1] ?? '') + name
      parents[depth] = path
      return { path, methods: methods.split(', ') }
    })
}

type Answered = {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/**
 * What is wrong with an answer, in words; empty when nothing is. Right is: not our failure, and when it is a refusal,
 * our page or our JSON with our headers.
 */
export function faultOf({ statusCode, headers, body }: Answered, method = 'GET'): string {
  // That the bank behind us is closed or down is an expected answer, with a page of its own.
  if (statusCode === 503 && body.includes('data-problem="bank-unavailable"')) return ''
  if (statusCode >= 500) return `${statusCode}: ${body.slice(0, 200)}`
  if (statusCode < 400) return ''
  if (!headers['content-security-policy'] || headers['cache-control'] !== 'no-store')
    return `${statusCode} without our headers: ${body.slice(0, 200)}`
  if (method === 'HEAD') return ''
  if (String(headers['content-type']).startsWith('application/json'))
    return typeof (JSON.parse(body) as { error?: unknown }).error === 'string' ? '' : `no error: ${body}`
  return /data-problem="[\w-]+"/.test(body) ? '' : `${statusCode} without our page: ${body.slice(0, 200)}`
}

/** What an error says, without the number that makes each its own. */
export const withoutNumber = (description: string): string =>
  description.replace(/ \(error [0-9A-Z]{4}-[0-9A-Z]{4}\)$/, '')
