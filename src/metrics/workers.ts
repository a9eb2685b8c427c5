/**
 * The figures and the readiness of several workers behind one door: their primary asks each of them. They are told apart by the
 * label `process` and never added up here: a worker that begins anew must be seen to do so.
 */
import type { Worker } from 'node:cluster'
import { setTimeout as wait } from 'node:timers/promises'
import { seconds } from '../clock.ts'
import type { Readiness, ReadinessState } from '../readiness.ts'
import { type Figures, type Metrics, textOf } from './metrics.ts'

type Question = { readonly howAreYou: number }
type Answer = { readonly iAm: number; readonly state: ReadinessState; readonly figures: Figures }

/** Longer than any of them asks its database. */
const longestAnswer = seconds(4)

/** In a worker: answers the primary from now on. */
export function answerPrimary(metrics: Metrics, readiness: Readiness): void {
  const answer = async ({ howAreYou }: Question): Promise<Answer> => ({
    iAm: howAreYou,
    figures: await metrics.figures(),
    state: await readiness.ask(),
  })
  process.on('message', (message: unknown) => {
    if (!isQuestion(message)) return
    // Nobody listens any more when the primary has died, and then this process ends too.
    void answer(message).then((given) => process.send?.(given, undefined, undefined, () => undefined))
  })
}

/** In the primary. @param serving the workers there are at the moment */
export function askWorkers(
  serving: () => readonly Worker[],
): Pick<Metrics, 'contentType' | 'text'> & Pick<Readiness, 'ask'> {
  let asked = 0
  const askAll = async (): Promise<readonly Answer[]> => {
    asked += 1
    const answers = await Promise.all(serving().map((worker) => askOne(worker, asked)))
    return answers.filter((answer) => answer !== undefined)
  }
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    text: async () => textOf((await askAll()).map(({ figures }) => figures)),
    async ask() {
      const states = (await askAll()).map(({ state }) => state)
      return states.includes('ready') ? 'ready' : (states[0] ?? 'starting')
    },
  }
}

/** Undefined for one that ends or is too busy to say anything. */
async function askOne(worker: Worker, number: number): Promise<Answer | undefined> {
  if (!worker.isConnected()) return undefined
  const stop = new AbortController()
  const { promise, resolve } = Promise.withResolvers<Answer | undefined>()
  const hear = (message: unknown): void => {
    if (isAnswer(message) && message.iAm === number) resolve(message)
  }
  const leave = (): void => resolve(undefined)
  worker.on('message', hear)
  worker.once('exit', leave)
  worker.send({ howAreYou: number } satisfies Question, (error) => error && leave())
  const late = wait(longestAnswer, undefined, { signal: stop.signal, ref: false }).catch(() => undefined)
  const answer = await Promise.race([promise, late])
  stop.abort()
  worker.off('message', hear)
  worker.off('exit', leave)
  return answer
}

const isQuestion = (message: unknown): message is Question =>
  typeof message === 'object' && message !== null && 'howAreYou' in message

const isAnswer = (message: unknown): message is Answer =>
  typeof message === 'object' && message !== null && 'iAm' in message
