/**
 * A customer's own connections: what is shared, with whom, until when; and to stop one, one account of it, or all. Nothing
 * here needs the bank to answer but the names of accounts: stopping must work when everything else does not.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountHandle, packErrors, unpackErrors } from '../journey/journey.ts'
import { nextSignInStep } from '../journey/next-step.ts'
import { withoutNotice } from '../journey/turn.ts'
import { type Consent, isLive } from '../store/consents.ts'
import {
  type ConnectionsPage,
  detailPage,
  listPage,
  stopEverythingPage,
  stoppedPage,
  stopPage,
} from '../web/connections.ts'
import {
  type Connection,
  connectionOf,
  detailOf,
  findOwn,
  isLiveState,
  listConnections,
} from './connection.ts'
import { showDeadEnd, signInRoutes, toDueStep } from './sign-in.ts'
import { base, type ConnectionsParts, openVisit, type Visit, writeVisit } from './visit.ts'

type SignedIn = Visit & { readonly customer: string }

type ToConsent = SignedIn & { readonly consent: Consent }

export async function connectionsRoutes(app: FastifyInstance, parts: ConnectionsParts): Promise<void> {
  /** For whoever has signed in; anybody else is led to sign-in, and nothing is done. */
  const signedIn =
    (handler: (visit: SignedIn) => Promise<FastifyReply>) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const visit = await openVisit(parts, request, reply)
      const { customer } = visit.context.facts
      if (!customer || nextSignInStep(visit.context.facts)) return toDueStep(visit, visit.journey)
      return handler({ ...visit, customer: customer.id })
    }
  /** For his own consent alone: another's number is answered like one that there is not. */
  const own = (handler: (visit: ToConsent) => Promise<FastifyReply>) =>
    signedIn(async (visit) => {
      const { number } = visit.request.params as { number: string }
      const consent = await findOwn(parts, number, visit.customer)
      if (!consent) return showDeadEnd(parts, visit, { code: 'not-found' })
      return handler({ ...visit, consent })
    })
  const posted = { preHandler: app.csrfProtection }

  await signInRoutes(app, parts)

  app.get(
    base,
    signedIn((visit) => showList(parts, visit)),
  )
  app.get(
    `${base}/consents/:number`,
    own(async (visit) => {
      const detail = await detailOf(parts, visit.consent, visit.context)
      return show(visit, (shown) => detailPage(parts.site, detail, shown))
    }),
  )
  app.get(
    `${base}/consents/:number/stop`,
    own(async (visit) => {
      const connection = await connectionOf(parts, visit.consent, visit.context.now)
      if (!isLiveState(connection.state)) return visit.reply.redirect(addressOf(visit), 303)
      const view = { connection, account: null, isLast: false }
      return show(visit, (shown) => stopPage(parts.site, view, shown))
    }),
  )
  app.post(
    `${base}/consents/:number/stop`,
    posted,
    own(async (visit) => {
      await parts.consents.end(visit.consent.id, { status: 'stopped', ...byCustomer })
      return visit.reply.redirect(`${addressOf(visit)}/stopped`, 303)
    }),
  )
  app.get(
    `${base}/consents/:number/stopped`,
    own(async (visit) => {
      const connection = await connectionOf(parts, visit.consent, visit.context.now)
      const { end, state } = connection
      if (!end || state !== 'stopped') return visit.reply.redirect(addressOf(visit), 303)
      const view = { at: end.at, connection, account: null, all: [] }
      return show(visit, (shown) => stoppedPage(parts.site, view, shown))
    }),
  )
  accountRoutes(app, parts, own)
  app.get(
    `${base}/stop-everything`,
    signedIn((visit) => askAboutEverything(parts, visit)),
  )
  app.post(
    `${base}/stop-everything`,
    posted,
    signedIn((visit) => stopEverything(parts, visit)),
  )
  app.get(
    `${base}/everything-stopped`,
    signedIn((visit) => showEverythingStopped(parts, visit)),
  )
}

const byCustomer = { by: 'customer', reason: 'customer-stopped' } as const

