/** A customer looks at what he has allowed, and stops it: at once, for every token. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { days } from '../../src/clock.ts'
import { startBank, type TestBank, unavailable, withCalls } from '../support/bank.ts'
import { csrfOf, openBrowser } from '../support/browser.ts'
import { accountToStop, base, numbersOn, stop, theNumber, visitConnections } from '../support/connections.ts'
import { openFintech } from '../support/fintech.ts'
import { returnWithCode } from '../support/returned.ts'
import { auditOf } from '../support/desk.ts'
import { allow, begin, comeBack, connect, consentsOf, walkToConsent } from '../support/walk.ts'

let bank: TestBank
let isAway = false

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-25T10:00:00+09:00') })
  isAway = false
  bank = await startBank({
    wrapBank: (real) => withCalls(real, () => (isAway ? { accounts: unavailable } : {})),
  })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const later = (ms: number): void => {
  vi.setSystemTime(Date.now() + ms)
}
const ends = async () => {
  const rows = await bank.db
    .selectFrom('audit')
    .select('payload')
    .where('event', '=', 'consent-ended')
    .execute()
  return rows.map(({ payload }) => JSON.parse(payload) as Record<string, unknown>)
}

describe('a connection that is stopped while its renewal is on its way', () => {
  it('does not come back by the code that the fintech has not exchanged yet', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    later(1000)
    const renewal = await begin(bank)
    await walkToConsent(renewal, 'mihon02')
    await allow(renewal)
    const code = (await comeBack(renewal)).searchParams.get('code') ?? ''
    later(1000)
    const { number } = await bank.db
      .selectFrom('consents')
      .select('number')
      .where('status', '=', 'active')
      .executeTakeFirstOrThrow()
    await stop(await visitConnections(bank, 'mihon02'), number)
    expect((await fintech.exchange(code, renewal.verifier)).body.error).toBe('invalid_grant')
    expect((await fintech.refresh(refresh)).body.error).toBe('invalid_grant')
    const rows = await bank.db.selectFrom('consents').select('status').orderBy('granted_at').execute()
    expect(rows.map(({ status }) => status)).toEqual(['stopped', 'unused'])
  })

  it('does not bring back a single account that was stopped meanwhile', async () => {
    await connect(bank, 'mihon02')
    const [active] = await consentsOf(bank)
    later(1000)
    const renewal = await begin(bank)
    await walkToConsent(renewal, 'mihon02')
    await allow(renewal)
    later(1000)
    const browser = await visitConnections(bank, 'mihon02')
    const page = await browser.get(`${base}/consents/${active?.number}`)
    await stop(browser, accountToStop(page, '1002208'))

    const code = (await comeBack(renewal)).searchParams.get('code') ?? ''
    const { body } = await renewal.fintech.exchange(code, renewal.verifier)
    const accounts = await renewal.fintech.api('/api/accounts', String(body.access_token))
    expect((accounts.body.accounts as { accountNumber: string }[]).map((one) => one.accountNumber)).toEqual([
      '3004501',
    ])
    const audit = await auditOf(bank, 'account-stopped')
    expect(audit.map(({ number, by }) => [number, by])).toEqual([
      [active?.number, 'customer'],
      [(await consentsOf(bank)).at(-1)?.number, 'customer'],
    ])
  })
})

describe('the list', () => {
  it('is behind sign-in, and empty for a customer who connected nothing', async () => {
    const browser = openBrowser(bank)
    expect((await browser.get(base)).path).toBe(`${base}/sign-in`)
    const { html } = (await visitConnections(bank, 'mihon02')).page()
    expect(html).toContain('いま連携しているサービスはありません')
  })

  it('names service, company, end date and who is signed in, as registered', async () => {
    await connect(bank, 'mihon02')
    const { html } = (await visitConnections(bank, 'mihon02')).page()
    for (const text of ['みほん家計簿', '株式会社みほんフィンテック', '2027年2月23日（火）まで', '連携中'])
      expect(html).toContain(text)
    expect(html).toMatch(/class="signed-in"/)
  })

  it('says that a connection waits while the fintech has not come for it', async () => {
    await returnWithCode(bank)
    expect((await visitConnections(bank, 'mihon02')).page().html).toContain('連携先の手続き待ち')
  })

  it('puts what ends soon first, and says where it is renewed', async () => {
    await connect(bank, 'mihon02')
    later(days(80))
    const { html } = (await visitConnections(bank, 'mihon02')).page()
    expect(html).toContain('まもなく終わる連携')
    expect(html).toContain('あと10日で終わります')
  })

  it('shows an ended period as ended before anybody swept', async () => {
    await connect(bank, 'mihon02')
    later(days(91))
    const { html } = (await visitConnections(bank, 'mihon02')).page()
    expect(html).toContain('認可期間が終わりました')
    expect(html).not.toContain('/stop"')
  })

  it('does not show what another customer allowed', async () => {
    await connect(bank, 'mihon02')
    expect(numbersOn((await visitConnections(bank, 'mihon03')).page())).toEqual([])
  })

  it('tells a renewal once, with the former connection in its history', async () => {
    await connect(bank, 'mihon02')
    const former = theNumber((await visitConnections(bank, 'mihon02')).page())
    later(days(70))
    await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    const number = theNumber(browser.page())
    expect(number).not.toBe(former)
    const { html } = await browser.get(`${base}/consents/${number}`)
    for (const text of ['お客様が許可を更新しました', former, '新しい許可に置き換わりました'])
      expect(html).toContain(text)
  })
})

describe('stopping a connection', () => {
  it('ends every token at once: refresh, introspection and the accounts API', async () => {
    const { fintech, access, refresh } = await connect(bank, 'mihon02')
    expect((await fintech.api('/api/accounts', access)).status).toBe(200)
    const browser = await visitConnections(bank, 'mihon02')
    const number = theNumber(browser.page())

    const page = await stop(browser, number)
    expect(page.path).toBe(`${base}/consents/${number}/stopped`)
    expect(page.html).toContain('今から残高や入出金明細を見ることができません')

    expect((await fintech.refresh(refresh)).body.error).toBe('invalid_grant')
    expect((await fintech.introspect(access)).body.active).toBe(false)
    expect((await fintech.introspect(refresh)).body.active).toBe(false)
    expect((await fintech.api('/api/accounts', access)).status).toBe(401)
  })

  it('is in the audit as the customer’s own act, and is told to the fintech and to the customer', async () => {
    await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    await stop(browser, theNumber(browser.page()))
    expect(await ends()).toMatchObject([{ status: 'stopped', by: 'customer', reason: 'customer-stopped' }])
    const told = await bank.db.selectFrom('outbox').select(['kind', 'payload']).execute()
    const ofTheEnd = told.filter(({ payload }) => payload.includes('customer-stopped'))
    expect(ofTheEnd.map(({ kind }) => kind).sort()).toEqual(['event', 'notice'])
  })

  it('keeps a code that was not exchanged yet from ever becoming a token', async () => {
    const { fintech, code, verifier } = await returnWithCode(bank)
    const browser = await visitConnections(bank, 'mihon02')
    await stop(browser, theNumber(browser.page()))
    expect((await fintech.exchange(code, verifier)).body.error).toBe('invalid_grant')
  })

  it('twice, from two tabs, ends it once and says the same', async () => {
    await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    const address = `${base}/consents/${theNumber(browser.page())}/stop`
    const fields = { _csrf: csrfOf((await browser.get(address)).html) }
    const first = await browser.post(address, fields)
    const second = await browser.post(address, fields)
    expect([first.status, second.status, second.path]).toEqual([200, 200, first.path])
    expect(await ends()).toHaveLength(1)
  })

  it('works while the bank does not answer', async () => {
    const { fintech, access } = await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    const number = theNumber(browser.page())
    isAway = true
    const { status, html } = await browser.get(`${base}/consents/${number}`)
    expect(status).toBe(200)
    expect(html).toContain('口座名を表示できません')
    await stop(browser, number)
    isAway = false
    expect((await fintech.api('/api/accounts', access)).status).toBe(401)
  })

  it('leaves the connection with another fintech alone', async () => {
    await connect(bank, 'mihon02')
    const kakeibo = theNumber((await visitConnections(bank, 'mihon02')).page())
    const other = await connect(bank, 'mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
    await stop(await visitConnections(bank, 'mihon02'), kakeibo)
    expect((await other.fintech.refresh(other.refresh)).status).toBe(200)
  })
})

describe('stopping one account', () => {
  type Listed = readonly { readonly accountId: string; readonly accountNumber: string }[]
  const accountsOf = async ({
    fintech,
    access,
  }: Pick<Awaited<ReturnType<typeof connect>>, 'fintech' | 'access'>) =>
    (await fintech.api('/api/accounts', access)).body.accounts as Listed

  it('takes that account from the fintech at once and leaves the others', async () => {
    const connected = await connect(bank, 'mihon02')
    const [gone, ...kept] = await accountsOf(connected)
    if (!gone || kept.length === 0) throw new Error('several accounts are needed')
    const browser = await visitConnections(bank, 'mihon02')
    const page = await browser.get(`${base}/consents/${theNumber(browser.page())}`)
    await stop(browser, accountToStop(page, gone.accountNumber))
    expect(browser.page().html).toContain('口座の連携を停止しました')

    expect(await accountsOf(connected)).toEqual(kept)
    const { fintech, access } = connected
    const balance = (id: string) => fintech.api(`/api/accounts/${id}/balances`, access)
    expect(await balance(gone.accountId)).toMatchObject({ status: 403, body: { error: 'account_stopped' } })
    expect((await balance(kept[0]?.accountId ?? '')).status).toBe(200)
  })

  it('ends the connection with the last one', async () => {
    const connected = await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    const address = `${base}/consents/${theNumber(browser.page())}`
    for (const { accountNumber } of await accountsOf(connected))
      await stop(browser, accountToStop(await browser.get(address), accountNumber))
    expect((await browser.get(address)).html).toContain('対象の口座がなくなりました')
    expect((await connected.fintech.refresh(connected.refresh)).body.error).toBe('invalid_grant')
  })
})

describe('stopping everything', () => {
  it('needs the tick, checked on the server', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    await browser.get(`${base}/stop-everything`)
    const page = await browser.post(`${base}/stop-everything`, {})
    expect(page.html).toContain('「停止する内容を確認しました」を選んでください')
    expect((await browser.get(`${base}/stop-everything`)).html).not.toContain('id="errors"')
    expect((await fintech.refresh(refresh)).status).toBe(200)
  })

  it('ends all connections of this customer, with every fintech, and of nobody else', async () => {
    const one = await connect(bank, 'mihon02')
    const two = await connect(bank, 'mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
    const stranger = await connect(bank, 'mihon03')
    const browser = await visitConnections(bank, 'mihon02')
    await browser.get(`${base}/stop-everything`)
    const { html } = await browser.post(`${base}/stop-everything`, { sure: 'yes' })
    expect(html).toContain('すべての連携を停止しました')
    expect(html).toContain('すぐにお電話ください')
    for (const { fintech, refresh } of [one, two])
      expect((await fintech.refresh(refresh)).body.error).toBe('invalid_grant')
    expect((await stranger.fintech.refresh(stranger.refresh)).status).toBe(200)
    expect((await ends()).map(({ reason }) => reason)).toEqual(['emergency-stop', 'emergency-stop'])
  })
})
