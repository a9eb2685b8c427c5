/** 追加認証 in whole sign-ins: who is asked, who is turned away, what is remembered, and how the staff can explain it. */
import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { days } from '../../src/clock.ts'
import { deviceCookie } from '../../src/risk/device.ts'
import { customerId } from '../support/certificates.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Browser, openBrowser } from '../support/browser.ts'
import { visitConnections } from '../support/connections.ts'
import { openDesk, startBankWithDesk } from '../support/desk.ts'
import { behindProxy, forging } from '../support/forging.ts'
import { openFintech } from '../support/fintech.ts'
import { begin, cancel, comeBack, giveAnswer, send, signIn, stepOf, type Walk } from '../support/walk.ts'

let bank: TestBank
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-25T10:00:00+09:00') })
  bank = await startBankWithDesk({
    environment: behindProxy,
    institution: (one) => ({
      ...one,
      rules: { ...one.rules, risk: { ...one.rules.risk, refuseAt: 120 } },
    }),
  })
})
afterAll(async () => {
  await bank.close()
  vi.useRealTimers()
})

const later = (ms: number): void => {
  vi.setSystemTime(Date.now() + ms)
}
/** The bank as somebody at this address meets it. */
const from = (address: string): TestBank => forging(bank, { 'x-forwarded-for': address })
const office = '198.51.100.5'
const home = '203.0.113.8'

const beginAt = (address: string, browser?: Browser): Promise<Walk> => {
  const there = from(address)
  return begin(there, { fintech: openFintech(there), ...(browser ? { browser } : {}) })
}
const problemOf = (html: string) => /data-problem="([\w-]+)"/.exec(html)?.[1]

async function lastOf(event: string) {
  const row = await bank.db
    .selectFrom('audit')
    .selectAll()
    .where('event', '=', event)
    .orderBy('seq', 'desc')
    .executeTakeFirstOrThrow()
  return { ...JSON.parse(row.payload), journey: row.journey }
}

describe('追加認証', () => {
  it('is not asked of a customer who is merely new here, nor at his own browser afterwards', async () => {
    const walk = await beginAt(office)
    expect(stepOf(await signIn(walk, 'mihon01'))).toBe('choose-services')
    expect(await lastOf('signed-in')).toMatchObject({
      challenge: 'allow',
      score: 20,
      reasons: ['first-sign-in', 'first-connection'],
    })
    later(days(1))
    const again = await beginAt(office, walk.browser)
    expect(stepOf(await signIn(again, 'mihon01'))).toBe('choose-services')
    expect((await lastOf('signed-in')).reasons).toEqual(['first-connection'])
  })

  it('is asked of a browser and a network that this customer never used, until the answer was right', async () => {
    await signIn(await beginAt(office), 'mihon02')
    const stranger = await beginAt(home)
    expect(stepOf(await signIn(stranger, 'mihon02'))).toBe('answer-challenge')
    expect(await lastOf('signed-in')).toMatchObject({
      challenge: 'ask',
      score: 70,
      reasons: ['new-device', 'new-network', 'first-connection'],
    })
    await giveAnswer(stranger, '分かりません')
    expect(stepOf(await signIn(await beginAt(home, stranger.browser), 'mihon02'))).toBe('answer-challenge')
    expect((await lastOf('signed-in')).reasons).toEqual([
      'new-device',
      'new-network',
      'wrong-tries',
      'first-connection',
    ])
    const right = await beginAt(home, stranger.browser)
    await signIn(right, 'mihon02')
    await giveAnswer(right)
    expect(stepOf(await signIn(await beginAt(home, stranger.browser), 'mihon02'))).toBe('choose-services')
  })

  it('knows a browser of the connections page again in a journey', async () => {
    const there = from(office)
    const browser = await visitConnections(there, 'mihon06')
    await signIn(await beginAt(home, openBrowser(from(home))), 'mihon06')
    expect((await lastOf('signed-in')).challenge).toBe('ask')
    const walk = await begin(there, { fintech: openFintech(there), browser })
    await signIn(walk, 'mihon06')
    expect((await lastOf('signed-in')).reasons).toEqual(['first-connection'])
  })

  it('is asked where the bank noticed something, whatever else is known', async () => {
    const walk = await beginAt(office)
    expect(stepOf(await signIn(walk, 'mihon03'))).toBe('answer-challenge')
    await giveAnswer(walk)
    expect((await lastOf('signed-in')).reasons).toContain('unusual-environment')
  })

  it('is not enough where too much is unusual: the page says who helps and not why, and leads back', async () => {
    const walk = await beginAt(home)
    const page = await signIn(walk, 'mihon03')
    expect([page.status, problemOf(page.html)]).toEqual([403, 'risk-refused'])
    expect(page.html).toContain('0120-000-000')
    expect(page.html).not.toMatch(/初めて|端末|new-device|unusual/)
    const refused = await lastOf('sign-in-refused')
    expect(refused).toMatchObject({
      score: 130,
      reasons: ['unusual-environment', 'new-device', 'new-network', 'first-connection'],
    })
    const told = (await (await openDesk(bank)).get(`/journeys/${refused.journey}`)).html
    for (const words of [
      'リスク判定によるログインの拒否',
      '初めての端末',
      '初めての接続元',
      '130',
      'ご本人の操作かどうか',
    ])
      expect(told).toContain(words)

    await cancel(walk)
    expect((await comeBack(walk)).searchParams.get('error')).toBe('access_denied')
  })

  it('leaves nothing of a browser that was turned away or never answered', async () => {
    const walk = await beginAt(home)
    await signIn(walk, 'mihon03')
    expect(walk.browser.cookies().map(({ name }) => name)).not.toContain('device')
  })
})

