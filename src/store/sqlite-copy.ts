/** A copy of the SQLite database while it is in use: as it was at one moment, on the disk when it is said to be there. */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import type { Database } from './open.ts'

/**
 * Writes it under this name, readable by its owner alone.
 * @returns its size in bytes
 * @throws Error when there is such a file, or the copy is not whole; then nothing is there under that name
 */
export async function copySqlite(db: Database, file: string): Promise<number> {
  if (existsSync(file)) throw new Error(`there is a file ${file} already`)
  // Under its name it stands only when it is whole, however the machine stops.
  const part = `${file}.part`
  closeSync(openSync(part, 'wx', 0o600))
  try {
    // One read of one moment: whoever writes meanwhile is neither waited for nor kept waiting.
    await sql`vacuum into ${part}`.execute(db)
    checkWhole(part)
    syncToDisk(part)
    linkSync(part, file)
  } finally {
    rmSync(part)
  }
  syncToDisk(dirname(file))
  return statSync(file).size
}

function checkWhole(file: string): void {
  const copy = new DatabaseSync(file, { readOnly: true })
  try {
    const [{ quick_check: said } = {}] = copy.prepare('pragma quick_check').all()
    if (said !== 'ok') throw new Error(`the copy is not whole: ${String(said)}`)
  } finally {
    copy.close()
  }
}

function syncToDisk(path: string): void {
  const opened = openSync(path, 'r')
  fsyncSync(opened)
  closeSync(opened)
}
