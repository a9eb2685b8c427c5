/** The rows of consents as they are read. What changes them stands in consent-changes.ts. */
import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { BankScope } from '../consent/services.ts'
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'
import type { ConsentStatus, Tables } from './schema.ts'

const accounts = z.array(z.object({ bankAccount: z.string(), id: z.string() }))
const stopped = z.array(z.object({ id: z.string(), at: z.number(), by: z.string(), reason: z.string() }))

export const readAccounts = (text: string) => accounts.parse(JSON.parse(text))
export const readStopped = (text: string) => stopped.parse(JSON.parse(text))

export type Consent = {
  readonly id: string
  readonly number: string
  /** stays over renewals; also the `grant_id` that the fintech knows */
  readonly arrangementId: string
  readonly customer: string
  /** as the bank named them when it was given */
  readonly companyName: string
  readonly userName: string
  readonly signedInBy: 'password' | 'certificate'
  readonly client: string
  /** サービス名（提供会社名） as the page showed them; empty when that was not kept yet */
  readonly clientName: string
  readonly status: ConsentStatus
  readonly services: readonly BankScope[]
  readonly openidScope: string
  /** what is shared: the bank's account beside the id that this fintech knows it by */
  readonly accounts: readonly ConsentAccount[]
  /** what was agreed to and ended by itself since */
  readonly stoppedAccounts: readonly StoppedAccount[]
  readonly startsAt: number
  readonly endsAt: number
  readonly activatedAt: number | null
  readonly lastUsedAt: number | null
  readonly endedAt: number | null
  readonly endedBy: string | null
  readonly endedReason: string | null
  readonly renews: string | null
  readonly language: string
  readonly bankTermsVersion: string
  readonly clientTermsVersion: string
}

export type ConsentAccount = { readonly bankAccount: string; readonly id: string }
export type StoppedAccount = ConsentAccount & {
  readonly at: number
  readonly by: string
  readonly reason: string
}

export const findConsent = (db: Database, id: string): Promise<Consent | undefined> => findBy(db, 'id', id)

export const findConsentOfJourney = (db: Database, journeyHash: string): Promise<Consent | undefined> =>
  findBy(db, 'journey_hash', journeyHash)

/** @param number as on the receipt */
export const findConsentByNumber = (db: Database, number: string): Promise<Consent | undefined> =>
  findBy(db, 'number', number)

async function findBy(
  db: Database,
  column: 'id' | 'journey_hash' | 'number',
  value: string,
): Promise<Consent | undefined> {
  const [row] = (await by[column](db, { value })).rows
  return row && fromRow(row)
}

const whole = (column: 'id' | 'journey_hash' | 'number') =>
  prepared((db, { value }: { value: string }) =>
    db.selectFrom('consents').selectAll().where(column, '=', value),
  )

const by = { id: whole('id'), journey_hash: whole('journey_hash'), number: whole('number') }

/** The newest consent of an arrangement, whatever has become of it. */
export async function findConsentOfArrangement(
  db: Database,
  arrangementId: string,
): Promise<Consent | undefined> {
  const row = await db
    .selectFrom('consents')
    .selectAll()
    .where('arrangement_id', '=', arrangementId)
    .orderBy('granted_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Those of an arrangement that nothing has ended yet, oldest first: the active one, and a renewal not yet come for. */
export async function listLiveOfArrangement(
  db: Database,
  arrangementId: string,
): Promise<readonly Consent[]> {
  const rows = await db
    .selectFrom('consents')
    .selectAll()
    .where('arrangement_id', '=', arrangementId)
    .where('status', 'in', ['granted', 'active'])
    .orderBy('granted_at')
    .execute()
  return rows.map(fromRow)
}

/** The consents of a customer, with one client or with all, the newest first. */
export async function listConsents(
  db: Database,
  customer: string,
  client?: string,
): Promise<readonly Consent[]> {
  const { rows } = await (client === undefined
    ? ofCustomer(db, { customer })
    : between(db, { customer, client }))
  return rows.map(fromRow)
}

const ofCustomer = prepared((db, { customer }: { customer: string }) =>
  db.selectFrom('consents').selectAll().where('customer_id', '=', customer).orderBy('granted_at', 'desc'),
)

const between = prepared((db, { customer, client }: { customer: string; client: string }) =>
  db
    .selectFrom('consents')
    .selectAll()
    .where('customer_id', '=', customer)
    .where('client_id', '=', client)
    .orderBy('granted_at', 'desc'),
)

/** A consent, and the active ones of the same customer and client, in no order. */
export async function findBesideActive(db: Database, id: string): Promise<readonly Consent[]> {
  return (await besideActive(db, { id })).rows.map(fromRow)
}

const besideActive = prepared((db, { id }: { id: string }) =>
  db
    .selectFrom('consents as asked')
    .innerJoin('consents', (join) =>
      join
        .onRef('consents.customer_id', '=', 'asked.customer_id')
        .onRef('consents.client_id', '=', 'asked.client_id'),
    )
    .selectAll('consents')
    .where('asked.id', '=', id)
    .where((eb) => eb.or([eb('consents.id', '=', id), eb('consents.status', '=', 'active')])),
)

/** The consents of a client, the newest first. */
export async function listConsentsOfClient(
  db: Database,
  client: string,
  limit: number,
): Promise<readonly Consent[]> {
  const rows = await db
    .selectFrom('consents')
    .selectAll()
    .where('client_id', '=', client)
    .orderBy('granted_at', 'desc')
    .limit(limit)
    .execute()
  return rows.map(fromRow)
}

/** Live ones of a client that were given before a moment: their ids, in no order. */
export async function idsOfLive(
  db: Database,
  client: string,
  grantedBefore: number,
  limit?: number,
): Promise<readonly { readonly id: string; readonly status: ConsentStatus }[]> {
  const live = db
    .selectFrom('consents')
    .select(['id', 'status'])
    .where('client_id', '=', client)
    .where('status', 'in', ['granted', 'active'])
    .where('granted_at', '<', grantedBefore)
  return (limit === undefined ? live : live.limit(limit)).execute()
}

export const isLive = (consent: Pick<Consent, 'status' | 'endsAt'>, now: number): boolean =>
  (consent.status === 'granted' || consent.status === 'active') && now <= consent.endsAt

export function fromRow(row: Selectable<Tables['consents']>): Consent {
  const agreed = readAccounts(row.accounts)
  const ended = new Map(readStopped(row.stopped_accounts).map((one) => [one.id, one]))
  return {
    id: row.id,
    number: row.number,
    arrangementId: row.arrangement_id,
    customer: row.customer_id,
    companyName: row.company_name,
    userName: row.user_name,
    signedInBy: row.signed_in_by,
    client: row.client_id,
    clientName: row.client_name,
    status: row.status,
    services: row.services.split(' ') as BankScope[],
    openidScope: row.openid_scope,
    accounts: agreed.filter(({ id }) => !ended.has(id)),
    stoppedAccounts: agreed.flatMap((one) => {
      const end = ended.get(one.id)
      return end ? [{ ...one, ...end }] : []
    }),
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    activatedAt: row.activated_at,
    lastUsedAt: row.last_used_at,
    endedAt: row.ended_at,
    endedBy: row.ended_by,
    endedReason: row.ended_reason,
    renews: row.renews,
    language: row.language,
    bankTermsVersion: row.bank_terms_version,
    clientTermsVersion: row.client_terms_version,
  }
}
