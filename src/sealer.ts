/** Seals the audit within a second, in every process that serves: whoever comes first does it. */
import { type Clock, hours } from './clock.ts'
import type { Log } from './log.ts'
import { countRow } from './metrics/events.ts'
import type { Metrics } from './metrics/metrics.ts'
import {
  type AuditRow,
  beginChain,
  hasUnsealed,
  type Place,
  type Sealed,
  sealBatch,
} from './store/audit-chain.ts'
import { echoOf } from './store/audit-echo.ts'
import type { Database } from './store/open.ts'

const batch = 500

export type Sealer = {
  /** Seals what there is now. */
  readonly seal: () => Promise<void>
  /** Seals what there is, and no more. */
  readonly stop: () => Promise<void>
}

export type SealerParts = {
  readonly db: Database
  readonly key: Buffer
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** ms between two rounds; 0 never starts by itself */
  readonly every: number
}

export async function createSealer(parts: SealerParts): Promise<Sealer> {
  const { db, key, log, every, metrics } = parts
  await beginChain(db, key)
  const note = notes(parts)
  const echo = (row: AuditRow): void => {
    const line = echoOf(row)
    if (line) log.info(line)
  }
  let round: Promise<void> = Promise.resolve()
  let stopping = false

  const seal = async (): Promise<void> => {
    try {
      while (await hasUnsealed(db)) {
        const sealed = await sealBatch(db, key, batch, echo)
        if ('rows' in sealed) for (const row of sealed.rows) countRow(metrics, row)
        if (!note(sealed) || ('rows' in sealed && sealed.rows.length < batch)) return
      }
    } catch (error) {
      log.error(
        { event: 'sealing-failed', err: error },
        'the audit could not be sealed; the next round tries again',
      )
    }
  }
  let timer: NodeJS.Timeout | undefined
  const later = (): void => {
    if (stopping || every === 0) return
    timer = setTimeout(() => {
      round = seal().then(later)
    }, every)
    timer.unref()
  }
  later()
  return {
    seal,
    async stop() {
      stopping = true
      clearTimeout(timer)
      await round
      await seal()
    },
  }
}

/**
 * Says in the log what only the log can prove: a chain that somebody cut back to a former end of it, together with that end,
 * is whole in itself. False when it must not be sealed on.
 */
function notes({ clock, log, metrics }: SealerParts): (sealed: Sealed) => boolean {
  let last: Place = { position: 0, hash: '' }
  let said: string | undefined
  let anchoredAt = 0
  return (sealed) => {
    const problem =
      'problem' in sealed
        ? sealed.problem
        : sealed.end && sealed.end.position < last.position
          ? 'cut-back'
          : undefined
    if (problem !== undefined && problem !== said)
      log.error({ event: 'audit-chain-broken', problem, after: last.position }, 'run: ninka audit verify')
    said = problem
    metrics.auditChainBroken({}, problem === undefined ? 0 : 1)
    if (problem !== undefined || !('rows' in sealed)) return false
    if (!sealed.end) return true
    last = sealed.end
    if (clock() - anchoredAt >= hours(1)) {
      anchoredAt = clock()
      log.info(
        { event: 'audit-sealed', position: last.position, hash: last.hash },
        'the audit is sealed up to here',
      )
    }
    return true
  }
}

export const sealEvery = 500
