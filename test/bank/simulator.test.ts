/** The simulated bank: the contract of every bank, and what only a bank made of tables and arithmetic can promise. */
import { freshDatabase } from '../support/database.ts'
import { describe, expect, onTestFinished, test } from 'vitest'
import { customerIssuer } from '../../src/bank/simulator/certificate-names.ts'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { foldAnswer } from '../../src/bank/simulator/fold.ts'
import { createQueue } from '../../src/bank/simulator/queue.ts'
import { hashSecret, matchesNothing, secretMatches } from '../../src/bank/simulator/secret-hash.ts'
import type { BankTransaction } from '../../src/bank/port.ts'
import { createSimulator } from '../../src/bank/simulator/simulator.ts'
import { balancesOf, transactionsOf } from '../../src/bank/simulator/statement.ts'
import { hours } from '../../src/clock.ts'
import { openDatabase } from '../../src/store/open.ts'
import { bankContract } from './contract.ts'

bankContract('the simulator', async (clock) => {
  const db = await openDatabase(await freshDatabase())
  return { bank: await createSimulator({ db, clock }), close: () => db.destroy() }
})

const noon = (date: string): number => Date.parse(`${date}T12:00:00+09:00`)

const [customer] = demoCustomers
const account = customer?.accounts.find(({ number }) => number === '1111111')
if (!customer || !account) throw new Error('the customer of the manual is missing')
const who = { customer: customer.id, journey: 'one' }

async function open() {
  const db = await openDatabase(await freshDatabase())
  onTestFinished(() => db.destroy())
  const start = () => createSimulator({ db, clock: () => noon('2026-11-24') })
  return { db, start, bank: await start() }
}

const change = ({ direction, amount }: BankTransaction): bigint =>
  direction === 'in' ? BigInt(amount) : -BigInt(amount)

describe('the customers of the demo', () => {
  const accountsOf = async (loginId: string) => {
    const { bank } = await open()
    const known = demoCustomers.find((one) => one.loginId === loginId)
    const answer = await bank.accounts({ customer: known?.id ?? '', journey: 'one' })
    return answer.ok ? answer.value : []
  }

  test("have the manual's accounts, in its order", async () => {
    const shown = (await accountsOf('mihon01')).map(
      (one) =>
        `${one.branchName}（${one.branchCode}） ${one.kind} ${one.number} ${one.memo || '-'} ${one.registered}`,
    )
    expect(shown).toEqual([
      'インターネット支店（001） 普通 2000002 口座メモ5678901234567890 false',
      'インターネット支店（202） 普通 1111111 - false',
      'インターネット支店（202） 普通 2222222 - true',
      '豊洲支店（456） 普通 1000314 口座メモ5678901234567890 false',
    ])
  })

  test('may have sixty accounts, in branches that only the code tells apart', async () => {
    const all = await accountsOf('mihon06')
    expect(new Set(all.map(({ id }) => id)).size).toBe(60)
    expect(new Set(all.map(({ branchCode }) => branchCode)).size).toBe(3)
    expect(new Set(all.map(({ branchName }) => branchName)).size).toBe(2)
    expect(all.every(({ memo, number }) => memo.length <= 20 && /^\d{7}$/.test(number))).toBe(true)
  })

  test('are known by their login ID to the letter', async () => {
    const { bank } = await open()
    for (const loginId of ['MIHON01', ' mihon01', 'mihon01 ', 'ｍｉｈｏｎ01'])
      expect(await bank.signIn({ loginId, password: 'Tsubame2026' })).toEqual({ ok: false, reason: 'wrong' })
  })

  test.each([
    ['with the name elsewhere in it', 'CN=UID\\=mihon07,O=株式会社しおさい水産,C=JP'],
    ['of a contract that signs in by ID', 'UID=mihon01,CN=見本 太郎,O=株式会社見本商店,C=JP'],
    ['of nobody', 'UID=mihon99,CN=x,O=x,C=JP'],
  ])('have no certificate %s', async (_what, subject) => {
    const { bank } = await open()
    const presented = { subject, issuer: customerIssuer, serialNumber: '1', fingerprint: 'a'.repeat(64) }
    expect(await bank.identifyCertificate(presented)).toEqual({ ok: false, reason: 'not-tied' })
  })
})

