/** 手順 1-1: sign-in by client certificate, from the button to the fintech, and from every certificate that does not count to one that does. */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { minutes } from '../../src/clock.ts'
import { startBank, type TestBank, unavailable, withCalls } from '../support/bank.ts'
import type { Page } from '../support/browser.ts'
import {
  type Authority,
  customerId,
  goodCertificate,
  makeAuthority,
  presentCertificate,
} from '../support/certificates.ts'
import {
  allow,
  begin,
  comeBack,
  connect,
  password,
  signIn,
  stepOf,
  type Walk,
  walkToConsent,
} from '../support/walk.ts'

let authority: Authority
let bank: TestBank
let replaced: Partial<TestBank['simulator']>
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  authority = await makeAuthority()
})
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  replaced = {}
  bank = await startBank({
    certificates: await authority.parts(),
    wrapBank: (real) => withCalls(real, () => replaced),
    institution: (given) => ({ ...given, certificates: authority.rules }),
  })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})
afterAll(() => authority.remove())

const present = (walk: Walk, name: string | null) =>
  presentCertificate(bank, walk, name === null ? null : authority.der(name))
const enterPassword = ({ browser, base }: Walk, secret = password) =>
  browser.post(`${base}/certificate-password`, { password: secret })
const problemOf = ({ html }: Page) => /data-problem="([\w-]+)"/.exec(html)?.[1]
const auditOf = (event: string) =>
  bank.db.selectFrom('audit').select('payload').where('event', '=', event).execute()

async function finishAs(walk: Walk, name: string, loginId: string): Promise<void> {
  expect(stepOf(await present(walk, name))).toBe('certificate-password')
  expect(stepOf(await enterPassword(walk))).toBe('choose-services')
  await walkToConsent(walk, loginId)
  await allow(walk)
  expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
}

describe('a good certificate', () => {
  it('leads to the password of its holder, to 許可 and back to the fintech', async () => {
    await finishAs(await begin(bank), 'mihon07-good', 'mihon07')
  })

  it('is asked for at a fresh host every time', async () => {
    const walk = await begin(bank)
    const hosts = new Set<string>()
    for (let turn = 0; turn < 5; turn += 1) {
      const { leftTo } = await walk.browser.get(`${walk.base}/certificate-login`)
      expect(leftTo?.pathname).toBe(`/certificate/${walk.base.split('/')[2]}`)
      expect(leftTo?.hostname).toMatch(/^[a-z0-9]+\.cert\.localhost$/)
      hosts.add(leftTo?.hostname ?? '')
    }
    expect(hosts.size).toBe(5)
  })

  it('that was renewed is the same customer', async () => {
    await finishAs(await begin(bank), 'mihon07-good', 'mihon07')
    await finishAs(await begin(bank), 'mihon07-renewing-soon', 'mihon07')
    const customers = await bank.db.selectFrom('consents').select('customer_id').distinct().execute()
    expect(customers).toHaveLength(1)
  })

  it('that ends within 30 days says when, and an other one says nothing of it', async () => {
    const walk = await begin(bank)
    const page = await present(walk, 'mihon07-renewing-soon')
    expect(page.html).toContain('id="ends-soon"')
    expect(page.html).toContain('この電子証明書の有効期限は2026年12月12日（土）です')
    expect((await present(walk, 'mihon07-good')).html).not.toContain('id="ends-soon"')
  })

  it('of another journey’s customer forgets that customer when it is changed', async () => {
    const walk = await begin(bank)
    await present(walk, 'mihon07-good')
    const page = await walk.browser.post(`${walk.base}/change`, { fact: 'certificate' })
    expect(stepOf(page)).toBe('sign-in')
    await finishAs(walk, 'mihon11-good', 'mihon11')
  })
})

