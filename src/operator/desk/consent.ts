/** One connection: what was agreed to, what became of it, whether everybody was told; and where it is stopped. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { text } from '../../journey/fields.ts'
import type { Consent } from '../../store/consents.ts'
import { searchAudit } from '../../store/audit-search.ts'
import { deliveriesOf, retryDead } from '../../store/deliveries.ts'
import { evidenceOf } from '../../store/evidence.ts'
import { readReason, readStop } from './decision.ts'
import {
  accountLines,
  accountName,
  accountsOf,
  consentLine,
  deliveryLine,
  isAlive,
  keptStop,
  stopForm,
} from './lookups.ts'
import { nothingSaid, type Said } from './said.ts'
import { actorOf, codeOf, stamp, tellRow } from './tell.ts'
import type { ConsentView } from './views.ts'
import { type DeskParts, serve, type Visit } from './visit.ts'

const mostRows = 100

export function consentRoutes(app: FastifyInstance, parts: DeskParts): void {
  const { consents } = parts

  serve(app, parts, 'GET /consents/:number', async (visit) => {
    const consent = await consents.findByNumber(visit.parameter('number'))
    if (!consent) return visit.notFound()
    await visit.looked('consent', { customer: consent.customer, consent: consent.id })
    const said = visit.said()
    return visit.show(
      { title: visit.t.consent.title(consent.number), under: 'home', said },
      { template: 'desk/consent', view: await consentView(parts, visit, consent, said) },
    )
  })

  serve(app, parts, 'POST /consents/:number/stop', async (visit) => {
    const consent = await consents.findByNumber(visit.parameter('number'))
    if (!consent) return visit.notFound()
    const { number } = consent
    const path = `/consents/${number}`
    const { scope } = z
      .object({ scope: text(64) })
      .catch({ scope: '' })
      .parse(visit.body ?? {})
    const read = readStop(visit.body, `c-${number}`)
    const hasScope =
      scope === 'whole' || [...consent.accounts, ...consent.stoppedAccounts].some(({ id }) => id === scope)
    if (!read.ok || !hasScope) {
      const errors = read.ok ? [] : read.errors
      const missing = hasScope ? [] : [{ code: 'scope-missing', field: `c-${number}-scope` } as const]
      return visit.say(path, { errors: [...missing, ...errors], kept: { ...read.kept, scope } })
    }
    const ending = { by: visit.by, ...read.value }
    const stopped =
      scope === 'whole'
        ? await consents.end(consent.id, { status: 'stopped', ...ending })
        : await consents.stopAccount(consent.id, scope, ending)
    const done = scope === 'whole' ? 'stopped' : 'account-stopped'
    return visit.say(path, { done: stopped ? done : 'already-ended' })
  })

  serve(app, parts, 'POST /consents/:number/retry', async (visit) => {
    const consent = await consents.findByNumber(visit.parameter('number'))
    if (!consent) return visit.notFound()
    const path = `/consents/${consent.number}`
    const read = readReason(visit.body, 'retry')
    if (!read.ok) return visit.say(path, { errors: read.errors, kept: { ...read.kept, at: 'retry' } })
    const about = { consent: consent.id, ofClient: consent.client }
    const messages = await retryDead(parts, about, { by: visit.by, ...read.value })
    return visit.say(path, { done: messages > 0 ? 'retried' : 'nothing-dead' })
  })
}

async function consentView(
  parts: DeskParts,
  { t, may }: Visit,
  consent: Consent,
  said: Said,
): Promise<ConsentView> {
  const { db, clock, clients, consents } = parts
  const now = clock()
  const [client, names, evidence, deliveries, rows, former] = await Promise.all([
    clients.find(consent.client),
    accountsOf(parts, consent.customer),
    evidenceOf(db, consent.id),
    deliveriesOf(db, { consent: consent.id }, mostRows),
    searchAudit(db, { consent: consent.id }, mostRows),
    consent.renews === null ? undefined : consents.find(consent.renews),
  ])
  const accounts = accountLines(consent, names)
  const isOfRetry = said.kept.at === 'retry'
  const { endedAt, endedBy, endedReason } = consent
  return {
    ...consentLine(t, consent, client, now),
    customer: { id: consent.customer, company: consent.companyName, user: consent.userName },
    client: consent.client,
    services: consent.services.map((name) => codeOf(t, name)),
    lastUsed: consent.lastUsedAt === null ? null : stamp(consent.lastUsedAt),
    signedInBy: codeOf(t, consent.signedInBy),
    ended:
      endedAt === null
        ? null
        : { at: stamp(endedAt), by: actorOf(t, endedBy ?? ''), reason: codeOf(t, endedReason ?? '') },
    renews: former?.number ?? null,
    bankDown: names === undefined,
    accounts,
    stoppedAccounts: consent.stoppedAccounts.map(({ id, bankAccount, at, reason }) => ({
      id,
      name: accountName(names?.get(bankAccount)),
      when: stamp(at),
      reason: codeOf(t, reason),
    })),
    stop:
      may('desk') && isAlive(consent, now)
        ? stopForm(consent.number, accounts, isOfRetry ? nothingSaid : said)
        : null,
    evidence: {
      wordingVersion: evidence.wordingVersion,
      wordingHash: evidence.wordingHash,
      language: codeOf(t, evidence.language),
      bankTerms: evidence.bankTermsVersion,
      clientTerms: evidence.clientTermsVersion,
      journey: evidence.journey,
    },
    deliveries: deliveries.map((one) => deliveryLine(t, one)),
    mayRetry: may('desk') && deliveries.some(({ state }) => state === 'dead'),
    retryNote: isOfRetry ? keptStop(said).note : '',
    history: rows.filter(({ event }) => event !== 'staff-looked').map((row) => tellRow(t, row)),
  }
}
