/** What keeps a sick bank from making us sick: a breaker that stops asking, and a bulkhead that lets only so many wait. */
import { type Clock, seconds } from '../../clock.ts'

export type Limits = {
  /** so many calls in a row without an answer, and the bank is not asked for a while */
  readonly opensAfter: number
  /** ms until one call may try again */
  readonly opensFor: number
  /** calls under way */
  readonly atOnce: number
  /** calls that wait for one of them to end */
  readonly waiting: number
  /** ms that a call waits at most */
  readonly waitFor: number
}

export const usualLimits: Limits = {
  opensAfter: 5,
  opensFor: seconds(10),
  atOnce: 64,
  waiting: 64,
  waitFor: seconds(1),
}

export type Breaker = {
  /** Undefined while the bank is not to be asked; else what the call came to is to be said, once. */
  readonly enter: () => ((cameTo: 'answer' | 'nothing' | 'not-asked') => void) | undefined
}

/** @param changed told when the bank is asked no more, and when it is asked again */
export function createBreaker(
  clock: Clock,
  { opensAfter, opensFor }: Pick<Limits, 'opensAfter' | 'opensFor'>,
  changed: (isOpen: boolean) => void,
): Breaker {
  let failures = 0
  let shutUntil = 0
  let isProbing = false
  return {
    enter() {
      const isOpen = failures >= opensAfter
      if (isOpen && (isProbing || clock() < shutUntil)) return undefined
      if (isOpen) isProbing = true
      return (cameTo) => {
        if (isOpen) isProbing = false
        if (cameTo === 'not-asked') return
        const wasOpen = failures >= opensAfter
        failures = cameTo === 'answer' ? 0 : failures + 1
        const nowOpen = failures >= opensAfter
        if (nowOpen) shutUntil = clock() + opensFor
        if (wasOpen !== nowOpen) changed(nowOpen)
      }
    },
  }
}

export type Bulkhead = {
  /** True when there is room now or soon; then `leave` must follow. */
  readonly enter: () => Promise<boolean>
  readonly leave: () => void
}

export function createBulkhead({
  atOnce,
  waiting,
  waitFor,
}: Pick<Limits, 'atOnce' | 'waiting' | 'waitFor'>): Bulkhead {
  let under = 0
  const queue = new Set<(mayGo: boolean) => void>()
  return {
    async enter() {
      if (under < atOnce) {
        under += 1
        return true
      }
      if (queue.size >= waiting) return false
      return new Promise((settle) => {
        const done = (mayGo: boolean): void => {
          clearTimeout(timer)
          queue.delete(done)
          settle(mayGo)
        }
        const timer = setTimeout(() => done(false), waitFor)
        queue.add(done)
      })
    },
    leave() {
      // The place goes to the next in the queue, if there is one.
      const [next] = queue
      if (next) next(true)
      else under -= 1
    },
  }
}
