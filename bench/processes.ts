/** One process against two workers of one primary, on a machine that the load and PostgreSQL share with them. */
import { closedLoop, median } from './measure.ts'
import { expectOk, type RoundOptions } from './rounds.ts'
import type { OurTarget } from './targets.ts'
import { openLoad } from './walk.ts'

export type Processes = {
  /** a second, by one process and by two */
  readonly journeys: readonly [number, number]
  readonly refreshes: readonly [number, number]
}

/** @param target on PostgreSQL: SQLite has one process */
export async function oneAgainstTwo(
  { installation, program }: OurTarget,
  options: RoundOptions,
): Promise<Processes> {
  const { publicUrl, fintech } = installation
  const two = await installation.start({ NINKA_PROCESSES: '2' })
  const loads = [program, two].map(({ origin }) =>
    openLoad({ origins: [origin], publicUrl, fintech, connections: options.atOnce * 2 }),
  )
  const rates = loads.map(() => ({ journeys: [] as number[], refreshes: [] as number[] }))
  let customer = 10_000_000
  for (let round = 0; round < options.rounds; round += 1)
    for (const [n, load] of loads.entries()) {
      const tokens: string[] = []
      const rate = async (work: () => Promise<void>) => {
        const { done, took } = await closedLoop({ ...options, atOnce: options.atOnce * 2, work })
        return (done * 1000) / took
      }
      const journey = async () => {
        customer += 1
        const walked = await load.connect(customer)
        if (!walked.ok) throw walked.failed
        tokens.push(walked.reached.tokens.refresh)
      }
      let next = 0
      const refresh = async () => {
        next += 1
        expectOk(await load.refresh(tokens[next % tokens.length] as string))
      }
      rates[n]?.journeys.push(await rate(journey))
      rates[n]?.refreshes.push(await rate(refresh))
    }
  for (const load of loads) await load.close()
  await two.stop()
  const both = (of: 'journeys' | 'refreshes') =>
    [median(rates[0]?.[of] ?? []), median(rates[1]?.[of] ?? [])] as const
  return { journeys: both('journeys'), refreshes: both('refreshes') }
}
