/** The same work at every target in turn, round after round, so that whatever else the machine does falls on all of them. */
import { closedLoop, median } from './measure.ts'
import type { Called, Tokens } from './fintech.ts'
import type { Target, TargetName } from './targets.ts'

/** Of one kind of work at one target: per second, and ms of CPU each. */
export type Pace = { readonly rate: number; readonly cpu: number; readonly databaseCpu: number }

export const works = [
  'journeys',
  'journeys with argon2id',
  'refreshes',
  'refreshes with an ID token',
  'introspections',
  'accounts calls',
] as const
export type Work = (typeof works)[number]

/** Every round's figures, by target and work. */
export type Rounds = Readonly<Record<TargetName, Readonly<Record<Work, readonly Pace[]>>>>

export type RoundOptions = {
  readonly rounds: number
  /** ms for each kind of work */
  readonly ms: number
  readonly atOnce: number
}

/** A program that has just started has not met its own code yet: its first round is not counted. */
export const uncounted = 1

export async function runRounds(targets: readonly Target[], options: RoundOptions): Promise<Rounds> {
  const none = () => Object.fromEntries(works.map((work) => [work, [] as Pace[]])) as Record<Work, Pace[]>
  const all: Record<TargetName, Record<Work, Pace[]>> = { bare: none(), sqlite: none(), postgres: none() }
  for (let round = 0; round < options.rounds + uncounted; round += 1)
    for (const target of targets) {
      const measured = await oneRound(target, options)
      if (round >= uncounted) for (const work of works) all[target.name][work].push(measured[work])
    }
  return all
}

async function oneRound(target: Target, options: RoundOptions): Promise<Record<Work, Pace>> {
  const { load } = target
  const got: Tokens[] = []
  const measure = (work: () => Promise<unknown>) => paceOf(target, options, work)
  const journeys = await measure(async () => got.push(await target.journey()))
  target.setArgon2(true)
  const withArgon2 = await measure(async () => got.push(await target.journey()))
  target.setArgon2(false)
  // Few enough for what the bare engine's adapter keeps, which is a thousand records.
  const refreshTokens = got.slice(-40).map(({ refresh }) => refresh)
  const refreshes = await measure(each(refreshTokens, (token) => load.refresh(token)))
  const withIdToken = await measure(each(refreshTokens, (token) => load.refresh(token, { idToken: true })))
  // Newer than all that the refreshes left, which may have pushed the first ones out.
  const accessTokens: string[] = []
  for (const token of refreshTokens) accessTokens.push(String((await load.refresh(token)).body.access_token))
  return {
    journeys,
    'journeys with argon2id': withArgon2,
    refreshes,
    'refreshes with an ID token': withIdToken,
    introspections: await measure(each(accessTokens, load.introspect)),
    'accounts calls': await measure(each(accessTokens, (token) => load.api('/api/accounts', token))),
  }
}

/** One token after the other, and again from the first. */
export function each(
  tokens: readonly string[],
  call: (token: string) => Promise<Called>,
): () => Promise<void> {
  let next = 0
  return async () => {
    next += 1
    expectOk(await call(tokens[next % tokens.length] ?? ''))
  }
}

export async function paceOf(
  { program, databaseCpu }: Pick<Target, 'program' | 'databaseCpu'>,
  { ms, atOnce }: RoundOptions,
  work: () => Promise<unknown>,
): Promise<Pace> {
  const [cpu, ofDatabase] = [program.cpu(), databaseCpu()]
  const { done, took } = await closedLoop({ ms, atOnce, work: async () => void (await work()) })
  return {
    rate: (done * 1000) / took,
    cpu: (program.cpu() - cpu) / done,
    databaseCpu: (databaseCpu() - ofDatabase) / done,
  }
}

/** @throws Error: a refused call is quick, and would look like a good figure */
export function expectOk({ status, body }: Called): void {
  if (status !== 200 || body.active === false) throw new Error(`refused: ${status} ${JSON.stringify(body)}`)
}

export const middle = (paces: readonly Pace[], of: keyof Pace): number =>
  median(paces.map((pace) => pace[of]))
