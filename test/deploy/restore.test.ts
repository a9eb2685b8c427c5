/**
 * The rehearsal of docs/operations.md: the real program under load is backed up, destroyed, and put back at a new place; whoever
 * was connected is connected, who was stopped stays stopped, and without the master key nothing starts.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { customerIdOf } from '../../bench/bank.ts'
import type { Tokens } from '../../bench/fintech.ts'
import { type Installation, openInstallation } from '../../bench/installation.ts'
import { type Load, openLoad } from '../../bench/walk.ts'
import { createSecrets } from '../../src/secrets.ts'
import { readSettings } from '../../src/settings.ts'
import { inspectDatabase } from '../../src/store/open.ts'
import { ask, operate, type Operated } from '../support/operate.ts'
import { newDatabase, postgresFolder, postgresProgram } from '../support/postgres.ts'

const run = promisify(execFile)
const why = ['--reason', 'rehearsal']

let folder: string
let installation: Installation
afterEach(async () => {
  await installation.stop()
  rmSync(folder, { recursive: true })
})

async function open(database: 'sqlite' | 'postgres'): Promise<Buffer> {
  folder = postgresFolder()
  const masterKey = randomBytes(32)
  writeFileSync(join(folder, 'master.key'), `${masterKey.toString('base64')}\n`)
  installation = await openInstallation({
    database,
    processes: 1,
    environment: { MASTER_KEY_FILE: join(folder, 'master.key') },
  })
  return masterKey
}

const loadOn = (origin: string): Load =>
  openLoad({ fintech: installation.fintech, publicUrl: installation.publicUrl, origins: [origin] })

async function connected(load: Load, customer: number): Promise<Tokens> {
  const walked = await load.connect(customer, { pins: 'skip' })
  if (!walked.ok) throw walked.failed
  return walked.reached.tokens
}

/** What the operator types, on that database. */
function at(databaseUrl: string, masterKey: Buffer): Operated & { readonly close: () => Promise<void> } {
  const db = inspectDatabase(databaseUrl)
  const settings = readSettings({ NINKA_MODE: 'demo', DATABASE_URL: databaseUrl })
  return { db, settings, secrets: createSecrets([masterKey]), close: () => db.destroy() }
}

async function numberOf(operated: Operated, customer: number): Promise<string> {
  const [found] = (await ask(operated, 'consents', 'find', customerIdOf(customer))) as { number: string }[]
  return found?.number ?? ''
}

/** Whoever was connected before the backup, whoever else comes while it is made, and one who is stopped after it. */
async function serve(masterKey: Buffer, backUp: () => Promise<unknown>) {
  const [program] = installation.running()
  const load = loadOn(program?.origin ?? '')
  const [kept, stopped] = [await connected(load, 1), await connected(load, 2)]
  await Promise.all([backUp(), ...[3, 4].map((customer) => connected(load, customer))])
  const later = await connected(load, 7)
  const operated = at(installation.databaseUrl, masterKey)
  const number = await numberOf(operated, 2)
  await operate(operated, 'consents', 'stop', number, ...why)
  expect((await load.refresh(stopped.refresh)).status).toBe(400)
  // The service seals what the command wrote, and says it in the log.
  await expect
    .poll(() => program?.log(), { timeout: 10_000 })
    .toContain(`"number":"${number}","status":"stopped"`)
  await operated.close()
  await program?.kill()
  await load.close()
  const log = join(folder, 'log')
  writeFileSync(log, program?.log() ?? '')
  return { kept, stopped, later, number, log }
}

/** From the backup that was put there to a service that a bank can answer for. */
async function reopen(
  databaseUrl: string,
  masterKey: Buffer,
  { kept, stopped, later, number, log }: Awaited<ReturnType<typeof serve>>,
): Promise<void> {
  const client = installation.fintech.clientId
  const operated = at(databaseUrl, masterKey)
  expect(await ask(operated, 'backup', 'restored', ...why)).toMatchObject({ suspended: [client] })
  const mended = (await ask(operated, 'backup', 'reconcile', log, ...why)) as { lost: unknown[] }
  expect(mended).toMatchObject({ consents: [number], byHand: [] })
  expect(mended.lost.length).toBeGreaterThan(0)
  const program = await installation.start({ DATABASE_URL: databaseUrl })
  const load = loadOn(program.origin)
  expect((await load.refresh(kept.refresh)).status, 'a suspended fintech gets nothing').toBe(401)
  await operate(operated, 'clients', 'resume', client, ...why)
  const refreshed = await load.refresh(kept.refresh)
  expect(refreshed.status).toBe(200)
  expect((await load.api('/api/accounts', String(refreshed.body.access_token))).status).toBe(200)
  expect((await load.refresh(stopped.refresh)).status).toBe(400)
  expect((await load.refresh(later.refresh)).status).toBe(400)
  expect(await ask(operated, 'consents', 'find', customerIdOf(1))).toMatchObject([{ state: 'active' }])
  // Whoever was lost connects again as if for the first time.
  await connected(load, 7)
  await expect
    .poll(async () => (await operate(operated, 'audit', 'verify')).out, { timeout: 10_000 })
    .toContain('chain whole')
  await load.close()
  await operated.close()
  await program.stop()
}

/** @returns what it said instead of starting */
async function refusal(environment: Readonly<Record<string, string>>): Promise<string> {
  const started = await installation.start(environment).catch((error: Error) => error.message)
  if (typeof started !== 'string') throw new Error('it started')
  return started
}

describe('a restore, rehearsed', { timeout: 180_000 }, () => {
  it('on SQLite: from `backup make` under load to a service at a new place', async () => {
    const masterKey = await open('sqlite')
    const copy = join(folder, 'backup.db')
    const served = await serve(masterKey, () =>
      run(process.execPath, ['src/ninka.ts', 'backup', 'make', copy, '--by', 'nightly', ...why], {
        env: {
          NINKA_MODE: 'demo',
          DATABASE_URL: installation.databaseUrl,
          MASTER_KEY_FILE: join(folder, 'master.key'),
        },
      }),
    )
    const place = join(folder, 'new')
    mkdirSync(place)
    rmSync(installation.databaseUrl.slice('sqlite:'.length))
    writeFileSync(join(place, 'ninka.db'), readFileSync(copy))
    const databaseUrl = `sqlite:${join(place, 'ninka.db')}`

    writeFileSync(join(folder, 'other.key'), `${randomBytes(32).toString('base64')}\n`)
    const other = { DATABASE_URL: databaseUrl, MASTER_KEY_FILE: join(folder, 'other.key') }
    expect(await refusal(other)).toMatch(/"[\w-]+" does not open with this master key file/)
    await reopen(databaseUrl, masterKey, served)
  })

  it('on PostgreSQL: from pg_dump under load to a service on another database', async () => {
    const masterKey = await open('postgres')
    const dump = join(folder, 'backup.dump')
    const { databaseUrl: former } = installation
    const served = await serve(masterKey, () =>
      run(...postgresProgram('pg_dump', ['--format=custom', `--file=${dump}`, former])),
    )
    const cluster = former.replace(/\/[^/]+$/, '/postgres')
    const client = new pg.Client({ connectionString: cluster })
    await client.connect()
    await client.query(`drop database ${former.split('/').at(-1)} with (force)`)
    await client.end()
    const databaseUrl = await newDatabase(cluster)
    const restore = ['--no-owner', '--exit-on-error', `--dbname=${databaseUrl}`, dump]
    await run(...postgresProgram('pg_restore', restore))
    await reopen(databaseUrl, masterKey, served)
  })
})
