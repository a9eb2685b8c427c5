/** The result of a certificate login comes as a ticket in an address: seen by others, it opens nothing, and only its owner's password goes with it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser, type Page } from '../support/browser.ts'
import { customerId, goodCertificate } from '../support/certificates.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import {
  allow,
  begin,
  comeBack,
  consentsOf,
  goOn,
  password,
  send,
  signIn,
  stepOf,
  type Walk,
  walkToConsent,
} from '../support/walk.ts'

/** In the simulator all passwords are the same; here the certificate's customers have their own. */
const ownPasswords: Readonly<Record<string, string>> = {
  [customerId('mihon07')]: 'Shiosai-7',
  [customerId('mihon02')]: 'Hibari-2',
}
const { holder } = goodCertificate()

let bank: TestBank
let asked: string[]
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  asked = []
  const wrapBank = (real: Bank): Bank => ({
    ...real,
    signInWithCertificate(credentials) {
      asked.push(credentials.user)
      const right = ownPasswords[credentials.user] === credentials.password
      return real.signInWithCertificate({ ...credentials, password: right ? password : 'wrong' })
    },
  })
  bank = fromEverywhere(await startBank({ environment: behindProxy, wrapBank }))
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const uidOf = ({ base }: Walk) => base.split('/')[2] ?? ''
const ticketFor = (walk: Walk, certificate = goodCertificate()) =>
  bank.tickets.issue(certificate, uidOf(walk))
const show = (walk: Walk, ticket: string, base = walk.base): Promise<Page> =>
  walk.browser.get(`${base}/certificate?ticket=${encodeURIComponent(ticket)}`)
const enterPassword = ({ browser, base }: Walk, secret: string, more = {}): Promise<Page> =>
  browser.post(`${base}/certificate-password`, { password: secret, ...more })
const problemOf = ({ html }: Page) => /data-problem="([\w-]+)"/.exec(html)?.[1]

async function honestLogin(walk: Walk): Promise<void> {
  const page = await show(walk, ticketFor(walk))
  expect(stepOf(page)).toBe('certificate-password')
  expect(page.html).toContain(holder.name)
  expect(stepOf(await enterPassword(walk, 'Shiosai-7'))).toBe('choose-services')
  expect(walk.browser.page().html).toContain('株式会社しおさい水産')
  await walkToConsent(walk, 'mihon07')
  await allow(walk)
  expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
}

async function expectRefused(page: Page, walk: Walk): Promise<void> {
  expect([page.status, problemOf(page)]).toEqual([403, 'ticket-refused'])
  expect(page.html).not.toContain(holder.name)
  await honestLogin(walk)
}

