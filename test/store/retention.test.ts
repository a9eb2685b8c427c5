/** What is over is kept for as long as the settings say, then deleted in batches, and the audit says so. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { days } from '../../src/clock.ts'
import { auditKey } from '../../src/store/audit-chain.ts'
import { walkAudit } from '../../src/store/audit-walk.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { connect } from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-22T03:00:00Z') })
  bank = await startBank({
    environment: {
      RETENTION_AUDIT_DAYS: '80',
      RETENTION_CONSENTS_DAYS: '70',
      RETENTION_OUTBOX_DAYS: '60',
    },
  })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const wait = (many: number) => vi.setSystemTime(Date.now() + days(many))
const sweep = async () => {
  await bank.sweeper.sweep()
  await bank.sealer.seal()
}
const walked = async () =>
  walkAudit({
    db: bank.db,
    key: await auditKey({ db: bank.db, secrets: bank.secrets, clock: () => Date.now() }),
    wait: async () => undefined,
  })
const consents = async () =>
  (await bank.db.selectFrom('consents').select(['customer_id', 'status']).execute()).map(
    ({ status }) => status,
  )
const applied = async () =>
  (
    await bank.db.selectFrom('audit').select('payload').where('event', '=', 'retention-applied').execute()
  ).map(({ payload }) => JSON.parse(payload) as Record<string, unknown>)

describe('an ended consent', () => {
  it('goes when its time is over, and a live one stays', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const live = await connect(bank, 'mihon01')
    await fintech.revoke(refresh)
    wait(69)
    await sweep()
    expect((await consents()).toSorted()).toEqual(['active', 'stopped'])
    wait(2)
    await sweep()
    expect(await consents()).toEqual(['active'])
    expect((await live.fintech.refresh(live.refresh)).status).toBe(200)
    expect(await applied()).toContainEqual({
      table: 'consents',
      rows: 1,
      before: Date.now() - days(70),
    })
  })
})

describe('a message', () => {
  it('goes when it was settled long ago, and never while it waits', async () => {
    await connect(bank, 'mihon02')
    await bank.db
      .insertInto('outbox')
      .values(
        (['delivered', 'dead', 'waiting'] as const).map((state) => ({
          id: state,
          kind: 'event' as const,
          consent_id: 'x',
          client_id: 'demo-kakeibo',
          payload: '{}',
          created_at: Date.now(),
          next_try_at: Date.now() + days(1000),
          tries: 1,
          state,
          settled_at: state === 'waiting' ? null : Date.now(),
        })),
      )
      .execute()
    wait(61)
    await sweep()
    const left = await bank.db.selectFrom('outbox').select('id').where('consent_id', '=', 'x').execute()
    expect(left).toEqual([{ id: 'waiting' }])
    expect(await applied()).toContainEqual({ table: 'outbox', rows: 2, before: Date.now() - days(60) })
  })
})

describe('the audit', () => {
  it('loses what is old from its start on, and what is left still proves itself', async () => {
    await connect(bank, 'mihon02')
    await sweep()
    const { rows } = await walked()
    expect(rows).toBeGreaterThan(3)
    wait(81)
    await connect(bank, 'mihon01')
    await sweep()
    const after = await walked()
    expect(after).toMatchObject({ problems: [], unsealed: undefined })
    expect(await applied()).toContainEqual({ table: 'audit', rows, before: Date.now() - days(80) })
    const oldest = await bank.db.selectFrom('audit').select('at').orderBy('at').executeTakeFirstOrThrow()
    expect(oldest.at).toBeGreaterThanOrEqual(Date.now() - days(80))
  })

  it('is not shortened where somebody has cut it already, so that the cut stays to be seen', async () => {
    await connect(bank, 'mihon02')
    await sweep()
    const { rows } = await walked()
    await bank.db.deleteFrom('audit').where('position', '=', 1).execute()
    wait(81)
    await sweep()
    expect((await walked()).problems.map(({ says }) => says)).toEqual([
      'the row at position 1 was removed: the start is cut',
    ])
    expect((await walked()).rows).toBeGreaterThanOrEqual(rows - 1)
    expect(bank.logged.join('')).toContain('"part":"old audit"')
  })

  it('keeps what somebody made to look old, or to follow what it never followed', async () => {
    await connect(bank, 'mihon02')
    await sweep()
    const { rows } = await walked()
    const first = await bank.db
      .selectFrom('audit')
      .selectAll()
      .where('position', '=', 1)
      .executeTakeFirstOrThrow()
    await bank.db.updateTable('audit').set({ at: 1 }).where('position', '=', 1).execute()
    await sweep()
    expect((await walked()).problems.map(({ kind, position }) => `${kind} ${position}`)).toEqual([
      'changed 1',
    ])
    await bank.db.updateTable('audit').set({ at: first.at, hash: 'x' }).where('position', '=', 1).execute()
    wait(81)
    await sweep()
    expect((await walked()).problems.map(({ kind }) => kind)).toEqual(['unlinked'])
    expect((await walked()).rows).toBeGreaterThanOrEqual(rows)
    expect(bank.logged.join('')).toContain('"part":"old audit"')
    expect(await applied()).not.toContainEqual(expect.objectContaining({ table: 'audit' }))
  })
})
