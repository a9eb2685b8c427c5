/** Time-outs: nobody is stranded, nothing is allowed, and what was typed long ago counts no more. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { csrfOf } from '../support/browser.ts'
import { allow, begin, comeBack, connect, signIn, stepOf, walkToConsent } from '../support/walk.ts'

const noon = new Date('2026-11-22T12:00:00+09:00')
const minutes = (n: number) => vi.setSystemTime(Date.now() + n * 60_000)

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: noon })
  bank = await startBank()
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

describe('a journey', () => {
  it('starts again after 15 idle minutes and says so, and can still be finished', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    minutes(16)
    const page = await allow(walk)
    expect(stepOf(page)).toBe('sign-in')
    expect(page.html).toContain('15分間操作がなかったため')
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('is not said to be kept alive when it has just started again', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    const keepAlive = [`${walk.base}/keep-alive`, { _csrf: csrfOf(walk.browser.page().html) }] as const
    minutes(14)
    expect((await walk.browser.post(...keepAlive)).status).toBe(204)
    minutes(16)
    const page = await walk.browser.post(...keepAlive)
    expect(stepOf(page)).toBe('sign-in')
    expect(page.html).toContain('15分間操作がなかったため')
  })

  it('ends after an hour with access_denied at the fintech, however busy the customer was', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    for (let turn = 0; turn < 5; turn += 1) {
      minutes(12)
      await walk.browser.get(walk.base)
    }
    minutes(1)
    const page = await walk.browser.get(walk.base)
    expect(page.html).toContain('時間切れのため手続きを終了しました')
    expect(page.html).toContain('何も許可されていません')
    const back = await comeBack(walk)
    expect(back.searchParams.get('error')).toBe('access_denied')
    expect(back.searchParams.get('state')).toBe(walk.parameters.state)
  })

  it('leads back to the fintech even a day later', async () => {
    const walk = await begin(bank)
    minutes(24 * 60)
    await walk.browser.get(walk.base)
    expect((await comeBack(walk)).searchParams.get('error')).toBe('access_denied')
  })

  it('explains itself when even the engine has forgotten it', async () => {
    const walk = await begin(bank)
    minutes(26 * 60)
    const page = await walk.browser.get(walk.base)
    expect(page.status).toBe(410)
    expect(page.html).toContain('data-problem="journey-unknown"')
  })

  it('says that it is finished when the customer comes back to it', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    const resume = walk.browser.page().leftTo
    await comeBack(walk)
    for (const address of [
      walk.base,
      `${walk.base}/return`,
      `${walk.base}/give-consent`,
      resume?.pathname ?? '',
    ]) {
      expect((await walk.browser.get(address)).html).toContain('data-problem="already-finished"')
    }
  })
})

describe('a consent', () => {
  it('ends with the day that the screen named, in Japan, for every token at once', async () => {
    const walk = await connect(bank, 'mihon02')
    const row = await bank.db.selectFrom('consents').select('ends_at').executeTakeFirstOrThrow()
    expect(new Date(row.ends_at).toISOString()).toBe('2027-02-20T14:59:59.999Z')

    vi.setSystemTime(new Date('2027-02-20T23:58:00+09:00'))
    const last = await walk.fintech.refresh(walk.refresh)
    expect(last.status).toBe(200)
    expect(last.body.expires_in).toBeLessThanOrEqual(120)
    expect((await walk.fintech.api('/api/accounts', String(last.body.access_token))).status).toBe(200)

    vi.setSystemTime(new Date('2027-02-21T00:00:00+09:00'))
    expect((await walk.fintech.refresh(walk.refresh)).body.error).toBe('invalid_grant')
    expect((await walk.fintech.introspect(String(last.body.access_token))).body).toEqual({ active: false })
    expect((await walk.fintech.api('/api/accounts', String(last.body.access_token))).status).toBe(401)
    await bank.sweeper.sweep()
    const { status } = await bank.db.selectFrom('consents').select('status').executeTakeFirstOrThrow()
    expect(status).toBe('expired')
  })

  it('can be refreshed in its very last second without an error of ours', async () => {
    const walk = await connect(bank, 'mihon02')
    vi.setSystemTime(new Date('2027-02-20T23:59:59.500+09:00'))
    expect([200, 400]).toContain((await walk.fintech.refresh(walk.refresh)).status)
  })

  it('whose code nobody exchanged ends as unused, and the former connection lives on', async () => {
    const former = await connect(bank, 'mihon02')
    minutes(1)
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    minutes(27 * 60)
    await bank.sweeper.sweep()
    const rows = await bank.db.selectFrom('consents').select('status').orderBy('granted_at').execute()
    expect(rows.map((row) => row.status)).toEqual(['active', 'unused'])
    expect((await former.fintech.refresh(former.refresh)).status).toBe(200)
  })

  it('asks again when midnight passed between the page and 許可, because the end date has changed', async () => {
    vi.setSystemTime(new Date('2026-11-22T23:58:00+09:00'))
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    minutes(5)
    const page = await allow(walk)
    expect(page.html).toContain('画面が古くなりました')
    expect(page.html).toContain('2027年2月21日（日）まで')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })
})
