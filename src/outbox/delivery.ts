/**
 * Hands over what is in the outbox: each message by one process at a time, again and again for three days, at least
 * once. A receiver that does not answer holds up nobody else, and is asked by one message at a time.
 */
import { randomInt } from 'node:crypto'
import { type Clock, days, hours, minutes, seconds } from '../clock.ts'
import type { Result } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Database } from '../store/open.ts'
import {
  dropMessage,
  dueMessages,
  dueReceivers,
  leaseMessage,
  putOff,
  putOffAllFor,
  type Receiver,
  settleMessage,
  type WaitingMessage,
} from '../store/outbox.ts'

/** `fault`: whether other messages for this receiver would fare the same. */
export type Handed = Result<
  'delivered' | 'unwanted',
  { readonly problem: string; readonly fault: 'receiver' | 'message' }
>
export type Hand = (message: WaitingMessage, stop: AbortSignal) => Promise<Handed>

export type Delivery = {
  /** One round over everything that is due. */
  readonly deliver: () => Promise<void>
  readonly stop: () => Promise<void>
}

type DeliveryParts = {
  readonly db: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly hand: Readonly<Record<Receiver['kind'], Hand>>
  /** whose messages stay to be looked at when nobody wants them */
  readonly keepsUnwanted: (client: string) => boolean
  /** ms between two rounds; 0 never starts by itself */
  readonly every: number
}

export const deliverEvery = seconds(2)

/** Longer than handing over ever takes; after a crash the message is tried again this much later. */
const leaseFor = minutes(1)
const givenUpAfter = days(3)
const longestWait = hours(12)
const mostAtOnce = 8
const mostInARound = 50
const longestTurn = seconds(10)

/** 1 minute after the first failure, doubled up to 12 hours, a quarter more or less so that receivers are not met by a wave. */
function waitAfter(tries: number): number {
  const wait = Math.min(longestWait, minutes(1) * 2 ** Math.min(tries, 20))
  return wait + randomInt(-Math.floor(wait / 4), Math.floor(wait / 4) + 1)
}

export function createDelivery(parts: DeliveryParts): Delivery {
  const { db, clock, log, metrics, hand, keepsUnwanted, every } = parts
  // So that the first one that is given up is seen as one more.
  for (const kind of ['event', 'notice'] as const) metrics.message({ kind, result: 'given-up' }, 0)
  let running: Promise<void> = Promise.resolve()
  const stop = new AbortController()

  const deliver = async (): Promise<void> => {
    const receivers = [...(await dueReceivers(db, clock()))]
    const worker = async (): Promise<void> => {
      for (let next = receivers.shift(); next && !stop.signal.aborted; next = receivers.shift())
        await serve(next)
    }
    await Promise.all(Array.from({ length: mostAtOnce }, worker))
  }

  const serve = async (receiver: Receiver): Promise<void> => {
    const started = clock()
    for (const message of await dueMessages(db, receiver, started, mostInARound)) {
      if (stop.signal.aborted || clock() - started > longestTurn) return
      if (!(await leaseMessage(db, message, clock() + leaseFor))) continue
      const handed = await handOver(receiver.kind, message)
      if (handed.ok) {
        metrics.message({ kind: receiver.kind, result: handed.value })
        if (handed.value === 'unwanted' && !keepsUnwanted(message.client)) await dropMessage(db, message.id)
        else await settleMessage(db, message.id, { state: handed.value, at: clock() })
        continue
      }
      // Cut off by us: nobody's fault, so it counts as no try. When its lease is over, another process takes it.
      if (stop.signal.aborted) return
      const until = await failed(receiver, message, handed.problem)
      if (handed.fault === 'message') continue
      // A moment earlier than this message, so that another one has the next try.
      await putOffAllFor(db, receiver, clock(), until - 1)
      return
    }
  }

  const handOver = async (kind: Receiver['kind'], message: WaitingMessage): Promise<Handed> => {
    try {
      return await hand[kind](message, stop.signal)
    } catch (error) {
      log.error({ event: 'handing-over-failed', message: message.id, err: error }, 'an unexpected failure')
      return { ok: false, problem: 'unexpected', fault: 'message' }
    }
  }

  /** @returns when it is tried again */
  const failed = async (receiver: Receiver, message: WaitingMessage, problem: string): Promise<number> => {
    const now = clock()
    const until = now + waitAfter(message.tries)
    const about = { ...receiver, message: message.id, problem, tries: message.tries + 1 }
    const isOver = now - message.createdAt >= givenUpAfter
    metrics.message({ kind: receiver.kind, result: isOver ? 'given-up' : 'put-off' })
    if (isOver) {
      await settleMessage(db, message.id, { state: 'dead', at: now, error: problem })
      log.error({ event: 'message-dead', ...about }, 'a message could not be delivered and is given up')
    } else {
      await putOff(db, message, { until, error: problem })
      log.warn({ event: 'message-put-off', ...about }, 'a message could not be delivered yet')
    }
    return until
  }

  let timer: NodeJS.Timeout | undefined
  const later = (): void => {
    if (stop.signal.aborted || every === 0) return
    timer = setTimeout(() => {
      running = deliver()
        .catch((error: unknown) =>
          log.error({ event: 'delivery-failed', err: error }, 'the outbox could not be read; tried again'),
        )
        .then(later)
    }, every)
    timer.unref()
  }
  later()
  return {
    deliver,
    async stop() {
      stop.abort()
      clearTimeout(timer)
      await running
    },
  }
}
