/** 更新: shorter than the first registration, the same connection afterwards, and never without being asked. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { days } from '../../src/clock.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { openFintech } from '../support/fintech.ts'
import {
  allow,
  begin,
  chooseServices,
  comeBack,
  connect as connectNow,
  consentsOf,
  giveAnswer,
  offeredAccounts,
  signIn,
  skipPins,
  stepOf,
  type Walk,
} from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  bank = await startBank()
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

/** A connection of yesterday. */
const connect = async (...given: Parameters<typeof connectNow>) => {
  const connected = await connectNow(...given)
  vi.setSystemTime(Date.now() + days(1))
  return connected
}
const at = (moment: string) => vi.setSystemTime(new Date(moment))
const titleOf = (html: string) => /<h1>([^<]*)<\/h1>/.exec(html)?.[1]
const ticked = (html: string) => html.match(/name="accounts" value="[^"]+" checked/g)?.length ?? 0

async function exchange(walk: Walk): Promise<{ access: string; refresh: string }> {
  const code = (await comeBack(walk)).searchParams.get('code') ?? ''
  const { body } = await walk.fintech.exchange(code, walk.verifier)
  return { access: String(body.access_token), refresh: String(body.refresh_token) }
}

const accountIds = async ({ fintech }: Walk, access: string) =>
  ((await fintech.api('/api/accounts', access)).body.accounts as { accountId: string }[]).map(
    ({ accountId }) => accountId,
  )

