/** PINs that wait for 「許可」: held with the bank, noted by us (never the PIN itself), so that none is forgotten there. */
import type { Clock } from '../clock.ts'
import { findHeldPins, forgetHeldPins, listHeldPinsToRelease, noteHeldPins } from '../store/finishing.ts'
import type { Database } from '../store/open.ts'
import type { Bank } from './port.ts'

export type HeldPins = {
  readonly hold: Bank['holdPins']
  /** Forgets what a journey holds. When the bank cannot be reached the sweeper tries again. */
  readonly release: (journeyHash: string) => Promise<void>
  /** Releases what dead journeys hold. */
  readonly sweep: (batch: number) => Promise<number>
}

/** @param keepFor ms after which a journey that did not finish is dead */
export function createHeldPins({
  bank,
  db,
  clock,
  keepFor,
}: {
  bank: Bank
  db: Database
  clock: Clock
  keepFor: number
}): HeldPins {
  const releaseAt = async (journeyHash: string, customer: string): Promise<void> => {
    const released = await bank.releasePins({ journey: journeyHash, customer })
    if (released.ok) await forgetHeldPins(db, journeyHash)
  }
  return {
    async hold(request) {
      // Another customer in the same journey (he signed in again): what the first one held is nobody's now.
      const former = await findHeldPins(db, request.journey)
      if (former && former.customer !== request.customer) {
        const released = await bank.releasePins({ journey: request.journey, customer: former.customer })
        if (!released.ok) return released
      }
      // Noted before the bank is asked, so that a crash in between leaves something to sweep.
      await noteHeldPins(db, request.journey, request.customer, clock() + keepFor)
      return bank.holdPins(request)
    },
    async release(journeyHash) {
      const held = await findHeldPins(db, journeyHash)
      if (held) await releaseAt(journeyHash, held.customer)
    },
    async sweep(batch) {
      const dead = await listHeldPinsToRelease(db, clock(), batch)
      // One that cannot be released now must not keep the others; only what was done counts, so the sweeper ends its round.
      const outcomes = await Promise.allSettled(
        dead.map(({ journeyHash, customer }) => releaseAt(journeyHash, customer)),
      )
      return outcomes.filter(({ status }) => status === 'fulfilled').length
    },
  }
}
