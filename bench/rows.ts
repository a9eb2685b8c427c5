/** Which figures stand in the table, and the aim of each. */
import type { Plan } from './bench.ts'
import type { Growth } from './growth.ts'
import type { Anatomy, Latencies, Weight } from './pages.ts'
import type { Processes } from './processes.ts'
import type { Aim, Row } from './report.ts'
import { middle, type Pace, type Rounds, type Work, works } from './rounds.ts'
import type { TargetName } from './targets.ts'

export type Figures = {
  readonly rounds: Rounds
  readonly anatomies: Record<TargetName, Anatomy>
  readonly latencies: Record<TargetName, Latencies>
  readonly weight: Weight
  readonly starts: Record<TargetName, number>
  readonly memory: Record<TargetName, number>
  readonly journeys: Record<TargetName, number>
  /** bytes that a journey adds to the database */
  readonly left: Record<'sqlite' | 'postgres', number>
  readonly processes: Processes
  readonly growth: Record<'sqlite' | 'postgres', Growth>
}

const names = ['bare', 'sqlite', 'postgres'] as const

const besideTheEngine: Aim = {
  says: '0.9 × bare on SQLite, 0.7 × on PostgreSQL',
  holds: (_value, ratio, name) => ratio >= (name === 'sqlite' ? 0.9 : 0.7),
}

export function rowsOf(figures: Figures, plan: Pick<Plan, 'journeys' | 'live'>): readonly Row[] {
  return [...paces(figures), ...time(figures), ...size(figures, plan), ...more(figures, plan)]
}

function paces({ rounds, anatomies }: Figures): Row[] {
  const of = (work: Work, what: keyof Pace) => each((name) => middle(rounds[name][work], what))
  const requests = each((name) => anatomies[name].requests)
  const perRequest = each((name) => middle(rounds[name].journeys, 'cpu') / (requests[name] ?? 1))
  return [
    ...works.map((work): Row => {
      const aim = work === 'accounts calls' ? {} : { aim: besideTheEngine }
      return { name: work, unit: 'a second', values: of(work, 'rate'), better: 'more', ...aim }
    }),
    ...works.map(
      (work): Row => ({
        name: `CPU: ${work}, each`,
        unit: 'ms',
        values: of(work, 'cpu'),
        better: 'less',
      }),
    ),
    {
      name: 'CPU: PostgreSQL, for a journey',
      unit: 'ms',
      values: { postgres: middle(rounds.postgres.journeys, 'databaseCpu') },
      better: 'less',
    },
    { name: 'requests in a journey', unit: '', values: requests, better: 'less', alone: true },
    { name: 'CPU: a journey, by request', unit: 'ms', values: perRequest, better: 'less' },
  ]
}

function time({ anatomies, latencies, starts }: Figures): Row[] {
  const { rate } = latencies.sqlite
  const at = `at ${rate} (SQLite) and ${latencies.postgres.rate} (PostgreSQL) journeys a second`
  const isFast: Aim = {
    says: 'under 20 ms at 200 journeys a second',
    holds: (value, _ratio, name) => value < 20 && latencies[name].rate >= 200,
  }
  const pages = (what: 'p50' | 'p99' | 'serverP99') => ours((name) => latencies[name][what])
  return [
    { name: 'a journey alone', unit: 'ms', values: each((name) => anatomies[name].whole), better: 'less' },
    {
      name: "the engine's part of it: PAR, authorize, resume, token",
      unit: 'ms',
      values: each((name) => anatomies[name].engine),
      better: 'less',
      aim: besideTheEngine,
    },
    { name: `a page, half of all, ${at}`, unit: 'ms', values: pages('p50'), better: 'less' },
    { name: 'a page, 99 of 100', unit: 'ms', values: pages('p99'), better: 'less' },
    {
      name: "a page in the server's own time, 99 of 100",
      unit: 'ms',
      values: pages('serverP99'),
      better: 'less',
      aim: isFast,
    },
    {
      name: 'start until ready',
      unit: 'ms',
      values: starts,
      better: 'less',
      alone: true,
      aim: { says: 'under 1000 ms', holds: (value) => value < 1000 },
    },
  ]
}

function size(
  { weight: { page, styles, scripts }, memory, journeys }: Figures,
  plan: Pick<Plan, 'journeys'>,
): Row[] {
  const kB = (bytes: number) => ({ sqlite: bytes / 1000 })
  const walked = names.map((name) => journeys[name]).join(', ')
  return [
    {
      name: `memory after journeys (${walked})`,
      unit: 'MB',
      values: each((name) => memory[name] / 1_000_000),
      better: 'less',
      alone: true,
      // What a handful of journeys leaves says nothing about the aim.
      ...(plan.journeys < 10_000
        ? {}
        : { aim: { says: 'under 160 MB after 10,000', holds: (value: number) => value < 160 } }),
    },
    {
      name: 'first view on the wire: page and styles',
      unit: 'kB',
      values: kB(page + styles),
      better: 'less',
      aim: { says: 'under 14 kB', holds: (value) => value < 14 },
    },
    { name: 'of which the page', unit: 'kB', values: kB(page), better: 'less' },
    { name: 'besides: scripts that may fail', unit: 'kB', values: kB(scripts), better: 'less' },
  ]
}

function more({ processes, growth, left }: Figures, { live: [few, many] }: Pick<Plan, 'live'>): Row[] {
  const twice = (kind: keyof Processes, what: keyof Pace) => {
    const [one, two] = processes[kind]
    return { postgres: two[what] / one[what] }
  }
  const doubled: Aim = { says: 'at least 1.8', holds: (value) => value >= 1.8 }
  const grown = (what: 'refreshes' | 'introspections') =>
    ours((name) => growth[name].many[what] / growth[name].few[what])
  const flat: Aim = { says: 'at least 0.9', holds: (value) => value >= 0.9 }
  const kB = (bytes: (name: 'sqlite' | 'postgres') => number) => ours((name) => bytes(name) / 1000)
  const against = `with ${many} live consents against ${few}`
  return [
    ...(['journeys', 'refreshes'] as const).flatMap((kind): Row[] => [
      {
        name: `${kind}: two processes against one`,
        unit: '×',
        values: twice(kind, 'rate'),
        better: 'more',
        aim: doubled,
      },
      {
        name: `CPU: ${kind}, each, of two processes against one`,
        unit: '×',
        values: twice(kind, 'cpu'),
        better: 'less',
      },
      {
        name: `CPU: PostgreSQL, ${kind}, each, of two processes against one`,
        unit: '×',
        values: twice(kind, 'databaseCpu'),
        better: 'less',
      },
    ]),
    { name: `refreshes ${against}`, unit: '×', values: grown('refreshes'), better: 'more', aim: flat },
    {
      name: `introspections ${against}`,
      unit: '×',
      values: grown('introspections'),
      better: 'more',
      aim: flat,
    },
    {
      name: 'database: a live consent and its token',
      unit: 'kB',
      values: kB((name) => growth[name].bytes),
      better: 'less',
    },
    {
      name: 'database: all that a journey leaves, audit included',
      unit: 'kB',
      values: kB((name) => left[name]),
      better: 'less',
    },
  ]
}

const each = (value: (name: TargetName) => number) =>
  Object.fromEntries(names.map((name) => [name, value(name)])) as Record<TargetName, number>

const ours = (value: (name: 'sqlite' | 'postgres') => number) => ({
  sqlite: value('sqlite'),
  postgres: value('postgres'),
})
