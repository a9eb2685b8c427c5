/**
 * One process against two workers of one primary. The load and PostgreSQL have only the same cores, so the rate says little on a
 * small machine; what a piece of work costs says whether two get into each other's way.
 */
import { middle, type Pace, paceOf, expectOk, type RoundOptions, uncounted } from './rounds.ts'
import type { OurTarget } from './targets.ts'
import { openLoad } from './walk.ts'

const kinds = ['journeys', 'refreshes'] as const
type Kind = (typeof kinds)[number]

/** By one process and by two. */
export type Processes = Readonly<Record<Kind, readonly [Pace, Pace]>>

/** @param target on PostgreSQL: SQLite has one process */
export async function oneAgainstTwo(
  { installation, program, databaseCpu }: OurTarget,
  options: RoundOptions,
): Promise<Processes> {
  const { publicUrl, fintech } = installation
  const two = await installation.start({ NINKA_PROCESSES: '2' })
  const sides = [program, two].map((one) => ({
    measured: { program: one, databaseCpu },
    load: openLoad({ origins: [one.origin], publicUrl, fintech, connections: options.atOnce * 2 }),
    paces: { journeys: [] as Pace[], refreshes: [] as Pace[] },
  }))
  let customer = 10_000_000
  // Each of the two does half of the work, and so meets half of its own code.
  const tooEarly = 2 * uncounted
  for (let round = 0; round < options.rounds + tooEarly; round += 1)
    for (const { load, measured, paces } of sides) {
      const tokens: string[] = []
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
      const more = { ...options, atOnce: options.atOnce * 2 }
      const [journeys, refreshes] = [
        await paceOf(measured, more, journey),
        await paceOf(measured, more, refresh),
      ]
      if (round < tooEarly) continue
      paces.journeys.push(journeys)
      paces.refreshes.push(refreshes)
    }
  for (const { load } of sides) await load.close()
  await two.stop()
  const both = (kind: Kind): readonly [Pace, Pace] => {
    const [one, other] = sides.map(({ paces }) => middlePace(paces[kind]))
    return [one as Pace, other as Pace]
  }
  return { journeys: both('journeys'), refreshes: both('refreshes') }
}

const middlePace = (paces: readonly Pace[]): Pace => ({
  rate: middle(paces, 'rate'),
  cpu: middle(paces, 'cpu'),
  databaseCpu: middle(paces, 'databaseCpu'),
})
