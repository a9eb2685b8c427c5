/** What a developer can let happen to his own client's connections, told through the application; and that nothing happens to anybody else. */
import { afterAll, afterEach, beforeEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { jumpsOf } from '../../src/developers/controls.ts'
import { days, endOfDayInJapan } from '../../src/clock.ts'
import { controlsJa } from '../../src/web/messages/developers-controls-ja.ts'
import { auditOf } from '../support/desk.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { errorsIn, type Registered, registerSandbox } from '../support/developers.ts'
import { type Fintech, fintechWith, openFintech } from '../support/fintech.ts'
import { openReceiver } from '../support/receiver.ts'
import { connect } from '../support/walk.ts'
import { wrongIn } from '../web/valid-html.ts'

let bank: TestBank
/** the developer whose client this is about */
let own: Registered
let fintech: Fintech
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-25T12:00:00+09:00') })
  bank = await startBank()
  ;({ own, fintech } = await developer())
})
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 }))
afterEach(async () => {
  await bank.simulator.reset()
})
afterAll(async () => {
  await bank.close()
  vi.useRealTimers()
})

async function developer(fields: Record<string, string> = {}) {
  const registered = await registerSandbox(bank, fields)
  const { id: clientId, secret: clientSecret } = registered
  const redirectUri = 'http://127.0.0.1:8765/callback'
  return { own: registered, fintech: fintechWith(bank, { clientId, clientSecret, redirectUri }) }
}

const rows = () => bank.db.selectFrom('consents').selectAll().orderBy('granted_at').execute()
const rowOf = async (number: string) => {
  const row = (await rows()).find((one) => one.number === number)
  if (!row) throw new Error(`no consent ${number}`)
  return row
}
const newest = async (client = own.id) => {
  const row = (await rows()).findLast(({ client_id }) => client_id === client)
  if (!row) throw new Error('nobody has agreed to anything')
  return row
}

/** A new connection of his client, its page, and what its fintech gets. */
async function connected(loginId = 'mihon02', { browser, id } = own, by = fintech) {
  // two at one instant would have no order
  vi.setSystemTime(Date.now() + 1000)
  const { access, refresh } = await connect(bank, loginId, { fintech: by })
  const { number, ...row } = await newest(id)
  const path = `/developers/client/consents/${number}`
  const control = async (what: string, fields: Record<string, string> = {}) => {
    await browser.get(path)
    return browser.post(`${path}/${what}`, fields)
  }
  return { access, refresh, number, path, row, control, page: () => browser.get(path) }
}

const told = async (consent: string) =>
  (
    await bank.db
      .selectFrom('outbox')
      .selectAll()
      .where('consent_id', '=', consent)
      .orderBy('created_at')
      .execute()
  ).map(({ kind, payload, state }) => ({
    kind,
    state,
    ...(JSON.parse(payload) as { type: string; daysLeft?: number | null }),
  }))

