/** A trail of the audit to tamper with, sealed, and what the walk says of it. */
import { createLog } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { createSealer, type Sealer } from '../../src/sealer.ts'
import { record } from '../../src/store/audit.ts'
import { type Walked, walkAudit } from '../../src/store/audit-walk.ts'
import { type Database, openDatabase } from '../../src/store/open.ts'

export const key = Buffer.alloc(32, 9)

const start = Date.parse('2026-11-22T03:00:00Z')

export const sealerOf = (db: Database): Promise<Sealer> =>
  createSealer({
    db,
    key,
    clock: () => start,
    log: createLog({ level: 'silent' }),
    metrics: createMetrics(),
    every: 0,
  })

/** Rows one second apart, as of customers who sign in. */
export async function write(db: Database, rows: number, from = 0): Promise<void> {
  for (let index = from; index < from + rows; index += 1)
    await record(db, start + index * 1000, `TEST-${index}`, {
      event: 'consent-activated',
      consent: `consent-${index}`,
      number: `N-${index}`,
      customer: `customer-${index}`,
      client: 'demo-kakeibo',
    })
}

/** A sealed trail of this length. */
export async function openTrail(url: string, rows: number): Promise<Database> {
  const db = await openDatabase(url)
  await write(db, rows)
  await (await sealerOf(db)).seal()
  return db
}

export const walk = (db: Database, expected?: { position: number; hash: string }): Promise<Walked> =>
  walkAudit({ db, key, wait: async () => undefined }, expected)

/** Kind and place of each problem. */
export const problemsOf = async (db: Database): Promise<readonly string[]> =>
  (await walk(db)).problems.map(({ kind, position }) =>
    position === undefined ? kind : `${kind} ${position}`,
  )
