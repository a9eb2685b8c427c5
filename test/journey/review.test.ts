/** What a strict reading of the journey found once, and must not come back. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import { startBank, type TestBank, withCalls, unavailable, killedAfterCommit } from '../support/bank.ts'
import { goodCertificate } from '../support/certificates.ts'
import { openFintech } from '../support/fintech.ts'
import {
  allow,
  begin,
  cancel,
  chooseServices,
  comeBack,
  confirmPins,
  connect,
  offeredAccounts,
  pin,
  registerPins,
  signIn,
  stepOf,
  walkToConsent,
} from '../support/walk.ts'

let bank: TestBank
let failing: Partial<Bank> = {}
beforeEach(async () => {
  failing = {}
  bank = await startBank({
    wrapBank: (real) => withCalls(real, () => failing),
  })
})
afterEach(async () => {
  vi.useRealTimers()
  await bank.close()
})

const consents = () => bank.db.selectFrom('consents').selectAll().orderBy('granted_at').execute()

describe('許可 after one that the bank could not commit', () => {
  it('grants what is chosen now, not what was chosen then', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    failing = { commitPins: unavailable }
    await allow(walk)
    failing = {}
    await walk.browser.get(walk.base)
    await walk.browser.post(`${walk.base}/change`, { fact: 'services' })
    const { html } = await chooseServices(walk, ['balances'])
    await allow(walk, { accounts: offeredAccounts(html).slice(0, 1) })
    const [consent] = await consents()
    expect(consent?.services).toBe('balances')
    expect(JSON.parse(consent?.accounts ?? '[]')).toHaveLength(1)
  })

  it('by another customer of the same journey grants his accounts and nobody else’s', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    failing = { commitPins: unavailable }
    await allow(walk)
    failing = {}
    await walk.browser.get(walk.base)
    await walk.browser.post(`${walk.base}/change`, { fact: 'certificate' })
    await walkToConsent(walk, 'mihon01')
    await allow(walk)
    const back = await comeBack(walk)
    const { body } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    const { body: list } = await walk.fintech.api('/api/accounts', String(body.access_token))
    expect(JSON.stringify(list)).toContain('2222222')
  })
})

describe('what is read is what is agreed', () => {
  it('an older page of 許可 cannot be sent for more services than it showed', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    const older = await chooseServices(walk, ['balances'])
    await walk.browser.post(`${walk.base}/change`, { fact: 'services' })
    await chooseServices(walk)
    const shown = /name="shown" value="([^"]*)"/.exec(older.html)?.[1] ?? ''
    const page = await allow(walk, { shown })
    expect(page.html).toContain('画面が古くなりました')
    expect(await consents()).toEqual([])
  })

  it('the language on record is the one that was read, whatever the browser asks for later', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    const { html } = walk.browser.page()
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? ''
    const fields = {
      proceed: 'yes',
      accounts: offeredAccounts(html),
      shown: field('shown'),
      language: field('language'),
    }
    await walk.browser.post(`${walk.base}/give-consent`, fields, { 'accept-language': 'en' })
    expect(await consents()).toMatchObject([{ language: 'ja' }])
  })
})

describe('a fintech registered for balances only', () => {
  beforeEach(async () => {
    const client = await bank.clients.find('demo-kaikei')
    if (client) await bank.clients.put({ ...client, scopes: ['balances'] })
  })

  it('is refused when it asks for transactions alone, instead of a consent to nothing', async () => {
    const fintech = openFintech(bank, 'demo-kaikei')
    const { body } = await fintech.push(fintech.newRequest({ scope: 'openid transactions' }).parameters)
    expect(body.error).toBe('invalid_scope')
  })

  it('gets balances when it asks for both', async () => {
    const walk = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    expect(await consents()).toMatchObject([{ services: 'balances' }])
  })
})

describe('a customer of many accounts', () => {
  it('reads an error at each of 60 rows, and his ticks are kept', async () => {
    const walk = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
    const { html } = await signIn(walk, 'mihon06')
    const rows = [...html.matchAll(/name="rows" value="([^"]+)"/g)].map((match) => match[1] ?? '')
    expect(rows).toHaveLength(60)
    const page = await walk.browser.post(`${walk.base}/register-pins`, { rows })
    expect(page.status).toBe(200)
    expect(page.html.match(/<div class="error"/g)).toHaveLength(60)
    expect(page.html.match(/ checked/g)).toHaveLength(60)
  })

  it('has a good PIN held beside 59 wrong ones, and his colleagues are not locked out for it', async () => {
    const walk = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
    const { html } = await signIn(walk, 'mihon06')
    const rows = [...html.matchAll(/name="rows" value="([^"]+)"/g)].map((match) => match[1] ?? '')
    const pins = Object.fromEntries(rows.map((row, index) => [`pin-${row}`, index === 0 ? pin : '0000']))
    const page = await walk.browser.post(`${walk.base}/register-pins`, { rows, ...pins })
    expect(stepOf(page)).toBe('review-pins')
    expect(page.html).toContain('59件は登録できませんでした')
    expect(stepOf(await confirmPins(walk))).toBe('give-consent')
    const colleague = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
    expect(stepOf(await signIn(colleague, 'mihon02'))).toBe('give-consent')
  })
})

describe('the only PIN', () => {
  it('that is held no more when he confirms it is asked for again: nobody is shown a 許可 of nothing', async () => {
    const walk = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
    await bank.db.updateTable('simulator_accounts').set({ registered: 0 }).execute()
    const { html } = await signIn(walk, 'mihon02')
    const row = /name="rows" value="([^"]+)"/.exec(html)?.[1] ?? ''
    const entered = await walk.browser.post(`${walk.base}/register-pins`, {
      rows: [row],
      [`pin-${row}`]: pin,
    })
    expect(stepOf(entered)).toBe('review-pins')
    await bank.db.deleteFrom('simulator_held_pins').execute()
    expect(stepOf(await confirmPins(walk))).toBe('register-pins')
  })
})

describe('one row', () => {
  it('that is not filled in well does not lose the good one beside it', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    const page = await registerPins(walk, { 2000002: pin, 1111111: '12' })
    expect(stepOf(page)).toBe('review-pins')
    expect(page.html).toContain(
      '<strong lang="ja">インターネット支店（202） 普通 1111111</strong><br>照会用暗証番号は数字4桁で入力してください',
    )
  })
})

describe('the fintech', () => {
  it('that revokes an access token keeps its connection', async () => {
    const { access, refresh, fintech } = await connect(bank, 'mihon02')
    await fintech.revoke(access)
    expect((await fintech.api('/api/accounts', access)).status).toBe(401)
    expect((await fintech.refresh(refresh)).status).toBe(200)
    expect(await consents()).toMatchObject([{ status: 'active' }])
  })

  it('whose exchange fails at the last check has not replaced the former connection', async () => {
    const former = await connect(bank, 'mihon02')
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    const { body } = await walk.fintech.exchange(code, walk.verifier, { resource: 'https://other.example/' })
    expect(body.error).toBe('invalid_target')
    expect((await former.fintech.refresh(former.refresh)).status).toBe(200)
    expect((await consents()).map(({ status }) => status)).toEqual(['active', 'granted'])
  })

  it('that is suspended in mid-journey is no trap: the customer gets out, and its tokens are dead', async () => {
    const { access, fintech } = await connect(bank, 'mihon02')
    const walk = await begin(bank)
    await bank.db
      .updateTable('clients')
      .set({ status: 'suspended' })
      .where('id', '=', fintech.clientId)
      .execute()
    expect((await walk.browser.get(walk.base)).html).toContain('data-problem="client-suspended"')
    await cancel(walk)
    expect((await comeBack(walk)).searchParams.get('error')).toBe('access_denied')
    expect((await fintech.api('/api/accounts', access)).status).toBe(401)
  })

  it('that asks for form_post gets a proper error, and the customer never sees a page of the engine', async () => {
    const fintech = openFintech(bank)
    for (const mode of ['form_post', 'form_post.jwt', 'fragment', 'web_message']) {
      const { parameters } = fintech.newRequest({ response_mode: mode })
      const answer = await bank.server.inject({
        url: `/authorize?${new URLSearchParams(parameters).toString()}`,
      })
      const target = new URL(String(answer.headers.location))
      expect(target.searchParams.get('error')).toBe('unsupported_response_mode')
    }
  })

  it('is told when the customer signed in, not when he came back', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
    const walk = await begin(bank, { request: { max_age: '3600' } })
    await walkToConsent(walk, 'mihon02')
    const signedIn = Date.now() / 1000
    vi.setSystemTime(Date.now() + 5 * 60_000)
    await allow(walk)
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    const { body } = await walk.fintech.exchange(code, walk.verifier)
    const claims = JSON.parse(
      Buffer.from(String(body.id_token).split('.')[1] ?? '', 'base64url').toString(),
    ) as { auth_time: number }
    expect(claims.auth_time).toBe(signedIn)
  })
})

describe('the way back', () => {
  it('says what was stored, even when the cookie was lost', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    walk.browser.setCookies(walk.browser.cookies().filter(({ name }) => name !== 'journey'))
    expect((await walk.browser.get(`${walk.base}/return`)).html).toContain('許可しました')
  })

  it('before there is a result leads into the journey, and starts nothing anew', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    const page = await walk.browser.get(`/authorize/${walk.base.split('/')[2]}`)
    expect(page.path).toBe(`${walk.base}/choose-services`)
  })

  it('is not used up by a HEAD request', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    await bank.server.inject({ method: 'HEAD', url: `/authorize/${walk.base.split('/')[2]}` })
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })
})

describe('a ticket of a certificate', () => {
  it('redeemed while somebody is signed in forgets him', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    const ticket = bank.tickets.issue(goodCertificate(), walk.base.split('/')[2] ?? '')
    const page = await walk.browser.get(`${walk.base}/certificate?ticket=${encodeURIComponent(ticket)}`)
    expect(stepOf(page)).toBe('certificate-password')
    expect(page.html).not.toContain('株式会社見本商店')
    expect(await bank.db.selectFrom('simulator_held_pins').selectAll().execute()).toEqual([])
    await walk.browser.post(`${walk.base}/certificate-password`, { password: 'Tsubame2026' })
    expect(stepOf(walk.browser.page())).toBe('choose-services')
  })
})

describe('an id that no database takes', () => {
  it.each(['/authorize?client_id=%00', '/authorize?client_id=no%00body&scope=%00'])(
    '%s is a page, not a failure',
    async (url) => {
      const answer = await bank.server.inject({ url, headers: { accept: 'text/html' } })
      expect(answer.statusCode).toBe(400)
    },
  )
})

describe('the sweeper', () => {
  it('carries out one interrupted 許可 though another cannot be read', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    failing = killedAfterCommit(bank.simulator)
    await allow(walk)
    failing = {}
    await bank.db
      .insertInto('finishing')
      .values({ journey_hash: 'broken', outcome: 'allow', payload: '{}', created_at: 0, done_at: null })
      .execute()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 60_000 })
    await bank.sweeper.sweep()
    expect(await consents()).toHaveLength(1)
  })
})
