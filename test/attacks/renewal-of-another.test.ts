/** A renewal that is not his: by a grant of another, by hints that do not agree, or by an old cookie. Nobody learns whose it is. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { days } from '../../src/clock.ts'
import { endConsent } from '../../src/consent/ending.ts'
import { transact } from '../../src/store/transaction.ts'
import { withoutNumber } from '../support/answers.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import {
  allow,
  allowOn,
  begin,
  cancel,
  comeBack,
  connect,
  consentsOf,
  signIn,
  stepOf,
  type Walk,
} from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  bank = await startBank()
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const pass = (n: number) => vi.setSystemTime(Date.now() + days(n))
const problemOf = (html: string) => /data-problem="([\w-]+)"/.exec(html)?.[1]
const titleOf = (html: string) => /<h1>([^<]*)<\/h1>/.exec(html)?.[1]

/** A connection of yesterday, and the id by which the fintech knows it. */
async function connected(
  ...given: Parameters<typeof connect> extends [unknown, ...infer Rest] ? Rest : never
) {
  const before = new Set((await consentsOf(bank)).map(({ id }) => id))
  const walk = await connect(bank, ...given)
  const consent = (await consentsOf(bank)).find(({ id }) => !before.has(id))
  pass(1)
  return { ...walk, grantId: consent?.arrangement_id ?? '', id: consent?.id ?? '' }
}

async function refusalOf(walk: Walk): Promise<Record<string, string>> {
  await cancel(walk)
  const { error = '', error_description = '' } = Object.fromEntries((await comeBack(walk)).searchParams)
  return { error, error_description: withoutNumber(error_description) }
}

/** Signs in with the right password, and says what the customer sees and what the fintech is told. */
async function attempt(loginId: string, request: Record<string, string | undefined>) {
  const walk = await begin(bank, { request })
  const page = await signIn(walk, loginId)
  const seen = { status: page.status, problem: problemOf(page.html), text: page.html.replace(/\s+/g, ' ') }
  return { walk, seen, told: await refusalOf(walk) }
}

const cancelled = { error: 'access_denied', error_description: 'the customer cancelled' }

