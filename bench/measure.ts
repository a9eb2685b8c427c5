/** How things are counted: work done over and over for a while, work that arrives at a rate, and the middle of what came out. */
import { setTimeout as wait } from 'node:timers/promises'

export type Counted = {
  readonly done: number
  /** ms that it took */
  readonly took: number
}

/** Does something again and again, so many at once, for `ms`; what is under way then is waited for and counts. */
export async function closedLoop({
  ms,
  atOnce,
  work,
}: {
  readonly ms: number
  readonly atOnce: number
  readonly work: () => Promise<void>
}): Promise<Counted> {
  const since = performance.now()
  let done = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      do {
        await work()
        done += 1
      } while (performance.now() - since < ms)
    }),
  )
  return { done, took: performance.now() - since }
}

/** Begins something `rate` times a second whether or not the former ones have ended, as customers come. */
export async function openLoop({
  ms,
  rate,
  work,
}: {
  readonly ms: number
  readonly rate: number
  readonly work: () => Promise<void>
}): Promise<Counted> {
  const since = performance.now()
  const all: Promise<void>[] = []
  for (let n = 0; (n / rate) * 1000 < ms; n += 1) {
    const early = (n / rate) * 1000 - (performance.now() - since)
    if (early > 0) await wait(early)
    all.push(work())
  }
  await Promise.all(all)
  return { done: all.length, took: performance.now() - since }
}

/** @param part 0.5 for the median, 0.99 for what one in a hundred exceeds; NaN of nothing */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)
