/** The journey as the manual tells it, in a real browser from the fintech and back, with JavaScript and without. */
import { describe, expect, it } from 'vitest'
import { type Customer, pin } from './customer.ts'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

const cancel = '中止して連携先に戻る'

describe.each([
  { on: 'a computer with JavaScript', javaScript: true, width: 1280 },
  { on: 'a phone without JavaScript', javaScript: false, width: 360 },
])('the first registration on $on', ({ javaScript, width }) => {
  it('walks the screens of the manual and ends at the fintech with balances', async () => {
    const mihon = await openBrowser({ javaScript, width })
    const { page } = mihon
    await mihon.connectBank('みほん家計簿')

    // 手順 1-1①, 1-2①
    expect(await mihon.screen()).toBe('API連携認証（利用登録）')
    expect(await page.title()).toBe('API連携認証（利用登録）（手順1/4）｜見本信用組合 FBサービス')
    expect(await page.getByText('手順1/4　ログイン', { exact: true }).isVisible()).toBe(true)
    expect(await page.getByRole('link', { name: '電子証明書ログイン', exact: true }).isVisible()).toBe(true)
    expect(await mihon.buttons()).toEqual(['API連携', cancel])
    await mihon.signIn('mihon01')

    // 手順 3
    expect(await mihon.screen()).toBe('API連携認証（認可業務選択）（利用登録）')
    expect(await page.getByRole('group', { name: '利用業務を選択', exact: true }).isVisible()).toBe(true)
    expect(await page.getByText('株式会社見本商店').isVisible()).toBe(true)
    expect(await mihon.buttons()).toEqual(['次へ', cancel])
    await mihon.chooseServices('残高照会', '入出金明細照会')

    // 手順 4
    expect(await mihon.screen()).toBe('API連携認証（照会用暗証番号登録）（利用登録）')
    expect(await columnsOf(mihon)).toEqual([
      '全て',
      '登録状態',
      '照会用口座',
      '口座メモ',
      '照会用暗証番号（現在）',
    ])
    expect(await rowsOf(mihon)).toEqual([
      ['未登録', 'インターネット支店（001） 普通 2000002', '口座メモ5678901234567890'],
      ['未登録', 'インターネット支店（202） 普通 1111111', '-'],
      ['登録済み', 'インターネット支店（202） 普通 2222222', '-'],
      ['未登録', '豊洲支店（456） 普通 1000314', '口座メモ5678901234567890'],
    ])
    expect(await mihon.buttons()).toEqual(['登録', '登録しないで次へ', cancel])
    await mihon.registerPins({ 2000002: pin, 1111111: pin })

    // 手順 5
    expect(await mihon.screen()).toBe('API連携認証（照会用暗証番号登録結果）')
    expect(await mihon.text()).toContain(
      '以下の内容で照会用暗証番号を登録しました。内容を確認の上、「確認」ボタンを押してください。照会用暗証番号を追加登録するには、「照会用暗証番号の追加登録」ボタンを押してください。',
    )
    expect(await columnsOf(mihon)).toEqual(['登録状況', '照会用口座', '口座メモ', '照会用暗証番号（現在）'])
    expect(await pinsShown(mihon)).toEqual(['****', '****', '-', '-'])
    expect(await mihon.text()).toContain(
      '※登録状況に「*」が表示されている口座の暗証番号は、認可完了後に有効となります。',
    )
    expect(await mihon.buttons()).toEqual(['確認', '照会用暗証番号の追加登録', cancel])
    await mihon.addMorePins()

    // 手順 4 again, and 手順 5 with the one more
    expect((await rowsOf(mihon)).map(([status]) => status)).toEqual([
      '登録済み*',
      '登録済み*',
      '登録済み',
      '未登録',
    ])
    await mihon.registerPins({ 1000314: pin })
    expect(await pinsShown(mihon)).toEqual(['-', '-', '-', '****'])
    await mihon.confirmPins()

    // 手順 6
    expect(await mihon.screen()).toBe('API連携認証（情報アクセス許可）（利用登録）')
    expect(await page.getByText('手順4/4　許可', { exact: true }).isVisible()).toBe(true)
    expect(await mihon.text()).not.toContain('不要のため省略しました')
    expect(await mihon.text()).toContain(
      'みほん家計簿（株式会社みほんフィンテック）がお客様のインターネットバンキングの口座情報・明細情報へのアクセスを求めています。',
    )
    expect(await page.getByRole('heading', { level: 2 }).allInnerTexts()).toEqual(
      expect.arrayContaining(['認可対象', '認可期間', '意思確認']),
    )
    expect(await mihon.text()).toContain('一定期間（90日）')
    const accounts = page.getByRole('group', { name: '対象の口座' }).getByRole('checkbox')
    expect(await Promise.all((await accounts.all()).map((box) => box.isChecked()))).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(await page.getByLabel('認可手続きを継続する', { exact: true }).isChecked()).toBe(false)
    expect(await mihon.buttons()).toEqual(expect.arrayContaining(['許可', '許可しない']))
    await mihon.allow()

    expect(mihon.visited.slice(-5)).toEqual([
      '303 /journey/:uid/give-consent',
      '200 /journey/:uid/return',
      '303 /authorize/:uid',
      '303 /callback/demo-kakeibo',
      '200 /connections/demo-kakeibo',
    ])
    expect(await mihon.screen()).toBe('連携できました')
    expect(await balancesOf(mihon)).toHaveLength(4)

    await mihon.press('最新の残高を取得')
    expect(await mihon.screen()).toBe('連携できました')
    expect(await page.getByRole('alert').count()).toBe(0)
    expect(await balancesOf(mihon)).toHaveLength(4)
  })

  it('refuses 許可 without the tick, and says so at the box', async () => {
    const hibari = await openBrowser({ javaScript, width })
    const { page } = hibari
    await hibari.connectBank('みほん会計')
    await hibari.signIn('mihon02')
    await hibari.press('許可')

    expect(await hibari.screen()).toBe('API連携認証（情報アクセス許可）（利用登録）')
    expect(await page.title()).toBe(
      'エラー：API連携認証（情報アクセス許可）（利用登録）（手順4/4）｜見本信用組合 FBサービス',
    )
    const summary = page.getByRole('alert')
    expect(await summary.getByRole('heading').innerText()).toBe('入力内容を確認してください')
    const box = page.getByLabel('認可手続きを継続する', { exact: true })
    expect(await box.getAttribute('aria-invalid')).toBe('true')
    await summary.getByRole('link', { name: '続ける場合は「認可手続きを継続する」を選んでください' }).click()
    expect(await box.and(page.locator(':focus')).count()).toBe(1)

    await hibari.allow()
    expect(await hibari.screen()).toBe('連携できました')
  })

  it('goes straight to 許可 when all is registered and nothing to choose, and names the phases it skips', async () => {
    const hibari = await openBrowser({ javaScript, width })
    await hibari.connectBank('みほん会計')
    await hibari.signIn('mihon02')

    expect(await hibari.screen()).toBe('API連携認証（情報アクセス許可）（利用登録）')
    const skipped = hibari.page.getByText('は不要のため省略しました。')
    expect(await skipped.allInnerTexts()).toEqual([
      '「業務選択」は不要のため省略しました。',
      '「照会用暗証番号」は不要のため省略しました。',
    ])
    await hibari.allow()

    expect(hibari.visited).toContain('200 /journey/:uid/return')
    expect(await hibari.screen()).toBe('連携できました')
    expect(await balancesOf(hibari)).toHaveLength(2)
  })

  it('asks the registered question first, and the fintech gets no more than what was chosen', async () => {
    const aoba = await openBrowser({ javaScript, width })
    await aoba.connectBank('みほん家計簿')
    await aoba.signIn('mihon03')

    expect(await aoba.screen()).toBe('API連携認証（追加認証）（利用登録）')
    expect(await aoba.page.getByText('好きな花は何ですか', { exact: true }).isVisible()).toBe(true)
    expect(await aoba.buttons()).toEqual(['認証', cancel])
    await aoba.answerQuestion('うめ')
    expect(await aoba.page.title()).toMatch(/^エラー：API連携認証（追加認証）（利用登録）/)
    expect(await aoba.page.getByRole('alert').getByRole('link').innerText()).toBe('回答が登録内容と違います')
    await aoba.answerQuestion('サクラ')

    await aoba.chooseServices('残高照会')
    await aoba.skipPins()
    await aoba.allow()
    expect(await aoba.screen()).toBe('連携できました')
    expect(await balancesOf(aoba)).toHaveLength(1)
    expect(await aoba.text()).toContain('入出金明細照会は許可されていません。')
  })
})

