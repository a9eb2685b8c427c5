/** What somebody types while a customer is on the phone leads to what was meant; and where that customer stands. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readQuery } from '../../src/operator/desk/query.ts'
import { readHtml, textOf } from '../web/rendering.ts'
import { type TestBank, unavailable, withCalls } from '../support/bank.ts'
import { customerId } from '../support/certificates.ts'
import { auditOf, openDesk, startBankWithDesk } from '../support/desk.ts'
import { begin, cancel, connect, consentsOf, signIn, walkToConsent } from '../support/walk.ts'

const words = (html: string) => textOf(readHtml(html))

describe('what is typed', () => {
  it.each([
    '7K3-M2QZ-T48',
    '7k3-m2qz-t48',
    ' 7K3 M2QZ T48 ',
    '7K3M2QZT48',
    '７Ｋ３－Ｍ２ＱＺ－Ｔ４８',
    '7K3ーM2QZーT48',
    '7K3−M2QZ‐T48',
  ])('%s is a connection’s number', (typed) => {
    expect(readQuery(typed)?.consent).toBe('7K3-M2QZ-T48')
  })

  it('reads the letters that numbers leave out as what they look like', () => {
    expect(readQuery('OIL-0000-000')?.consent).toBe('011-0000-000')
    expect(readQuery('abcd o1l2')?.journey).toBe('ABCD-0112')
  })

  it.each([
    ['mihon01', 'mihon01'],
    ['ＭＩＨＯＮ０１', 'mihon01'],
    [' Mihon 01', 'mihon01'],
    ['１１１１１１１', '1111111'],
    ['111-1111', '1111111'],
    ['インターネット支店（202） 普通 1111111', '1111111'],
    ['見本　商店', '見本商店'],
  ])('%s is asked of the bank as %s too', (typed, asked) => {
    expect(readQuery(typed)?.customer).toContain(asked)
  })

  it.each(['', '   ', '\u3000', '\0'])('nothing (%j) is no question', (typed) => {
    expect(readQuery(typed)).toBeUndefined()
  })
})

describe('a search', () => {
  let bank: TestBank
  let isDown = false
  beforeEach(async () => {
    isDown = false
    bank = await startBankWithDesk({
      wrapBank: (real) =>
        withCalls(real, () => (isDown ? { findCustomers: unavailable, accounts: unavailable } : {})),
    })
  })
  afterEach(() => bank.close())

  it.each([
    ['a login ID', 'MIHON01'],
    ['a company', 'ひばり'],
    ['an account number', '３００４５０１'],
  ])('by %s opens the one customer at once', async (_what, typed) => {
    const desk = await openDesk(bank, 'reader')
    expect((await desk.search(typed)).path).toMatch(/^\/customers\/c-/)
  })

  it('by a service opens it; by what several have leads to a choice', async () => {
    const desk = await openDesk(bank, 'reader')
    expect((await desk.search('みほん家計簿')).path).toBe('/clients/demo-kakeibo')
    const page = await desk.search('株式会社')
    expect(page.path).toBe('/found')
    expect(words(page.html)).toContain('株式会社見本商店')
    expect(words(page.html)).toContain('みほん会計')
    expect(await auditOf(bank, 'staff-looked')).toMatchObject([{ what: 'search', by: 'staff:見本 花子' }])
  })

  it('leaves what was typed in no address and no log', async () => {
    const desk = await openDesk(bank, 'reader')
    const page = await desk.search('1111111')
    expect(page.path).toBe('/found')
    expect(page.html).toContain('株式会社見本商店')
    expect(page.path).not.toContain('1111111')
    expect(JSON.stringify([bank.logged, await auditOf(bank)])).not.toContain('1111111')
  })

  it('for nothing, or for nobody, says so', async () => {
    const desk = await openDesk(bank, 'reader')
    expect((await desk.search(' ')).html).toContain('探すものを入力してください')
    expect((await desk.search('見つからない会社')).html).toContain('見つかりませんでした')
    expect((await desk.search('\0%00')).status).toBe(200)
    for (const path of [
      '/found?for=made-up',
      '/found',
      '/customers/nobody',
      '/consents/%00',
      '/journeys/%00',
    ])
      expect((await desk.get(path)).status).toBeLessThan(500)
  })

  it('finds a connection by its number also while the bank’s system is down', async () => {
    await connect(bank, 'mihon01')
    const [row] = await consentsOf(bank)
    isDown = true
    const desk = await openDesk(bank)
    await desk.search(row?.number ?? '')
    const page = await desk.get(`/consents/${row?.number}`)
    expect(words(page.html)).toContain('口座の名称を表示できません')
    expect((await desk.stop(row?.number ?? '')).html).toContain('連携を停止しました')
    expect(words((await desk.get(`/customers/${customerId('mihon01')}`)).html)).toContain('株式会社見本商店')
  })
})

describe('a reception number', () => {
  let bank: TestBank
  beforeEach(async () => {
    bank = await startBankWithDesk()
  })
  afterEach(() => bank.close())

  const numberOn = (html: string) =>
    /<strong class="nowrap">([0-9A-Z]{4}-[0-9A-Z]{4})<\/strong>/.exec(html)?.[1] ?? ''

  it('tells where a caller stands who cannot sign in, and why', async () => {
    const walk = await begin(bank)
    const page = await signIn(walk, 'mihon01', 'WrongPassword1')
    const desk = await openDesk(bank, 'reader')
    const told = await desk.search(numberOn(page.html).toLowerCase().replace('-', ' '))
    expect(told.path).toBe(`/journeys/${numberOn(page.html)}`)
    const text = words(told.html)
    expect(text).toContain('手続きの途中です')
    expect(text).toContain('ログインIDまたはパスワードが違っています')
    expect(text).toContain('まだありません（ログイン前）')
    expect(text).not.toContain('職員による照会')
  })

  it('tells the last step that was done, in order, and who it is', async () => {
    const walk = await begin(bank)
    const page = await walkToConsent(walk, 'mihon01')
    const desk = await openDesk(bank, 'reader')
    const text = words((await desk.search(numberOn(page.html))).html)
    expect(text).toMatch(/最後に終えた手順\s?照会用暗証番号登録結果/)
    expect(text).toContain('株式会社見本商店')
    expect(text.indexOf('手順 認可業務選択')).toBeLessThan(text.indexOf('手順 照会用暗証番号登録'))
    expect(await auditOf(bank, 'staff-looked')).toMatchObject([
      { what: 'journey', journey: numberOn(page.html), customer: customerId('mihon01') },
    ])
  })

  it.each([
    ['allowed', '許可されました'],
    ['refused', '許可されずに終わりました'],
  ])('that was %s says so', async (how, told) => {
    let number = ''
    if (how === 'allowed') {
      await connect(bank, 'mihon02')
      number = String((await auditOf(bank, 'consent-granted'))[0]?.journey)
    } else {
      const walk = await begin(bank)
      number = numberOn((await signIn(walk, 'mihon02')).html)
      await cancel(walk)
    }
    const desk = await openDesk(bank, 'reader')
    expect(words((await desk.search(number)).html)).toContain(told)
  })
})

describe('the audit trail', () => {
  let bank: TestBank
  beforeEach(async () => {
    bank = await startBankWithDesk()
  })
  afterEach(() => bank.close())

  it('is searched by what it is about, page by page, and the search is in it', async () => {
    await connect(bank, 'mihon01')
    const [row] = await consentsOf(bank)
    const auditor = await openDesk(bank, 'auditor')
    // The list of events to choose from names them all.
    const of = async (query: string) =>
      words((await auditor.get(`/audit?${query}`)).html.replace(/<select[\s\S]*?<\/select>/, ''))
    expect(await of(`consent=${row?.number.toLowerCase().replaceAll('-', '')}`)).toContain('連携の開始')
    expect(await of(`customer=${customerId('mihon01')}&event=signed-in`)).toContain('IDとパスワード')
    expect(await of(`customer=${customerId('mihon02')}`)).not.toContain('連携の開始')
    expect(await of('client=demo-kaikei')).toContain('当てはまる記録はありません')
    expect(await of('from=2020-01-01&until=2020-01-02')).toContain('当てはまる記録はありません')
    expect(await of('from=yesterday')).toContain('日付を読み取れなかった')
    expect(await auditOf(bank, 'staff-looked')).toHaveLength(6)

    const at = Date.now()
    await bank.db
      .insertInto('audit')
      .values(
        Array.from({ length: 120 }, (_, n) => ({
          at,
          event: 'pins-committed',
          journey: null,
          payload: JSON.stringify({ customer: `many-${n}` }),
        })),
      )
      .execute()
    const seen: string[] = []
    let next: string | undefined = '/audit?event=pins-committed'
    while (next !== undefined) {
      const { html } = await auditor.get(next)
      seen.push(...[...html.matchAll(/<tr><td>/g)].map(() => 'row'))
      next = /href="(\/audit\?[^"]*before=[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&')
    }
    expect(seen.length).toBeGreaterThanOrEqual(120)
  })

  it.each([
    'before=x',
    'before=99999999999999999999',
    'from=9999-99-99',
    'event=%00',
    'consent=%00%ff',
    'journey[]=a',
  ])('answers %s without a failure', async (query) => {
    const auditor = await openDesk(bank, 'auditor')
    expect((await auditor.get(`/audit?${query}`)).status).toBeLessThan(500)
  })
})
