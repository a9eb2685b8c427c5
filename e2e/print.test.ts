/** What customers keep is printed: Chromium prints it, and the pages of paper are counted. */
import { expect, it } from 'vitest'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

const sheetsIn = (pdf: Buffer): number => pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0

it.each([
  'review-pins/one-registered',
  'review-pins/partial-failure',
  'review-pins/sixty-accounts',
  'return/receipt',
  'return/receipt/returned',
  'return/allowed/sixty-accounts',
])('%s fits on one sheet of A4, in both languages', async (name) => {
  const mihon = await openBrowser()
  for (const language of ['ja', 'en'] as const) {
    await mihon.openSample(name, language)
    const printed = await mihon.page.pdf({ preferCSSPageSize: true })
    expect(printed.toString('latin1')).toMatch(/\/MediaBox \[0 0 59[45][\d.]* 84[12]/)
    expect({ language, sheets: sheetsIn(printed) }).toEqual({ language, sheets: 1 })
  }
})

it.each([true, false])(
  'the receipt waits to be printed before the way back (JavaScript: %s)',
  async (javaScript) => {
    const mihon = await openBrowser({ javaScript })
    await mihon.arrive({ at: 'review-pins', registers: ['2000002'] })
    expect(sheetsIn(await mihon.page.pdf({ preferCSSPageSize: true }))).toBe(1)
    await mihon.confirmPins()
    await mihon.page.getByLabel('認可手続きを継続する', { exact: true }).check()
    await mihon.page.getByLabel('控えを表示してから連携先に戻る').check()
    await mihon.press('許可')
    expect(mihon.step()).toBe('receipt')
    expect(sheetsIn(await mihon.page.pdf({ preferCSSPageSize: true }))).toBe(1)
    await mihon.page.getByRole('link', { name: /みほん家計簿 ?に戻る/ }).click()
    expect(await mihon.screen()).toBe('連携できました')
  },
)