describe('a ticket', () => {
  it('of the customer himself leads to the question for his password', async () => {
    await honestLogin(await begin(bank))
  })

  it('shown a second time is refused, also after another certificate was asked for', async () => {
    const walk = await begin(bank)
    const ticket = ticketFor(walk)
    await show(walk, ticket)
    await walk.browser.post(`${walk.base}/change`, { fact: 'certificate' })
    await expectRefused(await show(walk, ticket), walk)
  })

  it('shown many times at once is taken once', async () => {
    const walk = await begin(bank)
    const address = `${walk.base}/certificate?ticket=${ticketFor(walk)}`
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(bank, walk, 'GET', address)))
    expect(answers.filter(({ statusCode }) => statusCode === 303)).toHaveLength(1)
    expect(answers.filter(({ statusCode }) => statusCode === 403)).toHaveLength(7)
    await honestLogin(walk)
  })

  it('in another journey of the same browser is refused', async () => {
    const first = await begin(bank)
    const second = await begin(bank, { browser: first.browser })
    await expectRefused(await show(second, ticketFor(first)), second)
  })

  it('in a thief’s browser is refused, whatever journey he shows it in, and stays good for its owner', async () => {
    const walk = await begin(bank)
    const thief = await begin(bank)
    const ticket = ticketFor(walk)
    expect((await show(thief, ticket, walk.base)).status).toBe(410)
    expect((await openBrowser(bank).get(`${walk.base}/certificate?ticket=${ticket}`)).status).toBe(410)
    expect(problemOf(await show(thief, ticket))).toBe('ticket-refused')
    expect(stepOf(await show(walk, ticket))).toBe('certificate-password')
  })

  it('is good for a minute and no longer', async () => {
    const walk = await begin(bank)
    const ticket = ticketFor(walk)
    const late = ticketFor(walk)
    vi.setSystemTime(Date.now() + 59_000)
    expect(stepOf(await show(walk, ticket))).toBe('certificate-password')
    vi.setSystemTime(Date.now() + 2_000)
    await expectRefused(await show(walk, late), walk)
  })

  it.each<readonly [string, (ticket: string, walk: Walk) => string]>([
    ['with its first letter changed', (ticket) => `${ticket.startsWith('A') ? 'B' : 'A'}${ticket.slice(1)}`],
    ['with a letter in the middle changed', (ticket) => `${ticket.slice(0, 80)}~${ticket.slice(81)}`],
    ['cut off', (ticket) => ticket.slice(0, -4)],
    ['with more behind it', (ticket) => `${ticket}AAAA`],
    ['that is empty', () => ''],
    ['of 5 KB', () => 'A'.repeat(5000)],
    [
      'in clear text',
      (_ticket, walk) =>
        JSON.stringify({ id: 'x', uid: uidOf(walk), until: 9e15, answer: goodCertificate() }),
    ],
    [
      'sealed for something else',
      (_ticket, walk) =>
        bank.secrets.seal(
          JSON.stringify({ id: 'x', uid: uidOf(walk), until: 9e15, answer: goodCertificate() }),
          'signing-keys',
        ),
    ],
  ])('%s is refused', async (_what, change) => {
    const walk = await begin(bank)
    await expectRefused(await show(walk, change(ticketFor(walk), walk)), walk)
  })

  it('given twice in one address, or not at all, is refused', async () => {
    const walk = await begin(bank)
    for (const query of [
      '',
      '?ticket',
      '?ticket[]=x',
      `?ticket=${ticketFor(walk)}&ticket=${ticketFor(walk)}`,
    ])
      expect(problemOf(await walk.browser.get(`${walk.base}/certificate${query}`))).toBe('ticket-refused')
    await honestLogin(walk)
  })

  it('does not put a certificate into the journey of a customer who is signed in already', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    const page = await show(walk, ticketFor(walk))
    expect(stepOf(page)).toBe('certificate-password')
    expect(page.html).not.toContain('株式会社ひばり製菓')
    expect(stepOf(await walk.browser.get(`${walk.base}/give-consent`))).toBe('certificate-password')
    await enterPassword(walk, 'Shiosai-7')
    await walkToConsent(walk, 'mihon07')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    const used = new Set((await consentsOf(bank)).map(({ customer_id }) => customer_id))
    expect(used.size).toBe(1)
  })

  it('revives no journey that was finished', async () => {
    const walk = await begin(bank)
    const ticket = ticketFor(walk)
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
    expect((await show(walk, ticket)).status).toBe(410)
  })
})

describe('the certificate of one customer', () => {
  it('does not go with the password of another, whoever the form names', async () => {
    const walk = await begin(bank)
    await show(walk, ticketFor(walk))
    const named = { loginId: 'mihon02', user: 'mihon02', certificateUser: 'mihon02', holder: 'mihon02' }
    const page = await enterPassword(walk, 'Hibari-2', named)
    expect(stepOf(page)).toBe('certificate-password')
    expect(page.html).toContain('ログインパスワードが違います')
    expect(asked).toEqual([customerId('mihon07')])
    expect(stepOf(await enterPassword(walk, 'Shiosai-7', named))).toBe('choose-services')
    expect(walk.browser.page().html).toContain('株式会社しおさい水産')
  })

  it('does not fall back to login by ID', async () => {
    const walk = await begin(bank)
    await show(walk, ticketFor(walk))
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('certificate-password')
    await walk.browser.post(`${walk.base}/change`, { fact: 'certificate' })
    expect(problemOf(await signIn(walk, 'mihon07'))).toBe('certificate-required')
    await walk.browser.get(walk.base)
    await honestLogin(walk)
  })

  it('opens no contract that is by ID, and says so only after the right password', async () => {
    const walk = await begin(bank)
    await show(walk, ticketFor(walk, goodCertificate({ loginId: 'mihon02', name: '佐倉 みどり' })))
    expect((await enterPassword(walk, 'wrong')).html).toContain('ログインパスワードが違います')
    expect(problemOf(await enterPassword(walk, 'Hibari-2'))).toBe('password-required')
  })

  it('is not locked out by a stranger who only knows the login ID', async () => {
    const stranger = await begin(bank)
    for (let turn = 0; turn < 5; turn += 1) await signIn(stranger, 'mihon07', 'wrong')
    expect(problemOf(stranger.browser.page())).toBe('locked-for-a-while')
    await honestLogin(await begin(bank))
  })

  it('has an allowance of its own for wrong passwords, whatever the journey', async () => {
    const walk = await begin(bank)
    await show(walk, ticketFor(walk))
    for (let turn = 0; turn < 5; turn += 1) await enterPassword(walk, 'wrong')
    expect(problemOf(walk.browser.page())).toBe('locked-for-a-while')
    const other = await begin(bank)
    await show(other, ticketFor(other))
    expect(problemOf(await enterPassword(other, 'Shiosai-7'))).toBe('locked-for-a-while')
    vi.setSystemTime(Date.now() + 31 * 60_000)
    await other.browser.get(other.base)
    await honestLogin(other)
  })
})