describe('grant_id', () => {
  it('of his own connection renews it', async () => {
    const { grantId, idToken } = await connected('mihon02')
    const walk = await begin(bank, { request: { grant_id: grantId, id_token_hint: idToken } })
    expect(titleOf((await signIn(walk, 'mihon02')).html)).toContain('（更新）')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    expect((await consentsOf(bank))[1]?.arrangement_id).toBe(grantId)
  })

  it('of another customer, of another fintech or of nobody is refused alike, and tells nothing', async () => {
    const ofAnother = await connected('mihon01')
    const elsewhere = await connected('mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
    await connected('mihon02')
    const ids = [ofAnother.grantId, elsewhere.grantId, 'A'.repeat(43), 'x', "' or 1=1 --", '\u0000', '許可']
    const answers = []
    for (const grant_id of ids) answers.push(await attempt('mihon02', { grant_id }))
    for (const { seen, told } of answers) {
      expect(seen, seen.text).toMatchObject({ status: 403, problem: 'customer-of-another' })
      expect(seen.text).not.toContain('見本商店')
      expect(told).toEqual(cancelled)
    }
    expect((await consentsOf(bank)).map(({ status }) => status)).toEqual(['active', 'active', 'active'])
  })

  it('of another leaves the way open for its owner in the same journey', async () => {
    const { grantId } = await connected('mihon02')
    const walk = await begin(bank, { request: { grant_id: grantId } })
    expect(problemOf((await signIn(walk, 'mihon01')).html)).toBe('customer-of-another')
    await walk.browser.get(walk.base)
    expect(titleOf((await signIn(walk, 'mihon02')).html)).toContain('（更新）')
  })

  it('and id_token_hint must both be his', async () => {
    const his = await connected('mihon02')
    const hers = await connected('mihon01')
    for (const request of [
      { grant_id: his.grantId, id_token_hint: hers.idToken },
      { grant_id: hers.grantId, id_token_hint: his.idToken },
    ]) {
      for (const loginId of ['mihon01', 'mihon02']) {
        const { seen, told } = await attempt(loginId, request)
        expect(seen.problem).toBe('customer-of-another')
        expect(told).toEqual(cancelled)
      }
    }
  })

  it('twice in a request is refused by the engine, before anybody signs in', async () => {
    const { fintech, grantId } = await connected('mihon02')
    const { parameters } = fintech.newRequest()
    const body = `${new URLSearchParams(parameters).toString()}&grant_id=${grantId}&grant_id=other`
    const answer = await bank.server.inject({ url: `/authorize?${body}` })
    expect(answer.headers.location ?? answer.body).toMatch(/invalid_request/)
  })

  it('of a connection that ended more than 30 days ago: its owner reads why, and so does the fintech', async () => {
    const { grantId } = await connected('mihon02')
    pass(89 + 31)
    await bank.sweeper.sweep()
    const { seen, told } = await attempt('mihon02', { grant_id: grantId })
    expect(seen).toMatchObject({ status: 403, problem: 'renewal-over' })
    expect(told).toEqual({
      error: 'access_denied',
      error_description: 'the grant can no longer be renewed',
    })
    expect((await attempt('mihon01', { grant_id: grantId })).told).toEqual(cancelled)
  })

  it('whose 30 days run out while the page is open cannot be allowed any more', async () => {
    const { grantId } = await connected('mihon02')
    vi.setSystemTime(new Date('2027-03-22T23:55:00+09:00'))
    const walk = await begin(bank, { request: { grant_id: grantId } })
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('give-consent')
    vi.setSystemTime(new Date('2027-03-23T00:00:00+09:00'))
    expect(problemOf((await allow(walk)).html)).toBe('renewal-over')
    expect(await consentsOf(bank)).toHaveLength(1)
    expect((await refusalOf(walk)).error).toBe('access_denied')
  })
})

describe('an old cookie', () => {
  it('with the services of one customer does not serve another', async () => {
    await connected('mihon02', { request: { scope: 'openid offline_access balances' } })
    const walk = await begin(bank)
    const atStart = walk.browser.cookies()
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('give-consent')
    walk.browser.setCookies(atStart)
    await walk.browser.get(walk.base)
    const page = await signIn(walk, 'mihon01')
    expect(stepOf(page)).toBe('choose-services')
    expect(titleOf(page.html)).toContain('（利用登録）')
    expect(page.html).not.toContain(' checked')
  })

  it('of a renewal does not renew in another journey, nor what is no longer to be renewed', async () => {
    await connected('mihon02')
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    const other = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
    const stolen = walk.browser
      .cookies()
      .filter(({ name }) => name === 'journey')
      .map((cookie) => ({ ...cookie, path: other.base }))
    other.browser.setCookies([...other.browser.cookies().filter(({ name }) => name !== 'journey'), ...stolen])
    expect(stepOf(await other.browser.get(other.base))).toBe('sign-in')
  })

  it('from before the connection was stopped tells it again, and the next 許可 is one after reading that', async () => {
    const { id } = await connected('mihon02')
    const walk = await begin(bank)
    const shown = await signIn(walk, 'mihon02')
    const cookies = walk.browser.cookies()
    await endConsent(bank.db, id, Date.now(), {
      status: 'stopped',
      by: 'customer',
      reason: 'customer-stopped',
    })
    const page = await allowOn(shown, walk)
    expect(page.html).toContain('画面が古くなりました')
    expect(page.html).toContain('2026年11月23日（月）に終わった連携')
    walk.browser.setCookies(cookies)
    expect((await allowOn(shown, walk)).html).toContain('画面が古くなりました')
    expect(await consentsOf(bank)).toHaveLength(1)
  })
})

describe('a renewal while the former connection is being stopped', () => {
  it('ends one of two ways: renewed before the stop, or stopped together with the renewal on its way', async () => {
    const former = await connected('mihon02')
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    await allow(walk)
    const stop = { status: 'stopped', by: 'customer', reason: 'customer-stopped' } as const
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    const [ended, exchanged] = await Promise.all([
      transact(bank.db, (transaction) => endConsent(transaction, former.id, Date.now(), stop)),
      walk.fintech.exchange(code, walk.verifier),
    ])
    expect((await former.fintech.refresh(former.refresh)).body.error).toBe('invalid_grant')
    const [first, second] = await consentsOf(bank)
    expect(second?.arrangement_id).toBe(former.grantId)
    if (ended) {
      expect([first?.status, second?.status]).toEqual(['stopped', 'unused'])
      expect(exchanged).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    } else {
      expect([first?.status, second?.status]).toEqual(['replaced', 'active'])
      expect(exchanged.status).toBe(200)
      expect((await walk.fintech.refresh(String(exchanged.body.refresh_token))).status).toBe(200)
    }
  })

  it('stopped first, is not brought back by the renewal on its way', async () => {
    const former = await connected('mihon02')
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    await allow(walk)
    const stop = { status: 'stopped', by: 'customer', reason: 'customer-stopped' } as const
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    await transact(bank.db, (transaction) => endConsent(transaction, former.id, Date.now(), stop))
    const exchanged = await walk.fintech.exchange(code, walk.verifier)
    expect(exchanged).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await consentsOf(bank)).map(({ status }) => status)).toEqual(['stopped', 'unused'])
  })
})
