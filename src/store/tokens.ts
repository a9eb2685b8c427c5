/** Codes and tokens together with the consent that they stand on: both are asked for at every use, so in one question. */
import { sql } from 'kysely'
import type { BankScope } from '../consent/services.ts'
import { sha256 } from '../secrets.ts'
import type { Consent } from './consents.ts'
import type { EngineRecord } from './engine-records.ts'
import type { Database } from './open.ts'
import { isPostgres, prepared } from './prepared.ts'
import { mayBeLost } from './sqlite.ts'

/** What of a consent its tokens depend on. */
export type Standing = Pick<
  Consent,
  | 'id'
  | 'number'
  | 'arrangementId'
  | 'customer'
  | 'client'
  | 'status'
  | 'services'
  | 'openidScope'
  | 'startsAt'
  | 'endsAt'
  | 'lastUsedAt'
  | 'endedReason'
>

export type TokenModel = 'AccessToken' | 'AuthorizationCode' | 'ClientCredentials' | 'RefreshToken'

export type KeptToken = EngineRecord & { readonly model: string; readonly consent: Standing | undefined }

const standingColumns = [
  'consents.id',
  'number',
  'arrangement_id',
  'customer_id',
  'client_id',
  'status',
  'services',
  'openid_scope',
  'starts_at',
  'ends_at',
  'last_used_at',
  'ended_reason',
] as const

const tokenModels: TokenModel[] = ['AccessToken', 'AuthorizationCode', 'ClientCredentials', 'RefreshToken']

const tokensOf = prepared((db, { idHash }: { idHash: string }) =>
  db
    .selectFrom('engine_records')
    .leftJoin('consents', 'consents.id', 'engine_records.grant_id')
    .select(['model', 'payload', 'grant_id', 'consumed_at', ...standingColumns])
    .where('model', 'in', tokenModels)
    .where('id_hash', '=', idHash),
)

/** What a presented value may be, of whichever kind: a client need not say. */
export async function findTokens(db: Database, id: string): Promise<readonly KeptToken[]> {
  const { rows } = await tokensOf(db, { idHash: sha256(id) })
  return rows.map((row) => ({
    model: row.model,
    payload: JSON.parse(row.payload),
    grantId: row.grant_id,
    consumedAt: row.consumed_at,
    consent: row.id === null ? undefined : standingOf(row as StandingRow),
  }))
}

/**
 * Keeps an access token while its consent lives. False when that has ended meanwhile: nobody is handed a dead token.
 * The one write that a power cut may take back after it was answered: the fintech refreshes, as it does every five minutes.
 */
export async function saveAccessToken(
  db: Database,
  {
    id,
    payload,
    grantId,
    expiresAt,
    now,
  }: {
    readonly id: string
    readonly payload: Record<string, unknown>
    readonly grantId: string
    readonly expiresAt: number
    readonly now: number
  },
): Promise<boolean> {
  const values = { idHash: sha256(id), payload: JSON.stringify(payload), grantId, expiresAt, now }
  const { numAffectedRows } = await insertForConsent(db, values)
  return numAffectedRows === 1n
}

type Insertion = { idHash: string; payload: string; grantId: string; expiresAt: number; now: number }

const insertForConsent = prepared<Insertion, never>((db, { idHash, payload, grantId, expiresAt, now }) => {
  // On SQLite the first words say the same.
  const from = isPostgres(db) ? sql`consents, set_config('synchronous_commit', 'off', true)` : sql`consents`
  return {
    compile: () =>
      sql<never>`${sql.raw(mayBeLost)}
        insert into engine_records (model, id_hash, payload, grant_id, consumed_at, expires_at)
        select 'AccessToken', ${idHash}, ${payload}, id, null, cast(${expiresAt} as bigint) from ${from}
        where id = ${grantId} and status in ('granted', 'active') and ends_at >= ${now}
        on conflict (model, id_hash) do update set payload = excluded.payload, expires_at = excluded.expires_at
      `.compile(db),
  }
})

const standingById = prepared((db, { id }: { id: string }) =>
  db.selectFrom('consents').select(standingColumns).where('id', '=', id),
)

export async function findStanding(db: Database, id: string): Promise<Standing | undefined> {
  const [row] = (await standingById(db, { id })).rows
  return row && standingOf(row)
}

type StandingRow = Awaited<ReturnType<typeof standingById>>['rows'][number]

const standingOf = (row: StandingRow): Standing => ({
  id: row.id,
  number: row.number,
  arrangementId: row.arrangement_id,
  customer: row.customer_id,
  client: row.client_id,
  status: row.status,
  services: row.services.split(' ') as BankScope[],
  openidScope: row.openid_scope,
  startsAt: row.starts_at,
  endsAt: row.ends_at,
  lastUsedAt: row.last_used_at,
  endedReason: row.ended_reason,
})
