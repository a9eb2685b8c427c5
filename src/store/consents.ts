/** The rows of consents: written once at 許可, then only their state changes, and each change at most once. */
import type { Insertable, Selectable } from 'kysely'
import { z } from 'zod'
import type { BankScope } from '../consent/services.ts'
import type { Database } from './open.ts'
import type { ConsentStatus, Tables } from './schema.ts'

const accounts = z.array(z.object({ bankAccount: z.string(), id: z.string() }))

export type Consent = {
  readonly id: string
  readonly number: string
  readonly arrangementId: string
  readonly customer: string
  readonly client: string
  readonly status: ConsentStatus
  readonly services: readonly BankScope[]
  readonly openidScope: string
  /** the bank's account beside the id that this fintech knows it by */
  readonly accounts: readonly { readonly bankAccount: string; readonly id: string }[]
  readonly startsAt: number
  readonly endsAt: number
}

export type NewConsent = Insertable<Tables['consents']>

export async function insertConsent(db: Database, row: NewConsent): Promise<void> {
  await db.insertInto('consents').values(row).execute()
}

export async function findConsent(db: Database, id: string): Promise<Consent | undefined> {
  const row = await db.selectFrom('consents').selectAll().where('id', '=', id).executeTakeFirst()
  return row && fromRow(row)
}

export async function findConsentOfJourney(db: Database, journeyHash: string): Promise<Consent | undefined> {
  const row = await db
    .selectFrom('consents')
    .selectAll()
    .where('journey_hash', '=', journeyHash)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** The newest consents of a customer with one client first. */
export async function listConsents(
  db: Database,
  customer: string,
  client: string,
): Promise<readonly Consent[]> {
  const rows = await db
    .selectFrom('consents')
    .selectAll()
    .where('customer_id', '=', customer)
    .where('client_id', '=', client)
    .orderBy('granted_at', 'desc')
    .execute()
  return rows.map(fromRow)
}

/** Moves a granted consent to active. False when it was not granted any more. */
export async function markActive(db: Database, id: string, at: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('consents')
    .set({ status: 'active', activated_at: at })
    .where('id', '=', id)
    .where('status', '=', 'granted')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export type Ending = {
  readonly status: Exclude<ConsentStatus, 'granted' | 'active'>
  readonly by: string
  readonly reason: string
  readonly at: number
}

/** Ends a live consent. False when it had ended before: the first end stands. */
export async function markEnded(
  db: Database,
  id: string,
  { status, by, reason, at }: Ending,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('consents')
    .set({ status, ended_at: at, ended_by: by, ended_reason: reason })
    .where('id', '=', id)
    .where('status', 'in', ['granted', 'active'])
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const isLive = (consent: Consent, now: number): boolean =>
  (consent.status === 'granted' || consent.status === 'active') && now <= consent.endsAt

function fromRow(row: Selectable<Tables['consents']>): Consent {
  return {
    id: row.id,
    number: row.number,
    arrangementId: row.arrangement_id,
    customer: row.customer_id,
    client: row.client_id,
    status: row.status,
    services: row.services.split(' ') as BankScope[],
    openidScope: row.openid_scope,
    accounts: accounts.parse(JSON.parse(row.accounts)),
    startsAt: row.starts_at,
    endsAt: row.ends_at,
  }
}
