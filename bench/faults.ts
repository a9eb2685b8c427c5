/**
 * `npm run faults`: what was acknowledged is there after `kill -9` of processes at random moments, after the loss of the
 * database's primary, and after a database that was full, read-only or held. Prints a table and writes JSON; ends with 1 when
 * anything was lost. docs/faults.md says what the rows mean.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { runFailover } from './faults-failover.ts'
import { type Outcome, runKills } from './faults-kills.ts'
import { table } from './faults-report.ts'
import { runTrouble, troubleNames } from './faults-troubles.ts'

const { values: asked } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    database: { type: 'string' },
    failover: { type: 'boolean', default: false },
    troubles: { type: 'boolean', default: false },
    'at-once': { type: 'string', default: '6' },
    minutes: { type: 'string', default: '120' },
    out: { type: 'string', default: join(import.meta.dirname, 'results', 'faults.json') },
    // told by itself to itself
    'own-mounts': { type: 'boolean', default: false },
  },
})
const atOnce = Number(asked['at-once'])
const onlyOne = asked.failover || asked.troubles
const outcomes: Outcome[] = []

// What was started ends with us, however we end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

if (canMount() && !asked['own-mounts']) process.exitCode = withOwnMounts()
else await run()

async function run(): Promise<void> {
  for (const database of ['sqlite', 'postgres'] as const) {
    if (onlyOne || (asked.database ?? database) !== database) continue
    const within = Number(asked.minutes) * 60_000
    const plan = { database, kills: Number(asked.kills), life: 2500, within, atOnce }
    tell(await runKills({ ...plan, onKill: sayHowFar }))
  }
  if (asked.failover || !(onlyOne || asked.database))
    tell(await runFailover({ before: 5000, between: 1000, after: 5000, atOnce }))
  if (asked.troubles || !(onlyOne || asked.database)) {
    for (const name of troubleNames(asked['own-mounts']))
      tell(await runTrouble(name, { before: 4000, trouble: 7000, after: 4000, atOnce }))
  }
  const broken = outcomes.flatMap(({ checks }) => checks).reduce((sum, one) => sum + one.broken.length, 0)
  process.stdout.write(broken === 0 ? '\nnothing was lost\n' : `\n${broken} promises were broken\n`)
  process.exitCode = broken === 0 ? 0 : 1
}

function tell(outcome: Outcome): void {
  outcomes.push(outcome)
  process.stdout.write(table(outcome))
  mkdirSync(dirname(asked.out), { recursive: true })
  writeFileSync(asked.out, `${JSON.stringify({ at: new Date().toISOString(), outcomes }, undefined, 2)}\n`)
}

function sayHowFar(kill: number): void {
  if (kill % 20 === 0) process.stderr.write(`${kill} kills\n`)
}

/** A disk to be filled is mounted where nobody else sees it. */
function canMount(): boolean {
  return process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0
}

function withOwnMounts(): number {
  const [, , ...words] = process.argv
  const again = [process.execPath, import.meta.filename, ...words, '--own-mounts']
  return spawnSync('unshare', ['-m', ...again], { stdio: 'inherit' }).status ?? 1
}
