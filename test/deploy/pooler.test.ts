/** Many processes on few connections: deploy/pgbouncer.ini and the words of docs/operations.md, before a real PostgreSQL. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Installation, openInstallation } from '../../bench/installation.ts'
import { type Load, openLoad } from '../../bench/walk.ts'
import { authority, openWorkshop } from '../support/openssl.ts'
import { type Cluster, startPostgres } from '../support/postgres.ts'
import { type Pooler, startPooler } from '../support/pooler.ts'

const few = 3
const secret = 'the-secret-of-the-user'
const { issue, remove } = openWorkshop()
let cluster: Cluster
let installation: Installation
let pooler: Pooler
let load: Load

const ask = async <Row extends object>(url: string, sql: string): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<Row>(sql)
  await client.end()
  return rows
}

beforeAll(async () => {
  cluster = await startPostgres()
  installation = await openInstallation({ database: cluster, processes: 0 })
  const root = issue({ subject: '/CN=pooler authority', extensions: authority })
  const server = issue({
    subject: '/CN=localhost',
    issuer: root,
    extensions: ['subjectAltName=DNS:localhost'],
  })
  const { databaseUrl, environment, publicUrl, fintech } = installation
  const guide = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  for (const [statement] of guide.matchAll(/^alter role ninka .*;$/gm)) await ask(databaseUrl, statement)
  pooler = await startPooler({ databaseUrl, password: secret, connections: few, tls: server })
  const password = join(environment.DATA_DIR ?? '', 'database-password')
  writeFileSync(password, secret)
  chmodSync(password, 0o600)
  const address = `postgres://ninka@localhost:${pooler.port}/ninka?prepared_statements=off&sslmode=verify-full&sslrootcert=${root.certificate}`
  const settings = { DATABASE_URL: address, DATABASE_PASSWORD_FILE: password, DATABASE_POOL: '20' }
  const programs = [await installation.start(settings), await installation.start(settings)]
  load = openLoad({ origins: programs.map(({ origin }) => origin), publicUrl, fintech })
})
afterAll(async () => {
  await load?.close()
  await installation?.stop()
  await pooler?.stop()
  await cluster?.stop()
  remove()
})

it('two processes walk twenty customers at once through three connections, and nothing of one gets into another', async () => {
  const walked = await Promise.all(Array.from({ length: 20 }, (_, customer) => load.connect(customer)))
  const tokens = walked.map((one) => {
    if (!one.ok) throw one.failed
    return one.reached.tokens
  })
  const refreshed = await Promise.all(tokens.map(({ refresh }) => load.refresh(refresh)))
  expect(refreshed.map(({ status }) => status)).toEqual(tokens.map(() => 200))
  const read = await Promise.all(
    refreshed.map(({ body }) => load.api('/api/accounts', String(body.access_token))),
  )
  expect(read.map(({ status }) => status)).toEqual(tokens.map(() => 200))
  expect(new Set(read.map(({ body }) => JSON.stringify(body))).size).toBe(tokens.length)

  const { databaseUrl } = installation
  const [consents] = await ask<{ n: string }>(
    databaseUrl,
    `select count(distinct customer_id) as n from consents where status = 'active'`,
  )
  expect(Number(consents?.n)).toBe(tokens.length)
  const [connections] = await ask<{ n: string }>(
    databaseUrl,
    `select count(*) as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )
  expect(Number(connections?.n)).toBeLessThanOrEqual(few)
})

it('a statement has the end that the user was given, since a shared connection has none of ours', async () => {
  const shown = await ask<{ statement: string; lock: string; idle: string }>(
    `postgres://ninka:${secret}@localhost:${pooler.port}/ninka?sslmode=no-verify`,
    `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
       current_setting('idle_in_transaction_session_timeout') as idle`,
  )
  expect(shown).toEqual([{ statement: '10s', lock: '5s', idle: '15s' }])
})
