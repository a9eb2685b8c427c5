/** A visit to a journey: the engine's request, the register's fintech, the facts in the cookie and the time that is left. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CertificateTickets } from '../certificate/tickets.ts'
import { bankScopesIn } from '../provider/resource.ts'
import type { Interactions, PendingRequest } from '../provider/interactions.ts'
import { modeOf, noPast, type Past, pastOf } from '../consent/past.ts'
import type { Problem } from '../errors.ts'
import type { Locks } from '../risk/locks.ts'
import type { SignIns } from '../risk/sign-ins.ts'
import { journeyNumber } from '../secrets.ts'
import { record } from '../store/audit.ts'
import type { Client, Clients } from '../store/clients.ts'
import { type Pages, readLanguage } from '../web/pages.ts'
import type { FinishParts } from './finish.ts'
import {
  absoluteLimit,
  fitted,
  isIdle,
  type Journey,
  type Learned,
  journeyHash,
  newJourney,
  readJourney,
} from './journey.ts'
import { nextStep } from './next-step.ts'
import { mayAllow, type StepContext } from './step.ts'
import type { StepName } from './steps.ts'
import { closedAt } from './turn.ts'

export type JourneyParts = FinishParts & {
  readonly interactions: Interactions
  readonly clients: Clients
  readonly locks: Locks
  readonly signIns: SignIns
  readonly tickets: CertificateTickets
  readonly pages: Pages
  /** where 「電子証明書ログイン」 leads; undefined when certificates are not switched on */
  readonly certificateAddress: ((uid: string) => string) | undefined
  /** the `sub` by which a fintech knows a customer */
  readonly subjectOf: (client: string, customer: string) => string
}

declare module '@fastify/secure-session' {
  interface SessionData {
    journey: Journey
  }
}

export type JourneyRequest = FastifyRequest<{
  Params: { uid: string; step?: string }
  Querystring: Record<string, unknown>
}>

export type Visit = {
  readonly request: JourneyRequest
  readonly reply: FastifyReply
  readonly uid: string
  readonly journey: Journey
  readonly context: StepContext
  readonly pending: PendingRequest
  /** space-separated OpenID scopes of the request */
  readonly openidScope: string
}

/** A visit that can go on, or why it cannot. */
export type Opened =
  | { readonly state: 'live'; readonly visit: Visit }
  | { readonly state: 'timed-out'; readonly visit: Visit }
  /** leaving is all that can be done, for now or for good */
  | { readonly state: 'dead-end'; readonly visit: Visit; readonly problem: Problem }
  /** a result is stored already; it stands */
  | { readonly state: 'answered' }
  /** no request of this browser waits under that uid */
  | { readonly state: 'lost' }

export async function openVisit(
  parts: JourneyParts,
  request: JourneyRequest,
  reply: FastifyReply,
): Promise<Opened> {
  const { uid } = request.params
  const now = parts.clock()
  const stored = readJourney(request.session.get('journey'), uid)
  const pending = await parts.interactions.find({ req: request.raw, res: reply.raw }, uid)
  if (!pending) return { state: 'lost' }
  if (pending.answered) return { state: 'answered' }

  const client = await parts.clients.find(pending.clientId)
  if (!client) throw new Error('a pending request names a client that is not registered')
  const journey = await current(parts, stored, uid, now)
  const { customer } = journey.facts
  const visit: Visit = {
    request,
    reply,
    uid,
    journey,
    context: contextOf(parts, {
      request,
      reply,
      journey,
      client,
      pending,
      now,
      past: customer ? await pastWith(parts, customer.id, client.id) : noPast,
      meant: await customerMeant(parts, pending),
    }),
    pending,
    openidScope: pending.scope
      .split(' ')
      .filter((name) => name === 'openid' || name === 'offline_access')
      .join(' '),
  }
  if (now - pending.startedAt > absoluteLimit) return { state: 'timed-out', visit }
  const problem = deadEndOf(visit)
  return problem ? { state: 'dead-end', visit, problem } : { state: 'live', visit }
}

/** What every click is held against, whichever step is due. */
function deadEndOf(visit: Visit): Problem | undefined {
  const { client, institution, now, offered, barredServices } = visit.context
  if (client.status === 'suspended') return { code: 'client-suspended' }
  if (!renews(visit)) return { code: 'renewal-over' }
  if (offered.length === 0 && barredServices.length > 0) return { code: 'may-not-connect' }
  return closedAt(institution.calendar, now)
}

