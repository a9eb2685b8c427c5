/** A developer's way from the start page to his own client, and what nobody else may do with it. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { mostSandboxClients } from '../../src/developers/register.ts'
import { testData } from '../../src/developers/start.ts'
import { hours } from '../../src/clock.ts'
import { developersEn } from '../../src/web/messages/developers-en.ts'
import { developersJa } from '../../src/web/messages/developers-ja.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { csrfOf, openBrowser } from '../support/browser.ts'
import { errorsIn, registerSandbox } from '../support/developers.ts'
import { behindProxy, forging, fromEverywhere } from '../support/forging.ts'
import { answer, password, pin } from '../support/walk.ts'
import { wrongIn } from '../web/valid-html.ts'

let bank: TestBank
/** the same, always asked from one address */
let fromOne: TestBank
beforeAll(async () => {
  const started = await startBank({ environment: behindProxy })
  bank = fromEverywhere(started)
  fromOne = forging(started, { 'x-forwarded-for': '203.0.113.7' })
})
afterAll(() => bank.close())
beforeEach(async () => {
  await bank.db.deleteFrom('attempts').execute()
})

const publicJwk = (): Record<string, unknown> => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({ format: 'jwk' }) }
}
const jwksOf = (...keys: Record<string, unknown>[]): string => JSON.stringify({ keys })