describe('days that pass for one consent', () => {
  it('bring its reminders once each, its end, and what the fintech is answered', async () => {
    const { access, refresh, number, control, row } = await connected()
    const again = async () => (await fintech.refresh(refresh)).body
    await control('days', { days: '60' })
    // The access token is sixty days old, the connection lives.
    expect((await fintech.api('/api/accounts', access)).status).toBe(401)
    const renewed = String((await again()).access_token)
    const { body } = await fintech.api('/api/accounts', renewed)
    expect(body.consent).toMatchObject({ state: 'expiring' })
    await bank.sweeper.sweep()
    for (const n of ['23', '6']) {
      vi.setSystemTime(Date.now() + 1000)
      await control('days', { days: n })
    }
    await bank.sweeper.sweep()
    const reminders = (await told(row.id)).filter(({ type }) => type === 'ending')
    expect(reminders.map(({ daysLeft }) => daysLeft)).toEqual([30, 7, 1])
    expect((await again()).access_token).toBeDefined()

    const latest = String((await again()).access_token)
    const page = await control('days', { days: '2' })
    expect(page.html).toContain(controlsJa.done['days-passed'])
    expect(page.html).toContain(controlsJa.states.expired)
    expect((await again()).error_description).toMatch(/^consent_expired/)
    expect((await fintech.api('/api/accounts', latest)).status).toBe(401)
    expect(await rowOf(number)).toMatchObject({ status: 'expired', ended_at: row.ends_at - days(91) })
    expect((await told(row.id)).map(({ kind, type }) => `${kind} ${type}`)).toEqual(
      expect.arrayContaining(['event consent-ended', 'notice ended']),
    )
    expect(await auditOf(bank, 'sandbox-played')).toMatchObject(
      ['60', '23', '6', '2'].map((n) => ({
        what: 'days-passed',
        days: Number(n),
        consent: row.id,
        by: 'client',
      })),
    )
  })

  it('leave a renewal possible for 30 days, and not for longer', async () => {
    const first = await connected('mihon01')
    await first.control('days', { days: '120' })
    const second = await connected('mihon01')
    expect(second.row).toMatchObject({ arrangement_id: first.row.arrangement_id, renews: first.row.id })
    await second.control('days', { days: '121' })
    const third = await connected('mihon01')
    expect(third.row).toMatchObject({ renews: null })
    expect(third.row.arrangement_id).not.toBe(first.row.arrangement_id)
    // The order of what was before stays: the newest is found as such.
    const { body } = await fintech.api('/api/accounts', third.access)
    expect(body.consent).toMatchObject({ grantId: third.row.arrangement_id })
  })

  it('pass for nobody else: no row of another customer, client or consent is touched', async () => {
    const other = await developer()
    await connected('mihon02', other.own, other.fintech)
    await connect(bank, 'mihon02', { fintech: openFintech(bank) })
    await connected('mihon01')
    const mine = await connected('mihon02')
    const others = async () => ({
      consents: (await rows()).filter(
        ({ client_id, customer_id }) => client_id !== own.id || customer_id !== mine.row.customer_id,
      ),
      records: (await bank.db.selectFrom('engine_records').selectAll().orderBy('id_hash').execute()).filter(
        ({ grant_id }) => grant_id === null || !theirs.has(grant_id),
      ),
      clients: await bank.db.selectFrom('clients').selectAll().execute(),
    })
    const theirs = new Set(
      (await rows())
        .filter(({ client_id, customer_id }) => client_id === own.id && customer_id === mine.row.customer_id)
        .map(({ id }) => id),
    )
    const before = await others()
    await mine.control('days', { days: '45' })
    expect(await others()).toEqual(before)
    expect(await rowOf(mine.number)).toMatchObject({
      starts_at: mine.row.starts_at - days(45),
      ends_at: mine.row.ends_at - days(45),
      activated_at: Number(mine.row.activated_at) - days(45),
    })
  })

  it('are a whole number, and the form says so', async () => {
    const { number, control, row } = await connected()
    for (const wrong of ['', '0', '-1', '1.5', '401', '99999999999', 'x']) {
      expect(errorsIn(await control('days', { days: wrong })), wrong).toEqual(['days'])
    }
    expect((await rowOf(number)).ends_at).toBe(row.ends_at)
    await control('days', { days: '３' })
    expect((await rowOf(number)).ends_at).toBe(row.ends_at - days(3))
  })

  it('are offered up to each point of its life that still lies ahead', () => {
    const now = Date.parse('2026-11-25T12:00:00+09:00')
    const of = (left: number, status: 'active' | 'stopped' = 'active') => {
      const at = endOfDayInJapan(now, left)
      return jumpsOf({ status, endsAt: at, endedAt: status === 'active' ? null : at }, now).map(
        ({ name, days: n }) => `${name} ${n}`,
      )
    }
    expect(of(90)).toEqual([
      'before-30 60',
      'before-7 83',
      'before-1 89',
      'after-end 91',
      'after-renewal 121',
    ])
    expect(of(7)).toEqual(['before-1 6', 'after-end 8', 'after-renewal 38'])
    expect(of(-5, 'stopped')).toEqual(['after-renewal 26'])
    expect(of(-31, 'stopped')).toEqual([])
  })
})

