/**
 * `npm run soak`: 100,000 journeys with mixed errors on the real program. Says whether memory stays flat, whether sockets and
 * timers come back to where they were, and which rows are left when the sweeper has been. Ends with 1 where something leaks.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { verdicts } from './soak-verdicts.ts'
import { soak } from './soak-run.ts'
import type { Sample } from './soak-sample.ts'

const { values: asked } = parseArgs({
  options: {
    journeys: { type: 'string', default: '100000' },
    database: { type: 'string', default: 'sqlite' },
    'at-once': { type: 'string', default: '8' },
    minutes: { type: 'string', default: '600' },
    out: { type: 'string', default: join(import.meta.dirname, 'results', 'soak.json') },
  },
})

// What was started ends with us, however we end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const soaked = await soak({
  database: asked.database === 'postgres' ? 'postgres' : 'sqlite',
  journeys: Number(asked.journeys),
  atOnce: Number(asked['at-once']),
  samples: 50,
  within: Number(asked.minutes) * 60_000,
  onSample: tell,
})
tell(soaked.idle)
tell(soaked.quiet)
const judged = verdicts(soaked)
const { atTheEnd, twoDaysLater, twoYearsLater } = soaked.rows
process.stdout.write('\nrows                  at the end   2 days later   2 years later\n')
for (const [table, rows] of Object.entries(atTheEnd)) {
  const later = [twoDaysLater[table] ?? 0, twoYearsLater[table] ?? 0]
  process.stdout.write(
    `${table.padEnd(18)}${String(rows).padStart(14)}${later.map((n) => String(n).padStart(15)).join('')}\n`,
  )
}
process.stdout.write('\n')
for (const { name, holds, says } of judged)
  process.stdout.write(`${holds ? 'yes' : 'NO '}  ${name}: ${says}\n`)
for (const says of soaked.wrong.slice(0, 10)) process.stdout.write(`  ! ${says}\n`)

mkdirSync(dirname(asked.out), { recursive: true })
writeFileSync(
  asked.out,
  `${JSON.stringify({ at: new Date().toISOString(), ...soaked, judged }, undefined, 2)}\n`,
)
process.exitCode = judged.every(({ holds }) => holds) ? 0 : 1

function tell({ journeys, seconds, resident, heap, files, sockets, resources }: Sample): void {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
  const timers = resources.Timeout ?? 0
  process.stdout.write(
    `${String(journeys).padStart(7)} journeys ${String(seconds).padStart(6)} s  resident ${megabytes(resident)}  heap ${megabytes(heap)}  files ${files}  sockets ${sockets}  timers ${timers}\n`,
  )
}