describe('a certificate that does not count', () => {
  it.each([
    [null, 'certificate-missing', 403, '電子証明書を受け取れませんでした'],
    ['mihon07-expired', 'certificate-expired', 403, '2026年11月12日（木）'],
    ['mihon07-not-yet-valid', 'certificate-not-yet-valid', 403, '2026年12月22日（火）から'],
    ['mihon07-revoked', 'certificate-revoked', 403, '汐崎 渚'],
    ['foreign', 'certificate-other-issuer', 403, 'Yoso Demo CA'],
    ['not-tied', 'certificate-not-tied', 403, '株式会社とおりすがり'],
  ])(
    '%s: its own page says so, which one it was, and a good one finishes',
    async (name, code, status, says) => {
      const walk = await begin(bank)
      const page = await present(walk, name)
      expect([page.status, problemOf(page)]).toEqual([status, code])
      expect(page.html).toContain(says)
      expect(page.html.includes('id="received"')).toBe(name !== null)
      expect(page.html).toContain(`href="${walk.base}/certificate-login"`)
      expect(page.html).toContain(`action="${walk.base}/cancel"`)
      expect(JSON.stringify(await auditOf('certificate-refused'))).toContain(code)
      await finishAs(walk, 'mihon07-good', 'mihon07')
    },
  )

  it('is told in English to whom reads English', async () => {
    const walk = await begin(bank)
    await walk.browser.get(`${walk.base}/sign-in?lang=en`)
    const page = await present(walk, 'mihon07-expired')
    expect(page.html).toContain('This certificate has expired')
    expect(page.html).toContain('Thursday')
  })

  it('shows its page once: a reload is the sign-in page, and giving up goes back to the fintech', async () => {
    const walk = await begin(bank)
    await present(walk, 'mihon07-revoked')
    const page = await walk.browser.get(`${walk.base}/sign-in`)
    expect([page.status, problemOf(page)]).toEqual([200, undefined])
    await present(walk, 'mihon07-revoked')
    await walk.browser.post(`${walk.base}/cancel`, { problem: 'certificate-revoked', how: 'cancelled' })
    expect((await comeBack(walk)).searchParams.get('error')).toBe('access_denied')
  })

  it('forgets whoever was signed in before it', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    expect(problemOf(await present(walk, 'mihon07-revoked'))).toBe('certificate-revoked')
    expect(stepOf(await walk.browser.get(walk.base))).toBe('sign-in')
  })

  it('for as long as the bank cannot say whose it is, is nobody’s fault', async () => {
    const walk = await begin(bank)
    replaced = { identifyCertificate: unavailable }
    const page = await present(walk, 'mihon07-good')
    expect([page.status, problemOf(page)]).toEqual([503, 'bank-unavailable'])
    replaced = {}
    await finishAs(walk, 'mihon07-good', 'mihon07')
  })
})

describe('the certificate and the password', () => {
  it('of two customers do not go together, and a bank that signs in somebody else is not believed', async () => {
    const walk = await begin(bank)
    await present(walk, 'mihon07-good')
    expect((await enterPassword(walk, 'wrong')).html).toContain('ログインパスワードが違います')
    const other = await bank.simulator.signIn({ loginId: 'mihon01', password })
    replaced = { signInWithCertificate: async () => other }
    const page = await enterPassword(walk)
    expect([page.status, page.html.includes('株式会社見本商店')]).toEqual([500, false])
    replaced = {}
    await walk.browser.get(walk.base)
    expect(stepOf(await enterPassword(walk))).toBe('choose-services')
  })
})