describe('a renewal', () => {
  it('is two pages, says at each that it is one, and goes on with the same connection', async () => {
    const former = await connect(bank, 'mihon02')
    at('2027-02-14T09:00:00+09:00')
    const fresh = await former.fintech.refresh(former.refresh)
    const idsBefore = await accountIds(former, String(fresh.body.access_token))

    const walk = await begin(bank)
    expect(titleOf(walk.browser.page().html)).toBe('API連携認証（利用登録）')
    let page = await signIn(walk, 'mihon02')
    expect(stepOf(page)).toBe('give-consent')
    expect(titleOf(page.html)).toBe('API連携認証（情報アクセス許可）（更新）')
    expect(page.html).toContain('「業務選択」は不要のため省略しました。')
    expect(page.html).toContain('「照会用暗証番号」は不要のため省略しました。')
    const [before] = await consentsOf(bank)
    expect(page.html).toContain(`認可番号 ${before?.number}、2027年2月20日（土）まで`)
    expect(page.html).toContain('認可対象も口座も、前回と同じです。')
    expect(page.html).toContain('2027年5月15日（土）まで')
    expect(page.html).toContain('<dt>前回の終了</dt><dd>2027年2月20日（土）</dd>')
    expect(ticked(page.html)).toBe(2)

    page = await allow(walk)
    expect(titleOf(page.html)).toBe('更新しました。連携先に戻ります')
    const { access } = await exchange(walk)
    expect(await accountIds(walk, access)).toEqual(idsBefore)
    const [first, second] = await consentsOf(bank)
    expect(second).toMatchObject({
      status: 'active',
      arrangement_id: first?.arrangement_id,
      renews: first?.id,
      services: 'balances transactions',
      client_name: 'みほん家計簿（株式会社みほんフィンテック）',
      ends_at: Date.parse('2027-05-15T23:59:59.999+09:00'),
    })
    expect(second?.number).not.toBe(first?.number)
  })

  it('leaves the former connection alive until the code is exchanged, and then takes its place', async () => {
    const former = await connect(bank, 'mihon02')
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    await allow(walk)
    expect((await former.fintech.refresh(former.refresh)).status).toBe(200)
    const { refresh } = await exchange(walk)
    expect((await former.fintech.refresh(former.refresh)).body.error).toBe('invalid_grant')
    expect((await walk.fintech.refresh(refresh)).status).toBe(200)
    const consents = await consentsOf(bank)
    expect(consents.map(({ status }) => status)).toEqual(['replaced', 'active'])
    expect(consents[0]?.ended_reason).toBe(`replaced by ${consents[1]?.number}`)
  })

  it('that the fintech never exchanges changes nothing, and can be done again', async () => {
    const former = await connect(bank, 'mihon02')
    const lost = await begin(bank)
    await signIn(lost, 'mihon02')
    await allow(lost)
    at('2026-11-25T12:00:00+09:00')
    await bank.sweeper.sweep()
    expect((await former.fintech.refresh(former.refresh)).status).toBe(200)

    const walk = await begin(bank)
    expect((await signIn(walk, 'mihon02')).html).toContain('の更新です')
    await allow(walk)
    await exchange(walk)
    const consents = await consentsOf(bank)
    expect(consents.map(({ status }) => status)).toEqual(['replaced', 'unused', 'active'])
    expect(consents[2]?.renews).toBe(consents[0]?.id)
    expect(new Set(consents.map((one) => one.arrangement_id)).size).toBe(1)
  })

  it('asks the registered question as ever', async () => {
    await connect(bank, 'mihon03')
    const walk = await begin(bank)
    const page = await signIn(walk, 'mihon03')
    expect(titleOf(page.html)).toBe('API連携認証（追加認証）（更新）')
    expect(stepOf(await giveAnswer(walk, 'うめ'))).toBe('answer-challenge')
    expect(stepOf(await giveAnswer(walk))).toBe('give-consent')
  })

  it('speaks English as well', async () => {
    await connect(bank, 'mihon02')
    const walk = await begin(bank, { request: { ui_locales: 'en' } })
    const { html } = await signIn(walk, 'mihon02')
    expect(titleOf(html)).toBe('Renew connection: allow access')
    expect(html).toContain('What is shared and the accounts are the same as last time.')
    expect(titleOf((await allow(walk)).html)).toBe('Renewed. Returning to the service')
  })

  it('lets services and accounts be changed, and starts from those of before', async () => {
    const first = await begin(bank)
    await signIn(first, 'mihon02')
    await chooseServices(first, ['balances'])
    await allow(first)
    await exchange(first)
    vi.setSystemTime(Date.now() + days(1))

    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    let page = await walk.browser.post(`${walk.base}/change`, { fact: 'services' })
    expect(titleOf(page.html)).toBe('API連携認証（認可業務選択）（更新）')
    expect(page.html).toMatch(/value="balances" checked/)
    expect(page.html).not.toMatch(/value="transactions" checked/)
    page = await chooseServices(walk, ['balances', 'transactions'])
    expect(page.html).toContain('認可対象に「入出金明細照会」が加わります。')
    expect(page.html).not.toContain('「業務選択」は不要')
    page = await walk.browser.post(`${walk.base}/change`, { fact: 'accounts' })
    expect(titleOf(page.html)).toBe('API連携認証（照会用暗証番号登録）（更新）')
    await skipPins(walk)
    await allow(walk)
    await exchange(walk)
    expect((await consentsOf(bank))[1]?.services).toBe('balances transactions')
  })

  it('with another fintech is a first registration', async () => {
    await connect(bank, 'mihon02')
    const walk = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
    expect(titleOf((await signIn(walk, 'mihon02')).html)).toBe('API連携認証（情報アクセス許可）（利用登録）')
    await allow(walk)
    await exchange(walk)
    const [one, other] = await consentsOf(bank)
    expect(other).toMatchObject({ renews: null })
    expect(other?.arrangement_id).not.toBe(one?.arrangement_id)
  })

  it('is recorded as one, with what was shown', async () => {
    await connect(bank, 'mihon02')
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    await allow(walk)
    const rows = await bank.db
      .selectFrom('audit')
      .select('payload')
      .where('event', '=', 'consent-granted')
      .orderBy('seq')
      .execute()
    const [first, second] = rows.map(({ payload }) => JSON.parse(payload) as Record<string, string>)
    expect([first?.mode, second?.mode]).toEqual(['first', 'renewal'])
    expect(second?.wordingHash).not.toBe(first?.wordingHash)
  })
})