describe('stopping', () => {
  it('is what the customer’s own stop is to the fintech, and the audit says who did it', async () => {
    const { refresh, control, row } = await connected()
    const page = await control('stop')
    expect(page.html).toContain(controlsJa.done['consent-stopped'])
    expect((await fintech.refresh(refresh)).body.error_description).toMatch(/^consent_stopped/)
    expect((await auditOf(bank, 'consent-ended')).at(-1)).toMatchObject({
      consent: row.id,
      reason: 'customer-stopped',
      note: 'sandbox',
    })
    expect((await control('stop')).html).toContain(controlsJa.done['consent-over'])
  })

  it('of one account leaves the others', async () => {
    const { access, control } = await connected()
    const accounts = async () =>
      ((await fintech.api('/api/accounts', access)).body.accounts as { accountId: string }[]).map(
        ({ accountId }) => accountId,
      )
    const [one = '', two = ''] = await accounts()
    await control('account', { account: one, control: 'stop-account' })
    expect(await accounts()).toEqual([two])
  })
})

describe('the bank behind a connection', () => {
  const first = async (access: string) =>
    ((await fintech.api('/api/accounts', access)).body.accounts as { accountId: string }[])[0]?.accountId ??
    ''

  it.each([
    ['change-pin', 'pin-changed', 'register-pin'],
    ['close-account', 'account-closed', 'reopen-account'],
  ])('does what %s says, tells the fintech, and is put back', async (control, reason, back) => {
    const open = await connected()
    const account = await first(open.access)
    const page = await open.control('account', { account, control })
    const atBank = controlsJa.accounts.atBank(
      controlsJa.accounts.states[reason === 'pin-changed' ? reason : 'closed'],
    )
    expect(page.html).toContain(atBank)
    const { status } = await fintech.api(`/api/accounts/${account}/balances`, open.access)
    expect(status).toBeGreaterThanOrEqual(400)
    expect((await told(open.row.id)).map(({ kind, type }) => `${kind} ${type}`)).toContain(
      'event account-stopped',
    )
    const html = (await open.control('account', { account, control: back })).html
    expect(html).not.toContain(atBank)
    expect(html).toContain(controlsJa.accounts.stopped(reason))
    // and a new connection shares it again
    expect(await first((await connected()).access)).toBe(account)
  })

  it('does nothing to an account that is not of this connection', async () => {
    const { control } = await connected()
    const before = await bank.db.selectFrom('simulator_accounts').selectAll().execute()
    for (const account of ['', 'x', 'constructor'])
      await control('account', { account, control: 'change-pin' })
    expect(await bank.db.selectFrom('simulator_accounts').selectAll().execute()).toEqual(before)
  })

  it.each([
    ['maintenance', 'maintenance'],
    ['outside-hours', 'outside_hours'],
  ])('is down for this client alone, for %s and as long as was said', async (state, error) => {
    const { access } = await connected()
    const kakeibo = await connect(bank, 'mihon02', { fintech: openFintech(bank) })
    const { browser } = own
    const path = '/developers/client/consents'
    await browser.get(path)
    await browser.post(`${path}/bank`, { state, duration: '5' })
    const { status, body, headers } = await fintech.api('/api/accounts', access)
    expect([status, body.error]).toEqual([503, error])
    expect(Number(headers['retry-after'])).toBe(300)
    expect((await kakeibo.fintech.api('/api/accounts', kakeibo.access)).status).toBe(200)
    vi.setSystemTime(Date.now() + 5 * 60_000 - 1000)
    expect((await fintech.api('/api/accounts', access)).status).toBe(503)

    await browser.get(path)
    await browser.post(`${path}/bank`, { state: 'up' })
    expect((await fintech.api('/api/accounts', access)).status).toBe(200)
    await browser.get(path)
    await browser.post(`${path}/bank`, { state: 'down', duration: '5' })
    await browser.post(`${path}/bank`, { state, duration: '99999' })
    expect((await fintech.api('/api/accounts', access)).status).toBe(200)
  })
})

