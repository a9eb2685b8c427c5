/** No statement of a served request reads through a whole table: what a bank has a million rows of is found by an index. */
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { figuresOf } from '../../src/store/deliveries.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { base, numbersOn, stop, visitConnections } from '../support/connections.ts'
import { operate } from '../support/operate.ts'
import { begin, connect, signIn } from '../support/walk.ts'

/** Tables that stay small for ever, and why. */
const small: Readonly<Record<string, string>> = {
  kysely_migration: 'a row for a change of the tables',
  sealed_secrets: 'made once',
  audit_chain: 'start and end of the chain',
  leases: 'one of each name',
  clients: 'the fintechs of one bank',
  simulator_customers: 'invented, in the demo',
  simulator_accounts: 'invented, in the demo',
  // as they are called in statements
  account: 'an account of the simulator',
  json_each: 'rows that come with the statement',
}

const statements = new Set<string>()
let bank: TestBank
beforeAll(async () => {
  const { prepare } = DatabaseSync.prototype
  const noted = vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function note(
    this: DatabaseSync,
    statement: string,
  ) {
    statements.add(statement)
    return prepare.call(this, statement)
  })
  bank = await startBank()
  // What the start makes and asks is not asked again.
  statements.clear()
  await aDay()
  noted.mockRestore()
})
afterAll(() => bank.close())

/** Whatever customers, fintechs and the machinery behind them do, once. */
async function aDay(): Promise<void> {
  const { fintech, access, refresh } = await connect(bank, 'mihon02')
  await fintech.introspect(access)
  await fintech.api('/api/accounts', String((await fintech.refresh(refresh)).body.access_token))
  const browser = await visitConnections(bank, 'mihon02')
  const renewed = await connect(bank, 'mihon02')
  await stop(browser, numbersOn(await browser.get(base))[0] ?? '')
  await renewed.fintech.revoke(renewed.refresh)
  await signIn(await begin(bank), 'mihon02', 'wrong')
  for (const command of [
    'consents find mihon02',
    'audit search --customer mihon02',
    'locks show mihon02',
    'outbox list',
  ])
    await operate(bank, ...command.split(' '))
  await bank.sealer.seal()
  await bank.outbox.deliver()
  await bank.sweeper.takeTurn()
  await figuresOf(bank.db, 'demo-kakeibo')
}

async function planOf(statement: string): Promise<readonly string[]> {
  const { rows } = await sql<{ detail: string }>`explain query plan ${sql.raw(statement)}`.execute(bank.db)
  return rows.map(({ detail }) => detail)
}

const isOfSmall = (detail: string): boolean => Object.hasOwn(small, /^SCAN (\w+)/.exec(detail)?.[1] ?? '')

it('every one goes by an index', async () => {
  const asked = [...statements].filter((statement) =>
    /^\W*(select|with|insert|update|delete)\b/i.test(statement),
  )
  expect(asked.length).toBeGreaterThan(60)
  const scans: string[] = []
  for (const statement of asked)
    for (const detail of await planOf(statement))
      if (detail.startsWith('SCAN ') && !detail.includes(' USING ') && !isOfSmall(detail))
        scans.push(`${detail}: ${statement}`)
  expect(scans).toEqual([])
})

it.each([
  [
    'which connections the bank is to be asked about, by when it was',
    / "consents" .*"checked_at" <= \?/,
    'consents_checked',
  ],
  ['a fintech’s connections are counted, and not read', /count\(\*\) .* "consents" /, 'COVERING INDEX'],
])('%s', async (_what, statement, index) => {
  const asked = [...statements].filter((one) => statement.test(one))
  expect(asked).toHaveLength(1)
  expect(await planOf(asked[0] ?? '')).toContainEqual(expect.stringContaining(index))
})

it('and this would find one that does not', async () => {
  expect(await planOf('select * from audit where payload = ?')).toEqual(['SCAN audit'])
})
