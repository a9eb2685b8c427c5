/** Somebody sends what is not due yet, or not his: only the step that is due is ever shown or submitted, and no more given than asked. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { accountHandle } from '../../src/journey/journey.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import {
  allow,
  allowOn,
  begin,
  chooseServices,
  comeBack,
  connect,
  consentsOf,
  giveAnswer,
  goOn,
  morePins,
  offeredAccounts,
  pin,
  registerPins,
  send,
  signIn,
  skipPins,
  stepOf,
  type Walk,
  walkToConsent,
} from '../support/walk.ts'

let bank: TestBank
beforeAll(async () => {
  bank = fromEverywhere(await startBank({ environment: behindProxy }))
})
afterAll(() => bank.close())
// A renewal has fewer steps; here every journey is a first registration.
beforeEach(() => bank.db.deleteFrom('consents').execute())

const uidOf = ({ base }: Walk) => base.split('/')[2] ?? ''
const accountsOf = (loginId: string) => demoCustomers.find((one) => one.loginId === loginId)?.accounts ?? []
const newestConsent = async () => (await consentsOf(bank)).at(-1)

/** What a customer who gets everything right would send at any step, all at once. */
const everything = {
  loginId: 'mihon02',
  password: 'Tsubame2026',
  answer: 'さくら',
  services: ['balances', 'transactions'],
  rows: ['x'],
  proceed: 'yes',
  accounts: ['x'],
  action: 'confirm',
}

const steps = [
  'sign-in',
  'certificate-password',
  'answer-challenge',
  'choose-services',
  'register-pins',
  'review-pins',
  'give-consent',
]
/** Names that are addresses of something else, of nothing, or of JavaScript. */
const noSteps = [
  'return',
  'certificate',
  'certificate-login',
  'finished',
  'constructor',
  '__proto__',
  'toString',
]

/** mihon03 at each step that he comes to, with what he enters there. */
const wayOfMihon03: readonly (readonly [step: string, enter: (walk: Walk) => Promise<unknown>])[] = [
  ['sign-in', (walk) => signIn(walk, 'mihon03')],
  ['answer-challenge', (walk) => giveAnswer(walk)],
  ['choose-services', (walk) => chooseServices(walk)],
  ['register-pins', (walk) => registerPins(walk, { 2000002: pin })],
  ['review-pins', morePins],
  ['register-pins', skipPins],
  ['give-consent', (walk) => allow(walk)],
]

