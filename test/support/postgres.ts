/** A temporary PostgreSQL cluster, made and started by tests and measurements themselves, never as root, gone when they end. */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { openDatabase } from '../../src/store/open.ts'

export type Cluster = {
  readonly url: string
  /** of the server that all its processes are children of */
  readonly pid: number
  readonly stop: () => Promise<void>
}

/**
 * Starts a cluster that trusts 127.0.0.1.
 * @param durable as in production; else it forgets on a crash (no fsync), which is quicker and enough for a test
 */
export async function startPostgres({ durable = false } = {}): Promise<Cluster> {
  const folder = postgresFolder()
  const data = join(folder, 'data')
  const port = await freePort()
  initPostgres(data)
  const options = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1']
  for (const setting of durable ? lasting : forgetful) options.push('-c', setting)
  const server = spawn(...postgresProgram('postgres', options), { stdio: 'ignore' })
  // A run that fails half-way must not leave a server behind.
  const endWithUs = () => server.kill('SIGQUIT')
  process.once('exit', endWithUs)
  const url = `postgres://ninka@127.0.0.1:${port}/postgres`
  await ready(url)
  return {
    url,
    pid: server.pid ?? 0,
    async stop() {
      process.off('exit', endWithUs)
      const ended = new Promise((done) => server.once('exit', done))
      server.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A folder that the servers' own user may write to. */
export function postgresFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ninka-postgres-'))
  chmodSync(folder, 0o777)
  return folder
}

export function initPostgres(data: string): void {
  const options = ['-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
  execFileSync(...postgresProgram('initdb', ['-D', data, '-U', 'ninka', ...options]), { stdio: 'ignore' })
}

/** The newest PostgreSQL's own program, as the user that may run it. */
export function postgresProgram(program: string, args: readonly string[]): [string, string[]] {
  const versions = readdirSync('/usr/lib/postgresql')
    .filter((version) => existsSync(join('/usr/lib/postgresql', version, 'bin/initdb')))
    .toSorted((a, b) => Number(b) - Number(a))
  const path = join('/usr/lib/postgresql', versions[0] ?? '', 'bin', program)
  const [command, ...before] = asNobody()
  return command ? [command, [...before, path, ...args]] : [path, [...args]]
}

/** Otherwise as PostgreSQL comes: every commit waits for the disk. */
const lasting = ['max_connections=300', 'shared_buffers=512MB', 'max_wal_size=4GB']

const forgetful = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  // It visits every database in turn, and there is one for each test.
  'autovacuum=off',
  'max_connections=300',
]

/** PostgreSQL and its pooler refuse to run as root. */
export const asNobody = (): string[] =>
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []

export async function ready(url: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      return
    } catch (error) {
      if (tries === 100) throw error
      await new Promise((done) => setTimeout(done, 100))
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}

let databases = 0

const withTables = 'with_tables'

/** A new database of the cluster: empty, or with the tables as this version makes them. */
export async function newDatabase(
  cluster: string,
  { copiedFrom = 'template0' }: { readonly copiedFrom?: 'template0' | typeof withTables } = {},
): Promise<string> {
  databases += 1
  return createDatabase(cluster, `t_${process.pid}_${databases}_${Date.now() % 1_000_000}`, copiedFrom)
}

/** Makes the database that `newDatabase` can copy. */
export async function makeTables(cluster: string): Promise<void> {
  const db = await openDatabase(await createDatabase(cluster, withTables, 'template0'))
  await db.destroy()
}

async function createDatabase(cluster: string, name: string, copiedFrom: string): Promise<string> {
  const client = new pg.Client({ connectionString: cluster })
  await client.connect()
  await client.query(`create database ${name} template ${copiedFrom} strategy file_copy`)
  await client.end()
  return cluster.replace(/\/postgres$/, `/${name}`)
}

export function freePort(): Promise<number> {
  return new Promise((done, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(address && typeof address === 'object' ? address.port : 0))
    })
  })
}
