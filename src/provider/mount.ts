/**
 * The engine's endpoints as real Fastify routes, so that limits, hooks and logs apply. Host, scheme and request target
 * are set from the configured origin before the engine sees them; nothing of a request is believed.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type Provider from 'oidc-provider'
import { isPublicDocument, responseModes } from './discovery.ts'
import { aliasedEndpoints } from './mutual-tls.ts'
import { cookieNames } from './provider.ts'

const endpoints = [
  ['GET', '/.well-known/openid-configuration'],
  ['GET', '/.well-known/oauth-authorization-server'],
  ['GET', '/jwks'],
  ['GET', '/authorize'],
  ['POST', '/par'],
  ['POST', '/token'],
  ['POST', '/introspect'],
  ['POST', '/revoke'],
] as const

type EngineAt = {
  readonly provider: Provider
  /** of the listener */
  readonly origin: string
}

type MountOptions = {
  readonly provider: Provider
  readonly publicUrl: string
  /** The customer comes back from the journey and the engine has forgotten it. */
  readonly onLostResume: (
    request: FastifyRequest<{ Params: { uid: string } }>,
    reply: FastifyReply,
  ) => Promise<FastifyReply>
}

export async function mountProvider(
  app: FastifyInstance,
  { provider, publicUrl, onLostResume }: MountOptions,
): Promise<void> {
  await engineRoutes(app, { provider, origin: publicUrl }, (scope, pass) => {
    for (const [method, path] of endpoints) {
      scope.route({ method, url: path, handler: (request, reply) => pass(request, reply, path) })
    }

    scope.get<{ Params: { uid: string } }>('/authorize/:uid', async (request, reply) => {
      const { uid } = request.params
      const pending = /^[\w-]{1,64}$/.test(uid) ? await provider.Interaction.find(uid) : undefined
      // Before the journey has a result there is nothing to resume: the engine would start it anew.
      if (!pending?.result) return onLostResume(request, reply)
      pass(request, reply, `/authorize/${uid}`)
      return reply
    })
  })
}

/** The endpoints that a fintech calls with its certificate (RFC 8705, section 5); no browser has any business there. */
export async function mountAliases(app: FastifyInstance, at: EngineAt): Promise<void> {
  await engineRoutes(app, at, (scope, pass) => {
    for (const path of Object.values(aliasedEndpoints)) {
      scope.post(path, (request, reply) => pass(request, reply, path))
    }
  })
}

type Pass = (request: FastifyRequest, reply: FastifyReply, path: string) => void

async function engineRoutes(
  app: FastifyInstance,
  { provider, origin }: EngineAt,
  addRoutes: (scope: FastifyInstance, pass: Pass) => void,
): Promise<void> {
  const handle = provider.callback()
  const { host, protocol } = new URL(origin)
  const scheme = protocol.slice(0, -1)
  const names = cookieNames(origin)
  provider.proxy = true

  await app.register(async (scope) => {
    // The engine reads bodies itself; a body parsed before it is a body it never sees.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))

    addRoutes(scope, (request, reply, path) => {
      const raw = request.raw
      const query = raw.url?.includes('?') ? raw.url.slice(raw.url.indexOf('?')) : ''
      raw.url = path + (path === '/authorize' ? withKnownResponseMode(query) : query)
      // The engine builds addresses from what this differs by; an absolute target would put its host into them.
      Object.assign(raw, { originalUrl: raw.url })
      const headers: IncomingHttpHeaders = {}
      for (const [name, value] of Object.entries(raw.headers)) {
        if (name === 'forwarded' || name.startsWith('x-forwarded-')) continue
        // So that the engine lets anybody's page read it, and not whichever asks.
        if (name === 'origin' && isPublicDocument(path)) continue
        headers[name] = value
      }
      headers.host = host
      headers['x-forwarded-proto'] = scheme
      if (headers.cookie) headers.cookie = withoutSession(headers.cookie, names.session)
      raw.headers = headers
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value)
      }
      reply.hijack()
      neverSetSession(reply, names.session)
      if (!isPublicDocument(path)) neverAllowOrigins(reply)
      void handle(raw, reply.raw)
    })
  })
}

/**
 * The engine could answer in ways that no client is registered for, one of them a page of its own. Under a name it does
 * not know it refuses such a request in the query, as it should.
 */
function withKnownResponseMode(query: string): string {
  const parameters = new URLSearchParams(query)
  const modes = parameters.getAll('response_mode')
  if (modes.every((mode) => responseModes.includes(mode))) return query
  parameters.set('response_mode', 'not-supported-here')
  return `?${parameters.toString()}`
}

function withoutSession(cookies: string, name: string): string {
  return cookies
    .split(/; */)
    .filter((cookie) => !cookie.startsWith(`${name}=`) && !cookie.startsWith(`${name}.sig=`))
    .join('; ')
}

/** A session cookie would send a second customer of this browser to the engine's logout page. */
function neverSetSession(reply: FastifyReply, name: string): void {
  const { raw } = reply
  const setHeader = raw.setHeader.bind(raw)
  raw.setHeader = (header, value) => {
    if (header.toLowerCase() !== 'set-cookie') return setHeader(header, value)
    const cookies = (Array.isArray(value) ? value : [String(value)]).filter(
      (cookie) => !cookie.startsWith(`${name}=`) && !cookie.startsWith(`${name}.sig=`),
    )
    if (cookies.length === 0) return raw
    return setHeader(header, cookies)
  }
}

/** Until the engine knows who asks, its answer would be for any page to read; and afterwards for none. */
function neverAllowOrigins({ raw }: FastifyReply): void {
  const setHeader = raw.setHeader.bind(raw)
  raw.setHeader = (header, value) =>
    header.toLowerCase().startsWith('access-control-') ? raw : setHeader(header, value)
}
