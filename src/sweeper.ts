/** Tidies what time leaves behind: interrupted finishes, held PINs of dead journeys, ended consents, expired rows. */
import { type Clock, hours, seconds } from './clock.ts'
import type { FinishParts } from './journey/finish.ts'
import { sweepFinishing } from './journey/finish.ts'
import type { Log } from './log.ts'
import { deleteExpiredRecords } from './store/engine-records.ts'
import type { Database } from './store/open.ts'

const batch = 200

export type Sweeper = { readonly sweep: () => Promise<void>; readonly stop: () => Promise<void> }

/** @param every ms between two rounds; 0 never starts by itself */
export function createSweeper({
  finishing,
  log,
  every,
}: {
  finishing: FinishParts
  log: Log
  every: number
}): Sweeper {
  const { db, clock, pins, consents } = finishing
  let round: Promise<void> = Promise.resolve()

  const sweep = async (): Promise<void> => {
    // Finishes first: a PIN that 許可 is about to put in force must not be released.
    for (const [name, part] of [
      ['finishing', () => sweepFinishing(finishing, batch)],
      ['pins', () => pins.sweep(batch)],
      ['consents', () => consents.sweep(batch)],
      ['records', () => deleteExpiredRecords(db, clock(), batch)],
      ['attempts', () => deleteForgotten(db, clock)],
      ['tickets', () => deleteTickets(db, clock)],
    ] as const) {
      try {
        await part()
      } catch (error) {
        log.error(
          { event: 'sweep-failed', part: name, err: error },
          'a part of the sweeper failed; the next round tries again',
        )
      }
    }
  }
  const next = (): void => {
    round = sweep()
  }
  const timer = every > 0 ? setInterval(next, every) : undefined
  timer?.unref()
  return {
    sweep,
    async stop() {
      clearInterval(timer)
      await round
    },
  }
}

export const sweepEvery = seconds(30)

async function deleteForgotten(db: Database, clock: Clock): Promise<void> {
  const now = clock()
  await db.deleteFrom('attempts').where('forgotten_at', '<', now).where('locked_until', '<', now).execute()
}

async function deleteTickets(db: Database, clock: Clock): Promise<void> {
  await db
    .deleteFrom('tickets')
    .where('expires_at', '<', clock() - hours(1))
    .execute()
}
