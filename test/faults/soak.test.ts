/** Some hundred journeys with all that goes wrong in them leave no socket, no timer and no row behind. */
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { sweepAhead } from '../../bench/faults-sweep.ts'
import { openInstallation } from '../../bench/installation.ts'
import { type Soaked, soak } from '../../bench/soak-run.ts'
import { verdicts } from '../../bench/soak-verdicts.ts'

it('journeys that were finished, left, refused, guessed and stopped leave nothing behind', async () => {
  const soaked = await soak({ database: 'sqlite', journeys: 240, atOnce: 4, samples: 4, within: 60_000 })
  expect(soaked.wrong).toEqual([])
  expect(verdicts(soaked).filter(({ holds }) => !holds)).toEqual([])
  expect(soaked.rows.twoDaysLater.consents).toBe(soaked.rows.atTheEnd.consents)
}, 300_000)

it('what a hundred thousand journeys leave is swept in more than one round', async () => {
  const installation = await openInstallation({ processes: 0 })
  const { databaseUrl, environment } = installation
  const db = new DatabaseSync(databaseUrl.slice('sqlite:'.length))
  db.exec(`insert into attempts (subject, failures, pending, pending_at, temporary_locks, locked_until, forgotten_at)
    with recursive s(n) as (select 1 union all select n + 1 from s where n < 50001) select n, 1, 0, 0, 0, 0, 1 from s`)
  await sweepAhead(environment, 0)
  expect(db.prepare('select count(*) as n from attempts').get()).toEqual({ n: 0 })
  db.close()
  await installation.stop()
})

it('a process that grows by 100 bytes a journey is told from one that does not, whatever waits to be collected', () => {
  const sample = (journeys: number, heap: number) => ({
    journeys,
    seconds: 0,
    resident: 0,
    heap,
    external: 0,
    files: 0,
    sockets: 0,
    resources: {},
  })
  const isFlat = (perJourney: number): boolean | undefined => {
    const samples = Array.from({ length: 50 }, (_, n) => {
      const journeys = (n + 1) * 2000
      const waiting = ((n * 7) % 5) * 200_000
      return sample(journeys, 57_000_000 + journeys * perJourney + waiting)
    })
    const [idle, quiet] = [sample(0, 0), sample(100_000, 0)]
    const rows = { atTheEnd: {}, twoDaysLater: {}, twoYearsLater: {} }
    const soaked: Soaked = { idle, samples, quiet, rows, liveConsents: 0, wrong: [] }
    return verdicts(soaked).find(({ name }) => name === 'heap is flat')?.holds
  }
  expect([isFlat(0), isFlat(20), isFlat(100)]).toEqual([true, true, false])
})