describe('after the end', () => {
  // The first consent ends with 20 February 2027.
  it.each(['2027-02-21T00:00:00+09:00', '2027-03-22T23:00:00+09:00'])(
    'a connection can be renewed (%s), whether it was swept or not',
    async (moment) => {
      for (const swept of [false, true]) {
        vi.setSystemTime(new Date('2026-11-22T12:00:00+09:00'))
        const fintech = openFintech(bank, swept ? 'demo-kaikei' : 'demo-kakeibo')
        const former = await connect(bank, 'mihon02', { fintech })
        const [before] = (await consentsOf(bank)).filter((one) => one.client_id === fintech.clientId)
        at(moment)
        if (swept) await bank.sweeper.sweep()
        expect((await former.fintech.refresh(former.refresh)).body.error).toBe('invalid_grant')
        const walk = await begin(bank, {
          fintech,
          request: { id_token_hint: former.idToken, grant_id: before?.arrangement_id },
        })
        const { html } = await signIn(walk, 'mihon02')
        expect(html).toContain(`2027年2月20日（土）に終わった連携（認可番号 ${before?.number}）の更新です`)
        await allow(walk)
        const { refresh } = await exchange(walk)
        expect((await fintech.refresh(refresh)).status).toBe(200)
        const [, after] = (await consentsOf(bank)).filter((one) => one.client_id === fintech.clientId)
        expect(after).toMatchObject({ arrangement_id: before?.arrangement_id, renews: before?.id })
        // What was over stays over, and says why.
        const old = (await consentsOf(bank)).find(({ id }) => id === before?.id)
        expect(['expired', 'replaced']).toContain(old?.status)
      }
    },
  )

  it('by more than 30 days the same request is a first registration with a new arrangement', async () => {
    await connect(bank, 'mihon02')
    at('2027-03-23T00:00:00+09:00')
    await bank.sweeper.sweep()
    const walk = await begin(bank)
    const page = await signIn(walk, 'mihon02')
    expect(titleOf(page.html)).toBe('API連携認証（認可業務選択）（利用登録）')
    await chooseServices(walk)
    await allow(walk)
    await exchange(walk)
    const [before, after] = await consentsOf(bank)
    expect(after).toMatchObject({ renews: null, status: 'active' })
    expect(after?.arrangement_id).not.toBe(before?.arrangement_id)
  })
})

describe('nothing is renewed silently', () => {
  it('prompt=none is answered login_required, whoever was here before and however well the request is made', async () => {
    const { browser, idToken, fintech } = await connect(bank, 'mihon02')
    const [consent] = await consentsOf(bank)
    const { parameters } = fintech.newRequest({
      prompt: 'none',
      scope: 'openid balances transactions',
      id_token_hint: idToken,
      grant_id: consent?.arrangement_id,
    })
    const { leftTo } = await browser.get(await fintech.authorizeAddress(parameters))
    expect(leftTo?.searchParams.get('error')).toBe('login_required')
    expect(await consentsOf(bank)).toHaveLength(1)
  })

  it.each([{ prompt: undefined }, { prompt: 'consent' }, { prompt: 'login' }, { max_age: '100000' }])(
    '%o: signing in and the tick are asked every time, in the browser of last time as well',
    async (request) => {
      const { browser, idToken } = await connect(bank, 'mihon02')
      const [consent] = await consentsOf(bank)
      const hints = { id_token_hint: idToken, grant_id: consent?.arrangement_id }
      const walk = await begin(bank, { browser, request: { ...request, ...hints } })
      expect(stepOf(walk.browser.page())).toBe('sign-in')
      const page = await signIn(walk, 'mihon02')
      expect(stepOf(page)).toBe('give-consent')
      expect(page.html).not.toMatch(/<input[^>]*name="proceed"[^>]*checked/)
      expect((await allow(walk, { proceed: '' })).html).toContain('「認可手続きを継続する」を選んでください')
      await browser.get(`/authorize/${walk.base.split('/')[2]}`)
      expect(stepOf(browser.page())).toBe('give-consent')
      expect(await consentsOf(bank)).toHaveLength(1)
    },
  )

  it('and refusing or leaving it keeps the connection as it was', async () => {
    const former = await connect(bank, 'mihon02')
    const walk = await begin(bank, { browser: openBrowser(bank) })
    await signIn(walk, 'mihon02')
    const page = await walk.browser.post(`${walk.base}/cancel`, { how: 'refused' })
    expect(titleOf(page.html)).toBe('許可しませんでした。連携先に戻ります')
    expect((await comeBack(walk)).searchParams.get('error')).toBe('access_denied')
    expect((await former.fintech.refresh(former.refresh)).status).toBe(200)
    expect(offeredAccounts(page.html)).toEqual([])
  })
})
