/**
 * The journey's addresses. One GET and one POST serve every step: the due one is shown or submitted, any other leads to
 * the due one. Besides them: cancel, change a fact, keep alive, a certificate's ticket, and the return page.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { bankScopesIn } from '../provider/resource.ts'
import { type FieldError, type JourneyError, type Problem, problems } from '../errors.ts'
import type { Interactions } from '../provider/interactions.ts'
import { journeyNumber } from '../secrets.ts'
import { record } from '../store/audit.ts'
import type { Client, Clients } from '../store/clients.ts'
import type { CertificateTickets } from '../certificate/tickets.ts'
import type { Locks } from '../risk/locks.ts'
import { assessRisk } from '../risk/assess.ts'
import { type Pages, readLanguage } from '../web/pages.ts'
import { abandon, finish, type FinishParts } from './finish.ts'
import {
  absoluteLimit,
  type Ending,
  type Facts,
  forget,
  isIdle,
  type Journey,
  journeyHash,
  type Learned,
  newJourney,
  readJourney,
} from './journey.ts'
import { nextStep } from './next-step.ts'
import type { StepContext } from './step.ts'
import { isStepName, type StepName, steps } from './steps.ts'

export type JourneyParts = FinishParts & {
  readonly interactions: Interactions
  readonly clients: Clients
  readonly locks: Locks
  readonly tickets: CertificateTickets
  readonly pages: Pages
  /** where 「電子証明書ログイン」 leads; undefined when certificates are not switched on */
  readonly certificateUrl: ((uid: string) => string) | undefined
}

declare module '@fastify/secure-session' {
  interface SessionData {
    journey: Journey
  }
}

type JourneyRequest = FastifyRequest<{
  Params: { uid: string; step?: string }
  Querystring: Record<string, unknown>
}>

/** A journey that can go on: request, fintech and facts are known and in time. */
type Live = {
  readonly request: JourneyRequest
  readonly reply: FastifyReply
  readonly uid: string
  readonly journey: Journey
  readonly context: StepContext
  readonly openidScope: string
  readonly alreadyUsed: () => Promise<boolean>
}

export async function journeyRoutes(app: FastifyInstance, parts: JourneyParts): Promise<void> {
  const { pages } = parts
  const live =
    (handler: (visit: Live) => Promise<FastifyReply>) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const visit = await openVisit(parts, request as JourneyRequest, reply)
      return 'uid' in visit ? handler(visit) : visit.answered
    }
  const posted = { preHandler: app.csrfProtection }

  app.get(
    '/journey/:uid',
    live(async (visit) => toDueStep(visit, visit.journey)),
  )

  app.get('/journey/:uid/return', (request, reply) => showReturn(parts, request as JourneyRequest, reply))

  app.get(
    '/journey/:uid/certificate',
    live(async (visit) => {
      const { ticket } = visit.request.query
      const certificate =
        typeof ticket === 'string' ? await parts.tickets.redeem(ticket, visit.uid) : undefined
      if (!certificate) return showDeadEnd(parts, visit, 'sign-in', { code: 'ticket-refused' })
      return learn(visit, { certificate })
    }),
  )

  /** 「電子証明書ログイン」: to the certificate origin, or to a page that says there is none. */
  app.get(
    '/journey/:uid/certificate-login',
    live(async (visit) => {
      if (!parts.certificateUrl) return showDeadEnd(parts, visit, 'sign-in', { code: 'certificates-off' })
      return visit.reply.redirect(parts.certificateUrl(visit.uid), 303)
    }),
  )

  app.get(
    '/journey/:uid/:step',
    live(async (visit) => showStep(parts, visit)),
  )

  app.post(
    '/journey/:uid/cancel',
    posted,
    live(async (visit) => {
      const body = visit.request.body as Record<string, unknown> | undefined
      const gaveUp =
        typeof body?.problem === 'string' && Object.hasOwn(problems, body.problem)
          ? problems[body.problem as keyof typeof problems]
          : undefined
      const how =
        gaveUp?.oauth === 'temporarily_unavailable'
          ? 'unavailable'
          : body?.how === 'refused'
            ? 'refused'
            : 'cancelled'
      return endJourney(parts, visit, how)
    }),
  )

  app.post(
    '/journey/:uid/change',
    posted,
    live(async (visit) => {
      const body = visit.request.body as Record<string, unknown> | undefined
      const fact = body?.fact
      if (fact !== 'certificate' && fact !== 'services' && fact !== 'accounts')
        return toDueStep(visit, visit.journey)
      return toDueStep(visit, write(visit, { ...visit.journey, facts: forget(visit.journey.facts, fact) }))
    }),
  )

  app.post(
    '/journey/:uid/keep-alive',
    posted,
    live(async (visit) => {
      write(visit, visit.journey)
      return visit.reply.code(204).send()
    }),
  )

  app.post(
    '/journey/:uid/:step',
    posted,
    live(async (visit) => submitStep(parts, visit)),
  )

  async function showStep(all: JourneyParts, visit: Live): Promise<FastifyReply> {
    const due = nextStep(visit.context.facts)
    if (due === 'finished' || visit.request.params.step !== due) return toDueStep(visit, visit.journey)
    const notice = visit.journey.notice?.step === due ? visit.journey.notice : undefined
    if (notice?.problem) {
      write(visit, withoutNotice(visit.journey))
      return showDeadEnd(all, visit, due, notice.problem as Problem)
    }
    const outcome = await steps[due].page(visit.context, notice?.kept ?? {})
    if ('learned' in outcome) return learn(visit, outcome.learned)
    if ('problem' in outcome) return showDeadEnd(all, visit, due, outcome.problem)
    // Errors are shown once: a reload starts with a clean page.
    write(visit, withoutNotice(visit.journey))
    return pages.step(visit.request, visit.reply, {
      step: due,
      view: outcome.view,
      errors: (notice?.errors ?? []) as FieldError[],
      idle: notice?.idle === true,
      context: visit.context,
    })
  }

  async function submitStep(all: JourneyParts, visit: Live): Promise<FastifyReply> {
    const due = nextStep(visit.context.facts)
    const asked = visit.request.params.step
    if (due === 'finished' || asked !== due || !isStepName(asked)) return toDueStep(visit, visit.journey)
    const outcome = await submit(due, visit)
    if ('problem' in outcome) return refused(visit, due, { errors: [], kept: {}, problem: outcome.problem })
    if ('errors' in outcome)
      return refused(visit, due, { errors: [...outcome.errors], kept: outcome.kept ?? {} })
    const facts: Facts = { ...visit.context.facts, ...outcome.learned }
    if (nextStep(facts) !== 'finished') return learn(visit, outcome.learned)
    return allow(all, { ...visit, context: { ...visit.context, facts } }, due)
  }

  async function submit(step: StepName, { context, request }: Live) {
    const { fields, submit: run } = steps[step] as unknown as GenericStep
    return run(context, fields.parse(request.body ?? {}))
  }

  async function allow(all: JourneyParts, visit: Live, due: StepName): Promise<FastifyReply> {
    if (await visit.alreadyUsed())
      return refused(visit, due, { errors: [], kept: {}, problem: { code: 'request-already-used' } })
    const outcome = await finish(all, visit.context, visit.openidScope)
    if ('problem' in outcome) return refused(visit, due, { errors: [], kept: {}, problem: outcome.problem })
    const { consent } = outcome
    await all.interactions.allow(raw(visit), { customer: consent.customer, consent: consent.id })
    return toReturnPage(visit, { how: 'allowed', consentNumber: consent.number, endsAt: consent.endsAt })
  }
}

