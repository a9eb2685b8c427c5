/** How the answer to a certificate gets from the certificate origin to the journey: sealed, bound to the journey, once, within a minute. */
import { z } from 'zod'
import { type Clock, seconds } from '../clock.ts'
import { type Secrets, sha256, unguessable } from '../secrets.ts'
import type { Database } from '../store/open.ts'

/** Whose certificate it is, as far as the customer's cookie keeps it. */
const holder = z.object({
  /** the bank's id of this user, the same as `Customer.id` */
  user: z.string(),
  name: z.string(),
  /** when the certificate ends, ms */
  endsAt: z.number(),
})

/** For the customer's eyes: which of his certificates came. */
export const receivedCertificate = z.object({
  holder: z.string(),
  company: z.string(),
  issuer: z.string(),
  startsAt: z.number(),
  endsAt: z.number(),
})

const certificateProblems = [
  'certificate-missing',
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-revoked',
  'certificate-other-issuer',
  'certificate-unsuitable',
  'certificate-unverifiable',
  'certificate-not-tied',
  'bank-unavailable',
] as const

const answer = z.union([
  z.object({ holder, received: receivedCertificate, fingerprint: z.string() }),
  z.object({
    problem: z.enum(certificateProblems),
    /** null when none came */
    received: receivedCertificate.nullable(),
    fingerprint: z.string().nullable(),
  }),
])

const content = z.object({ id: z.string(), uid: z.string(), until: z.number(), answer })

export type CertificateProblem = (typeof certificateProblems)[number]
/** What the certificate origin found: a holder, or why there is none. */
export type CertificateAnswer = z.infer<typeof answer>

export type CertificateTickets = {
  issue: (answer: CertificateAnswer, uid: string) => string
  /** The answer, the first time this ticket is shown for this journey in time. */
  redeem: (ticket: string, uid: string) => Promise<CertificateAnswer | undefined>
  /** Whether it was given by us, for whomever and however long ago. */
  isOurs: (ticket: string) => boolean
}

const lifetime = seconds(60)

/** What a ticket is bound to that leads to a customer's connections: no uid of a journey has a space. */
export const ofConnections = (visit: string): string => `connections ${visit}`

export function createTickets({
  db,
  secrets,
  clock,
}: {
  db: Database
  secrets: Secrets
  clock: Clock
}): CertificateTickets {
  return {
    issue(given, uid) {
      const ticket = { id: unguessable(), uid, until: clock() + lifetime, answer: given }
      return secrets.seal(JSON.stringify(ticket), 'certificate-ticket')
    },
    async redeem(ticket, uid) {
      const opened = secrets.open(ticket, 'certificate-ticket')
      if (opened === undefined) return undefined
      const { id, uid: boundTo, until, answer: given } = content.parse(JSON.parse(opened))
      if (boundTo !== uid || clock() > until) return undefined
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('tickets')
        .values({ id_hash: sha256(id), expires_at: until })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n ? given : undefined
    },
    isOurs: (ticket) => secrets.open(ticket, 'certificate-ticket') !== undefined,
  }
}

/** Forgets tickets that nobody could redeem any more, at most `batch`. */
export async function deleteOldTickets(db: Database, before: number, batch: number): Promise<number> {
  const old = db.selectFrom('tickets').select('id_hash').where('expires_at', '<', before).limit(batch)
  const { numDeletedRows } = await db.deleteFrom('tickets').where('id_hash', 'in', old).executeTakeFirst()
  return Number(numDeletedRows)
}
