/** How a journey answers: with the way to the step that is due, with what its page has to say, or with a page where it ends. */
import type { FastifyReply } from 'fastify'
import type { Problem } from '../errors.ts'
import type { Journey } from './journey.ts'
import type { Kept } from './step.ts'
import type { StepName } from './steps.ts'
import { withProblem } from './turn.ts'
import { type JourneyParts, nextOf, type Visit, writeJourney } from './visit.ts'

/** Whatever address was asked for. */
export function toDueStep(visit: Visit, journey: Journey): FastifyReply {
  const { uid, reply } = visit
  const due = nextOf(visit, journey)
  return reply.redirect(`/journey/${uid}/${due === 'finished' ? 'return' : due}`, 303)
}

/** Every POST answers 303; what it has to say rides in the cookie once, so a reload never posts again. */
export function sayProblem(
  visit: Visit,
  told: { step: StepName; problem: Problem; kept: Kept },
): FastifyReply {
  writeJourney(visit, withProblem(visit.journey, told))
  return visit.reply.redirect(`/journey/${visit.uid}/${told.step}`, 303)
}

export function showDeadEnd(
  parts: JourneyParts,
  { request, reply, context, uid }: Visit,
  step: StepName,
  problem: Problem,
): Promise<FastifyReply> {
  return parts.pages.deadEnd(request, reply, { problem, context, base: `/journey/${uid}`, step })
}
