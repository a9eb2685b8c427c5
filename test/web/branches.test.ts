/** More than ten accounts are folded by branch, without losing a column, an error, a tick or anything else that is sent. */
import { describe, expect, it } from 'vitest'
import { byBranch } from '../../src/web/branches.ts'
import { samples } from '../../src/web/samples.ts'
import { readHtml, renderStrictly, textOf } from './rendering.ts'

function screen(name: string) {
  const sample = samples.find((one) => one.name === name && one.language === 'ja')
  if (!sample) throw new Error(`there is no sample ${name}`)
  const page = readHtml(renderStrictly(sample))
  const branches = page.querySelectorAll('details.branch')
  return {
    page,
    branches,
    summaries: () => branches.flatMap((branch) => branch.querySelectorAll('summary').map(textOf)),
    open: () => branches.map((branch) => branch.hasAttribute('open')),
    columns: () => branches.map((branch) => branch.querySelectorAll('thead th').map(textOf)),
    rows: () => branches.map((branch) => branch.querySelectorAll('tbody tr').length),
  }
}

const three = (...registered: readonly [number, number, number]) =>
  ['本町支店（310）', '本町支店（571）', '豊洲支店（456）'].map(
    (name, index) => `${name} 20件（登録済み ${registered[index]}件）`,
  )

describe('手順 4 with sixty accounts', () => {
  const page = screen('register-pins/sixty-accounts')

  it('has one table a branch, told apart by 店番, with the manual’s columns', () => {
    expect(page.summaries()).toEqual(three(4, 4, 4))
    expect(page.rows()).toEqual([20, 20, 20])
    for (const columns of page.columns())
      expect(columns).toEqual(['全て', '登録状態', '照会用口座', '口座メモ', '照会用暗証番号（現在）'])
    const captions = page.page.querySelectorAll('caption').map(textOf)
    expect(captions[0]).toBe('本町支店（310） 照会用口座（20件）')
    expect(new Set(captions).size).toBe(3)
  })

  it('folds what nobody has begun, and offers script a place for all and one in each table', () => {
    expect(page.open()).toEqual([false, false, false])
    const places = page.page.querySelectorAll('[data-choose-all]')
    expect(places.map((place) => place.getAttributeValue('data-choose-all'))).toEqual([
      'すべての口座を選ぶ',
      ...Array.from({ length: 3 }, () => 'この支店のすべての口座を選ぶ'),
    ])
  })

  it('shows the rows that are ticked or wrong', () => {
    expect(screen('register-pins/sixty-accounts-errors').open()).toEqual([false, true, true])
  })
})

describe('手順 5 with sixty accounts', () => {
  it('shows the branch in which something was entered, the wrong ones too', () => {
    const page = screen('review-pins/sixty-accounts')
    expect(page.summaries()).toEqual(three(4, 6, 4))
    expect(page.open()).toEqual([false, true, false])
    for (const columns of page.columns())
      expect(columns).toEqual(['登録状況', '照会用口座', '口座メモ', '照会用暗証番号（現在）'])
  })
})

describe('手順 6 with many accounts', () => {
  it('shows every account that 許可 would open, under its branch', () => {
    const { page, open, branches } = screen('give-consent/sixty-accounts')
    expect(open()).toEqual([true, true, true])
    expect(branches.map((branch) => branch.querySelectorAll('input').length)).toEqual([4, 4, 4])
    expect(page.querySelectorAll('input[name="accounts"]')).toHaveLength(12)
  })
})

describe('the return page', () => {
  it('writes down what was allowed: who, to whom, what, from which accounts, how long, and the numbers', () => {
    const { page } = screen('return/allowed')
    const [receipt] = page.querySelectorAll('.receipt')
    const text = receipt ? textOf(receipt) : ''
    for (const words of [
      '7K3-M2QZ-T48',
      'WZD9-6NEA',
      '2026年11月22日（日） 15:04',
      '株式会社見本商店 見本 太郎',
      'みほん家計簿（株式会社みほんフィンテック）',
      '残高照会 入出金明細照会',
      'インターネット支店（001）普通 2000002',
      '2026年11月22日（日）から 2027年2月20日（土）まで',
    ])
      expect(text).toContain(words)
  })

  it('names nobody and no account when it is looked at later', () => {
    const text = textOf(screen('return/allowed/later').page)
    expect(text).toContain('7K3-M2QZ-T48')
    expect(text).not.toMatch(/見本商店|見本 太郎|2000002/)
  })
})

describe('accounts under branches', () => {
  const account = (branchCode: string, number: number) => ({ branchName: '本町支店', branchCode, number })

  it('are not made of ten', () => {
    expect(byBranch(Array.from({ length: 10 }, (_, n) => account('1', n)))).toEqual([])
  })

  it('keep the bank’s order, and each account once', () => {
    const accounts = Array.from({ length: 11 }, (_, n) => account(n % 2 === 0 ? '310' : '571', n))
    expect(byBranch(accounts)).toEqual([
      { title: '本町支店（310）', accounts: accounts.filter((_, n) => n % 2 === 0) },
      { title: '本町支店（571）', accounts: accounts.filter((_, n) => n % 2 === 1) },
    ])
  })
})
