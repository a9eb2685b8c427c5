/** A database of the first version, with customers in it, goes on under this one: nobody is lost, nothing fails, and the audit is sealed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { days } from '../../src/clock.ts'
import { auditKey } from '../../src/store/audit-chain.ts'
import { walkAudit } from '../../src/store/audit-walk.ts'
import { up as ground } from '../../src/store/migrations/0001-ground.ts'
import { inspectDatabase, pendingMigrations } from '../../src/store/open.ts'
import type { TestBank } from '../support/bank.ts'
import { base, stop, theNumber, visitConnections } from '../support/connections.ts'
import { emptyDatabase } from '../support/database.ts'
import { openDesk, startBankWithDesk } from '../support/desk.ts'
import { openFintech } from '../support/fintech.ts'
import { connect } from '../support/walk.ts'

const folder = mkdtempSync(join(tmpdir(), 'ninka-former-'))
const now = Date.now()
let bank: TestBank

beforeEach(async () => {
  const empty = await emptyDatabase()
  const file = join(folder, `${Math.random()}.db`)
  if (empty.startsWith('sqlite:')) writeFileSync(file, '')
  const databaseUrl = empty.startsWith('sqlite:') ? `sqlite:${file}` : empty
  await fillAsTheFirstVersionDid(databaseUrl)
  bank = await startBankWithDesk({ databaseUrl })
})
afterEach(() => bank.close())
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

const customer = demoCustomers.find(({ loginId }) => loginId === 'mihon02')

/** Every column that the first version wrote, and no other. */
async function fillAsTheFirstVersionDid(url: string): Promise<void> {
  const db = inspectDatabase(url)
  const getMigrations = async () => ({ '0001-ground': { up: ground } })
  const { error } = await new Migrator({ db, provider: { getMigrations } }).migrateToLatest()
  if (error !== undefined) throw error
  const accounts = (customer?.accounts ?? []).map(({ id }, index) => ({ bankAccount: id, id: `id-${index}` }))
  await sql`insert into consents (id, number, arrangement_id, customer_id, client_id, journey_hash, status, services,
      openid_scope, accounts, starts_at, ends_at, granted_at, activated_at, language, wording_version, wording_hash,
      bank_terms_version, client_terms_version)
    values ('former', 'ABC-1234-XYZ', 'arrangement-of-before', ${customer?.id}, 'demo-kakeibo', 'hash', 'active',
      'balances transactions', 'openid offline_access', ${JSON.stringify(accounts)}, ${now - days(70)}, ${now + days(20)},
      ${now - days(70)}, ${now - days(70)}, 'ja', '1', 'x', '1', '1')`.execute(db)
  const events = [
    ['consent-granted', 'ABCD-1234', { consent: 'former', number: 'ABC-1234-XYZ', customer: customer?.id }],
    ['consent-activated', null, { consent: 'former', number: 'ABC-1234-XYZ', client: 'demo-kakeibo' }],
    ['signed-in', 'ABCD-1234', { customer: customer?.id, client: 'demo-kakeibo', method: 'password' }],
  ] as const
  for (const [event, journey, payload] of events)
    await sql`insert into audit (at, event, journey, payload)
      values (${now - days(70)}, ${event}, ${journey}, ${JSON.stringify(payload)})`.execute(db)
  await db.destroy()
}

describe('a database of the first version', () => {
  it('is brought to this one, and its audit becomes a chain', async () => {
    expect(await pendingMigrations(bank.db)).toEqual([])
    await bank.sealer.seal()
    const { db, secrets } = bank
    const key = await auditKey({ db, secrets, clock: () => Date.now() })
    expect(await walkAudit({ db, key, wait: async () => undefined })).toMatchObject({
      rows: 3,
      problems: [],
      unsealed: undefined,
    })
  })

  it('has a connection that its customer and the desk find, and that is stopped', async () => {
    const browser = await visitConnections(bank, 'mihon02')
    expect(theNumber(browser.page())).toBe('ABC-1234-XYZ')
    expect((await browser.get(`${base}/consents/ABC-1234-XYZ`)).status).toBe(200)
    const desk = await openDesk(bank)
    expect((await desk.search('ABC-1234-XYZ')).path).toBe('/consents/ABC-1234-XYZ')
    expect((await desk.get(`/customers/${customer?.id}`)).status).toBe(200)
    expect((await desk.get('/journeys/ABCD-1234')).status).toBe(200)
    const auditor = await openDesk(bank, 'auditor')
    expect((await auditor.get('/audit')).status).toBe(200)
    await stop(browser, 'ABC-1234-XYZ')
    expect(browser.page().html).toContain('停止しました')
  })

  it('has a connection that is reminded of, may live on, and is renewed', async () => {
    await bank.sweeper.sweep()
    const kept = await bank.db.selectFrom('consents').select(['status', 'reminded_days']).execute()
    expect(kept).toEqual([{ status: 'active', reminded_days: 30 }])
    const { fintech, refresh } = await connect(bank, 'mihon02', { fintech: openFintech(bank) })
    expect((await fintech.refresh(refresh)).body.grant_id).toBe('arrangement-of-before')
    const all = await bank.db.selectFrom('consents').select('status').orderBy('granted_at').execute()
    expect(all.map(({ status }) => status)).toEqual(['replaced', 'active'])
    expect(bank.logged.join('')).not.toContain('sweep-failed')
  })
})
