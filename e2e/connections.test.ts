/** A customer looks at what he has allowed and stops it, with and without JavaScript. */
import { describe, expect, it } from 'vitest'
import { type Customer, password } from './customer.ts'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

async function connect(customer: Customer): Promise<void> {
  await customer.arrive({ at: 'give-consent', loginId: 'mihon02', services: ['balances', 'transactions'] })
  await customer.allow()
}

/** From the demo's page, as a customer from a bookmark. */
async function openConnections(customer: Customer): Promise<void> {
  const { page } = customer
  await page.getByRole('link', { name: /連携中のサービスの確認・停止/ }).click()
  await page.getByLabel('ログインID', { exact: true }).fill('mihon02')
  await page.getByLabel('ログインパスワード', { exact: true }).fill(password)
  await customer.press('ログイン')
}

const follow = async ({ page }: Customer, name: string | RegExp): Promise<void> => {
  await Promise.all([page.waitForEvent('domcontentloaded'), page.getByRole('link', { name }).first().click()])
}

describe.each([{ javaScript: true }, { javaScript: false }])('with JavaScript: $javaScript', (how) => {
  it('one account is stopped, then the connection, and after signing out nothing is left to go back to', async () => {
    const hibari = await openBrowser(how)
    await connect(hibari)
    await hibari.page.goto(new URL('/', hibari.page.url()).href)
    await openConnections(hibari)
    expect(await hibari.screen()).toBe('連携中のサービスの確認・停止')

    await follow(hibari, /^内容を見る/)
    await follow(hibari, /^この口座だけ停止する/)
    expect(await hibari.screen()).toBe('この口座の連携を停止しますか')
    await hibari.press('停止する')
    expect(await hibari.screen()).toBe('口座の連携を停止しました')

    await follow(hibari, '一覧に戻る')
    await follow(hibari, /^停止する/)
    expect(await hibari.screen()).toBe('この連携を停止しますか')
    expect(await hibari.text()).toContain('みほん家計簿 がすでに受け取った情報は')
    await hibari.press('停止する')
    expect(await hibari.screen()).toBe('連携を停止しました')
    await follow(hibari, '一覧に戻る')
    expect(await hibari.text()).toContain('お客様がこの画面で停止しました')

    await hibari.press('ログアウト')
    expect(await hibari.screen()).toBe('ログアウトしました')
    await hibari.page.goBack()
    await hibari.page.reload()
    expect(hibari.step()).toBe('sign-in')
  })

  it('everything is stopped after the tick, not without it', async () => {
    const hibari = await openBrowser(how)
    await connect(hibari)
    await hibari.page.goto(new URL('/', hibari.page.url()).href)
    await openConnections(hibari)
    await follow(hibari, 'すべての連携を停止する画面へ')
    await hibari.press('すべての連携を停止する')
    expect(await hibari.text()).toContain('停止する場合は「停止する内容を確認しました」を選んでください')
    await hibari.page.getByLabel('停止する内容を確認しました').check()
    await hibari.press('すべての連携を停止する')
    expect(await hibari.screen()).toBe('すべての連携を停止しました')
  })
})
