/** The ways out of a journey: a refusal that the fintech is told, and the return page that leads back to it. */
import type { FastifyReply } from 'fastify'
import type { JourneyError } from '../errors.ts'
import { journeyNumber } from '../secrets.ts'
import { type Consent, isLive } from '../store/consents.ts'
import type { Granted } from '../web/receipt.ts'
import { abandon } from './finish.ts'
import { type Ending, isIdle, type Journey, journeyHash, newJourney, readJourney } from './journey.ts'
import { nextStep } from './next-step.ts'
import { type JourneyParts, type JourneyRequest, type Visit, writeJourney } from './visit.ts'

type Why = Exclude<Ending, 'allowed'> | 'not-renewable'

const refusals: Readonly<Record<Why, { error: JourneyError; description: string }>> = {
  refused: { error: 'access_denied', description: 'the customer did not allow access' },
  cancelled: { error: 'access_denied', description: 'the customer cancelled' },
  'timed-out': { error: 'access_denied', description: 'the customer did not finish in time' },
  'not-renewable': { error: 'access_denied', description: 'the grant can no longer be renewed' },
  unavailable: { error: 'temporarily_unavailable', description: 'the bank is not available at the moment' },
}

/**
 * Ends a journey without consent. The fintech gets a proper error through the engine, and the customer a way back.
 * @param how what the customer reads
 * @param why what the fintech is told
 */
export async function endJourney(
  parts: JourneyParts,
  visit: Visit,
  how: Exclude<Ending, 'allowed'>,
  why: Why = how,
): Promise<FastifyReply> {
  const { error, description } = refusals[why]
  const step = nextStep(visit.context.facts)
  await abandon(parts, {
    journeyHash: visit.context.journeyHash,
    journeyNumber: journeyNumber(visit.uid),
    by: how === 'timed-out' ? 'system' : 'customer',
    entry: {
      event: 'journey-refused',
      client: visit.context.client.id,
      customer: visit.context.facts.customer?.id ?? null,
      error,
      why,
      step,
    },
  })
  await parts.interactions.refuse(visit.uid, { error, description, step })
  return toReturnPage(visit, how)
}

/** Only the ending stays in the cookie, and for the receipt the names: the customer is signed out. */
export function toReturnPage(
  visit: Visit,
  ending: Ending,
  page: 'return' | 'receipt' = 'return',
): FastifyReply {
  const { customer } = visit.context.facts
  const names =
    ending === 'allowed' && customer
      ? { allowedBy: { companyName: customer.companyName, userName: customer.userName } }
      : {}
  writeJourney(visit, { ...newJourney(visit.uid, visit.journey.seenAt), ending, ...names })
  return visit.reply.redirect(`/journey/${visit.uid}/${page}`, 303)
}

/** What the page says comes from the stored result; the cookie only knows how a refusal came about. */
export async function showReturn(
  parts: JourneyParts,
  request: JourneyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { uid } = request.params
  const pending = await parts.interactions.find({ req: request.raw, res: reply.raw }, uid)
  const remembered = readJourney(request.session.get('journey'), uid)
  if (!pending) return showLost(parts, request, reply)
  if (!pending.answered) return reply.redirect(`/journey/${uid}`, 303)
  const found =
    pending.answered === 'allowed' ? await parts.consents.findOfJourney(journeyHash(uid)) : undefined
  const consent = found && isLive(found, parts.clock()) ? found : null
  const { ending } = remembered ?? {}
  const refusal = ending && ending !== 'allowed' ? ending : 'cancelled'
  const client = await parts.clients.find(pending.clientId)
  return parts.pages.ending(request, reply, {
    how: consent ? 'allowed' : refusal,
    granted: consent && (await grantedOf(parts, consent, remembered)),
    serviceName: client?.serviceName ?? '',
    companyName: client?.companyName ?? '',
    resumeUrl: pending.resumeUrl,
    stays: false,
    uid,
    uiLocales: pending.uiLocales,
  })
}

/** 控え: the return page without its refresh, for as long as the cookie knows who pressed 許可, before and after going back. */
export async function showReceipt(
  parts: JourneyParts,
  request: JourneyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { uid } = request.params
  const remembered = readJourney(request.session.get('journey'), uid)
  const consent =
    remembered?.ending === 'allowed' ? await parts.consents.findOfJourney(journeyHash(uid)) : undefined
  if (!consent || !isLive(consent, parts.clock()))
    return reply.redirect(`/journey/${encodeURIComponent(uid)}/return`, 303)
  const pending = await parts.interactions.find({ req: request.raw, res: reply.raw }, uid)
  const client = await parts.clients.find(consent.client)
  return parts.pages.ending(request, reply, {
    how: 'allowed',
    granted: await grantedOf(parts, consent, remembered),
    serviceName: client?.serviceName ?? '',
    companyName: client?.companyName ?? '',
    resumeUrl: pending?.resumeUrl ?? null,
    stays: true,
    uid,
    uiLocales: pending?.uiLocales,
  })
}

/** Names and accounts are told while the one who pressed 許可 still sits there; later the page says the number only. */
async function grantedOf(
  { bank, clock }: JourneyParts,
  { number, renews, startsAt, endsAt, services, accounts, customer }: Consent,
  journey: Journey | undefined,
): Promise<Granted> {
  const ids = new Set(accounts.map(({ bankAccount }) => bankAccount))
  const base = { number, renews: renews !== null, startsAt, endsAt, services, accountCount: ids.size }
  if (!journey?.allowedBy || isIdle(journey, clock())) return { ...base, accounts: null, customer: null }
  // A consent knows only the bank's ids of its accounts.
  const answer = await bank.accounts({ customer, journey: journeyHash(journey.uid) })
  return {
    ...base,
    accounts: answer.ok ? answer.value.filter(({ id }) => ids.has(id)) : null,
    customer: journey.allowedBy,
  }
}

/** No request of this browser waits under that uid; our cookie or a consent may still know why. */
export async function showLost(
  parts: JourneyParts,
  request: JourneyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { uid } = request.params
  const ending = readJourney(request.session.get('journey'), uid)?.ending
  const consent = await parts.consents.findOfJourney(journeyHash(uid))
  if (!ending && !consent) return parts.pages.problem(request, reply, { code: 'journey-unknown' })
  const hasReceipt = ending === 'allowed' && consent && isLive(consent, parts.clock())
  return parts.pages.problem(request, reply, {
    code: 'already-finished',
    ...(hasReceipt ? { receipt: `/journey/${uid}/receipt` } : {}),
  })
}
