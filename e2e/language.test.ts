/** The journey in English: switched to on any screen without losing it, with Japanese data marked as Japanese. */
import { describe, expect, it } from 'vitest'
import type { Customer } from './customer.ts'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

/** Names, memos and questions that stay Japanese on an English page, with the language they are marked with. */
async function languagesOf({ page }: Customer, texts: readonly string[]): Promise<(string | null)[]> {
  return Promise.all(
    texts.map((text) =>
      page.getByText(text).last().locator('xpath=ancestor-or-self::*[@lang][1]').getAttribute('lang'),
    ),
  )
}

describe('the switch to English', () => {
  it.each([{ javaScript: true }, { javaScript: false }])(
    'keeps the step and what was done (JavaScript: $javaScript)',
    async ({ javaScript }) => {
      const mihon = await openBrowser({ javaScript })
      const { page } = mihon
      await mihon.arrive({ at: 'review-pins', registers: ['2000002'] })
      await page.getByRole('link', { name: 'English' }).click()

      expect(await mihon.screen()).toBe('Connect by API: PIN results')
      expect(mihon.step()).toBe('review-pins')
      expect(await page.locator('html').getAttribute('lang')).toBe('en')
      expect(await mihon.row('2000002').innerText()).toContain('Registered*')
      expect(await languagesOf(mihon, ['株式会社見本商店', '普通 2000002', '口座メモ'])).toEqual([
        'ja',
        'ja',
        'ja',
      ])
      await page.getByRole('link', { name: '日本語' }).click()
      expect(await mihon.screen()).toBe('API連携認証（照会用暗証番号登録結果）')
    },
  )

  it('holds from there on, to 許可 and to the next journey', async () => {
    const hibari = await openBrowser()
    const { page } = hibari
    await hibari.connectBank('みほん会計')
    await page.getByRole('link', { name: 'English' }).click()
    await page.getByLabel('Login ID', { exact: true }).fill('mihon02')
    await page.getByLabel('Login password', { exact: true }).fill('Tsubame2026')
    await hibari.press('Connect')

    expect(await hibari.screen()).toBe('Connect by API: allow access')
    expect(await page.getByText('was not needed and has been skipped.').count()).toBe(2)
    await hibari.press('Allow')
    expect(await page.title()).toMatch(/^Error: Connect by API: allow access/)
    await page.getByLabel('I want to continue').check()
    await hibari.leaveBy('Allow')
    expect(await hibari.screen()).toBe('連携できました')

    await hibari.connectBank('みほん家計簿')
    expect(await hibari.screen()).toBe('Connect by API: sign in')
  })
})

describe('a browser that asks for English', () => {
  it('walks an English journey whose Japanese data is marked as Japanese', async () => {
    const aoba = await openBrowser({ language: 'en' })
    const { page } = aoba
    await aoba.connectBank('みほん家計簿')
    expect(await aoba.screen()).toBe('Connect by API: sign in')
    expect(await languagesOf(aoba, ['株式会社みほんフィンテック'])).toEqual(['ja'])
    await page.getByLabel('Login ID', { exact: true }).fill('mihon03')
    await page.getByLabel('Login password', { exact: true }).fill('Tsubame2026')
    await aoba.press('Connect')

    expect(await languagesOf(aoba, ['好きな花は何ですか', '有限会社あおば金物店'])).toEqual(['ja', 'ja'])
    const answer = page.getByLabel('Enter your answer')
    expect(await answer.getAttribute('lang')).toBe('ja')
    await answer.fill('さくら')
    await aoba.press('Verify')

    await page.getByLabel('Balances').check()
    await aoba.press('Next')
    expect(await languagesOf(aoba, ['豊洲支店（456）', '口座メモ'])).toEqual(['ja', 'ja'])
    await aoba.press('Next without registering')
    expect(await languagesOf(aoba, ['インターネット支店（202）'])).toEqual(['ja'])
    await aoba.leaveBy('Do not allow')
    expect(await aoba.screen()).toBe('連携は行われませんでした')
  })
})
