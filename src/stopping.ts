/**
 * A good end: nobody sends more requests, those under way are answered, and only then is anything closed. Connections are
 * told to end with their next answer, so that whoever keeps them goes elsewhere before the listener does.
 */
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { seconds } from './clock.ts'
import type { Log } from './log.ts'
import type { Readiness } from './readiness.ts'

/** Longer than any answer takes, those that wait for the bank among them; what is still under way then is cut. */
const answersWithin = seconds(11)

/** For everything else: the last round of what goes on in the background, the demo's own listeners, the database. */
const closesWithin = seconds(4)

/** ms from the signal to the end at most, when requests are refused `after` ms of warning. */
export const stopsWithin = (after: number): number => after + answersWithin + closesWithin

/** A connection that the system has accepted for us may not have been read yet. */
const unread = 50

/** A program that runs: what it says to whoever started it, and how it ends. */
export type Started = {
  readonly said: string
  readonly stop: () => Promise<void>
  /** ms that it may take */
  readonly stopsWithin?: number
  /** another process has taken over: nobody has to be warned */
  readonly retire?: () => Promise<void>
  /** workers are replaced one after the other */
  readonly replace?: () => Promise<void>
}

export type Requests = {
  /**
   * No new requests, and the answers to those that there are.
   * @param after ms in which balancers learn that no more are wanted
   */
  readonly end: (after: number) => Promise<void>
}

/** Follows the requests of these listeners, from now on. */
export function followRequests({
  servers,
  readiness,
  log,
}: {
  readonly servers: readonly Server[]
  readonly readiness: Readiness
  readonly log: Log
}): Requests {
  const underWay = new Set<ServerResponse>()
  let ending = false
  for (const server of servers) {
    // First, because whoever answers may do so at once.
    server.prependListener('request', (_request, answer: ServerResponse) => {
      underWay.add(answer)
      if (ending) answer.setHeader('connection', 'close')
      answer.once('close', () => underWay.delete(answer))
    })
  }
  return {
    async end(after) {
      readiness.close()
      ending = true
      for (const answer of underWay) if (!answer.headersSent) answer.setHeader('connection', 'close')
      log.info({ event: 'stopping', underWay: underWay.size }, 'no more requests are wanted')
      await wait(after)
      for (const server of servers) server.close()
      await wait(unread)
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(), answersWithin)
      const answered = async (): Promise<void> => {
        for (const answer of underWay) await once(answer, 'close', { signal: late.signal })
      }
      await answered().catch(() => undefined)
      clearTimeout(timer)
      if (underWay.size > 0)
        log.warn({ event: 'requests-cut', requests: underWay.size }, 'these took too long to be answered')
    },
  }
}
