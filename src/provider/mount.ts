/**
 * The engine's endpoints as real Fastify routes, so that limits, hooks and logs apply. Host, scheme and request target
 * are set from the configured origin before the engine sees them; nothing of a request is believed.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type Provider from 'oidc-provider'
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
  const handle = provider.callback()
  const { host, protocol } = new URL(publicUrl)
  const names = cookieNames(publicUrl)
  provider.proxy = true

  await app.register(async (scope) => {
    // The engine reads bodies itself; a body parsed before it is a body it never sees.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))

    const pass = (request: FastifyRequest, reply: FastifyReply, path: string): void => {
      const raw = request.raw
      const query = raw.url?.includes('?') ? raw.url.slice(raw.url.indexOf('?')) : ''
      raw.url = path + query
      for (const name of Object.keys(raw.headers)) {
        if (name === 'forwarded' || name.startsWith('x-forwarded-')) delete raw.headers[name]
      }
      raw.headers.host = host
      raw.headers['x-forwarded-proto'] = protocol.slice(0, -1)
      if (raw.headers.cookie) raw.headers.cookie = withoutSession(raw.headers.cookie, names.session)
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value)
      }
      reply.hijack()
      neverSetSession(reply, names.session)
      void handle(raw, reply.raw)
    }

    for (const [method, path] of endpoints) {
      scope.route({ method, url: path, handler: (request, reply) => pass(request, reply, path) })
    }

    scope.get<{ Params: { uid: string } }>('/authorize/:uid', async (request, reply) => {
      const { uid } = request.params
      if (!/^[\w-]{1,64}$/.test(uid) || !(await provider.Interaction.find(uid)))
        return onLostResume(request, reply)
      pass(request, reply, `/authorize/${uid}`)
      return reply
    })
  })
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
