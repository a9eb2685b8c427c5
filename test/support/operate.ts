/** The operator's commands on a bank that is open, without a process of their own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readInstitution } from '../../src/institution.ts'
import { runCommand } from '../../src/operator/commands/run.ts'
import type { TestBank } from './bank.ts'

/** The installation that they work on. */
export type Operated = Pick<TestBank, 'db' | 'secrets' | 'settings'>

export type Said = { readonly status: number; readonly out: string; readonly err: string }

const institution = readInstitution(join(import.meta.dirname, '../../src/demo/institution.json'))

export async function operate({ db, secrets, settings }: Operated, ...args: string[]): Promise<Said> {
  let out = ''
  let err = ''
  const status = await runCommand(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    user: 'yamada',
    clock: () => Date.now(),
    readFile: (path) => readFileSync(path, 'utf8'),
    open: () => ({
      settings,
      institution: () => institution,
      db,
      secrets: () => secrets,
      clock: () => Date.now(),
      readFile: (path) => readFileSync(path, 'utf8'),
      wait: async () => undefined,
      close: async () => undefined,
    }),
  })
  return { status, out, err }
}

/** The answer as a program reads it. */
export async function ask(bank: Operated, ...args: string[]): Promise<unknown> {
  const { out } = await operate(bank, ...args, '--json')
  return JSON.parse(out)
}
