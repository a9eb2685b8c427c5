/** What a command of the operator is: a noun with verbs, each with its own words of help, and what it answers. */
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Clock } from '../../clock.ts'
import type { Institution } from '../../institution.ts'
import type { Secrets } from '../../secrets.ts'
import type { Settings } from '../../settings.ts'
import type { StaffActor } from '../../store/audit.ts'
import type { Change } from '../../store/clients.ts'
import type { Database } from '../../store/open.ts'

/** What the commands work on; nothing is opened before it is asked for. */
export type CommandParts = {
  readonly settings: Settings
  readonly institution: () => Institution
  readonly db: Database
  readonly secrets: () => Secrets
  readonly clock: Clock
  readonly readFile: (path: string) => string
  /** gives the running service the time that something of its own may take */
  readonly wait: () => Promise<unknown>
  readonly close: () => Promise<void>
}

/** What was typed, and what no installation is needed for. */
export type Typed = Pick<CommandParts, 'clock' | 'readFile'> & {
  /** what stands without a name, as many as `takes` says */
  readonly words: readonly string[]
  readonly text: (option: string) => string | undefined
  readonly isSet: (option: string) => boolean
}

export type Asked = CommandParts &
  Typed & {
    readonly by: StaffActor
    /** the --reason of a verb that `changes`, else empty */
    readonly note: string
  }

export type Outcome = {
  /** false: what was asked for is not so, is not there, or was not done */
  readonly ok: boolean
  /** a line each, for a person */
  readonly says: readonly string[]
  /** for a program */
  readonly data?: unknown
  /** lines that are written as they come, before anything else */
  readonly stream?: AsyncIterable<string>
}

export type Verb = Described &
  (
    | { readonly alone?: never; readonly run: (asked: Asked) => Promise<Outcome> }
    /** works without any installation: no settings are read and no database is opened */
    | { readonly alone: true; readonly run: (typed: Typed) => Promise<Outcome> }
  )

type Described = {
  /** such as `<id>`; one for each word that it takes */
  readonly takes: readonly string[]
  readonly summary: string
  /** more to know, a line each */
  readonly help?: readonly string[]
  readonly examples: readonly string[]
  readonly options?: ParseArgsOptionsConfig
  /** `--name value` and what it means, for the help */
  readonly optionHelp?: Readonly<Record<string, string>>
  /** needs a reason, and the audit gets it */
  readonly changes?: true
  /** works while tables are missing */
  readonly beforeMigration?: true
}

export type Noun = {
  readonly summary: string
  readonly help?: readonly string[]
  readonly verbs: Readonly<Record<string, Verb>>
}

/** Typed wrongly: the help follows, and nothing was done. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export const done = (says: string | readonly string[], data?: unknown): Outcome => ({
  ok: true,
  says: typeof says === 'string' ? [says] : says,
  data,
})

export const refused = (says: string | readonly string[], data?: unknown): Outcome => ({
  ...done(says, data),
  ok: false,
})

/** Who changes something, and why. */
export const changeOf = ({ by, note }: Asked): Change => ({ by, note })

/** A moment as people and programs read it. */
export const moment = (at: number): string => new Date(at).toISOString()

/** Columns that stand below each other. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
