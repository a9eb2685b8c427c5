/** A few kills of what `npm run faults` does two hundred times: what was acknowledged is there, and nothing counts twice. */
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type Outcome, runKills, underLoad } from '../../bench/faults-kills.ts'
import { openInstallation } from '../../bench/installation.ts'
import { inspectDatabase } from '../../src/store/open.ts'

const plan = { kills: 5, life: 600, within: 240_000, atOnce: 4 }
const brokenIn = ({ checks }: Outcome) =>
  checks.flatMap(({ name, broken }) => broken.map((says) => [name, says]))

it.each(['sqlite', 'postgres'] as const)(
  'processes on %s that are killed lose nothing that they had answered',
  async (database) => {
    const outcome = await runKills({ ...plan, database })
    expect(brokenIn(outcome)).toEqual([])
    expect(outcome.counts.kills).toBe(5)
    expect(outcome.counts.codes).toBeGreaterThan(0)
  },
  400_000,
)

it('a connection that was lost would be noticed', async () => {
  const installation = await openInstallation()
  try {
    const outcome = await underLoad({ name: 'lost', installation, atOnce: 4 }, async () => {
      const db = inspectDatabase(installation.databaseUrl)
      const active = () => db.selectFrom('consents').select('id').where('status', '=', 'active').execute()
      while ((await active()).length < 3) await wait(50)
      await db.deleteFrom('consents').execute()
      await db.destroy()
    })
    const names = brokenIn(outcome).map(([name]) => name)
    expect(names).toContain('exchanged: refreshes and opens the API')
    expect(names).toContain('許可 with a code: consent is there')
    expect(names).toContain('PINs: in force only where 許可 was given')
  } finally {
    await installation.stop()
  }
}, 300_000)
