/**
 * Whether this process wants requests, for whoever shares them out: not while it starts or stops, and not while its database
 * does not answer. `/healthz` beside it only says that the process lives: to restart one whose database is away helps nobody.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { type Clock, seconds } from './clock.ts'
import type { Log } from './log.ts'
import type { Database } from './store/open.ts'

export type Readiness = {
  /** Every listener is open. */
  readonly open: () => void
  /** From now on no more requests are wanted; there is no way back. */
  readonly close: () => void
  readonly ask: () => Promise<ReadinessState>
}

export type ReadinessState = 'ready' | 'starting' | 'stopping' | 'database-away'

/** A balancer waits about two seconds for an answer. */
const longestQuestion = seconds(1)

/** However many ask, the database is asked once a second. */
const keptFor = seconds(1)

export function readinessOf({ db, clock, log }: { db: Database; clock: Clock; log: Log }): Readiness {
  let stage: 'starting' | 'ready' | 'stopping' = 'starting'
  let kept: { readonly at: number; readonly answers: Promise<boolean> } | undefined
  let answered = true

  const askNow = async (): Promise<boolean> => {
    const stop = new AbortController()
    // Of a table, because without one SQLite would not look at its file.
    const reading = db.selectFrom('sealed_secrets').select('name').limit(1).execute()
    const answers = await Promise.race([
      reading.then(
        () => true,
        () => false,
      ),
      wait(longestQuestion, false, { signal: stop.signal, ref: false }).catch(() => false),
    ])
    stop.abort()
    if (answers !== answered)
      log[answers ? 'info' : 'error'](
        { event: answers ? 'database-back' : 'database-away' },
        answers ? 'the database answers again' : 'the database does not answer; no requests are wanted',
      )
    answered = answers
    return answers
  }
  const databaseAnswers = (): Promise<boolean> => {
    const now = clock()
    if (!kept || Math.abs(now - kept.at) >= keptFor) kept = { at: now, answers: askNow() }
    return kept.answers
  }
  return {
    open() {
      if (stage === 'starting') stage = 'ready'
    },
    close() {
      stage = 'stopping'
    },
    async ask() {
      if (stage !== 'ready') return stage
      const answers = await databaseAnswers()
      // It may have begun to stop meanwhile.
      return stage === 'ready' && !answers ? 'database-away' : stage
    },
  }
}

/** Whether the process lives, and whether it wants requests. */
export function readinessRoutes(app: FastifyInstance, readiness: Pick<Readiness, 'ask'>): void {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const status = await readiness.ask()
    return reply.code(status === 'ready' ? 200 : 503).send({ status })
  })
}
