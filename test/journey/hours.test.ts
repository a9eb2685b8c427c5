/** A bank that is closed: the customer reads until when, goes on where he stood, and the fintech is told the truth. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { calendarSchema } from '../../src/institution-hours.ts'
import type { Bank } from '../../src/bank/port.ts'
import { startBank, type TestBank, unavailable, withCalls } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import {
  allow,
  begin,
  chooseServices,
  comeBack,
  confirmPins,
  connect,
  password,
  pin,
  registerPins,
  send,
  signIn,
  stepOf,
  walkToConsent,
} from '../support/walk.ts'

const usual = ['08:00-21:00']
const calendar = calendarSchema.parse({
  open: {
    monday: usual,
    tuesday: usual,
    wednesday: usual,
    thursday: usual,
    friday: usual,
    saturday: [],
    sunday: [],
    holiday: [],
  },
  maintenance: [
    {
      from: '2026-11-25T12:00:00+09:00',
      until: '2026-11-25T12:10:00+09:00',
      reason: { ja: 'システムの更新', en: 'Our systems are renewed' },
    },
  ],
})
const at = (time: string) => vi.setSystemTime(new Date(`2026-11-25T${time}+09:00`))

let bank: TestBank
let replaced: Partial<Bank>
beforeEach(async () => {
  replaced = {}
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-25T11:55:00+09:00') })
  bank = await startBank({
    institution: (given) => ({ ...given, calendar }),
    wrapBank: (real) => withCalls(real, () => replaced),
  })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

describe('a journey while the bank is closed', () => {
  it('waits through maintenance and goes on at the very step where it stood', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    at('12:01')
    const closed = await allow(walk)
    expect(closed.status).toBe(503)
    expect(closed.html).toContain('data-problem="maintenance"')
    expect(closed.html).toContain('再開予定：2026年11月25日（水） 12:10（日本時間）')
    expect(closed.html).toContain('理由：システムの更新')
    expect(closed.html).toContain(`href="${walk.base}/give-consent">もう一度試す`)
    at('12:10')
    await walk.browser.get(`${walk.base}/give-consent`)
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('begun out of hours asks for nothing, and the fintech learns temporarily_unavailable', async () => {
    at('20:59')
    const walk = await begin(bank)
    at('21:00')
    const page = await signIn(walk, 'mihon01')
    expect(page.html).toContain('data-problem="outside-hours"')
    expect(page.html).toContain('再開予定：2026年11月26日（木） 08:00（日本時間）')
    expect(page.html).toContain('連携先のサービスからもう一度お始めください')
    expect(page.html).not.toContain('もう一度試す')
    await walk.browser.post(`${walk.base}/cancel`, { problem: 'outside-hours', how: 'cancelled' })
    const back = await comeBack(walk)
    expect(back.searchParams.get('error')).toBe('temporarily_unavailable')
    expect(back.searchParams.get('state')).toBe(walk.parameters.state)
  })

  it('does not count a password that was typed while it was closed', async () => {
    const walk = await begin(bank)
    at('12:01')
    for (let turn = 0; turn < 6; turn += 1) await signIn(walk, 'mihon01', 'wrong')
    at('12:10')
    expect(stepOf(await signIn(walk, 'mihon01'))).toBe('choose-services')
  })
})

describe('a bank that knows when it is back', () => {
  const backAt = Date.parse('2026-11-25T11:58:30+09:00')
  const away = async () => ({ ok: false, reason: 'unavailable', resumesAt: backAt }) as const

  it('says so through every step, to the customer and as Retry-After, and then he goes on', async () => {
    const walk = await begin(bank)
    const isTold = async (step: string) => {
      const { html, status } = walk.browser.page()
      expect([status, html.includes('data-problem="bank-unavailable"')], step).toEqual([503, true])
      expect(html, step).toContain('再開予定：2026年11月25日（水） 11:58（日本時間）')
      expect(html, step).toContain('この画面で「もう一度試す」を押してください')
      expect(html, step).not.toContain('少し時間をおいて')
    }
    replaced = { signIn: away }
    await signIn(walk, 'mihon01')
    await isTold('sign-in')
    replaced = { accounts: away }
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    await isTold('register-pins')
    const { headers } = await send(bank, walk, 'GET', `${walk.base}/register-pins`)
    expect(headers['retry-after']).toBe('210')
    replaced = { holdPins: away }
    await walk.browser.get(walk.base)
    await registerPins(walk, { 2000002: pin })
    await isTold('the PINs')
    replaced = {}
    await walk.browser.get(walk.base)
    await registerPins(walk, { 2000002: pin })
    await confirmPins(walk)
    replaced = { commitPins: away }
    await allow(walk)
    await isTold('許可')
    replaced = {}
    await walk.browser.get(walk.base)
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('says so to the fintech, and one that does not know keeps nobody waiting for long', async () => {
    const { fintech, access } = await connect(bank, 'mihon02')
    replaced = { accounts: away }
    const answer = await fintech.api('/api/accounts', access)
    expect([answer.status, answer.body.resumesAt]).toEqual([503, '2026-11-25T02:58:30.000Z'])
    expect(answer.headers['retry-after']).toBe('210')
    replaced = { signIn: unavailable }
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    expect(walk.browser.page().html).toContain('少し時間をおいて')
    expect(walk.browser.page().html).not.toContain('再開予定')
  })
})

describe('out of hours', () => {
  it('the accounts API says until when, and the consent lives on', async () => {
    at('11:58')
    const { fintech, access, refresh } = await connect(bank, 'mihon02')
    at('12:01')
    const answer = await fintech.api('/api/accounts', access)
    expect([answer.status, answer.body.error]).toEqual([503, 'maintenance'])
    expect(answer.body.resumesAt).toBe('2026-11-25T03:10:00.000Z')
    expect((await fintech.api('/api/accounts', 'no-token')).status).toBe(401)
    at('21:30')
    const { body } = await fintech.refresh(refresh)
    expect((await fintech.api('/api/accounts', String(body.access_token))).body).toMatchObject({
      error: 'outside_hours',
      resumesAt: '2026-11-25T23:00:00.000Z',
    })
  })

  it('a customer can still see and stop his connections', async () => {
    await connect(bank, 'mihon02')
    at('21:30')
    const browser = openBrowser(bank)
    await browser.get('/connections/sign-in')
    const list = await browser.post('/connections/sign-in', { loginId: 'mihon02', password })
    expect([list.status, list.path]).toEqual([200, '/connections'])
    await browser.get('/connections/stop-everything')
    await browser.post('/connections/stop-everything', { sure: 'yes' })
    const left = await bank.db.selectFrom('consents').select('status').execute()
    expect(left).toEqual([{ status: 'stopped' }])
  })
})
