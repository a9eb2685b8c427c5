/**
 * Several processes of one installation on one machine. The primary serves nothing and keeps nothing: it starts workers, puts
 * another in the place of one that dies, and ends them. A worker whose primary died ends by itself (node:cluster sees to it).
 */
import cluster, { type Worker } from 'node:cluster'
import { setTimeout as wait } from 'node:timers/promises'
import { minutes, seconds } from './clock.ts'
import type { Log } from './log.ts'

/** What a worker tells its primary once it serves: the line for whoever started us. */
export type Ready = { readonly ready: string }

/** What the primary tells a worker that another one has taken the place of. */
export const retire = 'retire'

/** Of the environment: the worker's place. What must be there once per installation is at place 1. */
export const placeName = 'NINKA_PLACE'

export type Workers = {
  readonly said: string
  /** those that serve at the moment */
  readonly serving: () => readonly Worker[]
  /** Starts another worker in each place, one after the other, and ends the former when the new one serves. */
  readonly replaceAll: () => Promise<void>
  readonly stop: () => Promise<void>
}

type Options = {
  readonly count: number
  readonly log: Log
  /** ms that a worker may take to end */
  readonly stopsWithin: number
}

const firstWait = 250
const longestWait = seconds(30)

/** @throws Error when a worker does not come to serve at the first start; it has said why */
export async function startWorkers({ count, log, stopsWithin }: Options): Promise<Workers> {
  const places = Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    worker: undefined as Worker | undefined,
    wait: firstWait,
  }))
  let stopping = false
  const begun = new Set<Worker>()

  type Place = (typeof places)[number]

  const failed = ({ number }: Place, err: unknown): void =>
    log.error({ event: 'worker-failed', place: number, err }, 'a worker could not be run, or not be reached')

  /** Undefined when the system has no room for it. */
  const fork = (place: Place): Worker | undefined => {
    try {
      return cluster.fork({ [placeName]: String(place.number) })
    } catch (error) {
      failed(place, error)
      return undefined
    }
  }

  /** A worker that serves, or undefined when it ended before. */
  const begin = async (place: Place): Promise<string | undefined> => {
    const since = performance.now()
    const worker = fork(place)
    if (!worker) return undefined
    begun.add(worker)
    const said = await new Promise<string | undefined>((settle) => {
      const over = (): void => {
        begun.delete(worker)
        settle(undefined)
      }
      worker.on('message', (message: unknown) => {
        if (isReady(message)) settle(message.ready)
      })
      worker.once('exit', over)
      // One that never ran has no exit. Unheard, this would end us, and with us every worker that serves.
      worker.on('error', (err) => {
        failed(place, err)
        if (worker.process.pid === undefined) over()
      })
    })
    if (said === undefined) return undefined
    place.worker = worker
    worker.once('exit', (code, signal) => {
      // Retired, or ended because all do.
      if (stopping || place.worker !== worker) return
      if (performance.now() - since > minutes(1)) place.wait = firstWait
      log.error({ event: 'worker-died', place: place.number, code, signal }, 'another one takes its place')
      void fill(place)
    })
    return said
  }

  /** Until one serves: whatever is in the way, such as a database that is away, may pass. */
  const fill = async (place: Place): Promise<void> => {
    place.worker = undefined
    while (!stopping) {
      await wait(place.wait)
      place.wait = Math.min(place.wait * 2, longestWait)
      if (stopping) return
      if ((await begin(place)) !== undefined) {
        log.info({ event: 'worker-replaced', place: place.number }, 'another worker serves')
        return
      }
      log.error({ event: 'worker-not-started', place: place.number }, 'a worker did not come to serve')
    }
  }

  const end = async (worker: Worker, how: 'SIGTERM' | typeof retire): Promise<void> => {
    if (worker.isDead()) return
    const ended = new Promise((done) => worker.once('exit', done))
    // One that has just died, or does not listen, is killed below.
    if (how === retire) worker.send(retire, () => undefined)
    else worker.process.kill(how)
    const late = setTimeout(() => worker.process.kill('SIGKILL'), stopsWithin)
    await ended
    clearTimeout(late)
  }

  const stop = async (): Promise<void> => {
    stopping = true
    await Promise.all([...begun].map((worker) => end(worker, 'SIGTERM')))
  }

  const said = await Promise.all(places.map(begin))
  const [first] = said
  if (first === undefined || said.includes(undefined)) {
    await stop()
    throw new Error('a worker did not start')
  }
  let replacing: Promise<void> = Promise.resolve()
  return {
    said: first,
    serving: () => places.flatMap(({ worker }) => worker ?? []),
    stop,
    replaceAll() {
      replacing = replacing.then(async () => {
        for (const place of places) {
          const former = place.worker
          if (stopping || !former) continue
          place.worker = undefined
          if ((await begin(place)) === undefined) {
            log.error({ event: 'worker-not-started', place: place.number }, 'the former worker goes on')
            if (former.isDead()) void fill(place)
            else place.worker = former
            return
          }
          await end(former, retire)
          log.info({ event: 'worker-replaced', place: place.number }, 'another worker serves')
        }
      })
      return replacing
    },
  }
}

const isReady = (message: unknown): message is Ready =>
  typeof message === 'object' && message !== null && 'ready' in message && typeof message.ready === 'string'
