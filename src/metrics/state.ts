/** What is only known when somebody asks: how much waits in the database, and for it; which lists end when. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Clock, seconds } from '../clock.ts'
import type { Verifier } from '../certificate/verdict.ts'
import type { Readiness } from '../readiness.ts'
import { unsealedRows } from '../store/audit-chain.ts'
import { type Database, useOfPool } from '../store/open.ts'
import { waitingMessages } from '../store/outbox.ts'
import type { Metrics } from './metrics.ts'

/** Whoever reads the figures waits ten seconds as a rule; without these he still learns the others. */
const longestQuestion = seconds(2)

export function readState({
  db,
  clock,
  metrics,
  readiness,
  verifiers,
}: {
  readonly db: Database
  readonly clock: Clock
  readonly metrics: Metrics
  readonly readiness: Readiness
  /** by whose certificates they judge */
  readonly verifiers: Readonly<Record<string, Verifier>>
}): void {
  // Before the tables are read, which takes a connection.
  metrics.onRead(() => {
    const use = useOfPool(db)
    if (!use) return
    metrics.connections({ state: 'busy' }, use.busy)
    metrics.connections({ state: 'idle' }, use.idle)
    metrics.connectionsMost({}, use.most)
    metrics.connectionsWaited({}, use.waiting)
  })
  metrics.onRead(async () => {
    const state = await readiness.ask()
    metrics.ready({}, state === 'ready' ? 1 : 0)
    if (state === 'database-away') return
    const stop = new AbortController()
    await Promise.race([
      readTables(),
      wait(longestQuestion, undefined, { signal: stop.signal, ref: false }),
    ]).catch(() => undefined)
    stop.abort()
  })
  for (const [of, verifier] of Object.entries(verifiers))
    metrics.onRead(() => {
      for (const [n, one] of verifier.standing().entries())
        if ('nextUpdate' in one)
          metrics.revocationListEnds({ of, list: String(n + 1) }, one.nextUpdate / 1000)
    })

  async function readTables(): Promise<void> {
    metrics.auditUnsealed({}, await unsealedRows(db))
    for (const { kind, messages, oldest } of await waitingMessages(db)) {
      metrics.outboxWaiting({ kind }, messages)
      metrics.outboxOldest({ kind }, oldest === null ? 0 : Math.max(0, clock() - oldest) / 1000)
    }
  }
}
