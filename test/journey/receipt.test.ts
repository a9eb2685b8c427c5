/** 控え: whoever wants it before going back gets a page that stays, and nobody else gets it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser, type Page } from '../support/browser.ts'
import { allow, begin, comeBack, stepOf, type Walk, walkToConsent } from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  bank = await startBank()
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

async function allowWithReceipt(): Promise<{ walk: Walk; page: Page }> {
  const walk = await begin(bank)
  await walkToConsent(walk, 'mihon02')
  return { walk, page: await allow(walk, { receipt: 'yes' }) }
}

const number = async () =>
  (await bank.db.selectFrom('consents').select('number').executeTakeFirstOrThrow()).number
const refresh = 'http-equiv="refresh"'

describe('the receipt', () => {
  it('stays on screen where it was wished for, says that the way back is still to go, and leads back', async () => {
    const { walk, page } = await allowWithReceipt()
    expect(stepOf(page)).toBe('receipt')
    expect(page.html).not.toContain(refresh)
    expect(page.html).toContain(await number())
    expect(page.html).toContain('戻るまで、連携は始まりません')
    expect(page.html).toContain('data-print')
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('is a link away on the page that leaves at once', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    const page = await allow(walk)
    expect(stepOf(page)).toBe('return')
    expect(page.html).toContain(refresh)
    expect(page.html).toContain(`href="${walk.base}/receipt"`)
  })

  it('can be had after going back, too: the page that says "finished" leads to it', async () => {
    const { walk } = await allowWithReceipt()
    await comeBack(walk)
    const finished = await walk.browser.get(walk.base)
    expect(finished.html).toContain('data-problem="already-finished"')
    expect(finished.html).toContain(`href="${walk.base}/receipt"`)
    const page = await walk.browser.get(`${walk.base}/receipt`)
    expect(page.html).toContain(await number())
    expect(page.html).not.toContain('/authorize/')
    expect(page.html).toContain('連携先に戻りました')
  })

  it('names nobody and no account once a quarter of an hour has passed', async () => {
    const { walk, page } = await allowWithReceipt()
    expect(page.html).toContain('3004501')
    vi.setSystemTime(Date.now() + 16 * 60_000)
    const later = await walk.browser.get(`${walk.base}/receipt`)
    expect(later.html).toContain(await number())
    expect(later.html).not.toContain('3004501')
  })

  it('keeps its language switch and its place', async () => {
    const { walk, page } = await allowWithReceipt()
    expect(page.html).toContain('href="?lang=en"')
    const english = await walk.browser.get(`${walk.base}/receipt?lang=en`)
    expect(stepOf(english)).toBe('receipt')
    expect(english.html).toContain('<html lang="en">')
  })

  it('is not shown to another browser, nor where nothing was allowed', async () => {
    const { walk } = await allowWithReceipt()
    const stranger = await openBrowser(bank).get(`${walk.base}/receipt`)
    expect(stranger.html).toContain('data-problem="already-finished"')
    expect(stranger.html).not.toContain(await number())
    expect(stranger.html).not.toContain('/receipt')

    const other = await begin(bank)
    await other.browser.get(`${other.base}/receipt`)
    expect(stepOf(other.browser.page())).toBe('sign-in')
  })

  it('stays wished for when the page comes back with an error', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    const page = await allow(walk, { receipt: 'yes', proceed: '' })
    expect(page.html).toMatch(/id="receipt"[^>]* checked/)
    expect(page.html).not.toMatch(/id="proceed"[^>]* checked/)
  })
})
