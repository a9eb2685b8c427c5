/** Days pass for one consent and what was before it; whatever the days, every other row stays as it is. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { days } from '../../src/clock.ts'
import { insertConsent, markAccountStopped } from '../../src/store/consent-changes.ts'
import { findConsent } from '../../src/store/consents.ts'
import { putRecord } from '../../src/store/engine-records.ts'
import { type Database, openDatabase } from '../../src/store/open.ts'
import { letDaysPass } from '../../src/store/passing-time.ts'
import { transact } from '../../src/store/transaction.ts'
import { freshDatabase } from '../support/database.ts'

const now = Date.parse('2026-11-25T03:00:00Z')
const second = 1000

let db: Database
beforeEach(async () => {
  db = await openDatabase(await freshDatabase())
})
afterEach(() => db.destroy())

/** A connection with one token of each kind, and an account that was stopped. */
async function add(id: string, client: string, customer: string, grantedAt: number): Promise<void> {
  await insertConsent(db, {
    id,
    number: `N-${id}`,
    arrangement_id: 'a',
    customer_id: customer,
    client_id: client,
    journey_hash: id,
    status: 'granted',
    services: 'balances',
    openid_scope: '',
    accounts: '[{"bankAccount":"b1","id":"x"},{"bankAccount":"b2","id":"y"}]',
    starts_at: grantedAt,
    ends_at: grantedAt + days(90),
    granted_at: grantedAt,
    language: 'ja',
    wording_version: '1',
    wording_hash: '',
    bank_terms_version: '',
    client_terms_version: '',
  })
  await markAccountStopped(db, id, 'x', {
    by: 'customer',
    reason: 'customer-stopped',
    at: grantedAt + second,
  })
  const iat = grantedAt / second
  for (const [model, lives] of [
    ['AccessToken', 300],
    ['RefreshToken', 90 * 86_400],
  ] as const)
    await putRecord(
      db,
      { model, id },
      {
        payload: { iat, exp: iat + lives, kind: model, clientId: client, nbf: 'none' },
        grantId: id,
        expiresAt: (iat + lives) * second,
      },
    )
}

async function snapshot(ids: readonly string[]) {
  const consents = await db.selectFrom('consents').selectAll().where('id', 'in', ids).orderBy('id').execute()
  const records = await db
    .selectFrom('engine_records')
    .selectAll()
    .where('grant_id', 'in', ids)
    .orderBy('grant_id')
    .orderBy('model')
    .execute()
  return { consents, records }
}

const moved = ['this', 'before']
const others = ['after', 'other client', 'other customer']

it.each([1, 45, 400])(
  '%i days move dates and tokens of what they pass for, and of nothing else',
  async (n) => {
    await add('this', 'sandbox-1', 'c1', now)
    await add('before', 'sandbox-1', 'c1', now - days(60))
    await add('after', 'sandbox-1', 'c1', now + second)
    await add('other client', 'sandbox-2', 'c1', now)
    await add('other customer', 'sandbox-1', 'c2', now)
    const [before, untouched] = [await snapshot(moved), await snapshot(others)]
    const consent = await findConsent(db, 'this')
    if (!consent) throw new Error('the consent is not there')

    await transact(db, (transaction) => letDaysPass(transaction, consent, n))

    expect(await snapshot(others)).toEqual(untouched)
    const by = days(n)
    expect(await snapshot(moved)).toEqual({
      consents: before.consents.map((row) => ({
        ...row,
        starts_at: row.starts_at - by,
        ends_at: row.ends_at - by,
        granted_at: row.granted_at - by,
        checked_at: row.checked_at - by,
        stopped_accounts: JSON.stringify([
          { id: 'x', at: row.granted_at + second - by, by: 'customer', reason: 'customer-stopped' },
        ]),
      })),
      records: before.records.map((row) => {
        const { iat, exp, ...payload } = JSON.parse(row.payload) as { iat: number; exp: number }
        return {
          ...row,
          payload: JSON.stringify({ iat: iat - by / second, exp: exp - by / second, ...payload }),
          expires_at: row.expires_at - by,
        }
      }),
    })
  },
)