type GenericStep = {
  readonly fields: { parse: (body: unknown) => unknown }
  readonly submit: (context: StepContext, fields: unknown) => ReturnType<(typeof steps)['sign-in']['submit']>
}

/** Loads what every address of a journey needs, or answers for a journey that cannot go on. */
async function openVisit(
  parts: JourneyParts,
  request: JourneyRequest,
  reply: FastifyReply,
): Promise<Live | { answered: FastifyReply }> {
  const { uid } = request.params
  const now = parts.clock()
  const stored = readJourney(request.session.get('journey'), uid)
  const pending = await parts.interactions.find({ req: request.raw, res: reply.raw }, uid)
  if (!pending) return { answered: await showLost(parts, request, reply, stored) }
  if (pending.answered) return { answered: reply.redirect(`/journey/${uid}/return`, 303) }

  const client = await parts.clients.find(pending.clientId)
  if (!client) throw new Error('a pending request names a client that is not registered')
  const idle = stored !== undefined && isIdle(stored, now)
  const journey: Journey = !stored
    ? newJourney(uid, now)
    : idle
      ? { ...newJourney(uid, now), notice: { step: 'sign-in', errors: [], kept: {}, idle: true } }
      : { ...stored, seenAt: now }
  const visit: Live = {
    request,
    reply,
    uid,
    journey,
    context: contextOf(parts, {
      request,
      uid,
      journey,
      client,
      scope: pending.scope,
      now,
      uiLocales: pending.uiLocales,
    }),
    openidScope: pending.scope
      .split(' ')
      .filter((name) => name === 'openid' || name === 'offline_access')
      .join(' '),
    alreadyUsed: pending.alreadyUsed,
  }
  if (now - pending.startedAt > absoluteLimit)
    return { answered: await endJourney(parts, visit, 'timed-out') }
  if (client.status === 'suspended')
    return { answered: await showDeadEnd(parts, visit, 'sign-in', { code: 'client-suspended' }) }
  return visit
}

