/**
 * The journey's addresses. One GET and one POST serve every step: the due one is shown or submitted, any other leads to
 * the due one. Besides them: cancel, change a fact, keep alive, a certificate's ticket, and the return page.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Problem, problems } from '../errors.ts'
import { journeyNumber } from '../secrets.ts'
import { withinJourney } from '../trace.ts'
import type { StepView } from '../web/templates.ts'
import { sayProblem, showDeadEnd, toDueStep } from './answers.ts'
import { finish } from './finish.ts'
import { type Facts, forget, type Learned } from './journey.ts'
import { endJourney, showLost, showReceipt, showReturn, toReturnPage } from './leave.ts'
import { nextStep } from './next-step.ts'
import { servicesOfFormer } from './renewal.ts'
import { mayAllow, type Step, type StepContext } from './step.ts'
import { type StepName, steps } from './steps.ts'
import { isProblemCode, lookAt, redeemTicket, submitTo } from './turn.ts'
import {
  dueOf,
  type JourneyParts,
  type JourneyRequest,
  type Opened,
  noteStep,
  openVisit,
  pastWith,
  renews,
  type Visit,
  writeJourney,
} from './visit.ts'

export async function journeyRoutes(app: FastifyInstance, parts: JourneyParts): Promise<void> {
  const open =
    (
      handler: (visit: Visit) => FastifyReply | Promise<FastifyReply>,
      goesOn: readonly Opened['state'][] = ['live'],
    ) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const opened = await openVisit(parts, request as JourneyRequest, reply)
      if ('visit' in opened && goesOn.includes(opened.state)) return handler(opened.visit)
      return answerClosed(parts, opened, request as JourneyRequest, reply)
    }
  const posted = { preHandler: app.csrfProtection }
  // So that the bank finds in its log what the customer reads out.
  app.addHook('preHandler', (request: FastifyRequest, _reply, done) =>
    withinJourney(journeyNumber((request as JourneyRequest).params.uid), done),
  )

  app.get(
    '/journey/:uid',
    open((visit) => toDueStep(visit, visit.journey)),
  )

  app.get('/journey/:uid/return', (request, reply) => showReturn(parts, request as JourneyRequest, reply))

  app.get('/journey/:uid/receipt', (request, reply) => showReceipt(parts, request as JourneyRequest, reply))

  app.get(
    '/journey/:uid/certificate',
    open((visit) => comeWithTicket(parts, visit)),
  )

  /** 「電子証明書ログイン」: to the certificate origin, or to a page that says there is none. */
  app.get(
    '/journey/:uid/certificate-login',
    open((visit) => {
      if (!parts.certificateAddress) return showDeadEnd(parts, visit, 'sign-in', { code: 'certificates-off' })
      return visit.reply.redirect(parts.certificateAddress(visit.uid), 303)
    }),
  )

  /** 「CSVで保存」 */
  app.get(
    '/journey/:uid/results.csv',
    open((visit) => sendResults(parts, visit)),
  )

  app.get(
    '/journey/:uid/:step',
    open((visit) => showStep(parts, visit)),
  )

  // Leaving is possible where going on is not.
  app.post(
    '/journey/:uid/cancel',
    posted,
    open((visit) => leave(parts, visit), ['live', 'dead-end']),
  )

  app.post(
    '/journey/:uid/change',
    posted,
    open((visit) => change(parts, visit)),
  )

  app.post(
    '/journey/:uid/keep-alive',
    posted,
    open((visit) => {
      writeJourney(visit, visit.journey)
      // Nothing is alive that has just started again; the script then shows where.
      if (visit.journey.notice?.idle) return toDueStep(visit, visit.journey)
      return visit.reply.code(204).send()
    }),
  )

  app.post(
    '/journey/:uid/:step',
    posted,
    open((visit) => submitStep(parts, visit)),
  )
}

/** For a journey that cannot go on. */
async function answerClosed(
  parts: JourneyParts,
  opened: Opened,
  request: JourneyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  switch (opened.state) {
    case 'lost':
      return showLost(parts, request, reply)
    case 'timed-out':
      return endJourney(parts, opened.visit, 'timed-out')
    case 'dead-end': {
      const { visit, problem } = opened
      // Nothing is submitted and nothing is lost: a journey that waits goes on where it stood.
      writeJourney(visit, visit.journey)
      if (request.method === 'POST') return toDueStep(visit, visit.journey)
      return showDeadEnd(parts, visit, dueOf(visit, visit.journey), problem)
    }
    default:
      return reply.redirect(`/journey/${request.params.uid}/return`, 303)
  }
}

async function showStep(parts: JourneyParts, visit: Visit): Promise<FastifyReply> {
  const due = nextStep(visit.context.facts)
  if (due === 'finished' || visit.request.params.step !== due) return toDueStep(visit, visit.journey)
  // Another tab may have finished with the same request: better said before it is read than after 許可.
  if (due === 'give-consent' && (await visit.pending.alreadyUsed()))
    return showDeadEnd(parts, visit, due, { code: 'request-already-used' })
  const { context } = visit
  const looked = await lookAt<StepView<StepName>, StepContext>(steps[due], { ...visit, name: due })
  const { journey } = looked
  if (journey !== visit.journey) writeJourney(visit, journey)
  if ('learned' in looked) return toDueStep(visit, journey)
  if ('problem' in looked) return showDeadEnd(parts, visit, dueOf(visit, journey), looked.problem)
  return parts.pages.step(visit.request, visit.reply, { step: due, context, ...looked })
}

