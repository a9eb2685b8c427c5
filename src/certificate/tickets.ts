/** How a verified certificate gets from the certificate origin to the journey: sealed, bound to the journey, once, within a minute. */
import { z } from 'zod'
import { type Clock, seconds } from '../clock.ts'
import { type Secrets, sha256, unguessable } from '../secrets.ts'
import type { Database } from '../store/open.ts'

const content = z.object({
  id: z.string(),
  uid: z.string(),
  user: z.string(),
  name: z.string(),
  until: z.number(),
})

export type VerifiedCertificate = { readonly user: string; readonly name: string }

export type CertificateTickets = {
  issue: (certificate: VerifiedCertificate, uid: string) => string
  /** The certificate, the first time this ticket is shown for this journey in time. */
  redeem: (ticket: string, uid: string) => Promise<VerifiedCertificate | undefined>
}

const lifetime = seconds(60)

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
    issue({ user, name }, uid) {
      const ticket = { id: unguessable(), uid, user, name, until: clock() + lifetime }
      return secrets.seal(JSON.stringify(ticket), 'certificate-ticket')
    },
    async redeem(ticket, uid) {
      const opened = secrets.open(ticket, 'certificate-ticket')
      if (opened === undefined) return undefined
      const { id, uid: boundTo, user, name, until } = content.parse(JSON.parse(opened))
      if (boundTo !== uid || clock() > until) return undefined
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('tickets')
        .values({ id_hash: sha256(id), expires_at: until })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n ? { user, name } : undefined
    },
  }
}

/** Forgets tickets that nobody could redeem any more, at most `batch`. */
export async function deleteOldTickets(db: Database, before: number, batch: number): Promise<number> {
  const old = db.selectFrom('tickets').select('id_hash').where('expires_at', '<', before).limit(batch)
  const { numDeletedRows } = await db.deleteFrom('tickets').where('id_hash', 'in', old).executeTakeFirst()
  return Number(numDeletedRows)
}
