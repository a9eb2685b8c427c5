/**
 * What happens to a customer who takes too long. The program's clock cannot be moved from outside, so here the real
 * application and the real fintechs listen within the test, whose Date stands still until it is moved. Chromium's does not.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hours, minutes } from '../src/clock.ts'
import { createFintechs } from '../src/demo/fintechs.ts'
import { startBank } from '../test/support/bank.ts'
import { type Customer, pin } from './customer.ts'
import { type Demo, freePort } from './demo.ts'
import { useDemo } from './fixtures.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const openBrowser = useDemo(startInProcess)

const wait = (ms: number) => vi.setSystemTime(Date.now() + ms)

describe('a journey that takes longer than an hour', () => {
  it.each([
    { when: 'at the next click', after: minutes(61), javaScript: true },
    { when: 'at the next click, without JavaScript', after: minutes(61), javaScript: false },
    { when: 'even hours later', after: hours(20), javaScript: true },
  ])('ends $when, with a way back to a fintech that is told', async ({ after, javaScript }) => {
    const mihon = await openBrowser({ javaScript })
    await walkToPins(mihon)
    wait(after)
    await mihon.registerPins({ 2000002: pin })

    expect(await mihon.screen()).toBe('時間切れのため手続きを終了しました')
    expect(await mihon.text()).toContain('何も許可されていません')
    await mihon.page.getByRole('link', { name: 'みほん家計簿 に戻る', exact: true }).click()
    expect(await mihon.screen()).toBe('連携は行われませんでした')
    expect(await mihon.text()).toContain('access_denied')
  })

  it('ends at a reload too, however busy the customer was', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    for (let turn = 0; turn < 5; turn += 1) {
      wait(minutes(10))
      await mihon.page.reload()
      expect(mihon.step()).toBe('register-pins')
    }
    wait(minutes(11))
    await mihon.page.reload()
    expect(await mihon.screen()).toBe('時間切れのため手続きを終了しました')
  })

  it('leaves nothing behind: the PIN that was held is not registered', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    await mihon.registerPins({ 2000002: pin })
    wait(minutes(61))
    await mihon.press('確認')
    expect(await mihon.screen()).toBe('時間切れのため手続きを終了しました')

    await walkToPins(mihon)
    expect(await mihon.row('2000002').innerText()).toContain('未登録')
  })
})

describe('fifteen minutes without a click', () => {
  it('lead to the sign-in with the reason, and from there on through the same journey', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    wait(minutes(16))
    await mihon.press('登録しないで次へ')

    expect(await mihon.screen()).toBe('API連携認証（利用登録）')
    expect(await mihon.text()).toContain(
      '15分間操作がなかったため、安全のためはじめからのお手続きとなります。何も許可されていません。',
    )
    expect(await mihon.text()).not.toContain('株式会社見本商店')
    await mihon.page.reload()
    expect(await mihon.screen()).toBe('API連携認証（利用登録）')
    expect(await mihon.text()).not.toContain('15分間操作がなかったため')

    await mihon.signIn('mihon01')
    await mihon.chooseServices('残高照会')
    await mihon.skipPins()
    await mihon.allow()
    expect(await mihon.screen()).toBe('連携できました')
  })

  it('discard the PIN that was held', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    await mihon.registerPins({ 2000002: pin })
    wait(minutes(16))
    await mihon.press('確認')

    await mihon.signIn('mihon01')
    await mihon.chooseServices('残高照会')
    expect(await mihon.row('2000002').innerText()).toContain('未登録')
  })

  it('are counted from the last page, not from the start', async () => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    wait(minutes(14))
    await mihon.page.reload()
    wait(minutes(14))
    await mihon.skipPins()
    expect(await mihon.screen()).toBe('API連携認証（情報アクセス許可）（利用登録）')
  })
})

async function walkToPins(mihon: Customer): Promise<void> {
  await mihon.connectBank('みほん家計簿')
  await mihon.signIn('mihon01')
  await mihon.chooseServices('残高照会')
  expect(mihon.step()).toBe('register-pins')
}

async function startInProcess(): Promise<Demo> {
  const [port, fintechPort] = [await freePort(), await freePort()]
  const bank = await startBank({ environment: { PORT: String(port), FINTECH_PORT: String(fintechPort) } })
  const { publicUrl, fintechUrl } = bank.settings
  const root = join(import.meta.dirname, '..')
  const fintechs = await createFintechs({
    issuer: publicUrl,
    origin: fintechUrl,
    fintechs: bank.fintechs,
    resetBank: () => bank.simulator.reset(),
    viewsDir: join(root, 'views'),
    publicDir: join(root, 'public'),
  })
  await bank.server.listen({ host: '127.0.0.1', port })
  await fintechs.listen({ host: '127.0.0.1', port: fintechPort })
  return {
    publicUrl,
    fintechUrl,
    reset: () => bank.simulator.reset(),
    async stop() {
      await fintechs.close()
      await bank.close()
    },
  }
}
