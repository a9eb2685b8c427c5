/** How the rows of consents change: written once at 許可, then only their state, and each change at most once. */
import { type Insertable, sql } from 'kysely'
import type { Actor } from './audit.ts'
import { type Consent, fromRow, readAccounts, readStopped } from './consents.ts'
import type { Database } from './open.ts'
import { isPostgres, prepared } from './prepared.ts'
import type { ConsentStatus, Tables } from './schema.ts'
import { mayBeLost } from './sqlite.ts'

export type NewConsent = Insertable<Tables['consents']>

/** Undefined, and nothing written, when the journey has one already. */
export async function insertConsent(db: Database, row: NewConsent): Promise<Consent | undefined> {
  const written = await db
    .insertInto('consents')
    .values(row)
    .onConflict((conflict) => conflict.column('journey_hash').doNothing())
    .returningAll()
    .executeTakeFirst()
  return written && fromRow(written)
}

/** Moves a granted consent to active. False when it was not granted any more. */
export async function markActive(db: Database, id: string, at: number): Promise<boolean> {
  const { numAffectedRows } = await activate(db, { id, at })
  return numAffectedRows === 1n
}

const activate = prepared((db, { id, at }: { id: string; at: number }) =>
  db
    .updateTable('consents')
    .set({ status: 'active', activated_at: at })
    .where('id', '=', id)
    .where('status', '=', 'granted'),
)

export type Ending = {
  readonly status: Exclude<ConsentStatus, 'granted' | 'active'>
  readonly by: Actor
  readonly reason: EndReason
  readonly at: number
}

/** Why a consent, or one account of it, ended. */
export type EndReason =
  | 'period-ended'
  | 'code-never-exchanged'
  | 'code-replayed'
  | 'token-revoked'
  | 'grant-revoked'
  | `replaced by ${string}`
  | `journey-${string}`
  /** the customer himself */
  | 'customer-stopped'
  | 'emergency-stop'
  /** the bank's staff */
  | 'customer-asked'
  | 'suspected-fraud'
  | 'bank-decision'
  /** what the bank's systems said */
  | 'contract-closed'
  | 'certificate-revoked'
  | 'right-withdrawn'
  | 'password-reset'
  | 'account-closed'
  | 'pin-changed'
  | 'no-accounts-left'

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

/**
 * Ends one account of a live consent. False when the consent is not live or does not share that account.
 * @param account the id that the fintech knows it by
 */
export async function markAccountStopped(
  db: Database,
  id: string,
  account: string,
  { by, reason, at }: Omit<Ending, 'status'>,
): Promise<boolean> {
  // Another account of it may end at the same moment: then its change is read, and this one made beside it.
  for (;;) {
    const row = await db
      .selectFrom('consents')
      .select(['accounts', 'stopped_accounts'])
      .where('id', '=', id)
      .where('status', 'in', ['granted', 'active'])
      .executeTakeFirst()
    if (!row) return false
    const ended = readStopped(row.stopped_accounts)
    const isShared = readAccounts(row.accounts).some((one) => one.id === account)
    if (!isShared || ended.some((one) => one.id === account)) return false
    const { numUpdatedRows } = await db
      .updateTable('consents')
      .set({ stopped_accounts: JSON.stringify([...ended, { id: account, at, by, reason }]) })
      .where('id', '=', id)
      .where('status', 'in', ['granted', 'active'])
      .where('stopped_accounts', '=', row.stopped_accounts)
      .executeTakeFirst()
    if (numUpdatedRows === 1n) return true
  }
}

/**
 * Notes that a token of this consent opened something; written once a minute at the most. A power cut may take it back: the next
 * use is a few minutes away, and nobody waits for the disk because of it.
 */
export async function markUsed(
  db: Database,
  { id, lastUsedAt }: Pick<Consent, 'id' | 'lastUsedAt'>,
  at: number,
): Promise<void> {
  if (lastUsedAt !== null && at - lastUsedAt < 60_000) return
  await noteUse(db, { id, at })
}

const noteUse = prepared<{ id: string; at: number }, never>((db, { id, at }) => {
  const from = isPostgres(db) ? sql`from set_config('synchronous_commit', 'off', true)` : sql``
  return {
    compile: () =>
      sql<never>`${sql.raw(mayBeLost)} update consents set last_used_at = ${at} ${from} where id = ${id}`.compile(
        db,
      ),
  }
})

/** Notes that the customer was told so many days before the end. False when he was told already, or it is over. */
export async function markReminded(db: Database, id: string, days: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('consents')
    .set({ reminded_days: days })
    .where('id', '=', id)
    .where('status', '=', 'active')
    .where((eb) => eb.or([eb('reminded_days', 'is', null), eb('reminded_days', '>', days)]))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Moves the time at which the bank was last asked. False when another process was faster. */
export async function markChecked(db: Database, id: string, from: number, to: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('consents')
    .set({ checked_at: to })
    .where('id', '=', id)
    .where('checked_at', '=', from)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
