/** 更新 in a real browser: from the fintech's button to the new period, with JavaScript and without. */
import { describe, expect, it } from 'vitest'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

describe.each([
  { on: 'a computer with JavaScript', javaScript: true, width: 1280 },
  { on: 'a phone without JavaScript', javaScript: false, width: 360 },
])('a renewal on $on', ({ javaScript, width }) => {
  it('asks for the password and the tick, and the fintech goes on with the same accounts', async () => {
    const hibari = await openBrowser({ javaScript, width })
    const { page } = hibari
    await hibari.arrive({ at: 'give-consent', loginId: 'mihon02', services: ['balances', 'transactions'] })
    await hibari.allow()
    const numberShown = () => page.getByText(/^[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{3}$/).innerText()
    const accountIds = () => page.locator('section.card h3').evaluateAll((all) => all.map(({ id }) => id))
    const [number, ids] = [await numberShown(), await accountIds()]

    await hibari.press('連携を更新する')
    expect(await hibari.screen()).toBe('API連携認証（利用登録）')
    await hibari.signIn('mihon02')

    expect(await hibari.screen()).toBe('API連携認証（情報アクセス許可）（更新）')
    const told = page.getByRole('region', { name: '前回の許可との違い' })
    expect(await told.innerText()).toContain(`認可番号 ${number}`)
    expect(await told.getByRole('listitem').allInnerTexts()).toEqual(['認可対象も口座も、前回と同じです。'])
    const boxes = page.getByRole('group', { name: '対象の口座' }).getByRole('checkbox')
    expect(await Promise.all((await boxes.all()).map((box) => box.isChecked()))).toEqual([true, true])
    expect(await page.getByLabel('認可手続きを継続する', { exact: true }).isChecked()).toBe(false)
    await hibari.press('許可')
    expect(await page.getByRole('alert').innerText()).toContain('「認可手続きを継続する」を選んでください')
    await hibari.allow()

    expect(await hibari.screen()).toBe('連携できました')
    expect(await numberShown()).not.toBe(number)
    expect(await accountIds()).toEqual(ids)
  })

  it('with another customer’s password is refused, and the connection stays as it was', async () => {
    const hibari = await openBrowser({ javaScript, width })
    await hibari.arrive({ at: 'give-consent', loginId: 'mihon02', from: 'demo-kaikei' })
    await hibari.allow()
    await hibari.press('連携を更新する')
    await hibari.signIn('mihon01')
    expect(await hibari.screen()).toBe('お申し込みとは別のお客様のログイン情報です')
    await hibari.leaveBy('連携先に戻る')
    expect(await hibari.screen()).toBe('連携は行われませんでした')
    await hibari.page.goto(new URL('/connections/demo-kaikei', hibari.page.url()).href)
    await hibari.press('最新の残高を取得')
    expect(await hibari.page.getByRole('alert').count()).toBe(0)
  })
})
