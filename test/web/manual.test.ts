/** The manual's titles, labels, buttons and texts stand letter for letter on their Japanese screens. */
import type { HtmlElement } from 'html-validate'
import { describe, expect, it } from 'vitest'
import { samples } from '../../src/web/samples.ts'
import { readHtml, renderStrictly, textOf } from './rendering.ts'

function screen(name: string) {
  const sample = samples.find((one) => one.name === name && one.language === 'ja')
  if (!sample) throw new Error(`there is no sample ${name}`)
  const page = readHtml(renderStrictly(sample))
  const texts = (selector: string): string[] => page.querySelectorAll(selector).map(textOf)
  return {
    title: () => texts('h1'),
    labels: () => texts('label'),
    legends: () => texts('legend'),
    headings: () => texts('main h2'),
    // Without those that script adds.
    buttons: () =>
      [...page.querySelectorAll('main button'), ...page.querySelectorAll('main a.button')]
        .filter((button) => !button.hasAttribute('hidden'))
        .map(textOf),
    columns: () => texts('thead th'),
    rows: () => page.querySelectorAll('tbody tr').map((row) => row.childElements.map(shownText)),
    caption: () => texts('caption'),
    text: () => textOf(page),
    boxes: () => page.querySelectorAll('main input[type="checkbox"]'),
  }
}

/** What is seen: without the words that only a screen reader says. */
function shownText(element: HtmlElement): string {
  const unseen = element.querySelectorAll('.sr').map(textOf)
  return unseen.reduce((text, words) => text.replace(words, ''), textOf(element)).trim()
}

const memo = '口座メモ5678901234567890'

describe('手順 1', () => {
  it('offers both methods on one page: 電子証明書ログイン, and ログインID with ログインパスワード', () => {
    const page = screen('sign-in/fresh')
    expect(page.title()).toEqual(['API連携認証（利用登録）'])
    expect(page.labels()).toEqual(['ログインID', 'ログインパスワード'])
    expect(page.buttons()).toEqual(['API連携', '中止して連携先に戻る', '電子証明書ログイン'])
    expect(page.headings()).toEqual(
      expect.arrayContaining(['電子証明書方式のお客様', 'ID・パスワード方式のお客様']),
    )
  })

  it('asks for ログインパスワード after the certificate', () => {
    const page = screen('certificate-password/fresh')
    expect(page.title()).toEqual(['API連携認証（利用登録）'])
    expect(page.labels()).toContain('ログインパスワード')
    expect(page.buttons()[0]).toBe('API連携')
  })
})

describe('手順 2', () => {
  it('asks the registered question', () => {
    const page = screen('answer-challenge/fresh')
    expect(page.title()).toEqual(['API連携認証（追加認証）（利用登録）'])
    expect(page.labels()).toEqual(['回答を入力'])
    expect(page.buttons()[0]).toBe('認証')
  })
})

describe('手順 3', () => {
  it('lets the customer choose 利用業務', () => {
    const page = screen('choose-services/fresh')
    expect(page.title()).toEqual(['API連携認証（認可業務選択）（利用登録）'])
    expect(page.legends()).toEqual(['利用業務を選択'])
    expect(page.labels().map((label) => label.split(' ')[0])).toEqual(['残高照会', '入出金明細照会'])
    expect(page.buttons()[0]).toBe('次へ')
  })
})

describe('手順 4', () => {
  it('has the table of inquiry accounts', () => {
    const page = screen('register-pins/fresh')
    expect(page.title()).toEqual(['API連携認証（照会用暗証番号登録）（利用登録）'])
    expect(page.columns()).toEqual(['全て', '登録状態', '照会用口座', '口座メモ', '照会用暗証番号（現在）'])
    expect(page.rows()).toEqual([
      ['', '未登録', 'インターネット支店（001） 普通 2000002', memo, ''],
      ['', '未登録', 'インターネット支店（202） 普通 1111111', '-', ''],
      ['', '登録済み', 'インターネット支店（202） 普通 2222222', '-', ''],
      ['', '未登録', '豊洲支店（456） 普通 1000314', memo, ''],
    ])
    expect(page.buttons().slice(0, 2)).toEqual(['登録', '登録しないで次へ'])
  })

  it('marks what was entered in this journey 登録済み*', () => {
    expect(
      screen('register-pins/held')
        .rows()
        .map(([, status]) => status),
    ).toEqual(['登録済み*', '未登録', '登録済み', '登録済み*'])
  })

  it('has no way past it while nothing could be granted', () => {
    expect(screen('register-pins/none-registered').buttons()).not.toContain('登録しないで次へ')
  })
})

