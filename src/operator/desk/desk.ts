/**
 * The bank's desk: an origin of its own for the bank's staff. Who comes in is decided by `entrance.ts`, what he may do by
 * the table in `roles.ts`, and both at every request; whatever he looks at or does is in the audit under his name.
 */
import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Bank } from '../../bank/port.ts'
import type { Clock } from '../../clock.ts'
import type { Consents } from '../../consent/consents.ts'
import { isSameOrigin } from '../../edge/same-origin.ts'
import type { Institution } from '../../institution.ts'
import type { Log } from '../../log.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Locks } from '../../risk/locks.ts'
import type { Secrets } from '../../secrets.ts'
import type { Settings } from '../../settings.ts'
import type { Clients } from '../../store/clients.ts'
import type { Database } from '../../store/open.ts'
import { handleFailures } from '../../web/failures.ts'
import { languageCookie } from '../../web/pages.ts'
import { publicFiles } from '../../web/files.ts'
import { bareServer } from '../../web/server.ts'
import { auditRoutes } from './audit.ts'
import { clientRoutes } from './clients.ts'
import { consentRoutes } from './consent.ts'
import { customerRoutes } from './customer.ts'
import { demoEntrance, keepDemoMember } from './demo-entrance.ts'
import { createDoorkeeper, type Entrance, guardEntrance, urlOf } from './entrance.ts'
import { journeyRoutes } from './journey.ts'
import { createDeskPages, type DeskPages } from './pages.ts'
import { type Member, mayOpen } from './roles.ts'
import { createSaid } from './said.ts'
import { createSeals } from './seals.ts'
import { searchRoutes } from './search.ts'
import type { DeskParts } from './visit.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** who of the staff is at the desk; null everywhere else, and for whoever was refused */
    member: Member | null
  }
}

export type DeskServerParts = {
  readonly settings: Settings
  readonly entrance: Entrance
  readonly institution: Institution
  readonly db: Database
  readonly bank: Bank
  readonly secrets: Secrets
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly clients: Clients
  readonly consents: Consents
  readonly locks: Locks
}

/** @throws Error when the demo's entrance is to be opened in production */
export async function createDesk(parts: DeskServerParts): Promise<FastifyInstance> {
  const { settings, entrance, institution, secrets, clock } = parts
  if (entrance.kind === 'demo' && settings.mode !== 'demo')
    throw new Error('the demo’s way to the desk does not exist in production')
  const url = urlOf(entrance)
  const https = url.startsWith('https:')
  const seals = createSeals({ secrets, clock })
  const pages = createDeskPages({ institution, isDemo: entrance.kind === 'demo' })
  const app = await bareServer({
    settings: { publicUrl: url, trustedProxies: settings.trustedProxies },
    pages: pages.failurePages,
    log: parts.log,
    metrics: parts.metrics,
    listener: 'desk',
  })
  app.decorateRequest('member', null)
  guardEntrance(app, entrance)
  letIn(app, parts, { seals, pages, url })
  switchLanguage(app, https)
  handleFailures(app, pages.failurePages)
  await publicFiles(app, institution)
  await app.register(formbody, { bodyLimit: 64 * 1024 })

  if (entrance.kind === 'demo') {
    await app.register(demoEntrance, { ...parts, members: entrance.members, seals, pages })
  } else {
    app.addHook('onClose', () => entrance.verifier.stop())
  }
  const desk: DeskParts = { ...parts, seals, pages, said: createSaid(seals, { https }) }
  for (const routes of [
    searchRoutes,
    customerRoutes,
    consentRoutes,
    journeyRoutes,
    clientRoutes,
    auditRoutes,
  ])
    routes(app, desk)
  return app
}

/** Style sheets, the logo and the script say nothing; the demo's choice of staff comes before anybody is somebody. */
const openToAll = /^\/(css|js|brand)\//
const demoAddresses = new Set(['/sign-in', '/sign-out'])

/** Who it is, whether he may, and whether his own page sent the form: before any route of the desk. */
function letIn(
  app: FastifyInstance,
  parts: DeskServerParts,
  { seals, pages, url }: { seals: DeskParts['seals']; pages: DeskPages; url: string },
): void {
  const { entrance } = parts
  const identify = createDoorkeeper({ ...parts, seals })
  const isOpen = ({ routeOptions: { url: route = '' } }: FastifyRequest): boolean =>
    openToAll.test(route) || (entrance.kind === 'demo' && demoAddresses.has(route))

  app.addHook('onRequest', async (request, reply) => {
    if (isOpen(request)) return
    const identified = await identify(request)
    if ('member' in identified) {
      request.member = identified.member
      if (entrance.kind === 'demo') keepDemoMember(reply, seals, identified.member)
      return
    }
    if (entrance.kind === 'demo' && request.method === 'GET') return reply.redirect('/sign-in', 303)
    return pages.refuse(request, reply)
  })

  app.addHook('preHandler', async (request, reply) => {
    const { member, method, routeOptions } = request
    if (method === 'POST' && !isSameOrigin(request, url))
      return pages.problem(request, reply, 'foreign-origin')
    if (isOpen(request) || !member || request.is404) return
    if (!mayOpen(member, `${method} ${routeOptions.url}`)) return pages.problem(request, reply, 'not-allowed')
    if (method === 'POST' && seals.open('form', tokenIn(request.body))?.by !== member.name)
      return pages.problem(request, reply, 'stale-form')
  })
}

function tokenIn(body: unknown): string {
  return body && typeof body === 'object' && '_csrf' in body && typeof body._csrf === 'string'
    ? body._csrf
    : ''
}

/** `?lang=en` on any page: remembers the choice and shows the same page again. */
function switchLanguage(app: FastifyInstance, https: boolean): void {
  app.addHook('preHandler', async (request, reply) => {
    // An address that leads nowhere could lead elsewhere: `//other.example`.
    if (request.is404) return
    const { lang } = request.query as { lang?: unknown }
    if (request.method !== 'GET' || (lang !== 'ja' && lang !== 'en')) return
    const attributes = { path: '/', sameSite: 'lax', httpOnly: true, secure: https } as const
    reply.setCookie(languageCookie, lang, { ...attributes, maxAge: 31_536_000 })
    return reply.redirect(withoutLanguage(request), 303)
  })
}

/** What was asked for, as it was asked for otherwise: a search of the audit stays one. */
function withoutLanguage({ url }: FastifyRequest): string {
  const [path = '/', query = ''] = url.split('?')
  const rest = new URLSearchParams(query)
  rest.delete('lang')
  return rest.size > 0 ? `${path}?${rest.toString()}` : path
}