export const pastWith = async (
  { consents, clock }: JourneyParts,
  customer: string,
  client: string,
): Promise<Past> => pastOf(await consents.listOf(customer), client, clock())

/** `grant_id` is a wish to renew exactly this arrangement: once it is known who signed in, it is this or nothing. */
export const renews = ({ pending: { grantId }, context: { facts, past } }: Visit): boolean =>
  grantId === undefined || !facts.customer || past.former?.arrangementId === grantId

/** The customer of the grant in the request; null when this fintech has none of that id, undefined when it named none. */
async function customerMeant(
  { consents }: JourneyParts,
  { grantId, clientId }: PendingRequest,
): Promise<string | null | undefined> {
  if (grantId === undefined) return undefined
  const consent = await consents.findOfArrangement(grantId)
  return consent?.client === clientId ? consent.customer : null
}

/** The facts as they count now: after too long without a click they are forgotten, and what was held for them released. */
async function current(
  parts: JourneyParts,
  stored: Journey | undefined,
  uid: string,
  now: number,
): Promise<Journey> {
  if (!stored) return newJourney(uid, now)
  if (!isIdle(stored, now)) return { ...stored, seenAt: now }
  await parts.pins.release(journeyHash(uid))
  return { ...newJourney(uid, now), notice: { step: 'sign-in', errors: {}, kept: {}, idle: true } }
}

function contextOf(
  parts: JourneyParts,
  {
    request,
    reply,
    journey,
    client,
    pending,
    now,
    past,
    meant,
  }: {
    request: JourneyRequest
    reply: FastifyReply
    journey: Journey
    client: Client
    pending: PendingRequest
    now: number
    past: Past
    meant: string | null | undefined
  },
): StepContext {
  const { uid } = journey
  const asked = bankScopesIn(pending.scope).filter((name) => client.scopes.includes(name))
  const offered = mayAllow(asked, journey.facts.customer)
  return {
    uid,
    journeyHash: journeyHash(uid),
    facts: { ...journey.facts, client: { customerChooses: client.customerChooses } },
    client,
    offered,
    barredServices: asked.filter((name) => !offered.includes(name)),
    bank: parts.bank,
    pins: parts.pins,
    locks: parts.locks,
    risk: parts.signIns.at({ request, reply, client: client.id }),
    institution: parts.institution,
    language: readLanguage(request, pending.uiLocales),
    now,
    startedAt: pending.startedAt,
    address: request.ip,
    mode: modeOf(past),
    past,
    isExpected: (one) =>
      (pending.hintedSubject === undefined || pending.hintedSubject === parts.subjectOf(client.id, one)) &&
      (meant === undefined || meant === one),
    audit: (entry) => record(parts.db, now, journeyNumber(uid), { client: client.id, ...entry }),
  }
}

/** What is due with the facts of `journey`, which may be more than the visit began with. */
export const nextOf = ({ context: { facts } }: Visit, journey: Journey) =>
  nextStep({ ...journey.facts, client: facts.client })

/** The step that a dead end stands at. */
export function dueOf(visit: Visit, journey: Journey): StepName {
  const due = nextOf(visit, journey)
  return due === 'finished' ? 'give-consent' : due
}

/** Of 4096 bytes; the rest is for the name, the attributes and the CSRF secret of a first page. */
const mostEncoded = 3850

/** Sets the cookie. It belongs to this journey's path, so journeys side by side in one browser do not touch. */
export function writeJourney({ request, uid }: Pick<Visit, 'request' | 'uid'>, journey: Journey): Journey {
  request.session.set('journey', fitted(journey))
  request.session.options({ path: `/journey/${uid}` })
  const encoded = encodeURIComponent(request.server.encodeSecureSession(request.session))
  if (encoded.length > mostEncoded) throw new Error('a journey is larger than its cookie may be')
  return journey
}

/** For the desk: where somebody on the phone stands. A page that was only looked at leaves no row. */
export function noteStep(
  { db }: JourneyParts,
  { uid, context }: Visit,
  { step, next, learned }: { step: StepName; next: StepName | 'finished'; learned: Learned },
): Promise<void> {
  const customer = (learned.customer ?? context.facts.customer)?.id ?? null
  const { client, startedAt, now } = context
  return record(db, now, journeyNumber(uid), {
    event: 'step-done',
    client: client.id,
    customer,
    step,
    startedAt,
    next,
  })
}
