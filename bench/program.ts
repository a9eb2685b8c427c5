/** A server in a process of its own, and what it costs: start-up, memory and CPU as the system counts them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../test/support/postgres.ts'

export type Program = {
  readonly pid: number
  /** where it listens: `http://127.0.0.1:<port>` */
  readonly origin: string
  /** ms from its start to its first answer */
  readonly startedIn: number
  /** bytes that are resident now; of workers the primary alone */
  readonly memory: () => number
  /** ms of CPU since its start, with its workers' */
  readonly cpu: () => number
  /** every line that it logged */
  readonly log: () => string
  readonly isRunning: () => boolean
  /** SIGTERM. @throws Error with what it logged when it does not end in good order */
  readonly stop: () => Promise<void>
  /** SIGKILL */
  readonly kill: () => Promise<void>
}

export type ProgramOptions = {
  /** of Node: the file, and what it is told */
  readonly arguments: readonly string[]
  /** `PORT` is added, and no figures unless asked for; nothing of our own environment but `PATH` */
  readonly environment: Readonly<Record<string, string>>
  /** file for what it writes */
  readonly log: string
}

const mostMsToStart = 60_000
const mostMsToEnd = 15_000

/** Starts a program that answers `/readyz` when it is ready. */
export async function startProgram({ arguments: words, environment, log }: ProgramOptions): Promise<Program> {
  const port = environment.PORT ? Number(environment.PORT) : await freePort()
  const output = openSync(log, 'a')
  const since = performance.now()
  const child = spawn(process.execPath, [...words], {
    env: { PATH: process.env.PATH, METRICS_PORT: 'off', ...environment, PORT: String(port) },
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const ended = once(child, 'exit').then(() => process.off('exit', killWithUs))
  const pid = child.pid ?? 0
  const origin = `http://127.0.0.1:${port}`
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const said = () => readFileSync(log, 'utf8')
  while (!(await isReady(origin))) {
    if (!isRunning()) throw new Error(`the program did not start:\n${said()}`)
    if (performance.now() - since > mostMsToStart) {
      killWithUs()
      throw new Error(`the program is not ready after ${mostMsToStart} ms:\n${said()}`)
    }
    await wait(5)
  }
  return {
    pid,
    origin,
    startedIn: performance.now() - since,
    memory: () => memoryOf(pid),
    cpu: () => cpuOfFamily(pid),
    log: said,
    isRunning,
    async stop() {
      if (!isRunning()) return
      const late = setTimeout(killWithUs, mostMsToEnd)
      child.kill('SIGTERM')
      await ended
      clearTimeout(late)
      if (child.exitCode !== 0)
        throw new Error(
          `the program ended with ${child.exitCode ?? child.signalCode}:\n${said().slice(-4000)}`,
        )
    },
    async kill() {
      if (isRunning()) killWithUs()
      await ended
    },
  }
}

const isReady = (origin: string): Promise<boolean> =>
  new Promise((settle) => {
    get(`${origin}/readyz`, { agent: false }, (answer) => {
      answer.resume()
      settle(answer.statusCode === 200)
    }).on('error', () => settle(false))
  })

/**
 * ms of CPU of a process, its threads and its children that have ended. Of what runs the scheduler tells the nanoseconds: in the
 * hundredths of a second of `stat` a short piece of work costs nothing, and nothing cannot be compared. Of children there is no other.
 */
function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) =>
    orNothing(
      () => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    ),
  )
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const ended = rest.split(' ').slice(13, 15)
  return [...threads, ...ended.map((ticks) => Number(ticks) * 10)].reduce((sum, ms) => sum + ms, 0)
}

/** The same of a process with all that it started and that still run, such as PostgreSQL's connections. */
export const cpuOfFamily = (pid: number): number =>
  [pid, ...childrenOf(pid)].reduce((sum, one) => sum + orNothing(() => cpuOf(one)), 0)

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (one) =>
        orNothing(() => Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${one}/stat`, 'utf8'))?.[1])) === pid,
    )
}

/** A process may end while it is looked at. */
function orNothing(look: () => number): number {
  try {
    return look()
  } catch {
    return 0
  }
}

const memoryOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
