/** Carries out one command as typed, and writes its answer: lines for a person, or one JSON value. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { z } from 'zod'
import type { StaffActor } from '../../store/audit.ts'
import { pendingMigrations } from '../../store/open.ts'
import { type CommandParts, type Noun, type Outcome, UsageError, type Verb } from './command.ts'
import { helpOfNoun, helpOfVerb, overview } from './help.ts'
import { nouns } from './nouns.ts'

export type Output = { readonly out: (text: string) => void; readonly err: (text: string) => void }

export type Terminal = Output &
  Pick<CommandParts, 'clock' | 'readFile'> & {
    /** whoever is logged in; the actor when no --by names another */
    readonly user: string | undefined
    /** opened only for a command that is typed rightly, closed when it has ended */
    readonly open: () => CommandParts
  }

const everyOption = {
  json: { type: 'boolean' },
  by: { type: 'string' },
  help: { type: 'boolean' },
} as const

const withReason = { reason: { type: 'string' } } as const

/** @returns the exit status: 0 done, 1 not so or not done, 2 typed wrongly or could not start */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  const { out, err } = terminal
  const [first = 'help', second, ...rest] = args
  if (first === 'help' || first === '--help') return tellHelp(second, out, err)
  const noun = nouns[first]
  if (!noun) {
    err(`there is no command "${first}"\n\n${overview(nouns)}\n`)
    return 2
  }
  if (second === undefined || second === 'help' || second === '--help') {
    out(`${helpOfNoun(first, noun)}\n`)
    return second === undefined ? 2 : 0
  }
  const verb = noun.verbs[second]
  if (!verb) {
    err(`"${first}" has no "${second}"\n\n${helpOfNoun(first, noun)}\n`)
    return 2
  }
  try {
    return await carryOut(verb, rest, terminal, () => helpOfVerb(first, second, verb))
  } catch (error) {
    if (!(error instanceof UsageError) && !isParseError(error)) throw error
    err(`${error.message}\n\n${helpOfVerb(first, second, verb)}\n`)
    return 2
  }
}

function tellHelp(name: string | undefined, out: Output['out'], err: Output['err']): 0 | 2 {
  const noun: Noun | undefined = name === undefined ? undefined : nouns[name]
  if (name !== undefined && !noun) {
    err(`there is no command "${name}"\n\n${overview(nouns)}\n`)
    return 2
  }
  out(`${noun && name ? helpOfNoun(name, noun) : overview(nouns)}\n`)
  return 0
}

async function carryOut(
  verb: Verb,
  args: readonly string[],
  { out, err, user, open, clock, readFile }: Terminal,
  help: () => string,
): Promise<0 | 1> {
  const options: ParseArgsOptionsConfig = {
    ...everyOption,
    ...(verb.changes ? withReason : {}),
    ...verb.options,
  }
  const { values, positionals } = parseArgs({ args: withoutShort(args), options, allowPositionals: true })
  if (values.help) {
    out(`${help()}\n`)
    return 0
  }
  if (positionals.length !== verb.takes.length)
    throw new UsageError(
      verb.takes.length === 0 ? 'it takes no word' : `it takes ${verb.takes.join(' ')} and nothing else`,
    )
  const text = (option: string) => {
    const value = values[option]
    return typeof value === 'string' ? value : undefined
  }
  const typed = {
    words: positionals,
    text,
    isSet: (option: string) => values[option] === true,
    clock,
    readFile,
  }
  const answer = async (outcome: Outcome): Promise<0 | 1> => {
    await tell(outcome, values.json === true, { out, err })
    return outcome.ok ? 0 : 1
  }
  if (verb.alone) return answer(await verb.run(typed))
  const note = verb.changes ? readReason(text('reason')) : ''
  const by = actor(text('by') ?? user)
  const parts = open()
  try {
    if (!verb.beforeMigration && (await pendingMigrations(parts.db)).length > 0)
      throw new Error('the database is not at this version: type `npm run ninka -- migrate run` first')
    return await answer(await verb.run({ ...parts, ...typed, by, note }))
  } finally {
    await parts.close()
  }
}

/** Ids may start with a hyphen, and we have no options of one letter: such a word is one that is meant. */
function withoutShort(args: readonly string[]): string[] {
  const isId = (one: string) => /^-[^-]/.test(one)
  return args.includes('--') ? [...args] : [...args.filter((one) => !isId(one)), '--', ...args.filter(isId)]
}

async function tell({ ok, says, data, stream }: Outcome, json: boolean, { out, err }: Output): Promise<void> {
  if (stream) for await (const one of stream) out(`${one}\n`)
  if (json && !stream) out(`${JSON.stringify(data ?? { ok, says }, null, 2)}\n`)
  // What was streamed is somebody's file: what there is to say about it goes beside.
  else for (const one of says) (stream || !ok ? err : out)(`${one}\n`)
}

const reason = z
  .string()
  .trim()
  .min(3)
  .max(500)
  .regex(/^[^\p{C}]+$/u)

function readReason(given: string | undefined): string {
  const read = reason.safeParse(given)
  if (!read.success)
    throw new UsageError('it needs --reason "…": why, in 3 to 500 characters; it goes into the audit')
  return read.data
}

function actor(name: string | undefined): StaffActor {
  if (name === undefined || !/^[\w.@-]{1,64}$/.test(name))
    throw new UsageError('it needs --by <name>: who does it, in letters, digits and . @ _ -')
  return `staff:${name}`
}

const isParseError = (error: unknown): error is Error =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