describe('the start page', () => {
  it('tells this server’s own values and every test customer, in both languages', async () => {
    const discovered = (await bank.server.inject({ url: '/.well-known/openid-configuration' })).json<
      Record<string, string>
    >()
    for (const [lang, words] of [
      ['ja', developersJa],
      ['en', developersEn],
    ] as const) {
      const browser = openBrowser(bank)
      const { html, status } = await browser.get(`/developers?lang=${lang}`)
      expect(status).toBe(200)
      expect(html).toContain(`<html lang="${lang}">`)
      for (const name of ['issuer', 'token_endpoint', 'pushed_authorization_request_endpoint', 'jwks_uri'])
        expect(html).toContain(`<code>${discovered[name]}</code>`)
      for (const { loginId } of demoCustomers) {
        expect(html).toContain(`<code>${loginId}</code>`)
        expect(words.start.exercises[loginId]).toBeTruthy()
      }
      expect(testData).toEqual({ password, pin, answer })
      for (const value of [password, pin, answer]) expect(html).toContain(`>${value}</`)
    }
  })

  it('and every other page is valid, also with errors and in English', async () => {
    const { browser } = await registerSandbox(bank)
    const pages = ['/developers', '/developers/register', '/developers/samples', '/developers/try']
    for (const path of [...pages, '/developers/sign-in', '/developers/client', '/developers/client/edit'])
      for (const lang of ['ja', 'en']) {
        const { html } = await browser.get(`${path}?lang=${lang}`)
        expect(await wrongIn(html), path).toEqual([])
        // what a template asks for in vain
        if (!path.endsWith('samples')) expect(html).not.toMatch(/undefined|\[object/)
      }
    const wrong = await registerSandbox(bank, { name: '', redirectUris: 'x', jwks: '{', profile: 'fapi2' })
    expect(await wrongIn(wrong.page.html)).toEqual([])
    expect(await wrongIn((await registerSandbox(bank)).page.html)).toEqual([])
  })
})

describe('registering', () => {
  it('shows client, secret, developer key and what to paste, once', async () => {
    const { browser, page, id, secret, developerKey } = await registerSandbox(bank)
    expect(page.path).toBe('/developers/registered')
    expect(id).toMatch(/^sandbox-[0-9a-z]{10}$/)
    expect(secret.length).toBeGreaterThanOrEqual(43)
    expect(page.html).toContain(`export CLIENT_SECRET=&#39;${secret}&#39;`)
    expect((await bank.clients.find(id))?.serviceName).toBe('【開発者の試験用】つくしの家計簿')
    const again = await browser.get('/developers/registered')
    expect(again.path).toBe('/developers/client')
    for (const shown of [secret, developerKey]) expect(again.html).not.toContain(shown)
  })

  it.each([
    ['no name', { name: '' }, ['name']],
    ['a name of a line break', { name: 'a\u202eb' }, ['name']],
    ['a very long name', { name: 'あ'.repeat(41) }, ['name']],
    ['a demo fintech’s name', { name: 'みほん家計簿' }, ['name']],
    ['the same in other letters', { name: 'ミホン・家計簿 Pro' }, ['name']],
    ['a demo fintech’s company', { name: 'みほんフィンテック（公式）' }, ['name']],
    ['the bank’s name', { name: '見本信用組合' }, ['name']],
    ['plain http elsewhere', { redirectUris: 'http://fintech.example/callback' }, ['redirectUris']],
    ['a fragment', { redirectUris: 'http://127.0.0.1:8765/callback#x' }, ['redirectUris']],
    ['two hosts', { redirectUris: 'https://a.example/c https://b.example/c' }, ['redirectUris']],
    ['a script as address', { redirectUris: 'javascript:alert(1)' }, ['redirectUris']],
    ['FAPI by secret', { profile: 'fapi2', senderConstraint: 'dpop' }, ['method-client_secret_basic']],
    ['FAPI without key', { profile: 'fapi2', method: 'private_key_jwt', senderConstraint: 'dpop' }, ['jwks']],
    ['no JSON', { method: 'private_key_jwt', jwks: 'key' }, ['jwks']],
    ['a symmetric key', { method: 'private_key_jwt', jwks: jwksOf({ kty: 'oct', k: 'c2VjcmV0' }) }, ['jwks']],
    ['both keys and address', { jwks: jwksOf(publicJwk()), jwksUri: 'https://a.example/jwks' }, ['jwks']],
    ['a keys’ address inside', { jwksUri: 'http://10.0.0.1/jwks' }, ['jwksUri']],
    ['an events’ address inside', { eventsUrl: 'http://10.0.0.1/events' }, ['eventsUrl']],
    ['an invented profile', { profile: 'none' }, ['method-client_secret_basic']],
  ])('with %s is refused at its field', async (_what, fields, at) => {
    const { page } = await registerSandbox(bank, fields)
    expect(page.path).toBe('/developers/register')
    expect(errorsIn(page)).toEqual(at)
    for (const id of at) expect(page.html).toContain(`href="#${id}"`)
  })

  it('with a private key is refused, and the key is not shown back', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = privateKey.export({ format: 'jwk' })
    const { page } = await registerSandbox(bank, { method: 'private_key_jwt', jwks: jwksOf({ ...jwk }) })
    expect(errorsIn(page)).toEqual(['jwks'])
    expect(page.html).not.toContain(String(jwk.d))
  })

  it('keeps what was typed, and markup in it is text', async () => {
    const hostile = `"><script>alert(1)</script>`
    const { page } = await registerSandbox(bank, { name: hostile, redirectUris: `x ${hostile}` })
    expect(page.html).toContain('&quot;&gt;&lt;script&gt;')
    expect(page.html).not.toContain('<script>alert')
    const { id, browser } = await registerSandbox(bank, { name: hostile.slice(0, 30) })
    expect((await bank.clients.find(id))?.serviceName).toContain('<script>')
    for (const path of ['/developers/client', '/developers/client/edit'])
      expect((await browser.get(path)).html).not.toContain('<script>alert')
  })

  it('comes back with its errors, also when a cookie would write what was typed six times as long', async () => {
    const { page } = await registerSandbox(bank, { redirectUris: '\x01'.repeat(1700) })
    expect([page.status, errorsIn(page)]).toEqual([200, ['redirectUris']])
  })

  it('makes room by the oldest client that nobody connected, and never by one in use', async () => {
    const { id: oldest } = await registerSandbox(bank)
    const { id: used } = await registerSandbox(bank)
    await bank.db.deleteFrom('developers').where('client_id', 'not in', [oldest, used]).execute()
    await bank.db.updateTable('developers').set({ created_at: 1 }).where('client_id', '=', used).execute()
    await bank.db.updateTable('developers').set({ created_at: 2 }).where('client_id', '=', oldest).execute()
    await consentOf(used)
    const others = Array.from({ length: mostSandboxClients - 2 }, (_, n) => ({
      client_id: `sandbox-${n}`,
      key_hash: 'x',
      created_at: n + 3,
      signed_out_at: 0,
    }))
    await bank.db.insertInto('developers').values(others).execute()
    const { id } = await registerSandbox(bank)
    expect(await bank.clients.find(id)).toBeDefined()
    expect(await bank.clients.find(oldest)).toBeUndefined()
    expect(await bank.clients.find(used)).toBeDefined()
    await bank.db.deleteFrom('developers').where('key_hash', '=', 'x').execute()
  })
})