describe('手順 5', () => {
  it('shows **** for the PIN just entered and - for all others', () => {
    const page = screen('review-pins/one-registered')
    expect(page.title()).toEqual(['API連携認証（照会用暗証番号登録結果）'])
    expect(page.columns()).toEqual(['登録状況', '照会用口座', '口座メモ', '照会用暗証番号（現在）'])
    expect(page.rows()).toEqual([
      ['登録済み*', 'インターネット支店（001） 普通 2000002', memo, '****'],
      ['未登録', 'インターネット支店（202） 普通 1111111', '-', '-'],
      ['登録済み', 'インターネット支店（202） 普通 2222222', '-', '-'],
      ['未登録', '豊洲支店（456） 普通 1000314', memo, '-'],
    ])
    expect(page.buttons().slice(0, 2)).toEqual(['確認', '照会用暗証番号の追加登録'])
  })

  it('says what the page and the mark mean', () => {
    const text = screen('review-pins/one-registered').text()
    expect(text).toContain(
      '以下の内容で照会用暗証番号を登録しました。内容を確認の上、「確認」ボタンを押してください。照会用暗証番号を追加登録するには、「照会用暗証番号の追加登録」ボタンを押してください。',
    )
    expect(text).toContain('※登録状況に「*」が表示されている口座の暗証番号は、認可完了後に有効となります。')
  })
})

describe('手順 6', () => {
  const asking = 'みほん家計簿（株式会社みほんフィンテック）'
  const page = screen('give-consent/fresh')

  it('shows 認可対象, 認可期間 and 意思確認 in this order', () => {
    expect(page.title()).toEqual(['API連携認証（情報アクセス許可）（利用登録）'])
    expect(page.headings().slice(-3)).toEqual(['認可対象', '認可期間', '意思確認'])
    const text = page.text()
    for (const words of ['残高照会', '入出金明細照会', '一定期間（90日）', '2027年2月20日（土）まで'])
      expect(text).toContain(words)
    expect(page.buttons().filter((button) => button.startsWith('許可'))).toEqual(['許可', '許可しない'])
  })

  it('has the box 認可手続きを継続する, and never ticks it', () => {
    const tick = page.boxes().at(-2)
    expect(page.labels().slice(-2)).toEqual([
      '認可手続きを継続する',
      '控えを表示してから連携先に戻る（印刷できます）',
    ])
    for (const sample of samples.filter(({ template }) => template === 'journey/give-consent'))
      expect(renderStrictly(sample)).not.toMatch(/<input[^>]*name="proceed"[^>]*checked/)
    expect(tick?.hasAttribute('checked')).toBe(false)
  })

  it('has the texts of the manual, repaired', () => {
    for (const words of [
      `${asking}がお客様のインターネットバンキングの口座情報・明細情報へのアクセスを求めています。`,
      `${asking}と見本信用組合 FBサービスはそれぞれの利用規約とプライバシーポリシーに従って、この情報を使用します。`,
      '以下の認可対象・認可期間をご確認の上、「許可」ボタンを押してください。',
      `「許可」ボタンを押す前に、${asking}のWebサイトを信頼できるかどうかをお客様自身の判断で確認してください。`,
      `「許可」ボタンを押すことによって、お客様は${asking}の利用規約のもとで利用を続けることとなります。認可手続きを継続する場合は「認可手続きを継続する」のチェックボックスをチェックしてください。`,
      'お客様の入力されたIDやパスワード等の認証情報はAPI連携事業者には表示されません。また、API連携事業者との間の通信は暗号化されています。',
      'なお、本アプリケーションへのアクセスは、信用組合へ連絡することによって解除することができます。',
    ])
      expect(page.text()).toContain(words)
  })
})
