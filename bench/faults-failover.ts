/** The primary is killed under load, and the synchronous standby promoted: the processes find it by themselves. */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { startServers } from '../test/support/postgres-servers.ts'
import { type Outcome, underLoad } from './faults-kills.ts'
import { openInstallation } from './installation.ts'

export type FailoverPlan = {
  /** ms of load before the kill, between it and the promotion, and afterwards */
  readonly before: number
  readonly between: number
  readonly after: number
  readonly atOnce: number
}

export async function runFailover({ before, between, after, atOnce }: FailoverPlan): Promise<Outcome> {
  const servers = await startServers({ durable: true })
  const { primary } = servers
  const url = `postgres://ninka@${primary.at}/postgres`
  const cluster = { url, pid: 0, stop: async () => {} }
  const installation = await openInstallation({ database: cluster, processes: 0, asksEvery: 7 })
  try {
    const standby = await servers.addStandby()
    const { databaseUrl } = installation
    const both = `${databaseUrl.replace(primary.at, `${primary.at},${standby.at}`)}?target_session_attrs=read-write`
    const environment = { ...installation.environment, DATABASE_URL: both }
    const afterwards = {
      ...installation,
      environment,
      databaseUrl: databaseUrl.replace(primary.at, standby.at),
    }
    for (let n = 0; n < 2; n += 1) await installation.start({ DATABASE_URL: both })
    return await underLoad(
      { name: 'primary killed, standby promoted', installation: afterwards, atOnce },
      async () => {
        await wait(before)
        await primary.stop('SIGKILL')
        await wait(between)
        await promote(standby.at)
        await wait(after)
      },
    )
  } finally {
    await installation.stop()
    await servers.stop()
  }
}

async function promote(at: string): Promise<void> {
  const client = new pg.Client({ connectionString: `postgres://ninka@${at}/postgres` })
  await client.connect()
  await client.query('select pg_promote()')
  await client.end()
}
