/** The audit trail: one closed union of events, each written in the transaction of what it records. No PIN, no secret, no account number. */
import type { Database } from './open.ts'

export type AuditEvent =
  | {
      event: 'consent-granted'
      consent: string
      number: string
      customer: string
      client: string
      services: string
      accounts: number
      endsAt: number
      wordingVersion: string
      wordingHash: string
      language: string
    }
  | { event: 'consent-activated'; consent: string; number: string; client: string }
  | { event: 'consent-ended'; consent: string; number: string; status: string; by: string; reason: string }
  | { event: 'pins-committed'; customer: string }
  | { event: 'journey-refused'; client: string; customer: string | null; error: string; why: string }
  | {
      event: 'signed-in'
      customer: string
      client: string
      method: 'password' | 'certificate'
      challenge: 'ask' | 'allow'
      reasons: readonly string[]
    }
  | {
      event: 'sign-in-failed'
      subject: string
      client: string
      method: 'password' | 'certificate'
      reason: string
    }
  | { event: 'certificate-accepted'; client: string; customer: string; fingerprint: string }
  | { event: 'certificate-refused'; client: string; reason: string; fingerprint: string | null }
  | {
      event: 'locked'
      subject: string
      what: 'password' | 'certificate-password' | 'answer' | 'pin' | 'address'
      lasting: boolean
    }

/** @param journey 受付番号, or null for what happens outside a journey */
export async function record(
  db: Database,
  at: number,
  journey: string | null,
  entry: AuditEvent,
): Promise<void> {
  const { event, ...payload } = entry
  await db
    .insertInto('audit')
    .values({ at, event, journey, payload: JSON.stringify(payload) })
    .execute()
}
