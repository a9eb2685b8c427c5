/** What a process and its database hold at one moment, and whether it grew. */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { inspectDatabase } from '../src/store/open.ts'
import type { Program } from './program.ts'

export type Sample = {
  readonly journeys: number
  readonly seconds: number
  /** bytes, as the system counts them */
  readonly resident: number
  /** bytes, after a collection */
  readonly heap: number
  /** bytes outside of it: buffers */
  readonly external: number
  readonly files: number
  readonly sockets: number
  /** timers, sockets and other things that keep a process alive, by Node's names */
  readonly resources: Readonly<Record<string, number>>
}

/** @param file that the probe in the process writes to */
export async function sampleOf(
  { pid, memory }: Program,
  file: string,
  at: Pick<Sample, 'journeys' | 'seconds'>,
): Promise<Sample> {
  rmSync(file, { force: true })
  process.kill(pid, 'SIGUSR2')
  while (!existsSync(file)) await wait(20)
  const told = JSON.parse(readFileSync(file, 'utf8')) as {
    heapUsed: number
    external: number
    resources: Record<string, number>
  }
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => targetOf(`/proc/${pid}/fd/${fd}`))
  return {
    ...at,
    resident: memory(),
    heap: told.heapUsed,
    external: told.external,
    files: open.length,
    sockets: open.filter((target) => target.startsWith('socket:')).length,
    resources: told.resources,
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    // Closed since the folder was read.
    return ''
  }
}

export type Rows = Readonly<Record<string, number>>

const tables = [
  'engine_records',
  'consents',
  'finishing',
  'held_pins',
  'attempts',
  'known_devices',
  'tickets',
  'refusals',
  'outbox',
  'audit',
  'wordings',
] as const

export async function countRows(databaseUrl: string): Promise<Rows> {
  const db = inspectDatabase(databaseUrl)
  const rows: Record<string, number> = {}
  for (const table of tables) {
    const { rows: counted } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(
      db,
    )
    rows[table] = Number(counted[0]?.n ?? 0)
  }
  await db.destroy()
  return rows
}

export type Growth = {
  /** bytes a journey */
  readonly slope: number
  /** two standard errors: what the slope may be off by */
  readonly margin: number
}

/** Over the last half, by least squares. */
export function growthOf(samples: readonly Sample[], of: (sample: Sample) => number): Growth {
  const half = samples.slice(Math.floor(samples.length / 2))
  const meanX = mean(half.map(({ journeys }) => journeys))
  const meanY = mean(half.map(of))
  const bottom = sum(half.map(({ journeys }) => (journeys - meanX) ** 2))
  if (bottom === 0) return { slope: 0, margin: 0 }
  const slope = sum(half.map((one) => (one.journeys - meanX) * (of(one) - meanY))) / bottom
  const off = sum(half.map((one) => (of(one) - meanY - slope * (one.journeys - meanX)) ** 2))
  return { slope, margin: 2 * Math.sqrt(off / Math.max(1, half.length - 2) / bottom) }
}

const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0)
const mean = (all: readonly number[]): number => sum(all) / all.length
