/** One request of a member of the staff: what its handler is given, and the one way to put an address of the desk into service. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Bank } from '../../bank/port.ts'
import type { Clock } from '../../clock.ts'
import type { Consents } from '../../consent/consents.ts'
import type { Institution } from '../../institution.ts'
import type { Locks } from '../../risk/locks.ts'
import { record, type StaffActor } from '../../store/audit.ts'
import type { Clients } from '../../store/clients.ts'
import type { Database } from '../../store/open.ts'
import type { Language } from '../../web/language.ts'
import type { DeskMessages } from '../../web/messages/desk-ja.ts'
import { readLanguage } from '../../web/pages.ts'
import { type DeskPages, deskWords, type Shown } from './pages.ts'
import { type DeskAddress, type Member, openTo, type Role } from './roles.ts'
import type { Said, SaidCookies } from './said.ts'
import type { DeskSeals } from './seals.ts'
import type { DeskView } from './views.ts'

export type DeskParts = {
  readonly db: Database
  readonly clock: Clock
  readonly bank: Bank
  readonly clients: Clients
  readonly consents: Consents
  readonly locks: Locks
  readonly institution: Institution
  readonly seals: DeskSeals
  readonly said: SaidCookies
  readonly pages: DeskPages
}

export type Visit = {
  readonly member: Member
  readonly by: StaffActor
  readonly language: Language
  readonly t: DeskMessages
  /** the part of the address that its pattern names */
  readonly parameter: (name: string) => string
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  readonly may: (role: Role) => boolean
  /** what the form before had to say to this page; the second time nothing */
  readonly said: () => Said
  readonly show: (
    page: Pick<Shown, 'title' | 'under'> & { readonly said?: Said },
    view: DeskView,
  ) => FastifyReply
  /** to a page of the desk, which says this */
  readonly say: (path: string, what: Partial<Said>) => Promise<FastifyReply>
  readonly goTo: (path: string) => FastifyReply
  readonly notFound: () => FastifyReply
  /** Every look at what is a customer's is in the audit. */
  readonly looked: (
    what: 'search' | 'customer' | 'consent' | 'journey' | 'audit',
    at?: { readonly customer?: string | null; readonly consent?: string | null; readonly journey?: string },
  ) => Promise<void>
}

/** Only what stands in the table of `openTo` can be served. */
export function serve(
  app: FastifyInstance,
  parts: DeskParts,
  address: DeskAddress,
  handle: (visit: Visit) => Promise<FastifyReply>,
): void {
  const [method, url] = address.split(' ') as ['GET' | 'POST', string]
  if (!Object.hasOwn(openTo, address)) throw new Error(`nobody may open ${address}`)
  app.route({
    method,
    url,
    handler: (request, reply) => handle(visitOf(parts, request, reply)),
  })
}

function visitOf(parts: DeskParts, request: FastifyRequest, reply: FastifyReply): Visit {
  const { member } = request
  if (!member) throw new Error('nobody was let in')
  const { db, clock, pages, seals } = parts
  const language = readLanguage(request)
  const by = `staff:${member.name}` as const
  return {
    member,
    by,
    language,
    t: deskWords[language],
    parameter: (name) => readable((request.params as Readonly<Record<string, string>>)[name] ?? ''),
    query: request.query as Readonly<Record<string, unknown>>,
    body: request.body,
    may: (role) => member.roles.includes(role),
    said: () => parts.said.take(request, reply, member),
    show: (page, view) =>
      pages.send(reply, { ...page, language, member, csrf: seals.seal('form', member, null) }, view),
    say: (path, what) => parts.said.say(reply, path, member, what),
    goTo: (path) => reply.redirect(path, 303),
    notFound: () => pages.problem(request, reply, 'not-found'),
    looked: (what, { customer = null, consent = null, journey } = {}) =>
      record(db, clock(), journey ?? null, { event: 'staff-looked', by, what, customer, consent }),
  }
}

/** Nothing of ours has a control character in its name, and not every database takes one. */
const readable = (text: string): string => (/\p{C}/u.test(text) ? '' : text)
