/** Few at a time and a short line behind them, for work that costs a core and memory: a storm of it slows itself alone. */

export type Queue = {
  /** The work's value, or undefined when the line is full and it was not even begun. */
  readonly run: <Value>(work: () => Promise<Value>) => Promise<Value | undefined>
}

export function createQueue({
  atOnce,
  mostWaiting,
}: {
  readonly atOnce: number
  readonly mostWaiting: number
}): Queue {
  let running = 0
  const waiting: (() => void)[] = []
  return {
    async run(work) {
      if (running >= atOnce) {
        if (waiting.length >= mostWaiting) return undefined
        // Whoever leaves hands his place on, so nobody slips in between.
        await new Promise<void>((mayGo) => waiting.push(mayGo))
      } else running += 1
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running -= 1
      }
    },
  }
}
