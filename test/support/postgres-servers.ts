/** PostgreSQL servers that a test stops, kills, freezes and promotes: a primary, and a standby that follows it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { freePort, initPostgres, postgresFolder, postgresProgram, ready } from './postgres.ts'

export type Server = {
  /** `127.0.0.1:<port>` */
  readonly at: string
  readonly start: () => Promise<void>
  /** by default as an administrator would, who does not wait for connections to end */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
  readonly signal: (signal: NodeJS.Signals) => void
}

export type Servers = {
  readonly primary: Server
  /** Copies the primary into a server that follows it, and starts it. */
  readonly addStandby: () => Promise<Server>
  readonly stop: () => Promise<void>
}

/** @param durable as in production: every commit waits for the disk, and once there is a standby, for the standby's */
export async function startServers({ durable = false } = {}): Promise<Servers> {
  const folder = postgresFolder()
  const all: Server[] = []
  const make = async (name: string, fill: (data: string) => void): Promise<Server> => {
    const data = join(folder, name)
    fill(data)
    const server = serverOn(data, { folder, port: await freePort(), durable })
    all.push(server)
    await server.start()
    return server
  }
  const primary = await make('primary', initPostgres)
  return {
    primary,
    async addStandby() {
      const standby = await make('standby', (data) => {
        const from = `postgres://ninka@${primary.at}/postgres?application_name=standby`
        const options = ['-D', data, '-d', from, '--write-recovery-conf', '--checkpoint=fast', '--no-sync']
        execFileSync(...postgresProgram('pg_basebackup', options), { stdio: 'ignore' })
      })
      if (durable) await makeSynchronous(primary)
      return standby
    },
    async stop() {
      for (const server of all) await server.stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** From now on nothing is committed that the standby has not on its disk. */
async function makeSynchronous({ at }: Server): Promise<void> {
  const client = new pg.Client({ connectionString: `postgres://ninka@${at}/postgres` })
  await client.connect()
  await client.query("alter system set synchronous_standby_names = 'standby'")
  await client.query('select pg_reload_conf()')
  const isSynchronous = "select 1 from pg_stat_replication where sync_state = 'sync'"
  while ((await client.query(isSynchronous)).rowCount === 0) await wait(50)
  await client.end()
}

function serverOn(
  data: string,
  { folder, port, durable }: { folder: string; port: number; durable: boolean },
): Server {
  const at = `127.0.0.1:${port}`
  let server: ChildProcess | undefined
  return {
    at,
    async start() {
      const options = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1']
      const settings = ['hot_standby=on', 'max_connections=60', ...(durable ? [] : ['fsync=off'])]
      for (const setting of settings) options.push('-c', setting)
      server = spawn(...postgresProgram('postgres', options), { stdio: 'ignore' })
      await ready(`postgres://ninka@${at}/postgres`)
    },
    async stop(signal = 'SIGINT') {
      const process = server
      if (process?.exitCode !== null || process.signalCode !== null) return
      const ended = new Promise((done) => process.once('exit', done))
      process.kill(signal)
      await ended
    },
    signal: (signal) => void server?.kill(signal),
  }
}