/** A connection as it stands in the store: only that there is one matters here. */
const consentOf = (client: string) =>
  bank.db
    .insertInto('consents')
    .values({
      id: `consent ${client}`,
      number: 'X',
      arrangement_id: 'x',
      customer_id: 'c',
      client_id: client,
      journey_hash: client,
      status: 'active',
      services: 'balances',
      openid_scope: '',
      accounts: '[]',
      starts_at: 0,
      ends_at: Date.now() + hours(1),
      granted_at: 0,
      activated_at: 0,
      language: 'ja',
      wording_version: '1',
      wording_hash: '',
      bank_terms_version: '',
      client_terms_version: '',
      ended_at: null,
      ended_by: null,
      ended_reason: null,
      renews: null,
      last_used_at: null,
      reminded_days: null,
    })
    .execute()

const signIn = async (id: string, key: string, browser = openBrowser(bank)) => {
  await browser.get('/developers/sign-in')
  return { browser, page: await browser.post('/developers/sign-in', { id, key }) }
}

describe('signing in', () => {
  it('opens one’s own client and no other', async () => {
    const one = await registerSandbox(bank, { name: 'いちご' })
    const other = await registerSandbox(bank, { name: 'りんご' })
    const { page } = await signIn(one.id, one.developerKey)
    expect(page.path).toBe('/developers/client')
    expect(page.html).toContain(one.id)
    expect(page.html).not.toContain(other.id)
    expect(errorsIn((await signIn(one.id, other.developerKey)).page)).toEqual(['id'])
  })

  it('says the same of a wrong key and of a client that is not there', async () => {
    const { id } = await registerSandbox(bank)
    const pages = await Promise.all(
      [id, 'sandbox-0000000000', 'demo-kakeibo', '../x'].map(
        async (one) => (await signIn(one, 'wrong')).page.html,
      ),
    )
    const alike = pages.map((html) =>
      html.replace(/name="_csrf" value="[^"]*"/g, '').replace(/name="id" value="[^"]*"/, ''),
    )
    expect(new Set(alike).size).toBe(1)
    expect(alike[0]).toContain(developersJa.errors['sign-in-wrong'])
  })

  it('is paused for an address that keeps guessing, and the right key does not help then', async () => {
    const { id, developerKey } = await registerSandbox(bank)
    await signIn(id, 'wrong', openBrowser(fromOne))
    // all but the last of the tries that an address has
    await bank.db.updateTable('attempts').set({ failures: 59 }).execute()
    await signIn(id, 'wrong', openBrowser(fromOne))
    const { page } = await signIn(id, developerKey, openBrowser(fromOne))
    expect(page.html).toContain(developersJa.errors['sign-in-locked'])
    expect(page.path).toBe('/developers/sign-in')
    expect((await signIn(id, developerKey)).page.path).toBe('/developers/client')
  })

  it('ends everywhere when one signs out, so that a copied cookie opens nothing', async () => {
    const { browser } = await registerSandbox(bank)
    const thief = openBrowser(bank)
    await browser.get('/developers/client')
    thief.setCookies(browser.cookies())
    expect((await thief.get('/developers/client')).path).toBe('/developers/client')
    expect((await browser.post('/developers/sign-out', {})).path).toBe('/developers/sign-in')
    expect((await thief.get('/developers/client')).path).toBe('/developers/sign-in')
  })

  it('is asked of whoever is not signed in, and nothing is done for him', async () => {
    const stranger = openBrowser(bank)
    for (const path of ['/developers/client', '/developers/client/edit', '/developers/registered'])
      expect((await stranger.get(path)).path).toBe('/developers/sign-in')
    for (const path of ['/developers/client/edit', '/developers/client/rotate-secret'])
      expect((await stranger.post(path, {})).path).toBe('/developers/sign-in')
  })
})

