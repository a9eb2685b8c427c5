/** 「CSVで保存」 of 手順 5: what a spreadsheet reads is what the page shows, and nothing of it is carried out. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resultsCsv } from '../../src/journey/results-csv.ts'
import type { Language } from '../../src/web/language.ts'
import { resultsView, sampleSite } from '../../src/web/sample-facts.ts'
import type { StepView } from '../../src/web/templates.ts'
import { startBank } from '../support/bank.ts'
import { begin, chooseServices, confirmPins, pin, registerPins, send, signIn } from '../support/walk.ts'

type View = StepView<'review-pins'>

const write = (
  view: View,
  language: Language = 'ja',
  service = 'みほん家計簿（株式会社みほんフィンテック）',
) => resultsCsv(view, { t: sampleSite.words[language], number: 'WZD9-6NEA', service })

/** Reads a file of RFC 4180 in which every cell is quoted. */
function read(csv: string): string[][] {
  expect(csv.startsWith('\uFEFF')).toBe(true)
  const lines: string[][] = [[]]
  for (const [, cell, end] of csv.slice(1).matchAll(/"((?:[^"]|"")*)"(,|\r\n)/g)) {
    lines.at(-1)?.push((cell ?? '').replaceAll('""', '"'))
    if (end !== ',') lines.push([])
  }
  expect(lines.pop()).toEqual([])
  return lines
}

const withMemo = (memo: string): View => {
  const view = resultsView({ justEntered: [0] })
  return { ...view, accounts: view.accounts.slice(0, 1).map((account) => ({ ...account, memo })) }
}
const memoOf = (csv: string): string => read(csv)[1]?.[5] ?? ''

describe('the file', () => {
  it('has one line an account, with 受付番号 and the time in Japan', () => {
    const failed = [{ account: 'インターネット支店（202） 普通 1111111', code: 'pin-wrong' as const }]
    const [head, ...lines] = read(write(resultsView({ justEntered: [0], failed })))
    const same = ['WZD9-6NEA', '2026-11-22 15:04:00', 'みほん家計簿（株式会社みほんフィンテック）']
    const memo = '口座メモ5678901234567890'
    const wrong = '照会用暗証番号が届け出の番号と違います（インターネット支店（202） 普通 1111111）'
    expect(head).toEqual([
      '受付番号',
      '日時（日本時間）',
      '連携先',
      '登録状況',
      '照会用口座',
      '口座メモ',
      '今回の結果',
    ])
    expect(lines).toEqual([
      [...same, '登録済み*', 'インターネット支店（001） 普通 2000002', memo, '登録しました'],
      [...same, '未登録', 'インターネット支店（202） 普通 1111111', '', wrong],
      [...same, '登録済み', 'インターネット支店（202） 普通 2222222', '', ''],
      [...same, '未登録', '豊洲支店（456） 普通 1000314', memo, ''],
    ])
  })

  it('speaks the language of the page', () => {
    const [head, first] = read(write(resultsView({ justEntered: [0] }), 'en'))
    expect(head?.[0]).toBe('Reference number')
    expect(first?.slice(3)).toEqual([
      'Registered*',
      'インターネット支店（001） 普通 2000002',
      '口座メモ5678901234567890',
      'registered',
    ])
  })

  it.each(['=1+1', '+81', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', ' =1', '＝1', '＋1', '－1', '＠x'])(
    'tells a spreadsheet that %j is text',
    (memo) => {
      expect(memoOf(write(withMemo(memo)))).toBe(`'${memo}`)
    },
  )

  it('gives back every other text as it is, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(text !== '-')
        const cell = memoOf(write(withMemo(text)))
        expect(cell === text || cell === `'${text}`).toBe(true)
        expect(cell).not.toMatch(/^\s*[=+\-@]/)
      }),
    )
  })
})

describe('the address of the file', () => {
  it('answers while 手順 5 is due, with a name to save it under, and without the PIN', async () => {
    const bank = await startBank()
    const walk = await begin(bank)
    const get = () => send(bank, walk, 'GET', `${walk.base}/results.csv`)
    await signIn(walk, 'mihon01')
    expect((await get()).headers.location).toBe(`${walk.base}/choose-services`)
    await chooseServices(walk)
    expect((await get()).headers.location).toBe(`${walk.base}/register-pins`)
    await registerPins(walk, { 2000002: pin })

    const { statusCode, headers, body } = await get()
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(headers['content-disposition']).toMatch(
      /^attachment; filename="results-[\w-]+\.csv"; filename\*=UTF-8''[\w%.-]+\.csv$/,
    )
    expect(headers['cache-control']).toBe('no-store')
    expect(body).not.toContain(pin)
    expect(read(body).map((cells) => cells[3])).toEqual([
      '登録状況',
      '登録済み*',
      '未登録',
      '登録済み',
      '未登録',
    ])

    await confirmPins(walk)
    expect((await get()).headers.location).toBe(`${walk.base}/give-consent`)
    await bank.close()
  })

  it('answers nobody else', async () => {
    const bank = await startBank()
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    await registerPins(walk, { 2000002: pin })
    const { statusCode, body } = await send(bank, walk, 'GET', `${walk.base}/results.csv`, { cookies: [] })
    expect(statusCode).toBe(410)
    expect(body).not.toContain('2000002')
    await bank.close()
  })
})
