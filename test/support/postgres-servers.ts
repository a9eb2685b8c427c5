/** PostgreSQL servers that a test stops, kills, freezes and promotes: a primary, and a standby that follows it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
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

export async function startServers(): Promise<Servers> {
  const folder = postgresFolder()
  const all: Server[] = []
  const make = async (name: string, fill: (data: string) => void): Promise<Server> => {
    const data = join(folder, name)
    fill(data)
    const server = serverOn(data, { folder, port: await freePort() })
    all.push(server)
    await server.start()
    return server
  }
  const primary = await make('primary', initPostgres)
  return {
    primary,
    addStandby: () =>
      make('standby', (data) => {
        const from = `postgres://ninka@${primary.at}/postgres?application_name=standby`
        const options = ['-D', data, '-d', from, '--write-recovery-conf', '--checkpoint=fast', '--no-sync']
        execFileSync(...postgresProgram('pg_basebackup', options), { stdio: 'ignore' })
      }),
    async stop() {
      for (const server of all) await server.stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function serverOn(data: string, { folder, port }: { folder: string; port: number }): Server {
  const at = `127.0.0.1:${port}`
  let server: ChildProcess | undefined
  return {
    at,
    async start() {
      const options = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1']
      for (const setting of ['fsync=off', 'hot_standby=on', 'max_connections=60']) options.push('-c', setting)
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
