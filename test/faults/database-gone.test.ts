/** The way to PostgreSQL is cut and mended again. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { type Cluster, newDatabase, startPostgres } from '../support/postgres.ts'
import { type Gate, openGate } from '../support/tcp-gate.ts'
import { expectOurPage, expectTemporary } from '../support/unavailable.ts'
import { begin, connect, goOn } from '../support/walk.ts'

let cluster: Cluster
let gate: Gate
let bank: TestBank

beforeAll(async () => {
  cluster = await startPostgres()
  const url = new URL(await newDatabase(cluster.url))
  gate = await openGate({ host: '127.0.0.1', port: Number(url.port) })
  url.port = String(gate.port)
  bank = await startBank({ databaseUrl: url.href })
})
afterAll(async () => {
  await bank.close()
  await gate.close()
  await cluster.stop()
})

it('a database that is gone makes 503 everywhere, also where only something is read, and is found again', async () => {
  const fintech = openFintech(bank)
  const connected = await connect(bank, 'mihon03')
  const walk = await begin(bank)

  gate.cut()
  expectOurPage(await walk.browser.get(walk.base))
  expectOurPage(
    await walk.browser.get(`/authorize?client_id=${fintech.clientId}&request_uri=urn:none`, {
      accept: 'text/html',
    }),
  )
  expectTemporary(await fintech.api('/api/accounts', connected.access))
  expectTemporary(await fintech.introspect(connected.access))
  expectTemporary(await fintech.refresh(connected.refresh))
  expectTemporary(await fintech.revoke(connected.refresh))
  expectTemporary(await fintech.push(fintech.newRequest().parameters))

  gate.mend()
  expect((await fintech.refresh(connected.refresh)).status).toBe(200)
  const code = await goOn(walk, 'mihon01')
  expect((await fintech.exchange(code, walk.verifier)).status).toBe(200)
  expect(bank.logged.join('')).not.toContain('an unexpected failure')
}, 60_000)