describe('one’s own client', () => {
  it('is changed by its form, keeps its secret, and goes by the same rules', async () => {
    const { browser, id } = await registerSandbox(bank)
    const before = await bank.clients.find(id)
    await browser.get('/developers/client/edit')
    const fields = {
      name: 'すみれ',
      redirectUris: 'https://app.example/back',
      profile: 'standard',
      method: 'client_secret_basic',
      senderConstraint: 'dpop',
      signingAlg: 'ES256',
    }
    const page = await browser.post('/developers/client/edit', fields)
    expect(page.html).toContain(developersJa.done.changed)
    expect(await bank.clients.find(id)).toMatchObject({
      serviceName: '【開発者の試験用】すみれ',
      redirectUris: ['https://app.example/back'],
      senderConstraint: 'dpop',
      authentication: before?.authentication,
    })
    await browser.get('/developers/client/edit')
    const wrong = await browser.post('/developers/client/edit', { ...fields, name: 'みほん会計' })
    expect(errorsIn(wrong)).toEqual(['name'])
  })

  it('goes over to a key, and back to a new secret that is shown once', async () => {
    const { browser, id } = await registerSandbox(bank)
    const common = { name: 'すみれ', redirectUris: 'https://app.example/back', signingAlg: 'ES256' }
    await browser.get('/developers/client/edit')
    await browser.post('/developers/client/edit', {
      ...common,
      profile: 'fapi2',
      method: 'private_key_jwt',
      senderConstraint: 'dpop',
      jwks: jwksOf(publicJwk()),
    })
    expect((await bank.clients.find(id))?.profile).toBe('fapi2')
    await browser.get('/developers/client/edit')
    const back = { profile: 'standard', method: 'client_secret_basic', senderConstraint: 'none' }
    const page = await browser.post('/developers/client/edit', { ...common, ...back })
    const secret = /<dt>クライアントシークレット[^<]*<\/dt><dd><code>([^<]+)/.exec(page.html)?.[1] ?? ''
    expect(await authenticates(id, secret)).toBe(true)
    expect((await browser.get('/developers/client')).html).not.toContain(secret)
  })

  it('gets a new secret, and the former one works beside it', async () => {
    const { browser, id, secret } = await registerSandbox(bank)
    await browser.get('/developers/client')
    const { html } = await browser.post('/developers/client/rotate-secret', {})
    const next = /<dt>クライアントシークレット[^<]*<\/dt><dd><code>([^<]+)/.exec(html)?.[1] ?? ''
    expect(next).not.toBe(secret)
    for (const one of [secret, next]) expect(await authenticates(id, one)).toBe(true)
    expect(await authenticates(id, `${next}x`)).toBe(false)
  })

  it('that the bank suspended says so', async () => {
    const { browser, id } = await registerSandbox(bank)
    await bank.clients.suspend(id, { by: 'staff:test', note: 'a test' })
    expect((await browser.get('/developers/client')).html).toContain(developersJa.client.suspended)
    expect((await bank.clients.find(id))?.status).toBe('suspended')
  })
})

