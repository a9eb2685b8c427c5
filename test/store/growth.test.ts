/** No table grows for ever: what is over leaves nothing behind but what somebody has a reason to keep. */
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { days, hours } from '../../src/clock.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { begin, cancel, connect, signIn, walkToConsent } from '../support/walk.ts'

/** Tables that keep rows when all customers have gone, why that is right, and how many rows there are at the most. */
const kept: Readonly<Record<string, { readonly why: string; readonly most: number }>> = {
  kysely_migration: { why: 'a row for a change of the tables', most: 100 },
  sealed_secrets: { why: 'made once', most: 20 },
  clients: { why: 'the register, which is the staff’s', most: 2 },
  wordings: { why: 'the words of 手順 6, once for all who read the same', most: 2 },
  audit: { why: 'that other rows were deleted', most: 50 },
  audit_chain: { why: 'start and end of the chain', most: 2 },
  leases: { why: 'one of each name', most: 1 },
  simulator_customers: { why: 'invented, in the demo', most: 20 },
  simulator_accounts: { why: 'invented, in the demo', most: 100 },
}
/** Only developers in a demo fill them. */
const demoOnly = ['developers', 'developer_tries']

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-22T03:00:00Z') })
  bank = await startBank({
    environment: {
      RETENTION_AUDIT_DAYS: '60',
      RETENTION_CONSENTS_DAYS: '60',
      RETENTION_OUTBOX_DAYS: '60',
    },
  })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

async function rows(): Promise<Record<string, number>> {
  const tables = await bank.db.introspection.getTables({ withInternalKyselyTables: true })
  const counted = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows: found } = await sql<{ n: number }>`select count(*) as n from ${sql.table(name)}`.execute(
        bank.db,
      )
      return [name, Number(found[0]?.n)] as const
    }),
  )
  return Object.fromEntries(counted)
}

async function letPass(ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms)
  await bank.sweeper.takeTurn()
  await bank.outbox.deliver()
  await bank.sealer.seal()
}

it('every table is as it was before the first customer, when the last one is long gone', async () => {
  const { clients } = bank
  const [kakeibo] = await clients.list()
  if (kakeibo) await clients.put({ ...kakeibo, eventsUrl: 'https://127.0.0.1:1/events' })

  const connected = await connect(bank, 'mihon01')
  await connected.fintech.refresh('of-nobody')
  const stopped = await connect(bank, 'mihon02')
  await stopped.fintech.revoke(stopped.refresh)
  await walkToConsent(await begin(bank), 'mihon03')
  const refused = await begin(bank)
  await signIn(refused, 'mihon06', 'wrong')
  await cancel(refused, 'refused')
  const abandoned = await begin(bank, { fintech: openFintech(bank) })
  await signIn(abandoned, 'mihon06')
  await bank.db.insertInto('tickets').values({ id_hash: 'spent', expires_at: Date.now() }).execute()
  const unreadable = { journey_hash: 'x', outcome: 'allow' as const, payload: 'no agreement' }
  await bank.db
    .insertInto('finishing')
    .values({ ...unreadable, created_at: Date.now(), done_at: null })
    .execute()
  await bank.sweeper.takeTurn()

  const full = await rows()
  const everybody = Object.keys(full).filter((name) => !demoOnly.includes(name))
  expect(everybody.filter((name) => full[name] === 0)).toEqual([])

  await letPass(hours(2))
  expect((await rows()).held_pins, 'PINs of dead journeys are released').toBe(0)
  // A browser that nobody comes with any more is remembered for longest: a year.
  for (const many of [2, 30, 60, 61, 61, 366]) await letPass(days(many))

  const left = await rows()
  const forgotten = everybody.filter((name) => left[name] !== 0 && !(name in kept))
  expect(Object.fromEntries(forgotten.map((name) => [name, left[name]]))).toEqual({})
  for (const [name, { why, most }] of Object.entries(kept))
    expect(left[name], `${name}: ${why}`).toBeLessThanOrEqual(most)
})
