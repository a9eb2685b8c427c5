/** Between us and the bank everything goes wrong: every call answers right or `unavailable`, and nothing is counted or half done. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { callNames } from '../../src/bank/http/calls.ts'
import type { HttpBank } from '../../src/bank/http/bank.ts'
import { createBreaker, createBulkhead } from '../../src/bank/http/guard.ts'
import { dateInJapan } from '../../src/clock.ts'
import { openHttpBank } from '../support/served-bank.ts'
import { openSickGateway, sicknesses, type SickGateway } from '../support/sick-gateway.ts'
import { openToyBank } from './toy-bank.ts'

const today = dateInJapan(Date.now())
const password = 'Tsubame2026'

let toy: Awaited<ReturnType<typeof openToyBank>>
let gateway: SickGateway
let sick: HttpBank
let healthy: HttpBank
let logged: readonly string[]
let customer: string
let accounts: readonly { readonly id: string; readonly number: string }[]

beforeAll(async () => {
  toy = await openToyBank(() => today)
  gateway = await openSickGateway(toy.url)
  const limits = { opensAfter: Number.POSITIVE_INFINITY }
  const asking = openHttpBank(gateway.url, { timeout: 400, limits })
  ;({ bank: sick, logged } = asking)
  gateway.delay = 900
  healthy = openHttpBank(toy.url).bank
  const signedIn = await healthy.signIn({ loginId: 'mihon01', password })
  customer = signedIn.ok ? signedIn.value.id : ''
  const listed = await healthy.accounts({ customer, journey: 'first' })
  accounts = listed.ok ? listed.value : []
})
afterAll(async () => {
  await sick.close()
  await healthy.close()
  await gateway.close()
  await toy.close()
})
beforeEach(() => {
  gateway.suffers = () => undefined
})

/** Every call, with what it must answer however often it is delivered. */
function everyCall(bank: HttpBank, journey: string): readonly (readonly [string, () => Promise<unknown>])[] {
  const who = { customer, journey }
  const [account = '', registered = ''] = ['1111111', '2222222'].map(
    (number) => accounts.find((one) => one.number === number)?.id ?? '',
  )
  const inquiry = { customer, account: registered, client: 'a-fintech' }
  const certificate = { issuer: 'CN=x', subject: 'CN=y', serialNumber: '1', fingerprint: 'a' }
  return [
    ['reach', () => bank.reach()],
    ['signIn', () => bank.signIn({ loginId: 'mihon01', password })],
    ['signIn wrong', () => bank.signIn({ loginId: 'mihon03', password: 'guess' })],
    ['identifyCertificate', () => bank.identifyCertificate(certificate)],
    ['signInWithCertificate', () => bank.signInWithCertificate({ user: customer, password })],
    ['question', () => bank.question(who)],
    ['answer', () => bank.answer({ ...who, question: 'flower', answer: 'さくら' })],
    ['accounts', () => bank.accounts(who)],
    ['holdPins', () => bank.holdPins({ ...who, pins: [{ account, pin: '4649' }] })],
    ['releasePins', () => bank.releasePins(who)],
    ['commitPins', () => bank.commitPins(who)],
    ['standing', () => bank.standing({ customer, accounts: [account] })],
    ['findCustomers', () => bank.findCustomers('mihon01')],
    ['balances', () => bank.balances(inquiry)],
    ['transactions', () => bank.transactions({ ...inquiry, from: today, to: today, limit: 9 })],
  ]
}

const unavailable = { ok: false, reason: 'unavailable' }

