/** PINs that wait for 「許可」: held with the bank, noted by us (never the PIN itself), so that none is forgotten there. */
import { type Clock, minutes } from '../clock.ts'
import type { Log } from '../log.ts'
import { isAgreed } from '../store/finishing.ts'
import {
  findHeldPins,
  forgetHeldPins,
  type HeldNote,
  listHeldPinsToRelease,
  noteHeldPins,
  putOffRelease,
} from '../store/held-pins.ts'
import type { Database } from '../store/open.ts'
import type { Bank } from './port.ts'

export type HeldPins = {
  readonly hold: Bank['holdPins']
  /** Forgets what a journey holds, unless 許可 is about to put it in force. When the bank cannot be reached the sweeper tries again. */
  readonly release: (journeyHash: string) => Promise<void>
  /** Releases what dead journeys hold. */
  readonly sweep: (batch: number) => Promise<number>
}

type HeldPinsParts = {
  readonly bank: Bank
  readonly db: Database
  readonly clock: Clock
  readonly log: Log
  /** ms after which a journey that did not finish is dead */
  readonly keepFor: number
}

/** In one round. */
const mostUnanswered = 8

export function createHeldPins({ bank, db, clock, log, keepFor }: HeldPinsParts): HeldPins {
  const releaseNow = async ({ journeyHash, customer, releaseAt }: HeldNote): Promise<boolean> => {
    const { ok } = await bank.releasePins({ journey: journeyHash, customer })
    if (ok) await forgetHeldPins(db, journeyHash, releaseAt)
    return ok
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
      if (held && !(await isAgreed(db, journeyHash))) await releaseNow(held)
    },
    async sweep(batch) {
      let released = 0
      let unanswered = 0
      for (const held of await listHeldPinsToRelease(db, clock(), batch)) {
        try {
          if (await releaseNow(held)) {
            released += 1
            continue
          }
        } catch (error) {
          log.error({ event: 'release-failed', err: error }, 'held PINs could not be released')
        }
        // One that the bank never answers for must not keep others waiting; a bank that is away is not asked for every journey.
        await putOffRelease(db, held, clock() + minutes(5))
        unanswered += 1
        if (unanswered === mostUnanswered) break
      }
      return released
    },
  }
}
