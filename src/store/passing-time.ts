/**
 * Days that pass for one consent and for nobody else: not a clock moves, its dates do. For the sandbox of the demo, where
 * a fintech's developer wants to see the end of 90 days today.
 */
import { days } from '../clock.ts'
import { type Consent, readStopped } from './consents.ts'
import type { Database } from './open.ts'

/**
 * Moves a consent and its tokens back by whole days, within a transaction. What this customer had with this fintech before goes
 * along, or the past would come out of order; a renewal under way stays where it is.
 */
export async function letDaysPass(db: Database, { id, customer, client }: Consent, n: number): Promise<void> {
  const by = days(n)
  const theirs = db.selectFrom('consents').where('customer_id', '=', customer).where('client_id', '=', client)
  const rows = await theirs
    .select(['id', 'stopped_accounts'])
    .where('granted_at', '<=', (eb) =>
      eb.selectFrom('consents as this').select('this.granted_at').where('this.id', '=', id),
    )
    .execute()
  for (const row of rows) {
    const stopped = readStopped(row.stopped_accounts).map((one) => ({ ...one, at: one.at - by }))
    await db
      .updateTable('consents')
      .set((eb) => ({
        starts_at: eb('starts_at', '-', by),
        ends_at: eb('ends_at', '-', by),
        granted_at: eb('granted_at', '-', by),
        activated_at: eb('activated_at', '-', by),
        ended_at: eb('ended_at', '-', by),
        last_used_at: eb('last_used_at', '-', by),
        checked_at: eb('checked_at', '-', by),
        ...(stopped.length > 0 ? { stopped_accounts: JSON.stringify(stopped) } : {}),
      }))
      .where('id', '=', row.id)
      .execute()
    await ageTokens(db, row.id, n)
  }
}

/** What the engine keeps of a time, in seconds. */
const times = ['iat', 'exp', 'iiat', 'authTime'] as const

async function ageTokens(db: Database, grant: string, n: number): Promise<void> {
  const records = await db
    .selectFrom('engine_records')
    .select(['model', 'id_hash', 'payload'])
    .where('grant_id', '=', grant)
    .execute()
  for (const { model, id_hash, payload } of records) {
    const kept = JSON.parse(payload) as Record<string, unknown>
    for (const name of times) {
      const at = kept[name]
      if (typeof at === 'number') kept[name] = at - days(n) / 1000
    }
    await db
      .updateTable('engine_records')
      .set((eb) => ({
        payload: JSON.stringify(kept),
        expires_at: eb('expires_at', '-', days(n)),
        consumed_at: eb('consumed_at', '-', days(n)),
      }))
      .where('model', '=', model)
      .where('id_hash', '=', id_hash)
      .execute()
  }
}
