/** What fintechs and customers are to be told: written in the transaction of what happened, handed over later by outbox/. */
import { unguessable } from '../secrets.ts'
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'
import type { Tables } from './schema.ts'

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
  const payload = JSON.stringify(message)
  await insert(db, {
    id: unguessable(),
    kind: message.kind,
    consent_id: consent,
    client_id: client,
    payload,
    created_at: at,
  })
}

type New = Pick<Tables['outbox'], 'id' | 'kind' | 'consent_id' | 'client_id' | 'payload' | 'created_at'>

const insert = prepared((db, { id, kind, consent_id, client_id, payload, created_at }: New) =>
  db.insertInto('outbox').values({
    id,
    kind,
    consent_id,
    client_id,
    payload,
    created_at,
    next_try_at: created_at,
    tries: 0,
    state: 'waiting',
  }),
)

/** A message that waits, as the one who delivers it sees it. */
export type WaitingMessage = {
  readonly id: string
  readonly client: string
  readonly message: Outgoing
  readonly createdAt: number
  readonly nextTryAt: number
  readonly tries: number
}

/** Whom messages go to: the system of one fintech, or the bank's mail system. */
export type Receiver = { readonly kind: 'event'; readonly client: string } | { readonly kind: 'notice' }

/** Everybody who has a message that is due. */
export async function dueReceivers(db: Database, now: number): Promise<readonly Receiver[]> {
  const rows = await db
    .selectFrom('outbox')
    .select(['kind', 'client_id'])
    .distinct()
    .where('state', '=', 'waiting')
    .where('next_try_at', '<=', now)
    .execute()
  const events = rows.filter(({ kind }) => kind === 'event')
  return [
    ...events.map(({ client_id }) => ({ kind: 'event', client: client_id }) as const),
    ...(events.length < rows.length ? [{ kind: 'notice' } as const] : []),
  ]
}

/** What is due for one receiver, the longest waiting first. */
export async function dueMessages(
  db: Database,
  receiver: Receiver,
  now: number,
  limit: number,
): Promise<readonly WaitingMessage[]> {
  let query = db
    .selectFrom('outbox')
    .selectAll()
    .where('state', '=', 'waiting')
    .where('kind', '=', receiver.kind)
    .where('next_try_at', '<=', now)
  if (receiver.kind === 'event') query = query.where('client_id', '=', receiver.client)
  const rows = await query.orderBy('next_try_at').orderBy('created_at').limit(limit).execute()
  return rows.map((row) => ({
    id: row.id,
    client: row.client_id,
    message: JSON.parse(row.payload) as Outgoing,
    createdAt: row.created_at,
    nextTryAt: row.next_try_at,
    tries: row.tries,
  }))
}

/** Takes a message for one process until `until`. False when another one has it, or has had it. */
export async function leaseMessage(
  db: Database,
  { id, nextTryAt }: WaitingMessage,
  until: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('outbox')
    .set({ next_try_at: until })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .where('next_try_at', '=', nextTryAt)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function settleMessage(
  db: Database,
  id: string,
  settled: {
    readonly state: 'delivered' | 'dead' | 'unwanted'
    readonly at: number
    readonly error?: string
  },
): Promise<void> {
  await db
    .updateTable('outbox')
    .set({
      state: settled.state,
      settled_at: settled.at,
      ...(settled.error === undefined ? {} : { last_error: settled.error }),
    })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .execute()
}

/** A message that nobody wants leaves no trace: it was neither delivered nor lost. */
export async function dropMessage(db: Database, id: string): Promise<void> {
  await db.deleteFrom('outbox').where('id', '=', id).execute()
}

export async function putOff(
  db: Database,
  { id, tries }: WaitingMessage,
  { until, error }: { readonly until: number; readonly error: string },
): Promise<void> {
  await db
    .updateTable('outbox')
    .set({ next_try_at: until, tries: tries + 1, last_error: error })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .execute()
}

/** Whatever else is due for a receiver that does not answer waits with the message that found it out. */
export async function putOffAllFor(
  db: Database,
  receiver: Receiver,
  now: number,
  until: number,
): Promise<void> {
  let update = db
    .updateTable('outbox')
    .set({ next_try_at: until })
    .where('state', '=', 'waiting')
    .where('kind', '=', receiver.kind)
    .where('next_try_at', '<=', now)
  if (receiver.kind === 'event') update = update.where('client_id', '=', receiver.client)
  await update.execute()
}

/** How many messages of each kind wait, and since when the oldest does. */
export async function waitingMessages(db: Database): Promise<
  readonly {
    readonly kind: Receiver['kind']
    readonly messages: number
    readonly oldest: number | null
  }[]
> {
  const rows = await db
    .selectFrom('outbox')
    .select((eb) => ['kind', eb.fn.countAll<number>().as('messages'), eb.fn.min('created_at').as('oldest')])
    .where('state', '=', 'waiting')
    .groupBy('kind')
    .execute()
  return (['event', 'notice'] as const).map((kind) => {
    const found = rows.find((row) => row.kind === kind)
    return { kind, messages: Number(found?.messages ?? 0), oldest: found?.oldest ?? null }
  })
}
