/**
 * A visit to the developers' pages. Who is signed in, and what the form before had to say, ride sealed in the session's cookie
 * under this path. It can be replayed, so it counts only as long as the store says that this developer's sign-in still does.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Clock, hours, minutes } from '../clock.ts'
import type { Refusals } from '../explain/refusals.ts'
import type { BankControls } from '../bank/controls.ts'
import type { Bank } from '../bank/port.ts'
import type { Consents } from '../consent/consents.ts'
import type { Institution } from '../institution.ts'
import type { ReadEvent } from '../outbox/events.ts'
import type { Locks } from '../risk/locks.ts'
import type { Secrets } from '../secrets.ts'
import type { Settings } from '../settings.ts'
import type { Client, Clients } from '../store/clients.ts'
import { findDeveloper } from '../store/developers.ts'
import type { Database } from '../store/open.ts'
import type { Language } from '../web/language.ts'
import type { DevelopersMessages } from '../web/messages/developers-ja.ts'
import { readLanguage } from '../web/pages.ts'
import { type Address, developersWords, pageOf } from './pages.ts'
import type { DevelopersView } from './views.ts'
import { type DeveloperDone, developerDone, type DeveloperError, developerErrors } from './words.ts'

export type DeveloperParts = {
  readonly db: Database
  readonly clock: Clock
  readonly secrets: Secrets
  readonly clients: Clients
  readonly locks: Locks
  readonly refusals: Refusals
  readonly consents: Consents
  readonly bank: Bank
  /** undefined where the demo has a real bank behind it */
  readonly bankControls: BankControls | undefined
  readonly readEvent: ReadEvent
  readonly institution: Institution
  readonly settings: Settings
}

export const base = '/developers'

const said = z.object({
  done: z.enum(developerDone).optional(),
  errors: z.array(z.object({ code: z.enum(developerErrors), field: z.string() })).default([]),
  /** what was typed, never a secret */
  kept: z.record(z.string(), z.string()).default({}),
  /** made a moment ago, to be read this once */
  clientSecret: z.string().optional(),
  developerKey: z.string().optional(),
})

export type FieldFault = { readonly code: DeveloperError; readonly field: string }

export type Said = {
  readonly done?: DeveloperDone | undefined
  readonly errors: readonly FieldFault[]
  readonly kept: Readonly<Record<string, string>>
  readonly clientSecret?: string | undefined
  readonly developerKey?: string | undefined
}

const stored = z.object({
  /** the sandbox client whose developer signed in, and when */
  signedIn: z.object({ client: z.string(), keyHash: z.string(), at: z.number() }).optional(),
  /** by this page only, and not for long */
  said: z.object({ path: z.string(), until: z.number(), what: said }).optional(),
  /** names the row of what is tried out */
  tryId: z.string().optional(),
})

type Stored = z.infer<typeof stored>

declare module '@fastify/secure-session' {
  interface SessionData {
    developers: unknown
  }
}

export type Visit = {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly language: Language
  readonly t: DevelopersMessages
  readonly now: number
  readonly body: unknown
  /** his own sandbox client; undefined for whoever is not signed in */
  readonly client: Client | undefined
  readonly tryId: string | undefined
  /** the part of the address that its pattern names */
  readonly parameter: (name: string) => string
  /** what the form before had to say to this page; the second time nothing */
  readonly said: () => Said
  readonly show: (
    page: { readonly title: string; readonly said?: Said },
    view: DevelopersView,
  ) => FastifyReply
  /** to a page of ours, which says this */
  readonly say: (path: string, what: Partial<Said>) => FastifyReply
  readonly goTo: (path: string) => FastifyReply
  readonly notFound: () => undefined
  readonly signIn: (developer: { readonly client: string; readonly keyHash: string }) => void
  readonly signOut: () => void
  readonly keepTry: (id: string) => void
}

export type OwnVisit = Visit & { readonly client: Client }

type Route = `${'GET' | 'POST'} ${Address}`

