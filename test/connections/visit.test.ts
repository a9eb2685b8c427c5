/** A visit to one's own connections: who gets in, for how long, and what others can do with it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { minutes } from '../../src/clock.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Browser, csrfOf, openBrowser } from '../support/browser.ts'
import { accountToStop, base, stop, theNumber, visitConnections } from '../support/connections.ts'
import { begin, connect, password, signIn } from '../support/walk.ts'

let bank: TestBank

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-25T10:00:00+09:00') })
  bank = await startBank()
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const later = (ms: number): void => {
  vi.setSystemTime(Date.now() + ms)
}

describe('a visit', () => {
  it('ends after fifteen minutes without a click, and an hour after sign-in whatever is clicked', async () => {
    const browser = await visitConnections(bank, 'mihon02')
    later(minutes(16))
    expect((await browser.get(base)).html).toContain('安全のため、ログアウトしました')
    await visitConnections(bank, 'mihon02', browser)
    for (let turn = 0; turn < 6; turn += 1) {
      later(minutes(10))
      await browser.get(base)
    }
    expect(browser.page().path).toBe(base)
    later(minutes(1))
    expect((await browser.get(base)).path).toBe(`${base}/sign-in`)
  })

  it('is in the audit without a fintech', async () => {
    await visitConnections(bank, 'mihon02')
    const rows = await bank.db.selectFrom('audit').selectAll().orderBy('seq').execute()
    expect(rows.map(({ event, client }) => [event, client])).toEqual([
      ['signed-in', null],
      ['step-done', null],
    ])
    expect(rows[0]?.journey).toMatch(/^\w{4}-\w{4}$/)
    expect(rows[1]?.journey).toBe(rows[0]?.journey)
  })

  it('counts wrong passwords together with those of journeys', async () => {
    const browser = openBrowser(bank)
    const walk = await begin(bank)
    await browser.get(base)
    for (let turn = 0; turn < 3; turn += 1)
      await browser.post(`${base}/sign-in`, { loginId: 'mihon02', password: 'wrong' })
    await signIn(walk, 'mihon02', 'wrong')
    expect((await signIn(walk, 'mihon02', 'wrong')).html).toContain('data-problem="locked-for-a-while"')
    const page = await browser.post(`${base}/sign-in`, { loginId: 'mihon02', password })
    expect(page.html).toContain('data-problem="locked-for-a-while"')
  })

  it('asks the extra question where the risk rules do, and shows nothing before it is answered', async () => {
    const browser = openBrowser(bank)
    await browser.get(base)
    const page = await browser.post(`${base}/sign-in`, { loginId: 'mihon03', password })
    expect(page.path).toBe(`${base}/answer-challenge`)
    expect((await browser.get(base)).path).toBe(`${base}/answer-challenge`)
  })

  it('shows a dead end without a way to any fintech', async () => {
    const browser = openBrowser(bank)
    const { html, status } = await browser.get(`${base}/certificate-login`)
    expect(status).toBe(404)
    expect(html).toContain('data-problem="certificates-off"')
    expect(html).not.toContain('連携先に戻る')
  })

  it('has its cookie at its own path, and neither opens a journey nor is opened by one', async () => {
    const visitor = await visitConnections(bank, 'mihon02')
    // That of the browser itself is another, and opens neither.
    const [cookie, ...more] = visitor.cookies().filter(({ name }) => name !== 'device')
    expect([cookie?.path, more]).toEqual([base, []])
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    const ofJourney = walk.browser.cookies().find(({ name }) => name === cookie?.name)
    if (!cookie || !ofJourney) throw new Error('both have a cookie')

    visitor.setCookies([{ ...ofJourney, path: base }])
    expect((await visitor.get(base)).path).toBe(`${base}/sign-in`)
    const others = walk.browser.cookies().filter((one) => one !== ofJourney)
    walk.browser.setCookies([...others, { ...cookie, path: walk.base }])
    expect((await walk.browser.get(walk.base)).path).toBe(`${walk.base}/sign-in`)
  })
})

describe('signing out', () => {
  it('ends the visit for good: a copy of its cookie shows nothing and stops nothing', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    const address = `${base}/consents/${theNumber(browser.page())}/stop`
    const fields = { _csrf: csrfOf((await browser.get(address)).html) }
    const copied = browser.cookies()
    expect((await browser.post(`${base}/sign-out`, fields)).html).toContain('ログアウトしました')

    browser.setCookies(copied)
    expect((await browser.post(address, fields)).path).toBe(`${base}/sign-in`)
    expect((await browser.get(base)).path).toBe(`${base}/sign-in`)
    expect((await fintech.refresh(refresh)).status).toBe(200)
    // As long as the copy could still be in time, and after the sweeper has been there.
    browser.setCookies(copied)
    later(minutes(14))
    await bank.sweeper.sweep()
    expect((await browser.get(base)).path).toBe(`${base}/sign-in`)
  })

  it('is in the audit', async () => {
    const browser = await visitConnections(bank, 'mihon02')
    await browser.post(`${base}/sign-out`, {})
    const rows = await bank.db
      .selectFrom('audit')
      .select('customer')
      .where('event', '=', 'signed-out')
      .execute()
    expect(rows).toHaveLength(1)
    expect(rows[0]?.customer).toBeTruthy()
  })
})

describe('somebody else', () => {
  /** Every way of stopping, at the addresses of one customer's connection. */
  async function waysToStop(owner: Browser): Promise<string[]> {
    const number = theNumber(owner.page())
    const page = await owner.get(`${base}/consents/${number}`)
    const accountNumber = /(?:普通|当座) (\d+)/.exec(page.html)?.[1] ?? ''
    return [`${base}/consents/${number}/stop`, `${base}/consents/${accountToStop(page, accountNumber)}/stop`]
  }

  it('finds another customer’s number as unknown as one that there is not', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const addresses = await waysToStop(await visitConnections(bank, 'mihon02'))
    const stranger = await visitConnections(bank, 'mihon03')
    const fields = { _csrf: csrfOf(stranger.page().html) }
    const unknown = await stranger.get(`${base}/consents/000-0000-000`)
    expect(unknown.status).toBe(404)
    for (const address of addresses) {
      for (const page of [await stranger.get(address), await stranger.post(address, fields)]) {
        expect(page.status).toBe(404)
        expect(withoutToken(page.html)).toBe(withoutToken(unknown.html))
      }
    }
    expect((await fintech.refresh(refresh)).status).toBe(200)
  })

  it.each(['%00', '%00/stop', 'A%00B/stopped', "'%20or%201=1--", 'ABC-1234-XYZ%F0%9F%91%AA'])(
    'asks for no connection of the number %s',
    async (number) => {
      const browser = await visitConnections(bank, 'mihon03')
      expect((await browser.get(`${base}/consents/${number}`)).status).toBe(404)
      const posted = await browser.post(`${base}/consents/%00/stop`, { _csrf: csrfOf(browser.page().html) })
      expect(posted.status).toBe(404)
    },
  )

  it('who has not signed in stops nothing', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const addresses = await waysToStop(await visitConnections(bank, 'mihon02'))
    const nobody = openBrowser(bank)
    await nobody.get(base)
    const fields = { _csrf: csrfOf(nobody.page().html) }
    for (const address of [...addresses, `${base}/stop-everything`])
      expect((await nobody.post(address, { ...fields, sure: 'yes' })).path).toBe(`${base}/sign-in`)
    expect((await fintech.refresh(refresh)).status).toBe(200)
  })

  it('who makes the customer’s browser send a form from another site is refused', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    const fields = { _csrf: csrfOf(browser.page().html), sure: 'yes' }
    const foreign = { origin: 'https://evil.example' }
    for (const address of [...(await waysToStop(browser)), `${base}/stop-everything`, `${base}/sign-out`]) {
      expect((await browser.post(address, fields, foreign)).status).toBe(403)
      const withoutToken = await browser.post(address, { sure: 'yes', _csrf: 'wrong' })
      expect(withoutToken.html).toContain('data-problem="stale-form"')
    }
    expect((await fintech.refresh(refresh)).status).toBe(200)
  })

  it('who leads the customer to an address changes nothing by it', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    for (const address of [...(await waysToStop(browser)), `${base}/stop-everything?sure=yes`])
      expect((await browser.get(address)).status).toBe(200)
    expect((await fintech.refresh(refresh)).status).toBe(200)
  })

  it('reads no number or account in the log', async () => {
    await connect(bank, 'mihon02')
    const browser = await visitConnections(bank, 'mihon02')
    const number = theNumber(browser.page())
    await stop(browser, number)
    const lines = bank.logged.filter((line) => line.includes('/connections'))
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter((line) => line.includes(number))).toEqual([])
  })
})

const withoutToken = (html: string): string => html.replaceAll(/name="_csrf" value="[^"]*"/g, '')