describe('the owner of a locked login ID', () => {
  it('goes on at a browser that is known, while strangers are locked out', async () => {
    const own = await beginAt(office)
    await signIn(own, 'mihon10')
    for (const address of ['192.0.2.1', '192.0.3.1', '192.0.4.1', '192.0.5.1', '192.0.6.1'])
      await signIn(await beginAt(address), 'mihon10', 'wrong')
    expect(problemOf((await signIn(await beginAt(home), 'mihon10')).html)).toBe('locked-for-a-while')
    expect(stepOf(await signIn(await beginAt(office, own.browser), 'mihon10'))).toBe('choose-services')
  })
})

describe('what is remembered of a browser', () => {
  it('names no customer, no network, no browser token', async () => {
    const walk = await beginAt(office)
    await signIn(walk, 'mihon12')
    const token = walk.browser.cookies().find(({ name }) => name === 'device')?.value ?? 'none'
    const rows = await bank.db.selectFrom('known_devices').selectAll().execute()
    expect(rows.length).toBeGreaterThan(0)
    const dump = JSON.stringify(rows)
    for (const secret of [token, 'mihon', '198.51.100', customerId('mihon12')])
      expect(dump).not.toContain(secret)
    expect(new Set(rows.map(({ agent }) => agent))).toEqual(new Set(['other on other']))
  })

  it('rides in two cookies for the places where one signs in, hidden from scripts and other sites', async () => {
    const walk = await beginAt(office)
    const answer = await send(bank, walk, 'POST', `${walk.base}/sign-in`, {
      fields: { loginId: 'mihon12', password: 'Tsubame2026' },
      headers: { 'x-forwarded-for': office },
    })
    const set = [answer.headers['set-cookie']].flat().filter((one) => one?.startsWith('device='))
    expect(set.map((one) => one?.replace(/device=[\w-]{43}/, 'device=…'))).toEqual([
      'device=…; Max-Age=31536000; Path=/journey; HttpOnly; SameSite=Lax',
      'device=…; Max-Age=31536000; Path=/connections; HttpOnly; SameSite=Lax',
    ])
  })

  it('is bound to https where the bank is, and anything else in its place is no token', async () => {
    const app = Fastify()
    await app.register(cookie)
    const { read, write } = deviceCookie({ https: true, keepFor: days(1) })
    app.get('/', async (request, reply) => {
      write(reply, 'x'.repeat(43))
      return read(request) ?? 'nobody'
    })
    const ask = (value: string) => app.inject({ url: '/', cookies: { '__Secure-device': value } })
    expect((await ask('y'.repeat(43))).body).toBe('y'.repeat(43))
    for (const wrong of ['', 'short', `${'y'.repeat(42)} `, 'y'.repeat(500)])
      expect((await ask(wrong)).body).toBe('nobody')
    expect(String((await ask('')).headers['set-cookie'])).toMatch(
      /^__Secure-device=x{43}; Max-Age=86400; Path=\/journey; HttpOnly; Secure; SameSite=Lax,/,
    )
    await app.close()
  })

  it('is forgotten after a year without a sign-in', async () => {
    later(days(366))
    await bank.sweeper.sweep()
    expect(await bank.db.selectFrom('known_devices').selectAll().execute()).toEqual([])
  })
})

describe('a bank’s own engine', () => {
  it('decides in the place of ours, and where it fails the question is asked', async () => {
    const seen: unknown[] = []
    const other = await startBank({
      riskEngine: (signals) => {
        seen.push(signals)
        if (seen.length > 1) throw new Error('the engine is down')
        return { decision: 'ask', score: 7, reasons: ['rule 12'] }
      },
    })
    try {
      expect(stepOf(await signIn(await begin(other), 'mihon01'))).toBe('answer-challenge')
      expect(stepOf(await signIn(await begin(other), 'mihon02'))).toBe('answer-challenge')
      expect(seen[0]).toMatchObject({ bank: [], before: undefined, wrongTries: 0, firstConnection: true })
      const rows = await other.db
        .selectFrom('audit')
        .select('payload')
        .where('event', '=', 'signed-in')
        .execute()
      expect(rows.map(({ payload }) => JSON.parse(payload).reasons)).toEqual([['rule 12'], ['engine-failed']])
    } finally {
      await other.close()
    }
  })
})
