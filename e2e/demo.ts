/** The real program in a process of its own: `node src/main.ts demo`, on free ports and with its data in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type Demo = {
  readonly publicUrl: string
  readonly fintechUrl: string
  /** What 「はじめの状態に戻す」 does. */
  readonly reset: () => Promise<void>
  /** @throws when it does not end in good order, or logged a failure while it ran */
  readonly stop: () => Promise<void>
}

const root = join(import.meta.dirname, '..')
const mostMsToEnd = 5000

export type DemoOptions = {
  /** where not in a file of its own */
  readonly databaseUrl?: string
  /** of the bank and of the fintechs, where not any free ones */
  readonly ports?: readonly [number, number]
  /** more settings, and others than the usual ones */
  readonly environment?: Readonly<Record<string, string>>
  /** with what is in it already; a new one unless told */
  readonly dataDir?: string
}

export async function startDemo({
  databaseUrl,
  ports,
  environment = {},
  dataDir: givenDir,
}: DemoOptions = {}): Promise<Demo & { readonly dataDir: string; readonly deskUrl: string }> {
  const [port, fintechPort] = ports ?? [await freePort(), await freePort()]
  const deskPort = await freePort()
  const dataDir = givenDir ?? (await mkdtemp(join(tmpdir(), 'ninka-e2e-')))
  const program = spawn(process.execPath, ['src/main.ts', 'demo'], {
    cwd: root,
    // Nothing of the environment that the tests run in may change what they test.
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      FINTECH_PORT: String(fintechPort),
      CERTIFICATE_PORT: String(await freePort()),
      API_MTLS_PORT: String(await freePort()),
      OPERATOR_PORT: String(deskPort),
      METRICS_PORT: String(await freePort()),
      DATA_DIR: dataDir,
      ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  const address = await ready(program, said)
  return {
    publicUrl: environment.PUBLIC_URL ?? `http://localhost:${port}`,
    fintechUrl: new URL(address).origin,
    deskUrl: `http://127.0.0.1:${deskPort}`,
    dataDir,
    reset: () => resetAt(new URL(address).origin),
    async stop() {
      await end(program)
      await rm(dataDir, { recursive: true })
      const failures = said.filter((line) => /"level":(?:50|60)|"level":"(?:error|fatal)"/.test(line))
      if (program.exitCode !== 0 || failures.length > 0)
        throw new Error(`the program ended with ${program.exitCode}\n${failures.join('\n')}`)
    },
  }
}

/** The button on the fintechs' page, pressed from that page: any other origin is refused. */
export async function resetAt(origin: string): Promise<void> {
  const answer = await fetch(`${origin}/reset`, { method: 'POST', headers: { origin }, redirect: 'manual' })
  if (answer.status !== 303) throw new Error(`the reset was answered with ${answer.status}`)
}

/** Workers run at the same time, so each has ports of its own; below those that systems give to outgoing connections. */
const ofAWorker = 5000
const first = 20_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 2) * ofAWorker
/** The last ones that were given out: whoever got one may not listen yet, and takes the next five where it is told of none. */
const given: number[] = []

export async function freePort(): Promise<number> {
  const port = first + Math.floor(Math.random() * ofAWorker)
  if (given.some((one) => Math.abs(one - port) < 6)) return freePort()
  given.push(port)
  if (given.length > 60) given.shift()
  const probe = createServer()
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (!free) return freePort()
  probe.close()
  await once(probe, 'close')
  return port
}

/** The address in the `ready` line. */
async function ready({ stdout, stderr }: ChildProcess, said: string[]): Promise<string> {
  if (!stdout || !stderr) throw new Error('the program has no output')
  stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const lines = createInterface({ input: stdout })
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      const address = /^ready: open (\S+)$/.exec(line)?.[1]
      if (address) resolve(address)
    })
    lines.once('close', () => reject(new Error(`the program did not start:\n${said.join('\n')}`)))
  })
}

async function end(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null) return
  const late = setTimeout(() => program.kill('SIGKILL'), mostMsToEnd)
  const ended = once(program, 'exit')
  program.kill('SIGTERM')
  await ended
  clearTimeout(late)
  if (program.signalCode === 'SIGKILL')
    throw new Error(`the program did not end within ${mostMsToEnd} ms of SIGTERM`)
}
