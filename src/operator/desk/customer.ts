/** The customer on the phone: who he is, his connections, what is locked, how he signed in, where he stands. */
import type { FastifyInstance } from 'fastify'
import type { CustomerEntry, InquiryAccount } from '../../bank/port.ts'
import { days } from '../../clock.ts'
import type { Guarded } from '../../risk/locks.ts'
import { forGood } from '../../store/attempt-locks.ts'
import { journeysOf, searchAudit, triesOf } from '../../store/audit-search.ts'
import { text } from '../../journey/fields.ts'
import { z } from 'zod'
import { readRelease, readStop } from './decision.ts'
import {
  accountLines,
  accountName,
  accountsOf,
  consentLine,
  entryOf,
  handleOf,
  isAlive,
  keptStop,
  servicesOf,
  stopForm,
} from './lookups.ts'
import { nothingSaid, type Said } from './said.ts'
import { stamp, tellRow } from './tell.ts'
import type { CustomerView, LockLine } from './views.ts'
import { type DeskParts, serve, type Visit } from './visit.ts'

const mostRows = 30
const shownJourneys = 10
/** Wrong tries are found among all that happened, so not for ever. */
const triesSince = days(14)

export function customerRoutes(app: FastifyInstance, parts: DeskParts): void {
  const { clock, consents, locks } = parts

  serve(app, parts, 'GET /customers/:customer', async (visit) => {
    const known = await knownCustomer(parts, visit.parameter('customer'))
    if (!known) return visit.notFound()
    await visit.looked('customer', { customer: known.id })
    const said = visit.said()
    return visit.show(
      { title: visit.t.customer.title, under: 'home', said },
      { template: 'desk/customer', view: await customerView(parts, visit, known, said) },
    )
  })

  serve(app, parts, 'POST /customers/:customer/release', async (visit) => {
    const known = await knownCustomer(parts, visit.parameter('customer'))
    if (!known) return visit.notFound()
    const path = pathOf(known.id)
    const { what, handle } = z
      .object({ what: text(40), handle: text(40) })
      .catch({ what: '', handle: '' })
      .parse(visit.body ?? {})
    const lock = (await locksOf(parts, known)).find(
      (one) => one.what === what && handleOf(one.subject) === handle,
    )
    if (!lock) return visit.say(path, { done: 'not-locked' })
    const read = readRelease(visit.body, lockId(lock))
    if (!read.ok) return visit.say(path, { errors: read.errors, kept: { ...read.kept, at: lockId(lock) } })
    const { note } = read.value
    const done = await locks.release(lock.what, lock.subject, { customer: known.id, by: visit.by, note })
    return visit.say(path, { done: done ? 'released' : 'not-locked' })
  })

  serve(app, parts, 'POST /customers/:customer/stop-all', async (visit) => {
    const known = await knownCustomer(parts, visit.parameter('customer'))
    if (!known) return visit.notFound()
    const path = pathOf(known.id)
    const read = readStop(visit.body, 'all')
    if (!read.ok) return visit.say(path, { errors: read.errors, kept: { ...read.kept, at: 'all' } })
    const { reason, note } = read.value
    let stopped = 0
    for (const consent of await consents.listOf(known.id)) {
      if (!isAlive(consent, clock())) continue
      if (await consents.end(consent.id, { status: 'stopped', by: visit.by, reason, note })) stopped += 1
    }
    return visit.say(path, { done: stopped > 0 ? 'all-stopped' : 'already-ended' })
  })
}

const pathOf = (customer: string): string => `/customers/${encodeURIComponent(customer)}`

type Known = {
  readonly id: string
  /** what the bank says; undefined when it could not be asked, or knows him no longer */
  readonly entry: CustomerEntry | undefined
  readonly bankDown: boolean
  readonly accounts: ReadonlyMap<string, InquiryAccount> | undefined
}