describe('at every step of the journey', () => {
  it('a POST to any other does nothing and answers 303 to the due one', async () => {
    const walk = await begin(bank)
    const before = (await consentsOf(bank)).length
    for (const [due, enter] of wayOfMihon03) {
      expect(stepOf(walk.browser.page())).toBe(due)
      const known = await bank.db.selectFrom('audit').selectAll().execute()
      for (const other of [...steps, ...noSteps].filter((step) => step !== due)) {
        const answer = await send(bank, walk, 'POST', `${walk.base}/${other}`, { fields: everything })
        expect([other, answer.statusCode, answer.headers.location]).toEqual([
          other,
          303,
          `${walk.base}/${due}`,
        ])
        expect(answer.headers['set-cookie']).toBeUndefined()
      }
      expect(await bank.db.selectFrom('audit').selectAll().execute()).toEqual(known)
      expect(await consentsOf(bank)).toHaveLength(before)
      await enter(walk)
    }
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('the address of any other, however it is written, leads to the due one or nowhere', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon03')
    const forged = [
      ...[...steps, ...noSteps].filter((step) => step !== 'answer-challenge').map((step) => `/${step}`),
      '/give-consent/',
      '/give-consent?step=answer-challenge&due=give-consent',
      '/%67ive-consent',
      '/Give-Consent',
      '//give-consent',
      '/answer-challenge/give-consent',
      '/answer-challenge/../give-consent',
      '/answer-challenge%2f..%2fgive-consent',
      '/give-consent;answer-challenge',
      '/give-consent%00',
    ]
    for (const address of forged) {
      const { statusCode, headers, body } = await send(bank, walk, 'GET', walk.base + address)
      if (statusCode === 303) {
        // The return page sends a journey that is not over back to its start.
        const due = address === '/return' ? walk.base : `${walk.base}/answer-challenge`
        expect(headers.location).toBe(due)
      } else {
        expect([403, 404]).toContain(statusCode)
        expect(body).not.toContain('name="proceed"')
      }
    }
    expect(await goOn(walk, 'mihon03')).toBeTruthy()
  })
})

describe('a bookmark of the last step', () => {
  it('leads to sign-in in a new journey, and nowhere once its own is over', async () => {
    const walk = await begin(bank)
    const page = await walk.browser.get(`${walk.base}/give-consent`)
    expect(stepOf(page)).toBe('sign-in')
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
    expect((await walk.browser.get(`${walk.base}/give-consent`)).status).toBe(410)
  })

  it('allows nothing when its form is sent without anybody signed in', async () => {
    const walk = await begin(bank)
    const other = await begin(bank)
    const shown = await walkToConsent(other, 'mihon02')
    const before = (await consentsOf(bank)).length
    const page = await allow({ ...walk, browser: { ...walk.browser, page: () => shown } })
    expect(stepOf(page)).toBe('sign-in')
    expect(await consentsOf(bank)).toHaveLength(before)
    expect(await goOn(walk, 'mihon01')).toBeTruthy()
  })
})

describe('services', () => {
  it('that the fintech did not ask for are neither offered nor given', async () => {
    const walk = await begin(bank, { request: { scope: 'openid balances' } })
    const page = await signIn(walk, 'mihon02')
    expect(page.html).not.toContain('value="transactions"')
    await chooseServices(walk, ['balances', 'transactions', 'transfers', 'openid'])
    await allow(walk)
    expect((await newestConsent())?.services).toBe('balances')
    const back = await comeBack(walk)
    const { body } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    expect(body.scope).toBe('balances')
  })

  it('of which none was asked for are no choice', async () => {
    const walk = await begin(bank, { request: { scope: 'openid balances' } })
    await signIn(walk, 'mihon02')
    expect(stepOf(await chooseServices(walk, ['transactions']))).toBe('choose-services')
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
    expect((await newestConsent())?.services).toBe('balances')
  })

  it('cannot be chosen for a fintech whose customers do not choose, nor added at 許可', async () => {
    const fintech = openFintech(bank, 'demo-kaikei')
    const walk = await begin(bank, { fintech, request: { scope: 'openid balances' } })
    await signIn(walk, 'mihon02')
    await chooseServices(walk, ['balances', 'transactions'])
    await allow(walk, { services: ['balances', 'transactions'], scope: 'transactions' })
    expect((await newestConsent())?.services).toBe('balances')
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('that the bank took from the fintech while the customer read are not given', async () => {
    const registered = await bank.clients.find('demo-kakeibo')
    if (!registered) throw new Error('no such fintech')
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    await chooseServices(walk)
    const { status: _active, ...client } = registered
    await bank.clients.put({ ...client, scopes: ['balances'] })
    try {
      // What he read is no longer what he would give, so he reads again.
      await allow(walk)
      expect(walk.browser.page().html).not.toContain('入出金明細照会')
      await allow(walk)
      expect((await newestConsent())?.services).toBe('balances')
      expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    } finally {
      await bank.clients.put(client)
    }
  })
})

describe('accounts at 許可', () => {
  const granted = async (): Promise<string[]> =>
    (JSON.parse((await newestConsent())?.accounts ?? '[]') as { bankAccount: string }[]).map(
      ({ bankAccount }) => bankAccount,
    )

  it.each<readonly [string, (walk: Walk) => string[]]>([
    ['another customer’s', (walk) => accountsOf('mihon03').map(({ id }) => accountHandle(uidOf(walk), id))],
    ['by the bank’s ids', () => accountsOf('mihon01').map(({ id }) => id)],
    ['by their numbers', () => accountsOf('mihon01').map(({ number }) => number)],
    ['made up', () => ['AAAAAAAA', '', '*', '../', '__proto__']],
  ])('%s are no accounts of this customer', async (_what, handles) => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    const before = (await consentsOf(bank)).length
    const page = await allow(walk, { accounts: handles(walk) })
    expect(page.html).toContain('対象の口座を1つ以上選んでください')
    expect(await consentsOf(bank)).toHaveLength(before)
    expect(await goOn(walk, 'mihon01')).toBeTruthy()
  })

  it('without a registered PIN are not given, even by the handle that they have', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon03')
    await giveAnswer(walk)
    await chooseServices(walk)
    const page = await skipPins(walk)
    const offered = offeredAccounts(page.html)
    const all = accountsOf('mihon03').map(({ id }) => accountHandle(uidOf(walk), id))
    expect(all.length).toBeGreaterThan(offered.length)
    await allow(walk, { accounts: all })
    expect(await granted()).toHaveLength(offered.length)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('of one journey are not named by the handles of another', async () => {
    const first = await begin(bank)
    const shown = await walkToConsent(first, 'mihon02')
    const second = await begin(bank)
    await walkToConsent(second, 'mihon02')
    const page = await allow(second, { accounts: offeredAccounts(shown.html) })
    expect(page.html).toContain('対象の口座を1つ以上選んでください')
    expect(await goOn(second, 'mihon02')).toBeTruthy()
  })
})

describe('the form of 許可', () => {
  it.each([
    ['without the tick', { proceed: '' }],
    ['with another word at the tick', { proceed: 'no' }],
    ['with the tick twice', { proceed: ['yes', 'yes'] }],
    ['without what was shown', { shown: '' }],
    ['with something else as shown', { shown: 'x'.repeat(43) }],
    ['in a language that was not shown', { language: 'en' }],
  ])('%s allows nothing and shows the page again', async (_what, changes) => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    const before = (await consentsOf(bank)).length
    const page = await allow(walk, changes)
    expect([page.status, stepOf(page)]).toEqual([200, 'give-consent'])
    expect(page.html).toContain('<title>エラー：')
    expect(await consentsOf(bank)).toHaveLength(before)
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('cannot lengthen the period, name another customer, or change what was agreed', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    await allow(walk, {
      endsOn: '2099-12-31',
      endsAt: '4102444800000',
      consentDays: '9999',
      customer: 'c-other',
      client: 'demo-kaikei',
      'facts[customer][id]': 'c-other',
      ['__proto__']: 'x',
    })
    const consent = await newestConsent()
    const honest = await connect(bank, 'mihon02')
    const ordinary = await newestConsent()
    expect(consent?.customer_id).toBe(ordinary?.customer_id)
    expect(consent?.client_id).toBe('demo-kakeibo')
    expect(consent?.ends_at).toBeLessThanOrEqual(ordinary?.ends_at ?? 0)
    expect(honest.access).toBeTruthy()
  })

  it('of a page from before a change of services does not bring them back', async () => {
    const walk = await begin(bank)
    const old = await walkToConsent(walk, 'mihon02')
    await walk.browser.post(`${walk.base}/change`, { fact: 'services' })
    await chooseServices(walk, ['balances'])
    const before = (await consentsOf(bank)).length
    const page = await allowOn(old, walk)
    expect(stepOf(page)).toBe('give-consent')
    expect(await consentsOf(bank)).toHaveLength(before)
    await allow(walk)
    expect((await newestConsent())?.services).toBe('balances')
  })
})