describe('a sick gateway', () => {
  it.each(sicknesses)('that is always sick (%s) makes every call right or unavailable', async (sickness) => {
    const truth = new Map<string, unknown>()
    for (const [name, ask] of everyCall(healthy, `true ${sickness}`)) truth.set(name, await ask())
    gateway.suffers = () => sickness
    const got = new Map<string, unknown>()
    // One after the other where one builds on the other, else at once.
    await Promise.all(
      everyCall(sick, `sick ${sickness}`).map(async ([name, ask]) => got.set(name, await ask())),
    )
    expect([...got.keys()].map((name) => name.split(' ')[0])).toEqual(
      expect.arrayContaining([...callNames]) as unknown,
    )
    const expected = sickness === 'delivered twice' ? 'right' : 'unavailable'
    for (const [name, answer] of got)
      expect([name, answer]).toEqual([name, expected === 'right' ? truth.get(name) : unavailable])
  })

  it('that is sick now and then is asked again, and a hold, a commit and a release end as if it had not been', async () => {
    for (const sickness of sicknesses.filter(
      (one) => !['slow', 'a page', 'another shape', 'an unknown reason', 'a redirect'].includes(one),
    )) {
      const who = { customer, journey: `twice ${sickness}` }
      let n = 0
      // The first delivery of each call fails, the second passes.
      gateway.suffers = () => (n++ % 2 === 0 ? sickness : undefined)
      const account = accounts.find((one) => one.number === '1111111')?.id ?? ''
      const once = async <Value>(ask: () => Promise<Value>) => {
        n = 0
        return ask()
      }
      expect(await once(() => sick.holdPins({ ...who, pins: [{ account, pin: '4649' }] }))).toMatchObject({
        value: [{ answer: 'held' }],
      })
      expect(await once(() => sick.releasePins(who))).toEqual({ ok: true, value: 'released' })
      const after = await healthy.accounts(who)
      expect(after.ok && after.value.find(({ id }) => id === account)).toMatchObject({
        held: false,
        registered: false,
      })
      expect(await once(() => sick.accounts(who))).toEqual(after)
    }
  })

  it('is never asked twice for what may count a try', async () => {
    const deliveries: string[] = []
    gateway.suffers = (path) => {
      deliveries.push(path)
      return 'reset after'
    }
    await sick.signIn({ loginId: 'mihon05', password: 'guess' })
    await sick.answer({ customer, journey: 'one', question: 'flower', answer: 'guess' })
    expect(deliveries).toEqual(['/v1/sign-in', '/v1/answer'])
  })

  it('that delivers wrong passwords twice has them counted once', async () => {
    gateway.suffers = () => 'delivered twice'
    for (let n = 0; n < 4; n += 1)
      expect(await sick.signIn({ loginId: 'mihon10', password: 'guess' })).toEqual({
        ok: false,
        reason: 'wrong',
      })
    expect(await sick.signIn({ loginId: 'mihon10', password })).toMatchObject({ ok: true })
  })

  it('is told of in the log, without anything that was sent or answered', () => {
    const text = logged.join('')
    expect(text).toContain('"event":"bank-not-by-contract","call":"accounts"')
    expect(text).toContain('"event":"bank-unreached"')
    expect(text).not.toMatch(/Tsubame2026|\b4649\b|さくら|mihon0|1111111|wrong-somehow/)
    expect(text).not.toContain(customer)
  })
})

describe('a bank that is dead', () => {
  it('is not asked any more after five calls, until one has come through again', async () => {
    let asked = 0
    gateway.suffers = () => {
      asked += 1
      return '500'
    }
    let now = 0
    const said: boolean[] = []
    const breaker = createBreaker(
      () => now,
      { opensAfter: 5, opensFor: 10_000 },
      (isOpen) => said.push(isOpen),
    )
    const call = async (cameTo: 'answer' | 'nothing'): Promise<boolean> => {
      const done = breaker.enter()
      done?.(cameTo)
      return done !== undefined
    }
    for (let n = 0; n < 5; n += 1) expect(await call('nothing')).toBe(true)
    expect(await call('answer')).toBe(false)
    now = 10_000
    const probe = breaker.enter()
    expect(await call('answer')).toBe(false)
    probe?.('nothing')
    expect(await call('answer')).toBe(false)
    now = 20_000
    expect(await call('answer')).toBe(true)
    expect(await call('answer')).toBe(true)
    expect(said).toEqual([true, false])

    const { bank, logged: lines } = openHttpBank(gateway.url)
    for (let n = 0; n < 8; n += 1) await bank.signIn({ loginId: 'mihon01', password })
    expect(asked).toBe(5)
    expect(bank.isAsked()).toBe(false)
    expect(lines.filter((line) => line.includes('bank-not-asked'))).toHaveLength(1)
    await bank.close()
  })

  it('holds up only so many calls, a few more for a moment, and no more', async () => {
    const bulkhead = createBulkhead({ atOnce: 2, waiting: 2, waitFor: 50 })
    const entered = [bulkhead.enter(), bulkhead.enter(), bulkhead.enter(), bulkhead.enter(), bulkhead.enter()]
    expect(await entered[4]).toBe(false)
    bulkhead.leave()
    expect(await Promise.all(entered)).toEqual([true, true, true, false, false])
    bulkhead.leave()
    bulkhead.leave()
    expect(await bulkhead.enter()).toBe(true)
  })
})
