/**
 * A database that is full, read-only or held by somebody else while customers come: what is answered meanwhile is right or 503,
 * and afterwards everything goes on by itself. Full disks are real ones: a few megabytes, mounted for us alone.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { type Outcome, underLoad } from './faults-kills.ts'
import { type Installation, openInstallation } from './installation.ts'

export type TroublePlan = {
  /** ms of load before, in and after each trouble */
  readonly before: number
  readonly trouble: number
  readonly after: number
  readonly atOnce: number
}

type Trouble = { readonly begin: () => Promise<void> | void; readonly end: () => Promise<void> | void }

export type TroubleName = keyof typeof troubles

const troubles = {
  'SQLite held by another': heldSqlite,
  'SQLite on a full disk': fullSqlite,
  'PostgreSQL read-only': readOnlyPostgres,
  'PostgreSQL held by another': heldPostgres,
  'PostgreSQL on a full disk': fullPostgres,
} as const satisfies Record<string, (run: Run) => Promise<Outcome>>

/** Full disks need the right to mount one. */
export const troubleNames = (canMount: boolean): readonly TroubleName[] =>
  (Object.keys(troubles) as TroubleName[]).filter((name) => canMount || !name.includes('full disk'))

type Run = (installation: Installation, trouble: Trouble) => Promise<Outcome>

export function runTrouble(
  name: TroubleName,
  { before, trouble: during, after, atOnce }: TroublePlan,
): Promise<Outcome> {
  return troubles[name]((installation, trouble) =>
    underLoad({ name, installation, atOnce }, async () => {
      await wait(before)
      await trouble.begin()
      await wait(during)
      await trouble.end()
      await wait(after)
    }),
  )
}

async function heldSqlite(run: Run): Promise<Outcome> {
  const installation = await openInstallation({ database: 'sqlite' })
  const other = new DatabaseSync(installation.databaseUrl.slice('sqlite:'.length))
  try {
    return await run(installation, {
      begin: () => other.exec('pragma busy_timeout = 5000; begin immediate'),
      end: () => other.exec('rollback'),
    })
  } finally {
    other.close()
    await installation.stop()
  }
}

async function fullSqlite(run: Run): Promise<Outcome> {
  const disk = mountDisk(16)
  const installation = await openInstallation({ database: 'sqlite', processes: 0 })
  try {
    const file = join(disk.path, 'ninka.db')
    copyFileSync(installation.databaseUrl.slice('sqlite:'.length), file)
    const moved = elsewhere(installation, `sqlite:${file}`)
    await installation.start({ DATABASE_URL: moved.databaseUrl })
    return await run(moved, { begin: disk.fill, end: disk.free })
  } finally {
    await installation.stop()
    disk.unmount()
  }
}

async function fullPostgres(run: Run): Promise<Outcome> {
  const disk = mountDisk(24)
  const installation = await openInstallation({ database: 'postgres', processes: 0 })
  try {
    const space = join(disk.path, 'space')
    mkdirSync(space)
    // PostgreSQL's own user, not ours, is to own it.
    execFileSync('chown', ['65534:65534', space])
    const name = new URL(installation.databaseUrl).pathname.slice(1)
    await asAdmin(installation, [
      `create tablespace small location '${space}'`,
      `alter database ${name} set tablespace small`,
    ])
    await installation.start()
    await installation.start()
    return await run(installation, { begin: disk.fill, end: disk.free })
  } finally {
    await installation.stop()
    disk.unmount()
  }
}

async function readOnlyPostgres(run: Run): Promise<Outcome> {
  const installation = await openInstallation({ database: 'postgres', processes: 2 })
  const tell = (word: string) =>
    asAdmin(installation, [
      `alter system set default_transaction_read_only = ${word}`,
      'select pg_reload_conf()',
    ])
  try {
    return await run(installation, { begin: () => tell('on'), end: () => tell('off') })
  } finally {
    await installation.stop()
  }
}

async function heldPostgres(run: Run): Promise<Outcome> {
  const installation = await openInstallation({ database: 'postgres', processes: 2 })
  const other = new pg.Client({ connectionString: installation.databaseUrl })
  try {
    await other.connect()
    return await run(installation, {
      async begin() {
        await other.query('begin; lock table engine_records, consents, audit in access exclusive mode')
      },
      async end() {
        await other.query('rollback')
      },
    })
  } finally {
    await other.end()
    await installation.stop()
  }
}

async function asAdmin({ databaseUrl }: Installation, statements: readonly string[]): Promise<void> {
  const admin = new pg.Client({ connectionString: new URL('/postgres', databaseUrl).href })
  await admin.connect()
  // What was told to write nothing is still to be told otherwise.
  await admin.query('set default_transaction_read_only = off')
  for (const statement of statements) await admin.query(statement)
  await admin.end()
}

const elsewhere = (installation: Installation, databaseUrl: string): Installation => ({
  ...installation,
  environment: { ...installation.environment, DATABASE_URL: databaseUrl },
  databaseUrl,
})

/** @param megabytes of a disk in memory, which only this process and its children see */
function mountDisk(megabytes: number) {
  const path = mkdtempSync(join(tmpdir(), 'ninka-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path])
  chmodSync(path, 0o777)
  const filler = join(path, 'filler')
  return {
    path,
    fill() {
      const { bavail, bsize } = statfsSync(path)
      try {
        writeFileSync(filler, Buffer.alloc((bavail + 256) * bsize))
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOSPC') throw error
      }
    },
    free: () => rmSync(filler),
    unmount() {
      execFileSync('umount', [path])
      rmSync(path, { recursive: true })
    },
  }
}
