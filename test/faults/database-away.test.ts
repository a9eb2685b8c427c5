/** While the database is read-only, full, locked or gone every answer says so, nothing is half done, and all goes on by itself. */
import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { afterEach, describe, expect, inject, it } from 'vitest'
import * as oauth from 'oauth4webapi'
import { startBank, type TestBank } from '../support/bank.ts'
import { freshDatabase } from '../support/database.ts'
import { ask, auditOf, demoEntrance, openDesk } from '../support/desk.ts'
import { openFintech } from '../support/fintech.ts'
import { keyPair, strictFintech } from '../support/strict-fintech.ts'
import { agreeing, expectDeskAway, expectOurPage, expectTemporary } from '../support/unavailable.ts'
import { allow, begin, comeBack, connect, consentsOf, goOn, signIn } from '../support/walk.ts'

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Trouble = {
  readonly begin: () => Promise<unknown> | void
  readonly end: () => Promise<unknown> | void
}

async function bankOn(databaseUrl: string): Promise<TestBank> {
  const bank = await startBank({ databaseUrl, desk: demoEntrance })
  closing.push(bank.close)
  return bank
}

/** What nothing can be written to: read, but no more. */
async function readOnly(): Promise<{ bank: TestBank; trouble: Trouble }> {
  const bank = await bankOn(await freshDatabase())
  if (!inject('postgres')) {
    const tell = (word: string) => sql.raw(`pragma query_only = ${word}`).execute(bank.db)
    return { bank, trouble: { begin: () => tell('on'), end: () => tell('off') } }
  }
  // As a former primary is: those that are connected lose their connection, and the next may only read.
  const tell = async (word: string) => {
    const name = await nameOf(bank)
    await withAdmin(async (admin) => {
      await admin.query(`alter database ${name} set default_transaction_read_only = ${word}`)
      await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
    })
  }
  return { bank, trouble: { begin: () => tell('on'), end: () => tell('off') } }
}

/** Somebody else holds a lock for longer than we wait. */
async function locked(): Promise<{ bank: TestBank; trouble: Trouble }> {
  if (inject('postgres')) {
    const url = await freshDatabase()
    const bank = await bankOn(`${url}?statement_timeout=700`)
    const other = new pg.Client({ connectionString: url })
    await other.connect()
    closing.push(() => other.end())
    const tables = 'engine_records, attempts, finishing, held_pins, consents, audit'
    return {
      bank,
      trouble: {
        async begin() {
          await other.query('begin')
          await other.query(`lock table ${tables} in access exclusive mode`)
        },
        end: () => other.query('rollback'),
      },
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'ninka-locked-'))
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  const bank = await bankOn(`sqlite:${join(folder, 'ninka.db')}`)
  await sql`pragma busy_timeout = 50`.execute(bank.db)
  const other = new DatabaseSync(join(folder, 'ninka.db'))
  closing.push(() => other.close())
  return { bank, trouble: { begin: () => other.exec('begin immediate'), end: () => other.exec('rollback') } }
}

const nameOf = async ({ db }: TestBank): Promise<string> => {
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(db)
  return rows[0]?.name ?? ''
}

async function withAdmin(work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: inject('postgres') })
  await admin.connect()
  await work(admin)
  await admin.end()
}

/** What was refused has left nothing, and what stood still stands. */
async function expectAllGoesOn(bank: TestBank, loginId: string): Promise<void> {
  const made = await connect(bank, loginId)
  expect((await made.fintech.refresh(made.refresh)).status).toBe(200)
  expect((await made.fintech.api('/api/accounts', made.access)).status).toBe(200)
}

