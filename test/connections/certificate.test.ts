/** Sign-in by certificate to one's own connections: the ticket opens them to whoever asked for it, once, and to nobody else. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { seconds } from '../../src/clock.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Browser, openBrowser, type Page } from '../support/browser.ts'
import { type Authority, forwardedAs, goodCertificate, makeAuthority } from '../support/certificates.ts'
import { base } from '../support/connections.ts'
import { begin, password } from '../support/walk.ts'

let authority: Authority
let bank: TestBank
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  authority = await makeAuthority()
})
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  bank = await startBank({
    certificates: await authority.parts(),
    institution: (given) => ({ ...given, certificates: authority.rules }),
  })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})
afterAll(() => authority.remove())

const problemOf = ({ html }: Page) => /data-problem="([\w-]+)"/.exec(html)?.[1]

/** The button, then the certificate origin with what its proxy forwards: where that leads. */
async function present(browser: Browser, name: string | null): Promise<string> {
  await browser.get(`${base}/sign-in`)
  const { leftTo } = await browser.get(`${base}/certificate-login`)
  if (!leftTo || !bank.certificateServer) throw new Error('no way to the certificate origin')
  const { name: header, write } = forwardedAs.rfc9440
  const answer = await bank.certificateServer.inject({
    url: leftTo.pathname,
    headers: { host: leftTo.host, ...(name === null ? {} : { [header]: write(authority.der(name)) }) },
  })
  const back = new URL(answer.headers.location ?? '')
  expect(back.pathname).toBe(`${base}/certificate`)
  return back.pathname + back.search
}

describe('a certificate', () => {
  it('and the password of its holder lead to his connections', async () => {
    const browser = openBrowser(bank)
    const page = await browser.get(await present(browser, 'mihon07-good'))
    expect(page.path).toBe(`${base}/certificate-password`)
    await browser.post(`${base}/certificate-password`, { password })
    expect(browser.page().path).toBe(base)
    expect(browser.page().html).toContain('株式会社しおさい水産')
  })

  it('that does not count is explained, with a way to choose another and none to a fintech', async () => {
    const browser = openBrowser(bank)
    const page = await browser.get(await present(browser, 'mihon07-expired'))
    expect(problemOf(page)).toBe('certificate-expired')
    expect(page.html).toContain(`href="${base}/certificate-login"`)
    expect(page.html).not.toContain('連携先に戻る')
    expect(problemOf(await browser.get(await present(browser, null)))).toBe('certificate-missing')
  })
})

describe('its ticket', () => {
  it('is refused a second time, after a minute, and in another browser', async () => {
    const browser = openBrowser(bank)
    const used = await present(browser, 'mihon07-good')
    await browser.get(used)
    expect(problemOf(await browser.get(used))).toBe('ticket-refused')

    const stolen = await present(browser, 'mihon07-good')
    const thief = openBrowser(bank)
    await thief.get(`${base}/sign-in`)
    const page = await thief.get(stolen)
    expect(problemOf(page)).toBe('ticket-refused')
    expect(page.html).not.toContain(goodCertificate().holder.name)

    const late = await present(browser, 'mihon07-good')
    vi.setSystemTime(Date.now() + seconds(61))
    expect(problemOf(await browser.get(late))).toBe('ticket-refused')
  })

  it('of a journey opens no connections, and that of connections no journey', async () => {
    const walk = await begin(bank)
    const journey = walk.base.split('/')[2] ?? ''
    const { browser } = walk
    const ofConnections = await present(browser, 'mihon07-good')
    const ticket = bank.tickets.issue(goodCertificate(), journey)
    expect(problemOf(await browser.get(`${base}/certificate?ticket=${encodeURIComponent(ticket)}`))).toBe(
      'ticket-refused',
    )
    expect(problemOf(await browser.get(ofConnections.replace(base, walk.base)))).toBe('ticket-refused')
  })
})
