/** The audit trail: one closed union of events, each written in the transaction of what it records. No PIN, no secret, no account number. */
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'
import type { Tables } from './schema.ts'

/** Who did it: the customer, his fintech, the bank's own rules, or one member of its staff by the name in the allow-list. */
export type Actor = 'customer' | 'client' | 'system' | StaffActor
export type StaffActor = `staff:${string}`

/** The demo's sandbox alone: what a developer let happen to a connection of his client, or to the simulated bank. */
export type Played = {
  event: 'sandbox-played'
  client: string
  consent: string | null
  number: string | null
  customer: string | null
  what: string
  days?: number
  /** the id that the fintech knows it by */
  account?: string
  by: 'client'
}

export type AuditEvent =
  | {
      event: 'consent-granted'
      consent: string
      number: string
      customer: string
      client: string
      mode: 'first' | 'renewal'
      services: string
      accounts: number
      endsAt: number
      wordingVersion: string
      wordingHash: string
      language: string
    }
  | { event: 'consent-activated'; consent: string; number: string; customer: string; client: string }
  | {
      event: 'consent-ended'
      consent: string
      number: string
      customer: string
      client: string
      status: string
      by: Actor
      reason: string
      /** what the staff noted: how the caller was checked, and why */
      note?: string
    }
  | {
      event: 'account-stopped'
      consent: string
      number: string
      customer: string
      client: string
      /** the id that the fintech knows it by */
      account: string
      by: Actor
      reason: string
      note?: string
    }
  | { event: 'pins-committed'; customer: string }
  | {
      event: 'journey-refused'
      client: string
      customer: string | null
      error: string
      why: string
      /** the one that was due */
      step: string
    }
  /** a step of a journey was carried out, so that the desk can say where a caller stands */
  | {
      event: 'step-done'
      client: string | null
      customer: string | null
      step: string
      startedAt: number
      /** the one that is due now, in a journey */
      next?: string
    }
  | {
      event: 'signed-in'
      customer: string
      /** null when he came for his own connections */
      client: string | null
      method: 'password' | 'certificate'
      challenge: 'ask' | 'allow'
      /** what the risk rules made of it, and why */
      score: number
      reasons: readonly string[]
    }
  /** the password was right, but too much was unusual */
  | {
      event: 'sign-in-refused'
      customer: string
      client: string | null
      method: 'password' | 'certificate'
      score: number
      reasons: readonly string[]
    }
  | {
      event: 'sign-in-failed'
      subject: string
      client: string | null
      method: 'password' | 'certificate'
      reason: string
    }
  /** he left his own connections; whatever his browser kept of that visit opens nothing any more */
  | { event: 'signed-out'; customer: string }
  | { event: 'certificate-accepted'; client: string | null; customer: string; fingerprint: string }
  | { event: 'certificate-refused'; client: string | null; reason: string; fingerprint: string | null }
  | {
      event: 'locked'
      subject: string
      what: 'password' | 'certificate-password' | 'answer' | 'pin' | 'address' | 'developer-key'
      lasting: boolean
      /** a part of the subject's tries: those of a known browser, or those from one network */
      only?: 'this-device' | 'this-network'
    }
  | {
      event: 'lock-released'
      subject: string
      what: string
      customer: string | null
      by: StaffActor
      note: string
    }
  | { event: 'staff-signed-in'; by: StaffActor; role: string }
  | { event: 'staff-refused'; reason: string; fingerprint: string | null }
  /** somebody of the staff looked at what is a customer's */
  | { event: 'staff-looked'; by: StaffActor; what: string; customer: string | null; consent: string | null }
  /** messages that nobody had taken are sent once more */
  | {
      event: 'delivery-retried'
      client: string
      consent: string | null
      messages: number
      by: StaffActor
      note: string
    }
  | {
      event:
        | 'client-registered'
        | 'client-changed'
        | 'client-suspended'
        | 'client-resumed'
        | 'client-secret-rotated'
      client: string
      by: StaffActor
      note: string
      /** what was changed of its registration */
      fields?: readonly string[]
    }
  | { event: 'key-added' | 'key-activated' | 'key-removed'; key: string; by: StaffActor; note: string }
  | Played
  | { event: 'audit-exported'; by: StaffActor; rows: number; note: string }
  /** a copy of everything left the database */
  | { event: 'backup-made'; by: StaffActor; note: string }
  /** the database is an old one, put back: what it does not know of was before this row */
  | { event: 'backup-restored'; by: StaffActor; suspended: number; note: string }
  | {
      event: 'backup-reconciled'
      by: StaffActor
      consents: number
      accounts: number
      /** begun after the backup, and lost */
      lost: number
      note: string
    }
  | { event: 'retention-applied'; table: string; rows: number; before: number }

/** @param journey 受付番号, or null for what happens outside a journey */
export async function record(
  db: Database,
  at: number,
  journey: string | null,
  entry: AuditEvent,
): Promise<void> {
  const { event, ...payload } = entry
  await insert(db, { at, event, journey, payload: JSON.stringify(payload), ...searchedBy(entry) })
}

type Row = Pick<Tables['audit'], 'at' | 'event' | 'journey' | 'payload' | 'customer' | 'client' | 'consent'>

const insert = prepared((db, { at, event, journey, payload, customer, client, consent }: Row) =>
  db.insertInto('audit').values({ at, event, journey, payload, customer, client, consent }),
)

function searchedBy(entry: AuditEvent): {
  readonly customer: string | null
  readonly client: string | null
  readonly consent: string | null
} {
  return {
    customer: 'customer' in entry ? entry.customer : null,
    client: 'client' in entry ? entry.client : null,
    consent: 'consent' in entry ? entry.consent : null,
  }
}
