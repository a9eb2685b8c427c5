/** Leaving without 許可: from every screen the customer comes back to a fintech that says so in plain words. */
import { describe, expect, it } from 'vitest'
import type { Arrival } from './arrival.ts'
import { type Customer, pin } from './customer.ts'
import { useDemo } from './fixtures.ts'

const openBrowser = useDemo()

/** The way of mihon03 has every screen. */
async function walkTo(step: Arrival['at']): Promise<Customer> {
  const aoba = await openBrowser()
  await aoba.arrive({ at: step, loginId: 'mihon03', registers: ['2000002'] })
  expect(aoba.step()).toBe(step)
  return aoba
}

/** How it ended: the last addresses, and the fintech's words with the code that the bank gave it. */
async function ending(customer: Customer) {
  const text = await customer.text()
  return {
    way: customer.visited.slice(-4),
    screen: await customer.screen(),
    tookNothing: text.includes('口座の情報は受け取っていません。'),
    code: /access_denied|temporarily_unavailable/.exec(text)?.[0],
  }
}

const plainRefusal = {
  way: [
    '303 /journey/:uid/cancel',
    '200 /journey/:uid/return',
    '303 /authorize/:uid',
    '200 /callback/demo-kakeibo',
  ],
  screen: '連携は行われませんでした',
  tookNothing: true,
  code: 'access_denied',
}

describe('leaving', () => {
  const screens = ['sign-in', 'answer-challenge', 'choose-services', 'register-pins', 'review-pins'] as const
  it.each(screens)('by 中止 on %s leads back to the fintech', async (step) => {
    const aoba = await walkTo(step)
    await aoba.cancel()
    expect(await ending(aoba)).toEqual(plainRefusal)
  })

  it('by 許可しない leads back to the fintech', async () => {
    const aoba = await walkTo('give-consent')
    await aoba.refuse()
    expect(await ending(aoba)).toEqual(plainRefusal)
  })

  it('without JavaScript, by 許可しない and from there to a new journey', async () => {
    const hibari = await openBrowser({ javaScript: false })
    await hibari.arrive({ at: 'give-consent', loginId: 'mihon02' })
    await hibari.refuse()
    expect(await ending(hibari)).toEqual(plainRefusal)
    await hibari.press('もう一度、銀行と連携する')
    expect(await hibari.screen()).toBe('API連携認証（利用登録）')
    expect(await hibari.text()).not.toContain('株式会社ひばり製菓')
  })
})

describe('a dead end leads back to the fintech', () => {
  it('from a contract that is locked', async () => {
    const kodama = await openBrowser()
    await kodama.arrive({ at: 'sign-in' })
    await kodama.signIn('mihon04')
    expect(await kodama.screen()).toBe('ご利用を停止しています')
    await kodama.leaveBy('連携先に戻る')
    expect(await ending(kodama)).toEqual(plainRefusal)
  })

  it('from a bank that is down, and the fintech knows that it may be tried later', async () => {
    const kaede = await openBrowser()
    await kaede.arrive({ at: 'register-pins', loginId: 'mihon09' })
    await kaede.registerPins({ 1007758: pin })
    expect(await kaede.screen()).toBe('ただいまご利用いただけません')
    await kaede.leaveBy('連携先に戻る')
    expect(await ending(kaede)).toMatchObject({
      screen: 'ただいま銀行をご利用いただけません',
      code: 'temporarily_unavailable',
    })
  })
})

describe('a PIN that was held', () => {
  it.each(['許可しない', '中止'])('is not registered when the customer leaves by %s', async (button) => {
    const mihon = await openBrowser()
    await walkToPins(mihon)
    await mihon.registerPins({ 2000002: pin })
    if (button === '中止') await mihon.cancel()
    else {
      await mihon.confirmPins()
      await mihon.refuse()
    }

    await walkToPins(mihon)
    expect(await mihon.row('2000002').innerText()).toContain('未登録')
  })
})

async function walkToPins(mihon: Customer): Promise<void> {
  await mihon.arrive({ at: 'register-pins' })
  expect(mihon.step()).toBe('register-pins')
}