async function columnsOf({ page }: Customer): Promise<string[]> {
  return (await page.getByRole('columnheader').allTextContents()).map((text) => text.trim())
}

const rows = ({ page }: Customer) => page.getByRole('row').filter({ has: page.getByRole('rowheader') })

/** 登録状態, 照会用口座 and 口座メモ of every row of 手順 4, without what only screen readers hear. */
async function rowsOf(customer: Customer): Promise<string[][]> {
  const cells = (await rows(customer).all()).map((row) => [
    row.getByRole('cell').nth(1),
    row.getByRole('rowheader'),
    row.getByRole('cell').nth(2),
  ])
  return Promise.all(
    cells.map(async (row) =>
      (await Promise.all(row.map((cell) => cell.innerText()))).map((text) =>
        text.replace('（認可完了後に有効になります）', '').replace(/\s+/g, ' ').trim(),
      ),
    ),
  )
}

/** The last column of 手順 5, without what only screen readers hear. */
async function pinsShown(customer: Customer): Promise<string[]> {
  const cells = (await rows(customer).all()).map((row) => row.getByRole('cell').last())
  return (await Promise.all(cells.map((cell) => cell.innerText()))).map((text) =>
    text.replace('登録した番号（表示しません）', '').trim(),
  )
}

/** The accounts at the fintech that show a balance. */
async function balancesOf({ page }: Customer): Promise<string[]> {
  return page.getByText(/^残高 [\d,]+円$/).allInnerTexts()
}