describe('the simulator in its tables', () => {
  const { id } = account

  test('a second process and a restart find what the first one registered and holds', async () => {
    const { bank, start } = await open()
    await bank.holdPins({ ...who, pins: [{ account: id, pin: '4649' }] })
    const other = await start()
    expect(await other.accounts(who)).toEqual(await bank.accounts(who))
    await other.commitPins(who)
    const [fromThere, fromHere] = [await (await start()).accounts(who), await bank.accounts(who)]
    expect(fromThere).toEqual(fromHere)
    expect(fromHere).toMatchObject({ value: [{}, { registered: true, held: false }, {}, {}] })
  })

  test('reset puts everything back to the start', async () => {
    const { bank, db } = await open()
    const tables = async () => ({
      customers: await db.selectFrom('simulator_customers').selectAll().orderBy('login_id').execute(),
      accounts: await db.selectFrom('simulator_accounts').selectAll().orderBy('id').execute(),
      held: await db.selectFrom('simulator_held_pins').selectAll().execute(),
    })
    const start = await tables()
    await bank.holdPins({ ...who, pins: [{ account: id, pin: '4649' }] })
    await bank.commitPins(who)
    await bank.holdPins({ ...who, pins: [{ account: id, pin: '4649' }] })
    expect(await tables()).not.toEqual(start)
    await bank.reset()
    expect(await tables()).toEqual(start)
  })

  test('an entered PIN is nowhere in the tables', async () => {
    const { bank, db } = await open()
    await bank.holdPins({ ...who, pins: [{ account: id, pin: '4649' }] })
    const held = await db.selectFrom('simulator_held_pins').selectAll().execute()
    expect(held).toEqual([{ journey: 'one', account_id: id, login_id: 'mihon01' }])
  })

  test('picks one of several questions by the journey, and no answer to another one counts', async () => {
    const { bank, start } = await open()
    const asked = async (journey: string, from = bank) => {
      const question = await from.question({ ...who, journey })
      return question.ok ? question.value.id : 'none'
    }
    const journeys = Array.from({ length: 20 }, (_, n) => `journey ${n}`)
    const first = await Promise.all(journeys.map((one) => asked(one)))
    const other = await start()
    expect(await Promise.all(journeys.map((one) => asked(one, other)))).toEqual(first)
    expect(new Set(first).size).toBe(3)
    const [journey = '', question = ''] = [journeys[0], first.find((id) => id !== first[0])]
    expect(await bank.answer({ ...who, journey, question, answer: 'さくら' })).toMatchObject({
      reason: 'wrong',
    })
  })

  test('the time of an answer does not tell whether a login ID exists', async () => {
    const { bank } = await open()
    const fastest = async (loginId: string) => {
      const times: number[] = []
      for (let n = 0; n < 4; n += 1) {
        const start = performance.now()
        await bank.signIn({ loginId, password: 'wrong' })
        times.push(performance.now() - start)
      }
      return Math.min(...times)
    }
    await fastest('mihon01')
    const [known, unknown] = [await fastest('mihon01'), await fastest('nobody')]
    // a wide margin for a busy machine: without the hashing the ratio would be a hundred
    expect(unknown / known).toBeGreaterThan(0.1)
    expect(unknown / known).toBeLessThan(10)
  })
})

describe('the demo customers', () => {
  test('have ids that no two share and that name neither login nor account', () => {
    const ids = demoCustomers.flatMap((one) => [one.id, ...one.accounts.map((held) => held.id)])
    expect(new Set(ids).size).toBe(ids.length)
    for (const one of demoCustomers) {
      expect(one.id).not.toContain(one.loginId)
      for (const held of one.accounts) {
        expect(held.id.length).toBeLessThanOrEqual(24)
        expect(held.id).not.toContain(held.number)
      }
    }
  })

  test('have companies and names of their own', () => {
    expect(new Set(demoCustomers.map((one) => one.companyName)).size).toBe(demoCustomers.length)
    expect(new Set(demoCustomers.map((one) => one.userName)).size).toBe(demoCustomers.length)
  })
})

describe('the line for hashing', () => {
  test('lets two run, few wait in order, and sends the others away at once', async () => {
    const { run } = createQueue({ atOnce: 2, mostWaiting: 3 })
    const ends: (() => void)[] = []
    const begun: number[] = []
    const outcomes = Array.from({ length: 7 }, (_, n) =>
      run(() => {
        begun.push(n)
        return new Promise<number>((end) => ends.push(() => end(n)))
      }),
    )
    expect(await Promise.all(outcomes.slice(5))).toEqual([undefined, undefined])
    expect(begun).toEqual([0, 1])
    for (let n = 0; n < 5; n += 1) {
      ends[n]?.()
      expect(await outcomes[n]).toBe(n)
      await new Promise(setImmediate)
      expect(begun).toEqual([0, 1, 2, 3, 4].slice(0, n + 3))
    }
  })

  test('is left by work that fails', async () => {
    const { run } = createQueue({ atOnce: 1, mostWaiting: 1 })
    const failing = run(() => Promise.reject(new Error('no memory')))
    const next = run(async () => 'done')
    await expect(failing).rejects.toThrow('no memory')
    expect(await next).toBe('done')
  })
})

