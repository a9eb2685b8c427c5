/**
 * `npm run bench`: ours on SQLite and on PostgreSQL beside the bare engine, in one run on one machine, in turn. Prints a
 * table and writes all figures as JSON. docs/performance.md says what they mean.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Growth, growthOf } from './growth.ts'
import { median } from './measure.ts'
import { anatomyOf, type Anatomy, firstView, type Latencies, latenciesAt, type Weight } from './pages.ts'
import { oneAgainstTwo } from './processes.ts'
import { judge, table } from './report.ts'
import { middle, runRounds } from './rounds.ts'
import { rowsOf } from './rows.ts'
import { sizeOf } from './seed.ts'
import { openBare, openOurs, type Target, type TargetName } from './targets.ts'

export type Plan = {
  readonly rounds: number
  /** ms of one kind of work in a round */
  readonly ms: number
  readonly atOnce: number
  /** after how many journeys memory is looked at */
  readonly journeys: number
  /** live consents */
  readonly live: readonly [number, number]
  /** how often a start is timed besides the first one, which is not alone */
  readonly starts: number
  /** journeys that are walked one at a time */
  readonly alone: number
}

const whole: Plan = {
  rounds: 10,
  ms: 2000,
  atOnce: 16,
  journeys: 10_000,
  live: [1000, 1_000_000],
  starts: 3,
  alone: 25,
}
const quick: Plan = { rounds: 1, ms: 50, atOnce: 2, journeys: 8, live: [20, 200], starts: 0, alone: 1 }

const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    journeys: { type: 'string' },
    live: { type: 'string' },
  },
})
const plan: Plan = { ...(given.quick ? quick : whole), ...asked() }

const machine = {
  cores: cpus().length,
  processor: cpus()[0]?.model ?? '',
  memory: totalmem(),
  node: process.version,
  // Who else is at work here: without it a slow figure cannot be judged.
  loadBefore: loadavg()[0],
}
// What was started ends with us, however we end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const targets = await Promise.all([openBare(), openOurs('sqlite'), openOurs('postgres')])
const [, sqlite, postgres] = targets
try {
  say(`${plan.rounds} rounds of ${plan.ms} ms each kind of work`)
  for (const target of targets) await target.journey()
  const sizes = () =>
    Promise.all([sqlite, postgres].map(({ installation }) => sizeOf(installation.databaseUrl)))
  const [before, walkedBefore] = [await sizes(), sqlite.journeys()]
  const rounds = await runRounds(targets, plan)
  const of = <Value>(look: (target: Target) => Promise<Value>) => byName(targets, look)
  say('journeys alone')
  const anatomies: Record<TargetName, Anatomy> = await of((target) => anatomyOf(target, plan.alone))
  say('pages at a steady rate')
  const latencies: Record<TargetName, Latencies> = await of((target) => {
    // Half of what it can do, and never more than the aim asks for.
    const rate = Math.max(1, Math.min(200, Math.floor(middle(rounds[target.name].journeys, 'rate') / 2)))
    return latenciesAt(target, { rate, ms: plan.ms * 2 })
  })
  const weight: Weight = await firstView(sqlite)
  say('starts')
  const starts = await of(startOf)
  say(`memory after ${plan.journeys} journeys`)
  const memory = await of(async (target) => {
    while (target.journeys() < plan.journeys)
      await Promise.all(Array.from({ length: plan.atOnce }, () => target.journey()))
    return target.program.memory()
  })
  const journeys = await of(async (target) => target.journeys())
  const after = await sizes()
  const leftBy = (n: number, { journeys: walked }: Target) =>
    ((after[n] ?? 0) - (before[n] ?? 0)) / (walked() - walkedBefore)
  const left = { sqlite: leftBy(0, sqlite), postgres: leftBy(1, postgres) }
  say('one process and two')
  const processes = await oneAgainstTwo(postgres, plan)
  say(`${plan.live.join(' and ')} live consents`)
  const growth: Record<'sqlite' | 'postgres', Growth> = {
    sqlite: await growthOf(sqlite, plan),
    postgres: await growthOf(postgres, plan),
  }
  const figures = { rounds, anatomies, latencies, weight, starts, memory, journeys, left, processes, growth }
  const rows = judge(rowsOf(figures, plan))
  const result = { at: new Date().toISOString(), commit: commit(), machine, plan, rows, figures }
  const file = given.out ?? join(import.meta.dirname, 'results', `${result.at.replaceAll(':', '-')}.json`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`)
  const { cores, processor, node, loadBefore } = machine
  console.log(`${cores} cores (${processor}), Node ${node}, load of the machine before: ${loadBefore}`)
  console.log(`${table(rows)}\n\nall figures: ${file}`)
} finally {
  await Promise.all(targets.map(({ stop }) => stop()))
}

async function byName<Value>(all: readonly Target[], look: (target: Target) => Promise<Value>) {
  const found: Partial<Record<TargetName, Value>> = {}
  for (const target of all) found[target.name] = await look(target)
  return found as Record<TargetName, Value>
}

async function startOf({ program, startAnother }: Target): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < plan.starts; n += 1) {
    const another = await startAnother()
    times.push(another.startedIn)
    await another.stop()
  }
  return times.length === 0 ? program.startedIn : median(times)
}

function asked(): Partial<Plan> {
  const { rounds, seconds, journeys, live } = given
  return {
    ...(rounds ? { rounds: Number(rounds) } : {}),
    ...(seconds ? { ms: Number(seconds) * 1000 } : {}),
    ...(journeys ? { journeys: Number(journeys) } : {}),
    ...(live ? { live: [Math.min(1000, Number(live)), Number(live)] as const } : {}),
  }
}

/** Of what was measured; an archive without history has none. */
function commit(): string | undefined {
  try {
    const options = {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: 'pipe',
    } as const
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim()
  } catch {
    return undefined
  }
}

/** Apart from the table, so that it can be piped. */
function say(what: string): void {
  process.stderr.write(`bench: ${what}\n`)
}
