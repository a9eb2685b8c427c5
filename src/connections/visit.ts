/**
 * A customer's visit to his own connections. Its facts ride in a cookie of their own path, under the same rules as a
 * journey's: it can be replayed, so nothing in it is secret or single-use, and what ends a visit for good is in the store.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Bank } from '../bank/port.ts'
import type { CertificateTickets } from '../certificate/tickets.ts'
import { type Clock, minutes } from '../clock.ts'
import type { Consents } from '../consent/consents.ts'
import type { Institution } from '../institution.ts'
import {
  absoluteLimit,
  fitted,
  isIdle,
  type Journey,
  journeyHash,
  newJourney,
  readVisit,
} from '../journey/journey.ts'
import type { VisitContext } from '../journey/step.ts'
import type { Locks } from '../risk/locks.ts'
import type { SignIns } from '../risk/sign-ins.ts'
import { journeyNumber, sha256, unguessable } from '../secrets.ts'
import { record } from '../store/audit.ts'
import type { Clients } from '../store/clients.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'
import type { Site } from '../web/frame.ts'
import { readLanguage } from '../web/pages.ts'

export type ConnectionsParts = {
  readonly db: Database
  readonly clock: Clock
  readonly bank: Bank
  readonly clients: Clients
  readonly consents: Consents
  readonly locks: Locks
  readonly signIns: SignIns
  readonly tickets: CertificateTickets
  readonly institution: Institution
  readonly site: Site
  /** where 「電子証明書ログイン」 leads; undefined when certificates are not switched on */
  readonly certificateAddress: ((visit: string) => string) | undefined
}

declare module '@fastify/secure-session' {
  interface SessionData {
    connections: Journey
  }
}

export const base = '/connections'

export type Visit = {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** the facts as they count now */
  readonly journey: Journey
  readonly context: VisitContext
}

/** Whoever comes has a visit; without a cookie, or with one that is over, it is a new one that knows nobody. */
export async function openVisit(
  parts: ConnectionsParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Visit> {
  const now = parts.clock()
  const journey = await current(parts, readVisit(request.session.get('connections')), now)
  const { uid, facts } = journey
  const context: VisitContext = {
    uid,
    journeyHash: journeyHash(uid),
    facts,
    bank: parts.bank,
    locks: parts.locks,
    risk: parts.signIns.at({ request, reply, client: undefined }),
    institution: parts.institution,
    language: readLanguage(request),
    now,
    startedAt: facts.customer?.since ?? now,
    address: request.ip,
    isExpected: () => true,
    audit: (entry) => record(parts.db, now, journeyNumber(uid), { client: null, ...entry }),
  }
  return { request, reply, journey, context }
}

async function current({ db }: ConnectionsParts, stored: Journey | undefined, now: number): Promise<Journey> {
  if (!stored) return newJourney(unguessable(), now)
  const signedInAt = stored.facts.customer?.since
  const isTooLong = signedInAt !== undefined && now - signedInAt > absoluteLimit
  if (!isTooLong && !isIdle(stored, now) && !(await hasEnded(db, stored.uid)))
    return { ...stored, seenAt: now }
  const notice = { step: 'sign-in', errors: {}, kept: {}, idle: true }
  return { ...newJourney(unguessable(), now), notice }
}

export function writeVisit({ request }: Pick<Visit, 'request'>, journey: Journey): Journey {
  request.session.set('connections', fitted(journey))
  request.session.options({ path: base })
  return journey
}

/** Signs out. The cookie is given up, and as somebody may have copied it, its visit ends in the store. */
export async function endVisit(
  { db }: ConnectionsParts,
  { journey, context, request }: Visit,
): Promise<void> {
  const { now, facts } = context
  await transact(db, async (transaction) => {
    await transaction
      .insertInto('tickets')
      .values({ id_hash: endedKey(journey.uid), expires_at: now + absoluteLimit + minutes(1) })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    if (facts.customer)
      await record(transaction, now, journeyNumber(journey.uid), {
        event: 'signed-out',
        customer: facts.customer.id,
      })
  })
  writeVisit({ request }, newJourney(unguessable(), now))
}

async function hasEnded(db: Database, uid: string): Promise<boolean> {
  const row = await db
    .selectFrom('tickets')
    .select('id_hash')
    .where('id_hash', '=', endedKey(uid))
    .executeTakeFirst()
  return row !== undefined
}

/** Spent ids share one table with the tickets of certificates, and are swept with them. */
const endedKey = (uid: string): string => sha256(`signed-out ${uid}`)
