/** The HTTP server with everything that holds for every route: trust of proxies, log, headers, cookies, limits, templates. */
import type { Socket } from 'node:net'
import { join } from 'node:path'
import cookie from '@fastify/cookie'
import csrf from '@fastify/csrf-protection'
import secureSession from '@fastify/secure-session'
import fastifyView from '@fastify/view'
import { Eta } from 'eta'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { securityHeaders } from '../edge/headers.ts'
import { floodLimit } from '../edge/limits.ts'
import { isSameOrigin } from '../edge/same-origin.ts'
import { refuseCertificateHeaders } from '../certificate/trust.ts'
import { hours } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type Listener, measureRequests } from '../metrics/requests.ts'
import type { Settings } from '../settings.ts'
import { answerUnreadable, type FailurePages } from './failures.ts'
import { compressPages } from './compression.ts'
import { languageCookie, switchesLanguage } from './pages.ts'
import { logRequests, traceRequests } from './requests.ts'

const viewsDir = join(import.meta.dirname, '..', '..', 'views')

type ServerOptions = {
  readonly settings: Pick<Settings, 'publicUrl' | 'trustedProxies'>
  readonly pages: FailurePages
  readonly log: Log
  readonly metrics: Metrics
  readonly cookieKeys: readonly Buffer[]
}

/** The server of the customer's pages and of the engine. */
export async function createServer({
  settings,
  pages,
  log,
  metrics,
  cookieKeys,
}: ServerOptions): Promise<FastifyInstance> {
  const https = settings.publicUrl.startsWith('https:')
  const app = await bareServer({ settings, pages, log, metrics, listener: 'public' })
  refuseCertificateHeaders(app)
  await app.register(secureSession, {
    sessionName: 'session',
    cookieName: https ? '__Secure-journey' : 'journey',
    key: [...cookieKeys],
    // The facts carry times of their own; this only bounds how long an ending is remembered.
    expiry: hours(25) / 1000,
    cookie: { httpOnly: true, sameSite: 'lax', secure: https, path: '/journey' },
  })
  await app.register(csrf, { sessionPlugin: '@fastify/secure-session', getToken: formToken })
  refuseOversizedCookies(app)
  refuseForeignPosts(app, settings.publicUrl)
  switchLanguage(app, https)
  return app
}

/** What holds on every origin: no session, no form. */
export async function bareServer({
  settings,
  pages,
  log,
  metrics,
  listener,
}: Omit<ServerOptions, 'cookieKeys'> & { readonly listener: Listener }): Promise<FastifyInstance> {
  const headers = securityHeaders({ https: settings.publicUrl.startsWith('https:') })
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // Only listed proxies may say who the client is; without any, the connection's address is the client.
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    bodyLimit: 64 * 1024,
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: true,
    // A HEAD would spend a code or a ticket that the GET after it needs.
    exposeHeadRoutes: false,
    rewriteUrl: (request) => pathOnly(request.url ?? '/'),
    frameworkErrors: answerUnreadable(pages, headers),
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, headers),
  })
  traceRequests(app, settings.trustedProxies)
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(headers)
  })
  // Forms and nothing else: no route of ours reads another kind of body.
  app.removeContentTypeParser(['application/json', 'text/plain'])
  logRequests(app)
  measureRequests(app, metrics, listener)
  compressPages(app)
  await floodLimit(app)
  await app.register(cookie)
  await app.register(fastifyView, {
    engine: { eta: new Eta({ views: viewsDir, cache: true, autoTrim: false }) },
    templates: viewsDir,
    viewExt: 'eta',
    production: true,
  })
  return app
}

function formToken(request: { body?: unknown }): string {
  const { body } = request
  return body && typeof body === 'object' && '_csrf' in body && typeof body._csrf === 'string'
    ? body._csrf
    : ''
}

/** Path and query of a request target; scheme and host of an absolute one are not ours to believe (RFC 9112, section 3.2.2). */
function pathOnly(target: string): string {
  if (target.startsWith('/')) return target
  if (!URL.canParse(target)) return '/'
  const { pathname, search } = new URL(target)
  return pathname + search
}

/** What is not even HTTP, or has headers larger than any browser's, gets an answer with our headers and no page. */
function refuseUnreadable(
  error: Error & { code?: string },
  socket: Socket,
  headers: Readonly<Record<string, string>>,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  const lines = Object.entries({
    ...headers,
    'content-type': 'text/plain; charset=utf-8',
    connection: 'close',
  })
  const head = lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')
  socket.end(
    `HTTP/1.1 ${status}\r\n${head}\r\n\r\nお送りいただいた内容を読み取れませんでした。 / We could not read what was sent.\n`,
    () => socket.destroy(),
  )
}

const mostCookieBytes = 4096

/** Browsers drop a larger cookie without a word, and the customer would go round in circles. */
function refuseOversizedCookies(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply) => {
    const header = reply.getHeader('set-cookie')
    for (const value of Array.isArray(header) ? header : [header]) {
      if (typeof value !== 'string' || value.length <= mostCookieBytes) continue
      reply.removeHeader('set-cookie')
      throw new Error('a cookie is larger than browsers keep')
    }
  })
}

class ForeignOrigin extends Error {
  readonly code = 'NINKA_FOREIGN_ORIGIN'
  readonly statusCode = 403
}

function refuseForeignPosts(app: FastifyInstance, publicUrl: string): void {
  app.addHook('preValidation', async (request) => {
    if (
      request.method === 'POST' &&
      /^\/(journey|connections|developers)(\/|$)/.test(request.routeOptions.url ?? '') &&
      !isSameOrigin(request, publicUrl)
    ) {
      throw new ForeignOrigin('a form came from another origin')
    }
  })
}

/** `?lang=en` on any page: remembers the choice and shows the same page again. */
function switchLanguage(app: FastifyInstance, https: boolean): void {
  app.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'GET' || !switchesLanguage(request)) return
    const { lang } = request.query as { lang?: unknown }
    if (lang !== 'ja' && lang !== 'en') return
    reply.setCookie(languageCookie, lang, {
      path: '/',
      sameSite: 'lax',
      httpOnly: true,
      secure: https,
      maxAge: 31_536_000,
    })
    const [path = '/'] = request.url.split('?')
    return reply.redirect(path, 303)
  })
}