describe('a secret hash', () => {
  test('matches its own secret and no other, with another salt each time', async () => {
    const [one, again] = [await hashSecret('Tsubame2026'), await hashSecret('Tsubame2026')]
    expect(one).not.toBe(again)
    expect(await secretMatches('Tsubame2026', one)).toBe(true)
    expect(await secretMatches('tsubame2026', one)).toBe(false)
    expect(await secretMatches('', matchesNothing)).toBe(false)
  })

  test('that is not one of ours is a defect and not a wrong secret', async () => {
    await expect(secretMatches('Tsubame2026', 'Tsubame2026')).rejects.toThrow('PHC')
  })
})

test.each([
  ['Ｒｏｓｅ', 'rose'],
  ['ガーベラ', 'がーべら'],
  ['ｶﾞｰﾍﾞﾗ', 'がーべら'],
  ['ヴィオラ', 'ゔぃおら'],
  ['チューリップ　の 花', 'ちゅーりっぷの花'],
])('the answer %s is compared as %s', (typed, folded) => {
  expect(foldAnswer(typed)).toBe(folded)
  expect(foldAnswer(folded)).toBe(folded)
})

describe('the demo statements', () => {
  const every = demoCustomers.flatMap((one) => one.accounts.map(({ id }) => id))
  const days = (from: string, count: number) =>
    Array.from({ length: count }, (_, n) => noon(from) + n * hours(24))
  const dateOf = (at: number) => new Date(at).toISOString().slice(0, 10)

  test('each day begins with the balance that the day before ended with', () => {
    for (const id of every.slice(0, 6)) {
      for (const at of days('2026-10-15', 120)) {
        const [before, after] = [balancesOf(id, at - hours(24)), balancesOf(id, at)]
        const moved = transactionsOf(id, { from: dateOf(at), to: dateOf(at) }, at)
        expect(after.previousDay).toBe(before.balance)
        expect(BigInt(after.balance)).toBe(
          BigInt(before.balance) + moved.reduce((sum, one) => sum + change(one), 0n),
        )
      }
    }
  })

  test('the end of last month stays what it was on that day', () => {
    for (const [last, next] of [
      ['2026-02-28', '2026-03-17'],
      ['2026-12-31', '2027-01-01'],
      ['2028-02-29', '2028-03-31'],
    ] as const) {
      for (const id of every.slice(0, 6)) {
        expect(balancesOf(id, noon(next)).previousMonth).toBe(balancesOf(id, noon(last)).balance)
      }
    }
  })

  test('a transaction stays as it was told, however much later it is asked for', () => {
    const range = { from: '2026-09-10', to: '2026-10-20' }
    for (const id of every.slice(0, 6)) {
      expect(transactionsOf(id, range, noon('2027-08-01'))).toEqual(
        transactionsOf(id, range, noon('2026-10-20')),
      )
    }
  })

  test('no account is ever overdrawn, works on a day off or is the twin of another', () => {
    const firsts = new Set<string>()
    for (const id of every) {
      const all = transactionsOf(id, { from: '2025-11-01', to: '2026-11-24' }, noon('2026-11-24'))
      firsts.add(JSON.stringify(all[0]))
      for (const { balance, amount, date, valueDate, remarks } of all) {
        expect(BigInt(balance) >= 0n && BigInt(amount) > 0n).toBe(true)
        expect([0, 6]).not.toContain(new Date(date).getUTCDay())
        expect(valueDate <= date).toBe(true)
        expect(remarks ?? 'ｱ').toMatch(/^[ｦ-ﾟ() -]+$/)
      }
      expect(all.some(({ date, valueDate }) => valueDate !== date)).toBe(true)
    }
    expect(firsts.size).toBe(every.length)
  })

  test('reach 400 days back and no further', () => {
    const at = noon('2026-11-24')
    for (const id of every) {
      const first = transactionsOf(id, { from: '2000-01-01', to: '2026-11-24' }, at)[0]
      expect(first && first.date >= dateOf(at - 400 * hours(24))).toBe(true)
    }
  })

  test('a date that is none tells nothing', () => {
    expect(transactionsOf(account.id, { from: 'yesterday', to: '2026-11-24' }, noon('2026-11-24'))).toEqual(
      [],
    )
  })

  test('a cheque paid in today cannot be withdrawn today', () => {
    const seen = days('2026-09-01', 60).flatMap((at) => {
      const today = transactionsOf(account.id, { from: dateOf(at), to: dateOf(at) }, at)
      const cheques = today
        .filter(({ remarks }) => remarks === 'ﾀﾃﾝｹﾝ')
        .reduce((sum, one) => sum + change(one), 0n)
      const { balance, withdrawable } = balancesOf(account.id, at)
      expect(BigInt(withdrawable)).toBe(BigInt(balance) - cheques)
      return cheques > 0n ? [at] : []
    })
    expect(seen.length).toBeGreaterThan(0)
  })
})