function contextOf(
  parts: JourneyParts,
  of: {
    request: JourneyRequest
    uid: string
    journey: Journey
    client: Client
    scope: string
    now: number
    uiLocales: string | undefined
  },
): StepContext {
  const { uid, journey, client, now } = of
  const customer = journey.facts.customer?.id
  return {
    uid,
    journeyHash: journeyHash(uid),
    facts: { ...journey.facts, client: { customerChooses: client.customerChooses } },
    client,
    offered: bankScopesIn(of.scope).filter((name) => client.scopes.includes(name)),
    bank: parts.bank,
    pins: parts.pins,
    locks: parts.locks,
    assessRisk,
    institution: parts.institution,
    language: readLanguage(of.request, of.uiLocales),
    now,
    address: of.request.ip,
    formerConnection: async () => (customer ? parts.consents.findActive(customer, client.id) : undefined),
    audit: (entry) => record(parts.db, now, journeyNumber(uid), { client: client.id, ...entry }),
  }
}

const raw = ({ request, reply }: Pick<Live, 'request' | 'reply'>) => ({ req: request.raw, res: reply.raw })

/** Sets the cookie. It belongs to this journey's path, so journeys side by side in one browser do not touch. */
function write({ request, uid }: Pick<Live, 'request' | 'uid'>, journey: Journey): Journey {
  request.session.set('journey', journey)
  request.session.options({ path: `/journey/${uid}` })
  return journey
}

function withoutNotice({ notice: _notice, ...journey }: Journey): Journey {
  return journey
}

function toDueStep({ uid, context, reply }: Live, journey: Journey): FastifyReply {
  const due = nextStep({ ...journey.facts, client: context.facts.client })
  return reply.redirect(`/journey/${uid}/${due === 'finished' ? 'return' : due}`, 303)
}

function learn(visit: Live, learned: Learned): FastifyReply {
  const journey = withoutNotice(visit.journey)
  return toDueStep(visit, write(visit, { ...journey, facts: { ...journey.facts, ...learned } }))
}

/** Every POST answers 303; what it has to say rides in the cookie once, so a reload never posts again. */
function refused(
  visit: Live,
  step: StepName,
  { errors, kept, problem }: Omit<NonNullable<Journey['notice']>, 'step'>,
): FastifyReply {
  write(visit, { ...visit.journey, notice: { step, errors, kept, ...(problem ? { problem } : {}) } })
  return visit.reply.redirect(`/journey/${visit.uid}/${step}`, 303)
}

async function showDeadEnd(
  parts: JourneyParts,
  { request, reply, context, uid }: Live,
  step: StepName,
  problem: Problem,
): Promise<FastifyReply> {
  return parts.pages.deadEnd(request, reply, {
    problem,
    context,
    retry: `/journey/${uid}/${step}`,
    cancel: `/journey/${uid}/cancel`,
  })
}

/** No request of this browser waits under that uid. Our own cookie may still know why. */
async function showLost(
  parts: JourneyParts,
  request: JourneyRequest,
  reply: FastifyReply,
  stored: Journey | undefined,
): Promise<FastifyReply> {
  return parts.pages.problem(request, reply, {
    code: stored?.ending ? 'already-finished' : 'journey-unknown',
  })
}

const descriptions: Readonly<
  Record<Exclude<Ending['how'], 'allowed'>, { error: JourneyError; description: string }>
> = {
  refused: { error: 'access_denied', description: 'the customer did not allow access' },
  cancelled: { error: 'access_denied', description: 'the customer cancelled' },
  'timed-out': { error: 'access_denied', description: 'the customer did not finish in time' },
  unavailable: { error: 'temporarily_unavailable', description: 'the bank is not available at the moment' },
}

/** Ends a journey without consent. The fintech gets a proper error through the engine, and the customer a way back. */
async function endJourney(
  parts: JourneyParts,
  visit: Live,
  how: Exclude<Ending['how'], 'allowed'>,
): Promise<FastifyReply> {
  const { error, description } = descriptions[how]
  await abandon(parts, visit.context.journeyHash)
  await record(parts.db, parts.clock(), journeyNumber(visit.uid), {
    event: 'journey-refused',
    client: visit.context.client.id,
    customer: visit.context.facts.customer?.id ?? null,
    error,
    why: how,
  })
  await parts.interactions.refuse(raw(visit), { error, description })
  return toReturnPage(visit, { how })
}

/** Only the ending stays in the cookie: the customer is signed out. */
function toReturnPage(visit: Live, ending: Ending): FastifyReply {
  write(visit, { ...newJourney(visit.uid, visit.journey.seenAt), ending })
  return visit.reply.redirect(`/journey/${visit.uid}/return`, 303)
}

async function showReturn(
  parts: JourneyParts,
  request: JourneyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { uid } = request.params
  const stored = readJourney(request.session.get('journey'), uid)
  const pending = await parts.interactions.find({ req: request.raw, res: reply.raw }, uid)
  if (!pending) return showLost(parts, request, reply, stored)
  if (!pending.answered) return reply.redirect(`/journey/${uid}`, 303)
  const client = await parts.clients.find(pending.clientId)
  // Without its cookie a finished journey still leads back, it only cannot say how it ended.
  const ending: Ending = stored?.ending ?? { how: 'cancelled' }
  return parts.pages.ending(request, reply, {
    ending,
    serviceName: client?.serviceName ?? '',
    resumeUrl: pending.resumeUrl,
    uid,
    uiLocales: pending.uiLocales,
  })
}