/** For everybody. A form counts only with the token of its page. */
export function serve(
  app: FastifyInstance,
  parts: DeveloperParts,
  route: Route,
  handle: (visit: Visit) => FastifyReply | Promise<FastifyReply | undefined> | undefined,
): void {
  const [method, url] = route.split(' ') as ['GET' | 'POST', string]
  app.route({
    method,
    url,
    ...(method === 'POST' ? { preHandler: app.csrfProtection } : {}),
    handler: async (request, reply) => {
      await handle(await openVisit(parts, request, reply))
      return reply
    },
  })
}

/** For the developer of a sandbox client; anybody else is led to sign-in, and nothing is done. */
export function serveOwn(
  app: FastifyInstance,
  parts: DeveloperParts,
  route: Route,
  handle: (visit: OwnVisit) => FastifyReply | Promise<FastifyReply | undefined> | undefined,
): void {
  serve(app, parts, route, (visit) =>
    visit.client ? handle({ ...visit, client: visit.client }) : visit.goTo(`${base}/sign-in`),
  )
}

const staysSignedIn = hours(8)
const saysFor = minutes(5)
const nothingSaid: Said = { errors: [], kept: {} }

async function openVisit(
  parts: DeveloperParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Visit> {
  const now = parts.clock()
  const language = readLanguage(request)
  const parsed = stored.safeParse(request.session.get('developers') ?? {})
  let kept: Stored = parsed.success ? parsed.data : {}
  const client = await clientOf(parts, kept.signedIn, now)
  const [path = '/'] = request.url.split('?')

  const keep = (change: Partial<Stored>): void => {
    kept = { ...kept, ...change }
    request.session.set('developers', kept)
    request.session.options({ path: base })
  }

  return {
    request,
    reply,
    language,
    t: developersWords[language],
    now,
    body: request.body,
    client,
    tryId: kept.tryId,
    parameter: (name) => (request.params as Readonly<Record<string, string>>)[name] ?? '',
    said() {
      const { said: waiting } = kept
      if (!waiting) return nothingSaid
      keep({ said: undefined })
      return waiting.path === path && now <= waiting.until ? waiting.what : nothingSaid
    },
    show({ title, said: told = nothingSaid }, view) {
      const csrf = reply.generateCsrf({ path: base })
      const isSignedIn = client !== undefined
      const page = pageOf(parts, { language, title, path, csrf, isSignedIn, said: told }, view)
      return reply.view(page.template, page.data)
    },
    say(to, what) {
      keep({ said: { path: to, until: now + saysFor, what: fitted(what) } })
      return reply.redirect(to, 303)
    },
    goTo: (to) => reply.redirect(to, 303),
    notFound() {
      reply.callNotFound()
      return undefined
    },
    signIn: (developer) => keep({ signedIn: { ...developer, at: now } }),
    signOut: () => keep({ signedIn: undefined }),
    keepTry: (id) => keep({ tryId: id }),
  }
}

async function clientOf(
  { db, clients }: DeveloperParts,
  signedIn: Stored['signedIn'],
  now: number,
): Promise<Client | undefined> {
  if (!signedIn || now - signedIn.at > staysSignedIn) return undefined
  const developer = await findDeveloper(db, signedIn.client)
  if (developer?.keyHash !== signedIn.keyHash || signedIn.at <= developer.signedOutAt) return undefined
  return clients.find(developer.client)
}

const mostBytes = 1800

/** Browsers drop a cookie of more than 4096 bytes: what was typed is a courtesy, that something is wrong must be said. */
function fitted(what: Partial<Said>): z.infer<typeof said> {
  const { errors = [], kept = {}, ...rest } = what
  const short: Record<string, string> = {}
  let bytes = 0
  for (const [name, value] of Object.entries(kept)) {
    // As the cookie writes it.
    bytes += Buffer.byteLength(JSON.stringify(value))
    if (bytes <= mostBytes) short[name] = value
  }
  return { ...rest, errors: [...errors], kept: short }
}
