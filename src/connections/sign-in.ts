/** How a customer signs in to his own connections, and out: the steps of a journey's sign-in, at addresses of their own. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ofConnections } from '../certificate/tickets.ts'
import { type Problem, problems } from '../errors.ts'
import { forget, type Journey } from '../journey/journey.ts'
import { nextSignInStep } from '../journey/next-step.ts'
import type { Step, VisitContext } from '../journey/step.ts'
import { type SignInStepName, signInSteps } from '../journey/steps.ts'
import { closedAt, lookAt, redeemTicket, submitTo, withProblem } from '../journey/turn.ts'
import { journeyNumber } from '../secrets.ts'
import { record } from '../store/audit.ts'
import { connectionsDeadEnd, signedOutPage, signInPage } from '../web/connections.ts'
import { readLanguage, sayWhen } from '../web/pages.ts'
import type { StepView } from '../web/templates.ts'
import { base, type ConnectionsParts, endVisit, openVisit, type Visit, writeVisit } from './visit.ts'

export async function signInRoutes(app: FastifyInstance, parts: ConnectionsParts): Promise<void> {
  const open =
    (handler: (visit: Visit) => FastifyReply | Promise<FastifyReply>) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
      handler(await openVisit(parts, request, reply))
  const posted = { preHandler: app.csrfProtection }

  for (const step of Object.keys(signInSteps) as SignInStepName[]) {
    app.get(
      `${base}/${step}`,
      open((visit) => showStep(parts, visit, step)),
    )
    app.post(
      `${base}/${step}`,
      posted,
      open((visit) => submitStep(parts, visit, step)),
    )
  }

  app.get(
    `${base}/certificate-login`,
    open((visit) => {
      if (!parts.certificateAddress) return showDeadEnd(parts, visit, { code: 'certificates-off' })
      // The ticket comes back to this visit, so the browser has to know it.
      writeVisit(visit, visit.journey)
      return visit.reply.redirect(parts.certificateAddress(visit.context.uid), 303)
    }),
  )
  app.get(
    `${base}/certificate`,
    open(async (visit) => {
      const { ticket } = visit.request.query as { ticket?: unknown }
      const boundTo = ofConnections(visit.context.uid)
      const journey = await redeemTicket(parts.tickets, { ...visit, ticket, boundTo })
      if (!journey) return showDeadEnd(parts, visit, { code: 'ticket-refused' })
      return toDueStep(visit, writeVisit(visit, journey))
    }),
  )
  /** 「別の証明書を使う」 */
  app.post(
    `${base}/change`,
    posted,
    open((visit) => {
      const facts = forget(visit.journey.facts, 'certificate')
      return toDueStep(visit, writeVisit(visit, { ...visit.journey, facts }))
    }),
  )
  app.post(
    `${base}/keep-alive`,
    posted,
    open((visit) => {
      writeVisit(visit, visit.journey)
      return visit.reply.code(204).send()
    }),
  )
  app.post(
    `${base}/sign-out`,
    posted,
    open(async (visit) => {
      await endVisit(parts, visit)
      return visit.reply.redirect(`${base}/signed-out`, 303)
    }),
  )
  app.get(`${base}/signed-out`, async (request, reply) => {
    const { template, data } = signedOutPage(parts.site, readLanguage(request))
    return reply.view(template, data)
  })
}

async function showStep(parts: ConnectionsParts, visit: Visit, step: SignInStepName): Promise<FastifyReply> {
  if (nextSignInStep(visit.context.facts) !== step) return toDueStep(visit, visit.journey)
  const looked = await lookAt<StepView<SignInStepName>, VisitContext>(signInSteps[step], {
    ...visit,
    name: step,
  })
  const { journey } = looked
  if (journey !== visit.journey) writeVisit(visit, journey)
  if ('learned' in looked) return toDueStep(visit, journey)
  if ('problem' in looked) return showDeadEnd(parts, { ...visit, journey }, looked.problem)
  const { view, errors, idle } = looked
  const csrf = visit.reply.generateCsrf({ path: base })
  const page = signInPage(parts.site, { step, view, errors, idle, csrf, context: visit.context })
  return visit.reply.view(page.template, page.data)
}

async function submitStep(
  parts: ConnectionsParts,
  visit: Visit,
  step: SignInStepName,
): Promise<FastifyReply> {
  if (nextSignInStep(visit.context.facts) !== step) return toDueStep(visit, visit.journey)
  const { body } = visit.request
  const { journey, outcome, kept } = await submitTo(signInSteps[step] as unknown as AnyStep, {
    ...visit,
    name: step,
    body,
  })
  if ('problem' in outcome) {
    const due = dueStep(journey)
    writeVisit(visit, withProblem(journey, { step: due, problem: outcome.problem, kept }))
    return visit.reply.redirect(`${base}/${due}`, 303)
  }
  if ('learned' in outcome) {
    const { uid, now, startedAt } = visit.context
    const customer = journey.facts.customer?.id ?? null
    const done = { event: 'step-done', client: null, customer, step, startedAt } as const
    await record(parts.db, now, journeyNumber(uid), done)
  }
  return toDueStep(visit, writeVisit(visit, journey))
}

/** The table has steps with different fields; one function serves them all. */
type AnyStep = Step<unknown, unknown, VisitContext>

const dueStep = ({ facts }: Journey): SignInStepName => nextSignInStep(facts) ?? 'sign-in'

/** To the step of sign-in that is due, or to the list. */
export function toDueStep({ reply }: Visit, { facts }: Journey): FastifyReply {
  const due = nextSignInStep(facts)
  return reply.redirect(due ? `${base}/${due}` : base, 303)
}

export async function showDeadEnd(
  { site, institution }: ConnectionsParts,
  { reply, journey, context }: Visit,
  found: Problem,
): Promise<FastifyReply> {
  // Stopping has no hours. But a bank that does not answer while it is closed is not out of order.
  const closed = found.code === 'bank-unavailable' && closedAt(institution.calendar, context.now)
  const problem = closed || found
  const csrf = reply.generateCsrf({ path: base })
  const page = connectionsDeadEnd(site, { problem, step: dueStep(journey), context, csrf })
  sayWhen(reply, problem, context.now)
  return reply.code(problems[problem.code].status).view(page.template, page.data)
}
