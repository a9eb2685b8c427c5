/** Signing keys change in three steps, and a fintech's own library verifies all along; refused is what would break it. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { days, hours } from '../../src/clock.ts'
import * as openid from 'openid-client'
import { startBank, type TestBank } from '../support/bank.ts'
import { freshDatabase } from '../support/database.ts'
import { type Fintech, openFintech } from '../support/fintech.ts'
import { ask, operate } from '../support/operate.ts'
import { begin, comeBack, walkToConsent, allow } from '../support/walk.ts'

const masterKey = randomBytes(32)
let bank: TestBank
let databaseUrl: string
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-22T03:00:00Z') })
  // A database in memory would not outlive a restart.
  const file = join(mkdtempSync(join(tmpdir(), 'ninka-keys-')), 'ninka.db')
  databaseUrl = (await freshDatabase()).replace(':memory:', file)
  bank = await startBank({ databaseUrl, masterKey })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

/** As a rolling restart does, seen by one process. */
async function restart(): Promise<void> {
  await bank.close()
  bank = await startBank({ databaseUrl, masterKey })
}

/** openid-client as a fintech runs it, over the server's own answers; it fetches our keys and verifies with them. */
async function library(fintech: Fintech): Promise<openid.Configuration> {
  const { publicUrl } = bank.settings
  const config = await openid.discovery(
    new URL(publicUrl),
    fintech.clientId,
    undefined,
    openid.ClientSecretBasic(fintech.clientSecret),
    { execute: [openid.allowInsecureRequests], [openid.customFetch]: overInject },
  )
  openid.enableNonRepudiationChecks(config)
  return config
}

async function overInject(url: string, options: openid.CustomFetchOptions): Promise<Response> {
  const { pathname, search } = new URL(url)
  const payload = options.body instanceof URLSearchParams ? options.body.toString() : undefined
  const answer = await bank.server.inject({
    method: options.method === 'POST' ? 'POST' : 'GET',
    url: pathname + search,
    headers: options.headers,
    ...(payload === undefined ? {} : { payload }),
  })
  return new Response(answer.body, {
    status: answer.statusCode,
    headers: { 'content-type': String(answer.headers['content-type']) },
  })
}

/** A whole connection whose ID token the library verifies; the id of the key that signed it. */
async function connectVerified(): Promise<string> {
  const fintech = openFintech(bank)
  const walk = await begin(bank, { fintech })
  await walkToConsent(walk, 'mihon02')
  await allow(walk)
  const back = await comeBack(walk)
  const tokens = await openid.authorizationCodeGrant(await library(fintech), back, {
    pkceCodeVerifier: walk.verifier,
    expectedState: walk.parameters.state ?? '',
    expectedNonce: walk.parameters.nonce ?? '',
  })
  const header = Buffer.from((tokens.id_token ?? '').split('.')[0] ?? '', 'base64url').toString()
  return String((JSON.parse(header) as { kid: string }).kid)
}

const published = async () =>
  (await bank.server.inject({ url: '/jwks' })).json<{ keys: { kid: string; alg: string; d?: string }[] }>()
    .keys

describe('signing keys', () => {
  it('change from add over use to remove, and every ID token verifies', async () => {
    const first = await connectVerified()
    const { kid } = (await ask(bank, 'keys', 'add', '--reason', 'yearly change')) as { kid: string }

    await restart()
    expect(await connectVerified()).toBe(first)
    expect((await published()).map((key) => key.kid)).toContain(kid)
    expect(JSON.stringify(await published())).not.toMatch(/"d"|addedAt|history/)

    const early = await operate(bank, 'keys', 'use', kid, '--reason', 'yearly change')
    expect(early).toMatchObject({ status: 1, err: expect.stringContaining('not published long enough') })
    vi.setSystemTime(Date.now() + hours(24))
    expect(await operate(bank, 'keys', 'use', kid, '--reason', 'yearly change')).toMatchObject({ status: 0 })
    // Not restarted yet: this process signs with what it read.
    expect(await connectVerified()).toBe(first)
    await restart()
    expect(await connectVerified()).toBe(kid)
    expect((await published()).map((key) => key.kid)).toContain(first)

    const tooSoon = await operate(bank, 'keys', 'remove', first, '--reason', 'yearly change')
    expect(tooSoon).toMatchObject({ status: 1, err: expect.stringContaining('may still show what') })
    vi.setSystemTime(Date.now() + days(121))
    expect(await operate(bank, 'keys', 'remove', first, '--reason', 'yearly change')).toMatchObject({
      status: 0,
    })
    await restart()
    expect((await published()).map((key) => key.kid)).not.toContain(first)
    expect(await connectVerified()).toBe(kid)

    const events = await bank.db
      .selectFrom('audit')
      .select(['event', 'payload'])
      .where('event', 'like', 'key-%')
      .orderBy('seq')
      .execute()
    expect(events.map(({ event, payload }) => ({ event, ...(JSON.parse(payload) as object) }))).toEqual(
      [
        ['key-added', kid],
        ['key-activated', kid],
        ['key-removed', first],
      ].map(([event, key]) => ({ event, key, by: 'staff:yamada', note: 'yearly change' })),
    )
  })

  it('of one algorithm leave the other alone, and the one that signs cannot be removed', async () => {
    const before = await published()
    const { kid } = (await ask(bank, 'keys', 'add', '--alg', 'PS256', '--reason', 'stolen')) as {
      kid: string
    }
    expect(await operate(bank, 'keys', 'use', kid, '--at-once', '--reason', 'stolen')).toMatchObject({
      status: 0,
    })
    const signing = before.find(({ alg }) => alg === 'PS256')?.kid ?? ''
    expect(await operate(bank, 'keys', 'remove', kid, '--at-once', '--reason', 'stolen')).toMatchObject({
      status: 1,
      err: expect.stringContaining('signs: first'),
    })
    expect(await operate(bank, 'keys', 'remove', signing, '--at-once', '--reason', 'stolen')).toMatchObject({
      status: 0,
    })
    expect(await ask(bank, 'keys', 'list')).toMatchObject([
      { kid, alg: 'PS256', state: 'signing' },
      { kid: before.find(({ alg }) => alg === 'ES256')?.kid, alg: 'ES256', state: 'signing' },
    ])
    await restart()
    await connectVerified()
  })

  it('never reach the output or the database in the clear', async () => {
    const said = [
      await operate(bank, 'keys', 'add', '--reason', 'yearly change', '--json'),
      await operate(bank, 'keys', 'list', '--json'),
    ]
    expect(JSON.stringify(said)).not.toMatch(/\\"(d|p|q)\\"/)
    const rows = await bank.db.selectFrom('sealed_secrets').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain('"kty')
  })
})
