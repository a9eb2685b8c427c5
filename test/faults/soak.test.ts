/** Some hundred journeys with all that goes wrong in them leave no socket, no timer and no row behind. */
import { expect, it } from 'vitest'
import { soak } from '../../bench/soak-run.ts'
import { verdicts } from '../../bench/soak-verdicts.ts'

it('journeys that were finished, left, refused, guessed and stopped leave nothing behind', async () => {
  const soaked = await soak({ database: 'sqlite', journeys: 240, atOnce: 4, samples: 4, within: 60_000 })
  expect(soaked.wrong).toEqual([])
  expect(verdicts(soaked).filter(({ holds }) => !holds)).toEqual([])
  expect(soaked.rows.twoDaysLater.consents).toBe(soaked.rows.atTheEnd.consents)
}, 300_000)