describe('a certificate that was shown', () => {
  const wait = (ms: number) => vi.setSystemTime(Date.now() + ms)

  it('counts for five minutes, in a replayed cookie too, and is then asked for again', async () => {
    const walk = await begin(bank)
    await present(walk, 'mihon07-good')
    const old = walk.browser.cookies()
    wait(minutes(5) + 1)
    const page = await enterPassword(walk)
    expect([page.status, problemOf(page)]).toEqual([403, 'certificate-too-old'])
    expect(page.html).toContain(`href="${walk.base}/certificate-login"`)
    walk.browser.setCookies(old)
    expect(problemOf(await walk.browser.get(`${walk.base}/certificate-password`))).toBe('certificate-too-old')
    expect(stepOf(await walk.browser.get(walk.base))).toBe('sign-in')
    await finishAs(walk, 'mihon07-good', 'mihon07')
  })

  it('does not outlive its own end', async () => {
    const walk = await begin(bank)
    const { uid, answer } = {
      uid: walk.base.split('/')[2] ?? '',
      answer: goodCertificate({ endsAt: Date.now() + 1000 }),
    }
    await walk.browser.get(`${walk.base}/certificate?ticket=${bank.tickets.issue(answer, uid)}`)
    wait(2000)
    expect(problemOf(await enterPassword(walk))).toBe('certificate-too-old')
  })

  it('is in the audit by its fingerprint, and so is its ticket where it is refused, but none that is made up', async () => {
    const walk = await begin(bank)
    await present(walk, 'mihon07-good')
    const fingerprint = createHash('sha256').update(authority.der('mihon07-good')).digest('hex')
    expect(await auditOf('certificate-accepted')).toEqual([{ payload: expect.stringContaining(fingerprint) }])
    await walk.browser.get(`${walk.base}/certificate?ticket=forged`)
    expect(await auditOf('certificate-refused')).toEqual([])
    const ofAnother = encodeURIComponent(bank.tickets.issue(goodCertificate(), 'another-journey'))
    await walk.browser.get(`${walk.base}/certificate?ticket=${ofAnother}`)
    expect(await auditOf('certificate-refused')).toEqual([
      { payload: expect.stringContaining('ticket-refused') },
    ])
  })

  it('of a contract that signs in by ID is forgotten with the page that says so', async () => {
    const walk = await begin(bank)
    const answer = goodCertificate({ loginId: 'mihon02' })
    const uid = walk.base.split('/')[2] ?? ''
    await walk.browser.get(`${walk.base}/certificate?ticket=${bank.tickets.issue(answer, uid)}`)
    const page = await enterPassword(walk)
    expect(problemOf(page)).toBe('password-required')
    expect(page.html).toContain(`href="${walk.base}/sign-in"`)
    expect(stepOf(await walk.browser.get(`${walk.base}/sign-in`))).toBe('sign-in')
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('choose-services')
  })

  it('cannot be locked out by somebody who types its holder’s id as a login ID', async () => {
    const stranger = await begin(bank)
    for (let turn = 0; turn < 5; turn += 1) await signIn(stranger, customerId('mihon07'), 'wrong')
    expect(problemOf(stranger.browser.page())).toBe('locked-for-a-while')
    await finishAs(await begin(bank), 'mihon07-good', 'mihon07')
  })

  it('that is too large or no certificate at all is explained on the journey’s page', async () => {
    const walk = await begin(bank)
    for (const der of [Buffer.from('no certificate'), Buffer.alloc(20_000, 1)]) {
      const page = await presentCertificate(bank, walk, der)
      expect([page.status, problemOf(page)]).toEqual([403, 'certificate-unsuitable'])
    }
    await finishAs(walk, 'mihon07-good', 'mihon07')
  })
})

describe('a connection that the fintech asks to renew', () => {
  const request = { scope: 'openid balances transactions' }
  async function renewalOf(loginId: string): Promise<Walk> {
    const { fintech, idToken } = await connect(bank, loginId, { request })
    return begin(bank, { fintech, request: { ...request, id_token_hint: idToken } })
  }

  it('is not renewed with another company’s certificate', async () => {
    const walk = await renewalOf('mihon02')
    const page = await present(walk, 'mihon07-good')
    expect([page.status, problemOf(page)]).toEqual([403, 'certificate-of-another'])
    expect(page.html).toContain('株式会社しおさい水産')
    expect(page.html).not.toContain('株式会社ひばり製菓')
    expect(JSON.stringify(await auditOf('certificate-refused'))).toContain('certificate-of-another')
    await walk.browser.get(`${walk.base}/sign-in`)
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('give-consent')
  })

  it('is not renewed with another customer’s password, and its owner can still go on', async () => {
    const walk = await renewalOf('mihon02')
    const page = await signIn(walk, 'mihon01')
    expect([page.status, problemOf(page)]).toEqual([403, 'customer-of-another'])
    await walk.browser.get(walk.base)
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('give-consent')
  })
})

describe('where no certificate origin is', () => {
  it('the button is not there, and its address says so', async () => {
    const plain = await startBank()
    const walk = await begin(plain)
    expect(walk.browser.page().html).not.toContain('certificate-login')
    const page = await walk.browser.get(`${walk.base}/certificate-login`)
    expect([page.status, problemOf(page)]).toEqual([404, 'certificates-off'])
    await plain.close()
  })
})
