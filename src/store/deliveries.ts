/** What became of the messages in the outbox, for the desk: delivered, waiting, or dead until somebody sends them again. */
import type { Selectable } from 'kysely'
import type { Clock } from '../clock.ts'
import { record, type StaffActor } from './audit.ts'
import type { Database } from './open.ts'
import type { Outgoing } from './outbox.ts'
import type { Tables } from './schema.ts'
import { transact } from './transaction.ts'

export type Delivery = {
  readonly kind: 'event' | 'notice'
  /** what it tells, such as `consent-ended` */
  readonly type: string
  readonly createdAt: number
  readonly state: Tables['outbox']['state']
  readonly tries: number
  readonly nextTryAt: number
  readonly lastError: string | null
  readonly settledAt: number | null
}

type About = { readonly consent: string } | { readonly client: string }

/** The newest first. Of a client only events: notices are the customer's. */
export async function deliveriesOf(db: Database, about: About, limit: number): Promise<readonly Delivery[]> {
  const all = db.selectFrom('outbox').selectAll()
  const asked =
    'consent' in about
      ? all.where('consent_id', '=', about.consent)
      : all
          .where('client_id', '=', about.client)
          .where('kind', '=', 'event')
          .where('state', 'in', ['waiting', 'dead'])
  const rows = await asked.orderBy('created_at', 'desc').limit(limit).execute()
  return rows.map(fromRow)
}

/** A message as its receiver reads it. */
export type ReadDelivery = Delivery & { readonly id: string; readonly message: Outgoing }

/** All about one consent with what is in them, the newest first; for the demo's developers alone. */
export async function readMessages(
  db: Database,
  consent: string,
  limit: number,
): Promise<readonly ReadDelivery[]> {
  const rows = await db
    .selectFrom('outbox')
    .selectAll()
    .where('consent_id', '=', consent)
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...fromRow(row), id: row.id, message: JSON.parse(row.payload) as Outgoing }))
}

/** A message beside whom it is for: a client, and a consent by its number. */
export type QueuedDelivery = Delivery & { readonly client: string; readonly consent: string }

/** All in one state, the newest first. */
export async function listDeliveries(
  db: Database,
  state: Delivery['state'],
  limit: number,
): Promise<readonly QueuedDelivery[]> {
  const rows = await db
    .selectFrom('outbox')
    .leftJoin('consents', 'consents.id', 'outbox.consent_id')
    .selectAll('outbox')
    .select('consents.number')
    .where('state', '=', state)
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...fromRow(row), client: row.client_id, consent: row.number ?? '' }))
}

function fromRow(row: Selectable<Tables['outbox']>): Delivery {
  return {
    kind: row.kind,
    type: (JSON.parse(row.payload) as { readonly type: string }).type,
    createdAt: row.created_at,
    state: row.state,
    tries: row.tries,
    nextTryAt: row.next_try_at,
    lastError: row.last_error,
    settledAt: row.settled_at,
  }
}

/** One more try for each dead message; what is older than its time is dead again when that fails. @returns how many there were */
export function retryDead(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  about: About & { readonly ofClient: string },
  { by, note }: { readonly by: StaffActor; readonly note: string },
): Promise<number> {
  return transact(db, async (transaction) => {
    const at = clock()
    let dead = transaction
      .updateTable('outbox')
      .set({ state: 'waiting', next_try_at: at, settled_at: null })
      .where('state', '=', 'dead')
    dead =
      'consent' in about
        ? dead.where('consent_id', '=', about.consent)
        : dead.where('client_id', '=', about.client).where('kind', '=', 'event')
    const messages = Number((await dead.executeTakeFirst()).numUpdatedRows)
    if (messages === 0) return 0
    const consent = 'consent' in about ? about.consent : null
    await record(transaction, at, null, {
      event: 'delivery-retried',
      client: about.ofClient,
      consent,
      messages,
      by,
      note,
    })
    return messages
  })
}

export type ClientFigures = { readonly live: number; readonly waiting: number; readonly dead: number }

/**
 * How many connections of a client live, and how many of its events wait or are dead. One whose period ended a moment ago is
 * among them until it is swept: to look at each one's end would be to read them all.
 */
export async function figuresOf(db: Database, client: string): Promise<ClientFigures> {
  const live = await db
    .selectFrom('consents')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('client_id', '=', client)
    .where('status', 'in', ['granted', 'active'])
    .executeTakeFirstOrThrow()
  const events = await db
    .selectFrom('outbox')
    .select((eb) => ['state', eb.fn.countAll<number>().as('n')])
    .where('client_id', '=', client)
    .where('kind', '=', 'event')
    .where('state', 'in', ['waiting', 'dead'])
    .groupBy('state')
    .execute()
  const of = (state: 'waiting' | 'dead') => events.find((one) => one.state === state)?.n ?? 0
  return { live: live.n, waiting: of('waiting'), dead: of('dead') }
}