describe('an error of one’s client', () => {
  it('is listed with its number and explained, and to nobody else', async () => {
    const { browser, id, secret } = await registerSandbox(bank)
    const refused = await bank.server.inject({
      method: 'POST',
      url: '/par',
      headers: {
        authorization: `Basic ${btoa(`${id}:${secret}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      payload: `client_id=${id}&response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fother&scope=balances`,
    })
    const number = String(refused.headers['ninka-error-id'])
    expect((await browser.get('/developers/client')).html).toContain(`/developers/errors/${number}`)
    const { html } = await browser.get(`/developers/errors/${number}`)
    expect(html).toContain(number)
    expect(html).toContain('redirect_uri')
    expect(html).toMatch(/RFC \d+/)
    expect(await wrongIn(html)).toEqual([])
    const { browser: other } = await registerSandbox(bank)
    expect((await other.get(`/developers/errors/${number}`)).status).toBe(404)
    expect((await openBrowser(bank).get(`/developers/errors/${number}`)).path).toBe('/developers/sign-in')
  })
})

async function authenticates(id: string, secret: string): Promise<boolean> {
  const { statusCode } = await bank.server.inject({
    method: 'POST',
    url: '/introspect',
    headers: {
      authorization: `Basic ${btoa(`${id}:${secret}`)}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    payload: 'token=none',
  })
  return statusCode === 200
}

describe('a form from another site', () => {
  it('is refused, with the victim’s cookie and without', async () => {
    const { browser, id } = await registerSandbox(bank)
    const token = csrfOf((await browser.get('/developers/client')).html)
    const before = await bank.clients.find(id)
    for (const path of [
      'register',
      'sign-in',
      'sign-out',
      'client/edit',
      'client/rotate-secret',
      'try/push',
      'try/next',
    ]) {
      const foreign = await browser.post(
        `/developers/${path}`,
        { _csrf: token },
        { origin: 'https://evil.example' },
      )
      expect([foreign.status, /data-problem="([\w-]+)"/.exec(foreign.html)?.[1]]).toEqual([
        403,
        'foreign-origin',
      ])
      const stale = await browser.post(`/developers/${path}`, { _csrf: 'guessed' })
      expect([stale.status, /data-problem="([\w-]+)"/.exec(stale.html)?.[1]]).toEqual([403, 'stale-form'])
    }
    expect(await bank.clients.find(id)).toEqual(before)
  })
})

describe('secrets', () => {
  it('are in no log, in no address and in the store as hashes only', async () => {
    const { browser, id, secret, developerKey } = await registerSandbox(bank)
    await signIn(id, developerKey)
    const rows = JSON.stringify([
      await bank.db.selectFrom('developers').selectAll().execute(),
      await bank.db.selectFrom('clients').selectAll().execute(),
    ])
    const cookies = JSON.stringify(browser.cookies())
    for (const one of [secret, developerKey]) {
      expect(bank.logged.join('')).not.toContain(one)
      expect(rows).not.toContain(one)
      expect(cookies).not.toContain(one)
    }
  })
})

describe('in production', () => {
  it('none of it is there', async () => {
    const production = await startBank({
      environment: {
        NINKA_MODE: 'production',
        PUBLIC_URL: 'https://connect.bank.example',
        DATABASE_URL: 'sqlite::memory:',
        MASTER_KEY_FILE: '/run/secrets/master-key',
        INSTITUTION_FILE: '/etc/ninka/institution.json',
        TRUSTED_PROXIES: '127.0.0.1',
        BANK: 'https://core.bank.example',
        BANK_CERTIFICATE_FILE: 'c',
        BANK_KEY_FILE: 'k',
      },
    })
    try {
      for (const path of [
        '',
        '/register',
        '/sign-in',
        '/client',
        '/client/consents',
        '/try',
        '/samples',
        '/certificates/root.pem',
      ])
        expect((await production.server.inject({ url: `/developers${path}` })).statusCode, path).toBe(404)
    } finally {
      await production.close()
    }
  })
})
