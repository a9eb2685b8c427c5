/** What fintechs and customers are to be told: written in the transaction of what happened, handed over later by outbox/. */
import { unguessable } from '../secrets.ts'
import type { Database } from './open.ts'

/** To the fintech: a consent, or one account of it, has ended. No name and no number of the customer. */
export type OutgoingEvent = {
  readonly kind: 'event'
  readonly type: 'consent-ended' | 'account-stopped'
  /** the consent's number */
  readonly number: string
  readonly arrangementId: string
  readonly status: string
  readonly reason: string
  readonly at: number
  /** the account that ended, by the id that the fintech knows */
  readonly account: string | null
}

/** To the customer, by the bank's own mail system: never with a link that asks for a login. */
export type OutgoingNotice = {
  readonly kind: 'notice'
  readonly type: 'granted' | 'ending' | 'ended' | 'stopped' | 'account-stopped'
  readonly number: string
  readonly customer: string
  readonly client: string
  readonly language: string
  readonly endsAt: number
  /** calendar days until the end, on a reminder */
  readonly daysLeft: number | null
  readonly reason: string | null
  readonly at: number
}

export type Outgoing = OutgoingEvent | OutgoingNotice

/** Puts a message into the outbox. */
export async function post(
  db: Database,
  { consent, client, at }: { readonly consent: string; readonly client: string; readonly at: number },
  message: Outgoing,
): Promise<void> {
  await db
    .insertInto('outbox')
    .values({
      id: unguessable(),
      kind: message.kind,
      consent_id: consent,
      client_id: client,
      payload: JSON.stringify(message),
      created_at: at,
      next_try_at: at,
      tries: 0,
      state: 'waiting',
    })
    .execute()
}
