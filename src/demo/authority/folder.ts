/** The folder of an authority: written by one process at a time, and each file whole. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'

/** Where, and the ms of now. */
export type Place = { readonly folder: string; readonly now: number }

/** What the file says; nothing when it is missing or spoilt, and then it is made anew. */
export function read<Value>(
  { folder }: Place,
  file: string,
  parse: (content: Buffer) => Value,
): Value | undefined {
  try {
    return parse(readFileSync(join(folder, file)))
  } catch {
    return undefined
  }
}

/** Whole or not at all, and for its owner only. */
export function write({ folder }: Place, file: string, content: string | Buffer): void {
  const unfinished = join(folder, `${file}.new`)
  writeFileSync(unfinished, content, { mode: 0o600 })
  renameSync(unfinished, join(folder, file))
}

/** Processes that start at once take turns. The lock is a transaction of SQLite's: unlike a file, it ends with its process. */
export async function alone<Value>(folder: string, work: () => Promise<Value>): Promise<Value> {
  const lock = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    for (let tries = 0; !taken(lock); tries++) {
      if (tries === 500) throw new Error(`another process has been busy in ${folder} for ten seconds`)
      await setTimeout(20)
    }
    return await work()
  } finally {
    lock.close()
  }
}

function taken(lock: DatabaseSync): boolean {
  try {
    lock.exec('begin exclusive')
    return true
  } catch (error) {
    if (error instanceof Error && /locked/.test(error.message)) return false
    throw error
  }
}
