/** The customers whose way ends early or is unusual: each sees a page that says what is wrong and who can help, and two ways out. */
import { describe, expect, it } from 'vitest'
import { type Customer, pin } from './customer.ts'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

const back = '連携先に戻る'
const retry = 'もう一度試す'
const phone = '0120-000-000'
const byCertificate = ['電子証明書ログイン', 'ログイン画面に戻る', back]

/** At the bank's first screen, for the fintech that asks for everything. */
async function atTheBank(): Promise<Customer> {
  const customer = await openBrowser()
  await customer.arrive({ at: 'sign-in', from: 'demo-kaikei' })
  return customer
}

async function waysOut({ page }: Customer): Promise<string[]> {
  const main = page.getByRole('main')
  return [
    ...(await main.getByRole('link').allInnerTexts()),
    ...(await main.getByRole('button').allInnerTexts()),
  ]
}

describe('a customer who cannot go on', () => {
  it.each([
    ['mihon04', 'ご利用を停止しています', '窓口へお電話で', [phone, back]],
    ['mihon05', 'ログインパスワードの有効期限が切れています', 'パスワードを変更してください', [retry, back]],
    ['mihon07', '電子証明書でのログインが必要です', '電子証明書方式です', byCertificate],
    ['mihon08', 'API連携の権限がありません', '貴社の管理者の方に', [back]],
  ])('%s reads 「%s」 only after the right password', async (loginId, title, help, ways) => {
    const customer = await atTheBank()
    await customer.signIn(loginId, 'WrongPassword1')
    expect(await customer.screen()).toBe('API連携認証（利用登録）')
    expect(await customer.text()).toContain('ログインIDまたはログインパスワードが違います')
    await customer.signIn(loginId)
    expect(await customer.screen()).toBe(title)
    expect(await customer.text()).toContain(help)
    expect(await waysOut(customer)).toEqual(ways)
    await customer.leaveBy(back)
    expect(await customer.text()).toContain('access_denied')
  })

  it('mihon05 comes back after changing his password elsewhere, without starting again at the fintech', async () => {
    const customer = await atTheBank()
    await customer.signIn('mihon05')
    await customer.page.getByRole('link', { name: retry }).click()
    expect(await customer.screen()).toBe('API連携認証（利用登録）')
    await customer.signIn('mihon02')
    expect(customer.step()).toBe('give-consent')
  })

  it('mihon10 has no account to connect, is told so, and the fintech hears access_denied', async () => {
    const customer = await atTheBank()
    await customer.signIn('mihon10')
    expect(await customer.screen()).toBe('連携できる口座がありません')
    expect(await waysOut(customer)).toEqual([phone, back])
    await customer.leaveBy(back)
    expect(await customer.text()).toContain('access_denied')
  })
})

describe('a customer with an unusual way', () => {
  it('mihon06 finds his way through 60 accounts, and two branches of one name stay apart', async () => {
    const customer = await atTheBank()
    await customer.signIn('mihon06')
    expect(customer.step()).toBe('register-pins')
    // Three branches are folded, and each has a table with a head.
    expect(await customer.page.getByRole('row').count()).toBe(0)
    for (const branch of await customer.page.locator('details.branch summary').all()) await branch.click()
    expect(await customer.page.getByRole('row').count()).toBe(63)
    const names = await customer.page.getByRole('rowheader').allInnerTexts()
    const branches = new Set(names.map((name) => name.split(/\s/)[0]))
    expect(branches.size).toBe(3)
    expect(new Set([...branches].map((name) => name?.split('（')[0])).size).toBe(2)
    const unregistered = customer.page.getByRole('row').filter({ hasText: '未登録' }).first()
    const number = /\d{7}/.exec(await unregistered.innerText())?.[0] ?? ''
    await customer.registerPins({ [number]: pin })
    await customer.confirmPins()
    expect(await customer.page.getByRole('checkbox', { checked: true }).count()).toBe(13)
    await customer.allow()
    expect(await customer.screen()).toContain('連携できました')
  })

  it('mihon09 meets a bank that is down when a PIN is checked: nothing counts, and he goes on without it or gives up', async () => {
    const customer = await atTheBank()
    await customer.signIn('mihon09')
    const unregistered = customer.page.getByRole('row').filter({ hasText: '未登録' }).first()
    const number = /\d{7}/.exec(await unregistered.innerText())?.[0] ?? ''
    for (let turn = 0; turn < 6; turn += 1) {
      await customer.registerPins({ [number]: pin })
      expect(await customer.screen()).toBe('ただいまご利用いただけません')
      expect(await customer.text()).toContain('回数にも数えていません')
      expect(await waysOut(customer)).toEqual([retry, back])
      await customer.page.getByRole('link', { name: retry }).click()
      expect(customer.step()).toBe('register-pins')
    }
    await customer.skipPins()
    expect(customer.step()).toBe('give-consent')
  })

  it('mihon09 gives up at that page, and the fintech hears that it is temporary', async () => {
    const customer = await atTheBank()
    await customer.signIn('mihon09')
    const unregistered = customer.page.getByRole('row').filter({ hasText: '未登録' }).first()
    await customer.registerPins({ [/\d{7}/.exec(await unregistered.innerText())?.[0] ?? '']: pin })
    await customer.leaveBy(back)
    expect(await customer.text()).toContain('temporarily_unavailable')
  })
})
