/** Very many journeys, with all that customers and fintechs do wrong, on the real program; and what is left of them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { days } from '../src/clock.ts'
import { sweepAhead } from './faults-sweep.ts'
import { openInstallation } from './installation.ts'
import { countRows, type Rows, type Sample, sampleOf } from './soak-sample.ts'
import { type Load, openLoad } from './walk.ts'

export type SoakPlan = {
  readonly database: 'sqlite' | 'postgres'
  readonly journeys: number
  readonly atOnce: number
  readonly samples: number
  /** no journey begins later than this, ms */
  readonly within: number
  readonly onSample?: ((sample: Sample) => void) | undefined
}

export type Soaked = {
  /** before anybody came */
  readonly idle: Sample
  readonly samples: readonly Sample[]
  /** when nobody has come for a while */
  readonly quiet: Sample
  readonly rows: {
    readonly atTheEnd: Rows
    /** with only live consents and what is kept on purpose left */
    readonly twoDaysLater: Rows
    /** with every consent over */
    readonly twoYearsLater: Rows
  }
  readonly liveConsents: number
  readonly wrong: readonly string[]
}

export async function soak({ database, atOnce, ...plan }: SoakPlan): Promise<Soaked> {
  const folder = mkdtempSync(join(tmpdir(), 'ninka-soak-'))
  const file = join(folder, 'probe.json')
  const probe = join(import.meta.dirname, 'soak-probe.ts')
  const installation = await openInstallation({
    database,
    asksEvery: 7,
    flags: ['--expose-gc', `--import=${probe}`],
    environment: { SOAK_PROBE_FILE: file, LOG_LEVEL: 'warn' },
  })
  const [program] = installation.running()
  if (!program) throw new Error('nothing runs')
  const { publicUrl, fintech, databaseUrl } = installation
  const load = openLoad({ origins: [program.origin], publicUrl, fintech, connections: atOnce })
  const since = performance.now()
  const seconds = () => Math.round((performance.now() - since) / 1000)
  const idle = await sampleOf(program, file, { journeys: 0, seconds: 0 })
  const samples: Sample[] = []
  const wrong: string[] = []
  let begun = 0
  let liveConsents = 0

  const worker = async () => {
    while (begun < plan.journeys && performance.now() - since < plan.within) {
      const customer = begun
      begun += 1
      try {
        if (await live(load, customer)) liveConsents += 1
      } catch (error) {
        wrong.push(`customer ${customer}: ${String(error)}`)
      }
    }
  }
  try {
    const all = Promise.all(Array.from({ length: atOnce }, worker))
    let isOver = false
    void all.then(() => {
      isOver = true
    })
    const every = plan.journeys / plan.samples
    // The first ones are those of a process that is still warming up; the second half is judged.
    for (let next = every; !isOver; await wait(50)) {
      if (begun < next) continue
      const sample = await sampleOf(program, file, { journeys: begun, seconds: seconds() })
      samples.push(sample)
      plan.onSample?.(sample)
      next = begun + every
    }
    await all
    await load.close()
    // Connections that nobody uses are closed, and timers of the last requests run out.
    await wait(6000)
    const quiet = await sampleOf(program, file, { journeys: begun, seconds: seconds() })
    await program.stop()
    const atTheEnd = await countRows(databaseUrl)
    const swept = async (ahead: number) => {
      await sweepAhead(installation.environment, ahead)
      return countRows(databaseUrl)
    }
    const rows = { atTheEnd, twoDaysLater: await swept(days(2)), twoYearsLater: await swept(days(730)) }
    return { idle, samples, quiet, rows, liveConsents, wrong }
  } finally {
    await installation.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What one customer and his fintech do. True when a connection is left that lives. */
async function live(load: Load, customer: number): Promise<boolean> {
  switch (customer % 12) {
    case 0:
      await leaves(load, customer, { password: 'nicht-richtig-1' }, 'sign-in')
      return false
    case 1:
      await leaves(load, customer, { until: 'register-pins' }, 'register-pins')
      return false
    case 2:
      await leaves(load, customer, { until: 'give-consent' }, 'give-consent')
      return false
    case 3:
      return replays(load, customer)
    case 4:
      return stops(load, customer)
    case 5:
      await guesses(load, customer)
      return false
    default:
      return uses(load, customer)
  }
}

async function leaves(
  load: Load,
  customer: number,
  options: NonNullable<Parameters<Load['connect']>[1]>,
  at: string,
): Promise<void> {
  const walked = await load.connect(customer, options)
  if (walked.ok || walked.failed.step !== at) throw new Error(`he came further than ${at}`)
}

async function connected(load: Load, customer: number) {
  const walked = await load.connect(customer)
  if (!walked.ok) throw walked.failed
  return walked.reached
}

async function replays(load: Load, customer: number): Promise<boolean> {
  const { code = '', verifier = '', tokens } = await connected(load, customer)
  expectStatus('replay', await load.exchange(code, verifier), 400)
  expectStatus('refresh after a replay', await load.refresh(tokens.refresh), 400)
  return false
}

async function stops(load: Load, customer: number): Promise<boolean> {
  const { tokens } = await connected(load, customer)
  expectStatus('revocation', await load.revoke(tokens.refresh), 200)
  expectStatus('refresh after a stop', await load.refresh(tokens.refresh), 400)
  return false
}

async function guesses(load: Load, customer: number): Promise<void> {
  const guess = `guess-${customer}-${'x'.repeat(30)}`
  expectStatus('a guessed code', await load.exchange(guess, guess), 400)
  expectStatus('a guessed token', await load.refresh(guess), 400)
  expectStatus('introspection of a guess', await load.introspect(guess), 200)
  expectStatus('the API with a guess', await load.api('/api/accounts', guess), 401)
  expectStatus('nothing there', await load.api(`/api/${customer}`, guess), 404)
}

async function uses(load: Load, customer: number): Promise<boolean> {
  const { tokens } = await connected(load, customer)
  const { body, ...answer } = await load.refresh(tokens.refresh)
  expectStatus('refresh', { ...answer, body }, 200)
  const access = String(body.access_token)
  expectStatus('introspection', await load.introspect(access), 200)
  expectStatus('the API', await load.api('/api/accounts', access), 200)
  return true
}

function expectStatus(
  what: string,
  { status, body }: { readonly status: number; readonly body: object },
  right: number,
): void {
  if (status !== right) throw new Error(`${what}: ${status} ${JSON.stringify(body)}`)
}