describe.each([
  ['read-only', readOnly],
  ['locked by another', locked],
])('a database that is %s', (_name, open) => {
  it('answers 503 to fintechs in JSON and to customers on a page, and goes on by itself afterwards', async () => {
    const { bank, trouble } = await open()
    const fintech = openFintech(bank)
    const connected = await connect(bank, 'mihon03')
    const { walk: late } = await agreeing(bank, 'mihon01')
    const coming = await begin(bank)
    const { walk: exchanging } = await agreeing(bank, 'mihon02')
    await allow(exchanging)
    const code = (await comeBack(exchanging)).searchParams.get('code') ?? ''
    const before = await consentsOf(bank)

    await trouble.begin()
    expectOurPage(await signIn(coming, 'mihon01'))
    expectOurPage(await allow(late))
    expectTemporary(await fintech.push(fintech.newRequest().parameters))
    expectTemporary(await exchanging.fintech.exchange(code, exchanging.verifier))
    expectTemporary(await connected.fintech.refresh(connected.refresh))
    expectTemporary(await connected.fintech.revoke(connected.refresh))
    await trouble.end()

    expect(await consentsOf(bank)).toEqual(before)
    expect((await connected.fintech.refresh(connected.refresh)).status).toBe(200)
    expect((await exchanging.fintech.exchange(code, exchanging.verifier)).status).toBe(200)
    const lateCode = await goOn(late, 'mihon01')
    expect((await late.fintech.exchange(lateCode, late.verifier)).status).toBe(200)
    expect(bank.logged.join('')).not.toContain('an unexpected failure')
    await expectAllGoesOn(bank, 'mihon03')
  })

  it('answers 503 to the staff on the desk’s own page, in their language, and stops nothing by halves', async () => {
    const { bank, trouble } = await open()
    await connect(bank, 'mihon03')
    const number = (await consentsOf(bank))[0]?.number ?? ''
    const desk = await openDesk(bank)
    const registrar = await openDesk(bank, 'registrar')
    await desk.search(number)
    await registrar.get('/clients/demo-kakeibo')
    const before = await everythingOf(bank)

    await trouble.begin()
    expectDeskAway(await desk.get(`/consents/${number}`), 'ja')
    const english = await ask(bank, desk, ['GET', `/consents/${number}`], {
      headers: { 'accept-language': 'en' },
    })
    expectDeskAway({ status: english.statusCode, html: english.body, headers: english.headers }, 'en')
    await trouble.end()
    await desk.get(`/consents/${number}`)
    await trouble.begin()
    expectDeskAway(await desk.stop(number), 'ja')
    expectDeskAway(await registrar.post('/clients/demo-kakeibo/suspend', { note: '契約終了' }), 'ja')
    await trouble.end()

    expect(withoutLooks(await everythingOf(bank))).toEqual(withoutLooks(before))
    await desk.get(`/consents/${number}`)
    expect((await desk.stop(number)).html).toContain('連携を停止しました')
    expect(bank.logged.join('')).not.toContain('an unexpected failure')
  })

  it('answers 503 in JSON to a fintech that looks after its grant, and blames no proof of it', async () => {
    const { bank, trouble } = await open()
    const key = await keyPair('ES256')
    const fintech = await strictFintech(bank, {
      registered: {
        id: 'strict-away',
        profile: 'fapi2',
        senderConstraint: 'dpop',
        authentication: { method: 'private_key_jwt' },
        keys: { jwks: key.jwks },
      },
      authentication: oauth.PrivateKeyJwt(key.privateKey),
      dpop: (await keyPair('ES256')).pair,
    })
    const { access_token: access, ...tokens } = await fintech.connect()
    const grant = `/grants/${tokens.grant_id as string}`
    const { access_token: own } = await fintech.ownToken('grant_management_query grant_management_revoke')
    const call = async (token: string, path: string, method = 'GET') => {
      const answer = await fintech.resource(token, path, undefined, method)
      const text = await answer.text()
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
      }
    }
    const before = await everythingOf(bank)

    await trouble.begin()
    expectTemporary(await call(own, grant))
    expectTemporary(await call(own, grant, 'DELETE'))
    expectTemporary(await call(access, '/api/accounts'))
    await expect(fintech.ownToken('grant_management_query')).rejects.toMatchObject({ cause: { status: 503 } })
    await trouble.end()

    expect(await everythingOf(bank)).toEqual(before)
    expect((await call(own, grant)).body).toMatchObject({ status: 'active' })
    expect((await call(access, '/api/accounts')).status).toBe(200)
    expect((await call(own, grant, 'DELETE')).status).toBe(204)
    expect(bank.logged.join('')).not.toContain('an unexpected failure')
  })
})

/** What must be as it was: consents, fintechs, what is to be told, what was noted. */
async function everythingOf(bank: TestBank) {
  return {
    consents: await consentsOf(bank),
    clients: await bank.clients.list(),
    outbox: await bank.db.selectFrom('outbox').selectAll().execute(),
    refusals: await bank.db.selectFrom('refusals').selectAll().execute(),
    audit: await auditOf(bank),
  }
}

const withoutLooks = ({ audit, ...rest }: Awaited<ReturnType<typeof everythingOf>>) => ({
  ...rest,
  audit: audit.filter(({ event }) => event !== 'staff-looked'),
})