async function sendResults(parts: JourneyParts, visit: Visit): Promise<FastifyReply> {
  const due = nextStep(visit.context.facts)
  if (due !== 'review-pins') return toDueStep(visit, visit.journey)
  const outcome = await steps[due].page(visit.context, {})
  if (!('view' in outcome)) return toDueStep(visit, visit.journey)
  writeJourney(visit, visit.journey)
  return parts.pages.sendResults(visit.reply, { context: visit.context, view: outcome.view })
}

async function submitStep(parts: JourneyParts, visit: Visit): Promise<FastifyReply> {
  const due = nextStep(visit.context.facts)
  const asked = visit.request.params.step
  if (due === 'finished' || asked !== due) return toDueStep(visit, visit.journey)
  const { body } = visit.request
  const step = steps[due] as unknown as AnyStep
  const { journey, outcome, kept } = await submitTo(step, { ...visit, name: due, body })
  if ('problem' in outcome) {
    const left = { ...visit, journey }
    return sayProblem(left, { step: dueOf(left, journey), problem: outcome.problem, kept })
  }
  if ('errors' in outcome) return toDueStep(visit, writeJourney(visit, journey))
  const taken = await takenOver(parts, visit, outcome.learned)
  const facts: Facts = { ...visit.context.facts, ...outcome.learned, ...taken }
  const next = nextStep(facts)
  await noteStep(parts, visit, { step: due, next, learned: outcome.learned })
  if (next !== 'finished')
    return toDueStep(visit, writeJourney(visit, { ...journey, facts: { ...journey.facts, ...taken } }))
  const allowed = await allow(parts, { ...visit, context: { ...visit.context, facts } })
  return 'problem' in allowed ? sayProblem(visit, { step: due, kept, ...allowed }) : allowed.reply
}

/** 更新: whoever has just signed in need not choose again what he chose before. */
async function takenOver(parts: JourneyParts, { context }: Visit, { customer }: Learned): Promise<Learned> {
  if (!customer) return {}
  const offered = mayAllow(context.offered, customer)
  return servicesOfFormer(await pastWith(parts, customer.id, context.client.id), { ...context, offered })
}

/** The table has steps with different fields; one POST serves them all. */
type AnyStep = Step<unknown, unknown>

async function allow(
  parts: JourneyParts,
  visit: Visit,
): Promise<{ readonly problem: Problem } | { readonly reply: FastifyReply }> {
  if (await visit.pending.alreadyUsed()) return { problem: { code: 'request-already-used' } }
  const { freshGrant } = visit.pending
  const outcome = await finish(parts, visit.context, { openidScope: visit.openidScope, freshGrant })
  if ('problem' in outcome) return outcome
  const { consent } = outcome
  const signedInAt = visit.context.facts.customer?.since ?? visit.context.now
  await parts.interactions.allow(visit.uid, {
    customer: consent.customer,
    signedInAt,
    consent: consent.id,
  })
  return {
    reply: toReturnPage(visit, 'allowed', visit.context.facts.consent?.receipt ? 'receipt' : 'return'),
  }
}

async function comeWithTicket(parts: JourneyParts, visit: Visit): Promise<FastifyReply> {
  const { ticket } = visit.request.query
  const journey = await redeemTicket(parts.tickets, { ...visit, ticket, boundTo: visit.uid })
  if (!journey) return showDeadEnd(parts, visit, 'sign-in', { code: 'ticket-refused' })
  await parts.pins.release(visit.context.journeyHash)
  return toDueStep(visit, writeJourney(visit, journey))
}

async function change(parts: JourneyParts, visit: Visit): Promise<FastifyReply> {
  const { fact } = bodyOf(visit)
  if (fact !== 'certificate' && fact !== 'services' && fact !== 'accounts')
    return toDueStep(visit, visit.journey)
  if (fact === 'certificate') await parts.pins.release(visit.context.journeyHash)
  return toDueStep(visit, writeJourney(visit, { ...visit.journey, facts: forget(visit.journey.facts, fact) }))
}

function leave(parts: JourneyParts, visit: Visit): Promise<FastifyReply> {
  if (!renews(visit)) return endJourney(parts, visit, 'cancelled', 'not-renewable')
  const { problem, how } = bodyOf(visit)
  const gaveUp = typeof problem === 'string' && isProblemCode(problem) ? problems[problem].oauth : undefined
  if (gaveUp === 'temporarily_unavailable') return endJourney(parts, visit, 'unavailable')
  return endJourney(parts, visit, how === 'refused' ? 'refused' : 'cancelled')
}

const bodyOf = ({ request }: Visit): Record<string, unknown> =>
  (request.body ?? {}) as Record<string, unknown>