describe('events', () => {
  it('are shown as they are sent, to the letter', async () => {
    const receiver = await openReceiver()
    const other = await developer({ eventsUrl: receiver.url })
    const { control, page } = await connected('mihon02', other.own, other.fintech)
    await control('stop')
    await bank.outbox.deliver()
    const [header = '', claims = ''] = (receiver.received[0]?.body ?? '')
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString())
    await receiver.close()
    const blocks = [...(await page()).html.matchAll(/<pre><code>([\s\S]*?)<\/code><\/pre>/g)].map((match) =>
      (match[1] ?? '').replaceAll('&quot;', '"'),
    )
    const shown = blocks.find((text) => text.startsWith('{'))?.split('\n.\n') ?? []
    expect(shown.map((text) => JSON.parse(text) as unknown)).toEqual([JSON.parse(header), JSON.parse(claims)])
  })

  it('and notices stay to be read where nobody is there to take them, for sandbox clients only', async () => {
    const { control, row, page } = await connected()
    const kakeibo = await connect(bank, 'mihon02', { fintech: openFintech(bank) })
    await control('stop')
    await bank.outbox.deliver()
    expect((await told(row.id)).map(({ type, state }) => `${type} ${state}`).sort()).toEqual([
      'consent-ended unwanted',
      'granted unwanted',
      'stopped unwanted',
    ])
    const { html } = await page()
    expect(html).toContain('urn:ninka:event:consent-ended')
    expect(html).toContain('お客様のお申し出により')
    expect(await told((await newest(kakeibo.fintech.clientId)).id)).toEqual([])
  })
})

describe('the pages', () => {
  it('list the connections of one’s own client, are valid in both languages, and hold no other’s', async () => {
    const other = await developer()
    const theirs = await connected('mihon02', other.own, other.fintech)
    const mine = await connected()
    const { browser } = own
    for (const lang of ['ja', 'en']) {
      const list = await browser.get(`/developers/client/consents?lang=${lang}`)
      expect(list.html).toContain(mine.number)
      expect(list.html).not.toContain(theirs.number)
      const one = await browser.get(`${mine.path}?lang=${lang}`)
      for (const { html } of [list, one]) {
        expect(await wrongIn(html)).toEqual([])
        expect(html).not.toMatch(/undefined|\[object/)
      }
    }
    await browser.get('/developers?lang=ja')
    expect(await wrongIn((await mine.control('days', { days: 'x' })).html)).toEqual([])
  })

  it('of another client’s number are not there, no more than those of a number that never was', async () => {
    const other = await developer()
    const theirs = await connected('mihon02', other.own, other.fintech)
    const { browser } = own
    const before = await rows()
    const pages = []
    for (const number of [theirs.number, 'AAA-0000-AAA']) {
      const path = `/developers/client/consents/${number}`
      pages.push(await browser.get(path))
      for (const what of ['days', 'stop', 'account']) {
        await browser.get('/developers/client/consents')
        const fields = { days: '5', account: 'x', control: 'stop-account' }
        pages.push(await browser.post(`${path}/${what}`, fields))
      }
    }
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([404]))
    expect(await rows()).toEqual(before)
  })

  it('ask whoever is not signed in to sign in, and refuse a form from elsewhere', async () => {
    const { path } = await connected()
    const before = await rows()
    const stranger = openBrowser(bank)
    for (const one of ['/developers/client/consents', path])
      expect((await stranger.get(one)).path).toBe('/developers/sign-in')
    for (const one of [
      `${path}/days`,
      `${path}/stop`,
      `${path}/account`,
      '/developers/client/consents/bank',
    ]) {
      const fields = { days: '5', state: 'maintenance', duration: '0' }
      expect((await stranger.post(one, fields)).path).toBe('/developers/sign-in')
      const foreign = await own.browser.post(one, fields, { origin: 'https://evil.example' })
      const stale = await own.browser.post(one, { ...fields, _csrf: 'guessed' })
      expect([foreign.status, stale.status]).toEqual([403, 403])
    }
    expect(await rows()).toEqual(before)
    expect(await bank.simulator.downFor(own.id)).toBeUndefined()
  })
})
