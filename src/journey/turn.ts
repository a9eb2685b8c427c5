/**
 * One turn of a visit: what a step's page, its submit or a certificate's ticket does to what the visit knows. The same for
 * every kind of visit; which step is due, where it stands and what comes after the last one is decided by the visit's routes.
 */
import type { InquiryClosed, Unavailable } from '../bank/port.ts'
import type { CertificateTickets } from '../certificate/tickets.ts'
import { type FieldError, type Problem, type ProblemCode, problems } from '../errors.ts'
import { type Calendar, openAt } from '../institution-hours.ts'
import { forget, type Journey, type Learned, packErrors, unpackErrors } from './journey.ts'
import type { Kept, Step, SubmitOutcome, VisitContext } from './step.ts'

/** What to show, or `journey` with more facts: then another step is due. */
export type Looked<View> = { readonly journey: Journey } & (
  | { readonly view: View; readonly errors: readonly FieldError[]; readonly idle: boolean }
  | { readonly problem: Problem }
  | { readonly learned: Learned }
)

/** The page of the step that is due. Errors are shown once: a reload starts with a clean page. */
export async function lookAt<View, Context extends VisitContext>(
  { page }: Pick<Step<never, View, Context>, 'page'>,
  { name, journey, context }: { name: string; journey: Journey; context: Context },
): Promise<Looked<View>> {
  const notice = journey.notice?.step === name ? journey.notice : undefined
  const told = withoutNotice(journey)
  if (notice?.problem && isProblemCode(notice.problem)) {
    const { problem: code, received, resumesAt, kept } = notice
    // Whoever comes back to the form finds in it what he typed.
    const journey = { ...told, notice: { step: name, errors: {}, kept } }
    return { journey, problem: { code, received, ...(resumesAt ? { closed: { resumesAt } } : {}) } }
  }
  const outcome = await page(context, notice?.kept ?? {})
  if ('learned' in outcome) return { journey: learn(journey, outcome.learned), learned: outcome.learned }
  if ('problem' in outcome) return { journey: afterDeadEnd(journey, outcome), problem: outcome.problem }
  const { view, describe } = outcome
  const errors = unpackErrors(notice?.errors ?? {}).map(
    (error): FieldError => ({ ...error, values: describe?.(error.field) ?? {} }),
  )
  return { journey: told, view, errors, idle: notice?.idle === true }
}

/** What a form of a step taught, or with what errors or dead end it is shown again: those ride in the journey once. */
export async function submitTo<Fields, Context extends VisitContext>(
  { fields, keep, submit }: Pick<Step<Fields, unknown, Context>, 'fields' | 'keep' | 'submit'>,
  { name, journey, context, body }: { name: string; journey: Journey; context: Context; body: unknown },
): Promise<{ readonly journey: Journey; readonly outcome: SubmitOutcome; readonly kept: Kept }> {
  const typed = fields.parse(body ?? {})
  const kept = keep?.(typed) ?? {}
  const outcome = await submit(context, typed)
  if ('problem' in outcome) return { journey: afterDeadEnd(journey, outcome), outcome, kept }
  if ('learned' in outcome) return { journey: learn(journey, outcome.learned), outcome, kept }
  const notice = { step: name, errors: packErrors(outcome.errors), kept }
  return { journey: { ...journey, notice }, outcome, kept }
}

/** The journey with a dead end to be told on the next page of `step`, and what the page after it shows again. */
export const withProblem = (
  journey: Journey,
  { step, problem: { code, closed }, kept }: { step: string; problem: Problem; kept: Kept },
): Journey => ({
  ...journey,
  notice: { step, errors: {}, kept, problem: code, ...onlyResuming(closed) },
})

const onlyResuming = ({ resumesAt }: { readonly resumesAt?: number } = {}) =>
  resumesAt === undefined ? {} : { resumesAt }

/** The page that is shown instead of any other while the institution is closed. */
export function closedAt(calendar: Calendar | undefined, now: number): Problem | undefined {
  const state = openAt(calendar, now)
  if (state.open) return undefined
  const { because, ...closed } = state
  return { code: because, closed }
}

/** The bank does not answer: that it is closed it may say itself. */
export const unanswered = (answer: Unavailable | InquiryClosed): Problem =>
  answer.reason === 'unavailable'
    ? {
        code: 'bank-unavailable',
        ...(answer.resumesAt === undefined ? {} : { closed: onlyResuming(answer) }),
      }
    : { code: answer.reason, closed: onlyResuming(answer) }

/**
 * What the certificate origin found: the holder, whose password is asked next, or a page that says what was wrong.
 * Undefined when the ticket is not one of this visit, was used or came too late.
 * @param boundTo what the origin bound the ticket to
 */
export async function redeemTicket(
  tickets: CertificateTickets,
  {
    ticket,
    boundTo,
    journey,
    context,
  }: { ticket: unknown; boundTo: string; journey: Journey; context: VisitContext },
): Promise<Journey | undefined> {
  const answer = typeof ticket === 'string' ? await tickets.redeem(ticket, boundTo) : undefined
  if (!answer) {
    // Whoever makes one up has proven nothing that an auditor would read, and could fill the trail.
    if (typeof ticket === 'string' && tickets.isOurs(ticket))
      await context.audit({ event: 'certificate-refused', reason: 'ticket-refused', fingerprint: null })
    return undefined
  }
  // Whoever was signed in before is not the holder of this certificate: nothing of him is kept.
  const anew = { ...withoutNotice(journey), facts: {} }
  if ('holder' in answer && context.isExpected(answer.holder.user)) {
    const { holder, fingerprint } = answer
    await context.audit({ event: 'certificate-accepted', customer: holder.user, fingerprint })
    // The name rides in the cookie, which has an end.
    const name = holder.name.slice(0, 40)
    return { ...anew, facts: { certificate: { ...holder, name, since: context.now } } }
  }
  const problem = 'holder' in answer ? 'certificate-of-another' : answer.problem
  const { received, fingerprint } = answer
  await context.audit({ event: 'certificate-refused', reason: problem, fingerprint })
  const notice = { step: 'sign-in', errors: {}, kept: {}, problem, ...(received ? { received } : {}) }
  return { ...anew, notice }
}

export function withoutNotice({ notice: _notice, ...journey }: Journey): Journey {
  return journey
}

export const isProblemCode = (text: string): text is ProblemCode => Object.hasOwn(problems, text)

function learn(journey: Journey, { consent: _carriedOut, ...learned }: Learned): Journey {
  return { ...withoutNotice(journey), facts: { ...journey.facts, ...learned } }
}

const afterDeadEnd = (journey: Journey, { forget: gone }: { forget?: 'certificate' }): Journey =>
  gone ? { ...withoutNotice(journey), facts: forget(journey.facts, gone) } : journey