/** Stopping one account of a connection. */
function accountRoutes(
  app: FastifyInstance,
  parts: ConnectionsParts,
  own: (
    handler: (visit: ToConsent) => Promise<FastifyReply>,
  ) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
): void {
  const { site, consents } = parts
  const address = `${base}/consents/:number/accounts/:account`
  const isAsked = ({ request }: ToConsent, handle: string): boolean =>
    handle === (request.params as { account: string }).account
  const find = async (visit: ToConsent) => {
    const detail = await detailOf(parts, visit.consent, visit.context)
    return { detail, account: detail.accounts.find(({ handle }) => isAsked(visit, handle)) }
  }

  app.get(
    `${address}/stop`,
    own(async (visit) => {
      const { detail, account } = await find(visit)
      if (!account || account.stopped || !isLiveState(detail.state))
        return visit.reply.redirect(addressOf(visit), 303)
      const view = { connection: detail, account, isLast: detail.accountCount === 1 }
      return show(visit, (shown) => stopPage(site, view, shown))
    }),
  )
  app.post(
    `${address}/stop`,
    { preHandler: app.csrfProtection },
    own(async (visit) => {
      const { consent, context } = visit
      const handle = (bankAccount: string) => accountHandle(context.uid, bankAccount)
      const account = consent.accounts.find(({ bankAccount }) => isAsked(visit, handle(bankAccount)))
      if (!account) return visit.reply.redirect(addressOf(visit), 303)
      await consents.stopAccount(consent.id, account.id, byCustomer)
      return visit.reply.redirect(`${addressOf(visit)}/accounts/${handle(account.bankAccount)}/stopped`, 303)
    }),
  )
  app.get(
    `${address}/stopped`,
    own(async (visit) => {
      const { detail, account } = await find(visit)
      if (!account?.stopped) return visit.reply.redirect(addressOf(visit), 303)
      const view = { at: account.stopped.at, connection: detail, account, all: [] }
      return show(visit, (shown) => stoppedPage(site, view, shown))
    }),
  )
}

async function showList(parts: ConnectionsParts, visit: SignedIn): Promise<FastifyReply> {
  const all = await listConnections(parts, { customer: visit.customer, now: visit.context.now })
  const groups = (['expiring', 'live', 'ended'] as const)
    .map((name) => ({ name, connections: all.filter(({ state }) => groupOf(state) === name) }))
    .filter(({ connections }) => connections.length > 0)
  return show(visit, (shown) => listPage(parts.site, { groups }, shown))
}

const groupOf = (state: Connection['state']) =>
  state === 'expiring' ? state : isLiveState(state) ? 'live' : 'ended'

/** All at once, for when something is suspicious. */
async function askAboutEverything(parts: ConnectionsParts, visit: SignedIn): Promise<FastifyReply> {
  const all = await listConnections(parts, { customer: visit.customer, now: visit.context.now })
  const live = all.filter(({ state }) => isLiveState(state))
  if (live.length === 0) return visit.reply.redirect(base, 303)
  const { notice } = visit.journey
  const errors = notice?.step === everything ? unpackErrors(notice.errors) : []
  return show(visit, (shown) => stopEverythingPage(parts.site, live, { ...shown, errors }))
}

const everything = 'stop-everything'

async function stopEverything({ consents, clock }: ConnectionsParts, visit: SignedIn): Promise<FastifyReply> {
  const { sure } = (visit.request.body ?? {}) as { sure?: unknown }
  if (sure !== 'yes') {
    const errors = packErrors([{ code: 'stop-tick-missing', field: 'sure' }])
    writeVisit(visit, { ...visit.journey, notice: { step: everything, errors, kept: {} } })
    return visit.reply.redirect(`${base}/${everything}`, 303)
  }
  for (const consent of await consents.listOf(visit.customer))
    if (isLive(consent, clock()))
      await consents.end(consent.id, { status: 'stopped', by: 'customer', reason: 'emergency-stop' })
  return visit.reply.redirect(`${base}/everything-stopped`, 303)
}

/** Says it of what really ended since this customer signed in, and only when nothing is left. */
async function showEverythingStopped(parts: ConnectionsParts, visit: SignedIn): Promise<FastifyReply> {
  const { now, facts } = visit.context
  const since = facts.customer?.since ?? now
  const all = await listConnections(parts, { customer: visit.customer, now })
  const stopped = all.filter(({ end }) => end !== null && end.reason === 'emergency-stop' && end.at >= since)
  const at = Math.max(...stopped.map(({ end }) => end?.at ?? 0))
  if (stopped.length === 0 || all.some(({ state }) => isLiveState(state)))
    return visit.reply.redirect(base, 303)
  return show(visit, (shown) =>
    stoppedPage(parts.site, { at, connection: null, account: null, all: stopped }, shown),
  )
}

const addressOf = ({ consent }: ToConsent): string => `${base}/consents/${consent.number}`

/** Showing a page is activity, and errors are shown once. */
async function show(
  visit: SignedIn,
  page: (shown: { context: Visit['context']; csrf: string }) => ConnectionsPage,
): Promise<FastifyReply> {
  writeVisit(visit, withoutNotice(visit.journey))
  const csrf = visit.reply.generateCsrf({ path: base })
  const { template, data } = page({ context: visit.context, csrf })
  return visit.reply.view(template, data)
}
