/** The primary of a PostgreSQL is lost under load. */
import { expect, it } from 'vitest'
import { runFailover } from '../../bench/faults-failover.ts'

it('nothing that was answered is lost when the primary is killed and its synchronous standby promoted', async () => {
  const { checks, counts } = await runFailover({ before: 1500, between: 200, after: 1500, atOnce: 4 })
  expect(checks.flatMap(({ name, broken }) => broken.map((says) => [name, says]))).toEqual([])
  expect(counts.codes).toBeGreaterThan(0)
}, 300_000)
