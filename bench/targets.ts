/** What is measured against what: the bare engine, ours on SQLite, ours on PostgreSQL, each behind the same verbs. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBareLoad } from './bare-walk.ts'
import type { Measured } from './browser.ts'
import type { Tokens } from './fintech.ts'
import { type Installation, openInstallation } from './installation.ts'
import { cpuOfFamily, type Program, startProgram } from './program.ts'
import { type Load, openLoad } from './walk.ts'

export type TargetName = 'bare' | 'sqlite' | 'postgres'

export type Target = {
  readonly name: TargetName
  readonly program: Program
  readonly load: Load
  /** ms of CPU of the database's own processes since their start */
  readonly databaseCpu: () => number
  readonly setArgon2: (on: boolean) => void
  /** A whole journey of a customer who never came before. @throws Failed when it did not end with tokens */
  readonly journey: () => Promise<Tokens>
  readonly journeys: () => number
  /** Tells of every answer until it is told to stop. */
  readonly listen: (onAnswer: (measured: Measured) => void) => () => void
  /** one more process of the same, to see how long it takes or to share the work */
  readonly startAnother: () => Promise<Program>
  /** undefined for the bare engine */
  readonly installation: Installation | undefined
  readonly stop: () => Promise<void>
}

export type OurTarget = Target & { readonly installation: Installation }

/** @param flags of Node */
export async function openOurs(
  name: 'sqlite' | 'postgres',
  flags: readonly string[] = [],
): Promise<OurTarget> {
  const installation = await openInstallation({ database: name, flags })
  const [program] = installation.running()
  if (!program) throw new Error('no process is running')
  const { publicUrl, fintech, bank, cluster } = installation
  const { listen, onAnswer } = createListening()
  const load = openLoad({ origins: [program.origin], publicUrl, fintech, onAnswer })
  return {
    name,
    program,
    load,
    databaseCpu: () => (cluster ? cpuOfFamily(cluster.pid) : 0),
    setArgon2: bank.setArgon2,
    ...journeysOf(load),
    listen,
    startAnother: () => installation.start(),
    installation,
    async stop() {
      await load.close()
      await installation.stop()
    },
  }
}

export async function openBare(flags: readonly string[] = []): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'ninka-bare-'))
  const publicUrl = 'https://login.bench.example'
  const fintech = {
    clientId: 'bench-books',
    clientSecret: randomBytes(32).toString('base64url'),
    redirectUri: 'https://books.bench.example/callback',
  }
  const start = () =>
    startProgram({
      arguments: [...flags, join(import.meta.dirname, 'bare-engine.ts')],
      environment: { PUBLIC_URL: publicUrl, CLIENT: JSON.stringify(fintech) },
      log: join(folder, 'log'),
    })
  const program = await start()
  const { listen, onAnswer } = createListening()
  let argon2 = false
  const load = openBareLoad({
    origins: [program.origin],
    publicUrl,
    fintech,
    onAnswer,
    argon2: () => argon2,
  })
  return {
    name: 'bare',
    program,
    load,
    databaseCpu: () => 0,
    setArgon2(on) {
      argon2 = on
    },
    ...journeysOf(load),
    listen,
    startAnother: start,
    installation: undefined,
    async stop() {
      await load.close()
      await program.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Every journey is another customer's: nobody meets a lock, a renewal or his own former consent. */
function journeysOf(load: Load): Pick<Target, 'journey' | 'journeys'> {
  let customers = 0
  return {
    async journey() {
      customers += 1
      const walked = await load.connect(customers)
      if (!walked.ok) throw walked.failed
      return walked.reached.tokens
    },
    journeys: () => customers,
  }
}

function createListening() {
  let told: ((measured: Measured) => void) | undefined
  return {
    onAnswer: (measured: Measured) => told?.(measured),
    listen(onAnswer: (measured: Measured) => void) {
      told = onAnswer
      return () => {
        told = undefined
      }
    },
  }
}