/** Somebody whom the bank knows, or who has had a connection: his contract may have been closed since. */
async function knownCustomer(parts: DeskParts, id: string): Promise<Known | undefined> {
  const entry = await entryOf(parts, id)
  if (entry !== undefined && entry !== 'unavailable')
    return { id, entry, bankDown: false, accounts: await accountsOf(parts, id) }
  const [consent] = await parts.consents.listOf(id)
  return consent && { id, entry: undefined, bankDown: entry === 'unavailable', accounts: undefined }
}

type Lock = {
  readonly what: Guarded
  readonly subject: string
  readonly until: number
  readonly account: InquiryAccount | undefined
}

const lockId = ({ what, subject }: Pick<Lock, 'what' | 'subject'>): string => `${what}-${handleOf(subject)}`

/** Whatever may be locked of him. */
function guardedOf({ id, entry, accounts }: Known): readonly Omit<Lock, 'until'>[] {
  const loginId = entry?.loginId
  return [
    ...(loginId ? [{ what: 'password', subject: loginId, account: undefined } as const] : []),
    { what: 'certificate-password', subject: id, account: undefined },
    { what: 'answer', subject: id, account: undefined },
    ...[...(accounts?.values() ?? [])].map((account) => ({
      what: 'pin' as const,
      subject: account.id,
      account,
    })),
  ]
}

async function locksOf({ locks }: DeskParts, known: Known): Promise<readonly Lock[]> {
  const all = await Promise.all(
    guardedOf(known).map(async (one) => ({
      ...one,
      until: await locks.lockedUntil(one.what, one.subject),
    })),
  )
  return all.flatMap(({ until, ...one }) => (until === undefined ? [] : [{ ...one, until }]))
}

async function customerView(
  parts: DeskParts,
  { t, may }: Visit,
  known: Known,
  said: Said,
): Promise<CustomerView> {
  const { db, clock, consents, locks } = parts
  const now = clock()
  const { id, entry, accounts } = known
  const [services, all, locked, journeys, signedIn] = await Promise.all([
    servicesOf(parts),
    consents.listOf(id),
    locksOf(parts, known),
    journeysOf(db, id, shownJourneys),
    searchAudit(db, { customer: id, event: 'signed-in', from: now - triesSince }, mostRows),
  ])
  const subjects = guardedOf(known).map(({ what, subject }) => locks.subjectOf(what, subject))
  const failed = await triesOf(db, subjects, now - triesSince, mostRows)
  const tries = [...signedIn, ...failed].toSorted((a, b) => b.seq - a.seq).slice(0, mostRows)
  const [latest] = all
  const mayStop = may('desk')
  const saidTo = (form: string): Said => (said.kept.at === form ? said : nothingSaid)
  return {
    id,
    company: entry?.companyName ?? latest?.companyName ?? null,
    user: entry?.userName ?? latest?.userName ?? null,
    loginId: entry?.loginId ?? null,
    byCertificate: entry?.loginId === null,
    bankDown: known.bankDown,
    mayAct: mayStop,
    connections: all.map((consent) => {
      const lines = accountLines(consent, accounts)
      return {
        ...consentLine(t, consent, services.get(consent.client), now),
        accounts: lines,
        lastUsed: consent.lastUsedAt === null ? null : stamp(consent.lastUsedAt),
        stop: mayStop && isAlive(consent, now) ? stopForm(consent.number, lines, nothingSaid) : null,
      }
    }),
    stopAll: mayStop && all.some((consent) => isAlive(consent, now)) ? keptStop(saidTo('all')) : null,
    locks: locked.map((lock) => lockLine(t.locks[lock.what], lock, saidTo(lockId(lock)))),
    tries: tries.map((row) => tellRow(t, row)),
    journeys: journeys.map(({ journey, client, from, until }) => ({
      number: journey,
      service: services.get(client ?? '')?.serviceName ?? client ?? '',
      from: stamp(from),
      until: stamp(until),
    })),
  }
}

function lockLine(name: string, lock: Lock, said: Said): LockLine {
  const { check, note } = keptStop(said)
  return {
    id: lockId(lock),
    what: lock.what,
    handle: handleOf(lock.subject),
    name,
    account: accountName(lock.account),
    until: lock.until >= forGood ? null : stamp(lock.until),
    kept: { check, note },
  }
}
