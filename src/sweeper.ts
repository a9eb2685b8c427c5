/** Does what time brings: finishes what was interrupted, ends what is over or may not live on, reminds, deletes. */
import { randomUUID } from 'node:crypto'
import { hours, seconds } from './clock.ts'
import { remindInTime } from './consent/reminders.ts'
import { checkStanding, type StandingRules } from './consent/standing.ts'
import type { FinishParts } from './journey/finish.ts'
import { sweepFinishing } from './journey/finish.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics/metrics.ts'
import { deleteOldTickets } from './certificate/tickets.ts'
import { deleteForgotten } from './store/attempts.ts'
import { deleteExpiredRecords } from './store/engine-records.ts'
import { deleteForgottenDevices } from './store/known-devices.ts'
import { deleteOldClaims } from './store/finishing.ts'
import { giveBackLease, holdLease } from './store/leases.ts'
import { deleteOldRefusals } from './store/refusals.ts'
import {
  deleteOldAudit,
  deleteOldConsents,
  deleteOldMessages,
  type RetentionParts,
} from './store/retention.ts'
import { newTrace, within } from './trace.ts'

const batch = 500
const mostTurns = 100

/** Each of these waits for the bank, and a process that stops waits for the batch. */
const askedTogether = 40

/** Longer than a part's batch usually takes. A process that dies is followed within this and `sweepEvery`, together a minute. */
const leaseFor = seconds(30)

export type Sweeper = {
  /** Everything that there is to do, whoever else is at it: each part is safe to do twice. */
  readonly sweep: () => Promise<void>
  /** The same as one of several processes: false when another one is at it. */
  readonly takeTurn: () => Promise<boolean>
  readonly stop: () => Promise<void>
}

/** @param every ms between two rounds; 0 never starts by itself */
export function createSweeper({
  finishing,
  retention,
  standing,
  log,
  metrics,
  every,
}: {
  finishing: FinishParts
  retention: RetentionParts
  standing: StandingRules
  log: Log
  metrics: Metrics
  every: number
}): Sweeper {
  const { db, clock, bank, pins, consents } = finishing
  const reminders = remindInTime({ db, clock })
  let round: Promise<unknown> = Promise.resolve()
  let stopping = false

  const parts: readonly (readonly [string, () => Promise<number>, full?: number])[] = [
    // Finishes first: a PIN that 許可 is about to put in force must not be released.
    ['finishing', () => sweepFinishing({ ...finishing, log }, batch)],
    ['pins', () => pins.sweep(batch)],
    ['consents', () => consents.sweep(batch)],
    ['reminders', () => reminders(batch)],
    [
      'standing',
      () => checkStanding({ db, clock, bank, consents, rules: standing }, askedTogether),
      askedTogether,
    ],
    ['records', () => deleteExpiredRecords(db, clock(), batch)],
    ['attempts', () => deleteForgotten(db, clock(), batch)],
    ['devices', () => deleteForgottenDevices(db, clock(), batch)],
    ['tickets', () => deleteOldTickets(db, clock() - hours(1), batch)],
    ['claims', () => deleteOldClaims(db, clock() - hours(26), batch)],
    ['refusals', () => deleteOldRefusals(db, clock(), batch)],
    ['old consents', () => deleteOldConsents(retention, batch)],
    ['old messages', () => deleteOldMessages(retention, batch)],
    ['old audit', () => deleteOldAudit(retention, batch)],
  ]
  const holder = randomUUID()
  let held: number | undefined
  /** Takes the lease, and later makes it longer; asks the database no more often than needed. */
  const hold = async (): Promise<boolean> => {
    if (stopping) return false
    const now = clock()
    if (held !== undefined && held - now > leaseFor / 2) return true
    const endsAt = now + leaseFor
    held = (await holdLease(db, 'sweeper', { holder, now, endsAt })) ? endsAt : undefined
    return held !== undefined
  }

  /** @param mayGoOn asked before every batch */
  const sweep = async (mayGoOn: () => Promise<boolean>): Promise<void> => {
    for (const [name, part, full = batch] of parts) {
      try {
        // A part that filled its batch has more; the bound keeps a round from lasting for ever.
        await within(newTrace(), async () => {
          for (let turn = 0; turn < mostTurns && (await mayGoOn()); turn += 1) {
            const rows = await part()
            metrics.sweptRows({ part: name }, rows)
            if (rows < full) break
          }
        })
      } catch (error) {
        metrics.sweepFailed({ part: name })
        log.error(
          { event: 'sweep-failed', part: name, err: error },
          'a part of the sweeper failed; the next round tries again',
        )
      }
    }
    metrics.swept({})
    metrics.sweptAt({}, clock() / 1000)
  }
  const takeTurn = async (): Promise<boolean> => {
    if (!(await hold())) return false
    await sweep(hold)
    return true
  }
  let timer: NodeJS.Timeout | undefined
  const later = (): void => {
    if (stopping || every === 0) return
    timer = setTimeout(() => {
      round = takeTurn()
        .catch((error: unknown) =>
          log.error(
            { event: 'sweep-failed', err: error },
            'the sweeper could not begin; the next round tries again',
          ),
        )
        .then(later)
    }, every)
    timer.unref()
  }
  later()
  return {
    sweep: () => sweep(async () => !stopping),
    takeTurn,
    async stop() {
      stopping = true
      clearTimeout(timer)
      await round
      // Or it ends by itself.
      if (held !== undefined) await giveBackLease(db, 'sweeper', holder).catch(() => undefined)
    },
  }
}

export const sweepEvery = seconds(30)
