/** The journey as the manual tells it, through the real application. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withoutNumber } from '../support/answers.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { openFintech } from '../support/fintech.ts'
import { ask } from '../support/operate.ts'
import {
  allow,
  begin,
  cancel,
  chooseServices,
  comeBack,
  confirmPins,
  giveAnswer,
  handleOf,
  morePins,
  offeredAccounts,
  pin,
  registerPins,
  signIn,
  skipPins,
  stepOf,
  walkToConsent,
} from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  bank = await startBank()
})
afterEach(() => bank.close())

const titleOf = (html: string) => /<h1>([^<]*)<\/h1>/.exec(html)?.[1]

describe('the first registration', () => {
  it('shows the screens of the manual in their order and ends at the fintech with balances', async () => {
    const walk = await begin(bank)
    expect(titleOf(walk.browser.page().html)).toBe('API連携認証（利用登録）')
    let page = await signIn(walk, 'mihon01')
    expect(titleOf(page.html)).toBe('API連携認証（認可業務選択）（利用登録）')
    page = await chooseServices(walk)
    expect(titleOf(page.html)).toBe('API連携認証（照会用暗証番号登録）（利用登録）')
    page = await registerPins(walk, { 2000002: pin })
    expect(titleOf(page.html)).toBe('API連携認証（照会用暗証番号登録結果）')
    page = await confirmPins(walk)
    expect(titleOf(page.html)).toBe('API連携認証（情報アクセス許可）（利用登録）')
    page = await allow(walk)
    expect(titleOf(page.html)).toBe('許可しました。連携先に戻ります')
    const back = await comeBack(walk)
    expect(back.href.startsWith(walk.fintech.redirectUri)).toBe(true)
    expect(back.searchParams.get('state')).toBe(walk.parameters.state)
    expect(back.searchParams.get('iss')).toBe(bank.settings.publicUrl)
    const tokens = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    expect(tokens.status).toBe(200)
    expect(tokens.body).toMatchObject({
      token_type: 'Bearer',
      scope: 'balances transactions',
      expires_in: 300,
    })
    const accounts = await walk.fintech.api('/api/accounts', String(tokens.body.access_token))
    const numbers = (accounts.body.accounts as { accountNumber: string }[]).map((one) => one.accountNumber)
    expect(numbers.sort()).toEqual(['2000002', '2222222'])
  })

  it('goes straight to consent when every account is registered and nothing is to be chosen', async () => {
    const walk = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('give-consent')
  })

  it('asks the question before anything else when the risk rules say so', async () => {
    const walk = await begin(bank)
    expect(stepOf(await signIn(walk, 'mihon03'))).toBe('answer-challenge')
    expect(stepOf(await giveAnswer(walk, 'うめ'))).toBe('answer-challenge')
    expect(walk.browser.page().html).toContain('回答が登録内容と違います')
    expect(stepOf(await giveAnswer(walk, ' サクラ '))).toBe('choose-services')
  })
})

describe('照会用暗証番号', () => {
  it('holds the right rows when another is wrong, and names the wrong one', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    const page = await registerPins(walk, { 2000002: pin, 1111111: '0000' })
    expect(stepOf(page)).toBe('review-pins')
    expect(page.html).toContain('1件の照会用暗証番号を登録しました')
    expect(page.html).toContain(
      '<strong lang="ja">インターネット支店（202） 普通 1111111</strong><br>照会用暗証番号が届け出の番号と違います',
    )
    expect(page.html.match(/\*{4}</g)).toHaveLength(1)
  })

  it('shows **** only for the last submit, and can add more or overwrite a held one', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    await registerPins(walk, { 2000002: pin })
    let page = await morePins(walk)
    expect(stepOf(page)).toBe('register-pins')
    expect(page.html).toContain('登録済み*')
    page = await registerPins(walk, { 1000314: pin, 2000002: pin })
    expect(page.html.match(/\*{4}</g)).toHaveLength(2)
    await morePins(walk)
    page = await registerPins(walk, { 1111111: pin })
    expect(page.html.match(/\*{4}</g)).toHaveLength(1)
    expect(offeredAccounts((await confirmPins(walk)).html)).toHaveLength(4)
  })

  it('takes full-width digits and refuses other forms without asking the bank', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    const wrong = await registerPins(walk, { 2000002: '12a4', 1111111: '' })
    expect(wrong.html).toContain(
      '照会用暗証番号は数字4桁で入力してください（インターネット支店（001） 普通 2000002）',
    )
    expect(wrong.html).toContain('照会用暗証番号を入力してください（インターネット支店（202） 普通 1111111）')
    expect(wrong.html).not.toContain('12a4')
    const page = await registerPins(walk, { 2000002: '４６４９' })
    expect(stepOf(page)).toBe('review-pins')
  })

  it('says so when a PIN was typed beside a row that is not ticked', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    const { html } = await chooseServices(walk)
    const page = await walk.browser.post(`${walk.base}/register-pins`, {
      [`pin-${handleOf(html, '2000002')}`]: pin,
    })
    expect(page.html).toContain('登録する場合は、口座を選んでから')
  })

  it('may be skipped when one account is registered already', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    const page = await skipPins(walk)
    expect(stepOf(page)).toBe('give-consent')
    expect(offeredAccounts(page.html)).toHaveLength(1)
  })

  it('takes effect with 許可 and not before', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    const other = await begin(bank)
    await signIn(other, 'mihon01')
    expect((await chooseServices(other)).html.match(/tag registered/g)).toHaveLength(1)
    await allow(walk)
    const third = await begin(bank)
    await signIn(third, 'mihon01')
    expect((await chooseServices(third)).html.match(/tag registered/g)).toHaveLength(2)
  })

  it.each(['cancelled', 'refused'] as const)('is forgotten when the journey is %s', async (how) => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    await cancel(walk, how)
    expect(await bank.db.selectFrom('simulator_held_pins').selectAll().execute()).toEqual([])
    expect(await bank.db.selectFrom('held_pins').selectAll().execute()).toEqual([])
  })
})

describe('許可', () => {
  it('is refused without the tick, and says so at the box', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    const page = await allow(walk, { proceed: '' })
    expect(stepOf(page)).toBe('give-consent')
    expect(page.html).toContain('続ける場合は「認可手続きを継続する」を選んでください')
    expect(page.html).toContain('<title>エラー：')
    expect(await bank.db.selectFrom('consents').selectAll().execute()).toEqual([])
  })

  it('grants only the accounts that stay ticked, and needs one', async () => {
    const walk = await begin(bank)
    const { html } = await walkToConsent(walk, 'mihon02')
    const [first = ''] = offeredAccounts(html)
    expect((await allow(walk, { accounts: [] })).html).toContain('対象の口座を1つ以上選んでください')
    await allow(walk, { accounts: [first] })
    const [consent] = await bank.db.selectFrom('consents').selectAll().execute()
    expect(JSON.parse(consent?.accounts ?? '[]')).toHaveLength(1)
  })

  it('narrows the token to the services the customer chose', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    await chooseServices(walk, ['balances'])
    await allow(walk)
    const back = await comeBack(walk)
    const { body } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    expect(body.scope).toBe('balances')
    const { body: list } = await walk.fintech.api('/api/accounts', String(body.access_token))
    const [account] = list.accounts as { accountId: string }[]
    const refused = await walk.fintech.api(
      `/api/accounts/${account?.accountId}/transactions`,
      String(body.access_token),
    )
    expect(refused).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
  })

  it('can be prepared again: 変更 leads back to services and to accounts', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    expect(stepOf(await walk.browser.post(`${walk.base}/change`, { fact: 'services' }))).toBe(
      'choose-services',
    )
    await chooseServices(walk, ['balances'])
    expect(stepOf(await walk.browser.post(`${walk.base}/change`, { fact: 'accounts' }))).toBe('register-pins')
    expect(stepOf(await skipPins(walk))).toBe('give-consent')
  })
})

describe('leaving', () => {
  it.each(['sign-in', 'choose-services', 'register-pins', 'review-pins', 'give-consent'])(
    'by 中止 on %s answers access_denied',
    async (step) => {
      const walk = await begin(bank)
      const way: Record<string, () => Promise<unknown>> = {
        'choose-services': () => signIn(walk, 'mihon01'),
        'register-pins': () => chooseServices(walk),
        'review-pins': () => registerPins(walk, { 2000002: pin }),
        'give-consent': () => confirmPins(walk),
      }
      for (const [name, go] of Object.entries(way)) {
        if (stepOf(walk.browser.page()) === step) break
        await go()
        if (name === step) break
      }
      expect(stepOf(walk.browser.page())).toBe(step)
      expect((await cancel(walk)).html).toContain('何も許可されていません')
      const { error_description: description = '', ...back } = Object.fromEntries(
        (await comeBack(walk)).searchParams,
      )
      expect(withoutNumber(description)).toBe('the customer cancelled')
      const id = /error (.*)\)/.exec(description)?.[1] ?? ''
      expect(await ask(bank, 'errors', 'show', id)).toMatchObject({ client: walk.fintech.clientId, step })
      expect(back).toEqual({
        error: 'access_denied',
        state: walk.parameters.state,
        iss: bank.settings.publicUrl,
      })
    },
  )

  it('lets two journeys of one browser live side by side', async () => {
    const browser = openBrowser(bank)
    const one = await begin(bank, { browser })
    const two = await begin(bank, { browser, fintech: openFintech(bank, 'demo-kaikei') })
    await browser.get(one.base)
    await signIn(one, 'mihon02')
    await browser.get(two.base)
    await signIn(two, 'mihon01')
    expect(browser.page().html).toContain('株式会社見本商店')
    await browser.get(one.base)
    await chooseServices(one)
    await allow(one)
    expect((await comeBack(one)).searchParams.get('code')).toBeTruthy()
    expect(stepOf(await browser.get(two.base))).toBe('register-pins')
  })
})
