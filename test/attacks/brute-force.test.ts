/** Guessing passwords, answers and PINs: five tries, however many journeys, fintechs, processes and addresses they come from. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import type { TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import {
  answer,
  begin,
  chooseServices,
  giveAnswer,
  goOn,
  handleOf,
  password,
  pin,
  registerPins,
  send,
  signIn,
  stepOf,
  type Walk,
} from '../support/walk.ts'

let processes: Processes
let bank: TestBank
/** What the bank was asked, one entry a guess. */
let guesses: string[]
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  guesses = []
  processes = await startProcesses({ wrapBank: counting })
  bank = processes.one
})
afterEach(async () => {
  await processes.close()
  vi.useRealTimers()
})

/** Wrong passwords and answers are told without hashing, so that many fit into a test. */
const counting = (real: Bank): Bank => ({
  ...real,
  async signIn(credentials) {
    guesses.push(credentials.loginId)
    return credentials.password === password ? real.signIn(credentials) : { ok: false, reason: 'wrong' }
  },
  async answer(attempt) {
    guesses.push(attempt.question)
    return attempt.answer === answer ? real.answer(attempt) : { ok: false, reason: 'wrong' }
  },
  async holdPins(request) {
    for (const one of request.pins) guesses.push(one.account)
    return real.holdPins(request)
  },
})

const pass = (minutes: number) => vi.setSystemTime(Date.now() + minutes * 60_000)
const problemOf = (html: string) => /data-problem="([\w-]+)"/.exec(html)?.[1]

/** A journey of another customer's computer, at either process and for either fintech. */
let addresses = 0
function elsewhere(): TestBank {
  addresses += 1
  const at = addresses % 2 === 0 ? processes.one : processes.two
  const server: TestBank['server'] = Object.create(at.server, {
    inject: {
      value: (request: object) =>
        at.server.inject({ ...request, remoteAddress: `198.${addresses >> 8}.${addresses & 255}.7` }),
    },
  })
  return { ...at, server }
}
const newJourney = () => {
  const from = elsewhere()
  return begin(from, { fintech: openFintech(from, addresses % 3 === 0 ? 'demo-kaikei' : 'demo-kakeibo') })
}

async function atPins(): Promise<Walk> {
  const walk = await newJourney()
  let page = await signIn(walk, 'mihon01')
  // Each of these browsers is new and far from the one before.
  if (stepOf(page) === 'answer-challenge') page = await giveAnswer(walk)
  if (stepOf(page) === 'choose-services') await chooseServices(walk)
  return walk
}
async function atQuestion(): Promise<Walk> {
  const walk = await newJourney()
  await signIn(walk, 'mihon03')
  return walk
}

/** Sends one form two hundred times at once, to both processes and from two hundred addresses. */
const twoHundredTimes = (walk: Walk, step: string, fieldsOf: (n: number) => Record<string, string>) =>
  Promise.all(
    Array.from({ length: 200 }, (_, n) =>
      send(n % 2 === 0 ? processes.one : processes.two, walk, 'POST', `${walk.base}/${step}`, {
        fields: fieldsOf(n),
        from: `203.${n}.113.7`,
      }),
    ),
  )

describe('guessing a password', () => {
  it('ends after five tries, in new journeys, of other fintechs, at other addresses and processes', async () => {
    for (let turn = 1; turn <= 5; turn += 1) {
      const { html } = await signIn(await newJourney(), 'mihon02', `guess ${turn}`)
      expect(html.includes('あと1回違うと')).toBe(turn === 4)
      expect(problemOf(html)).toBe(turn === 5 ? 'locked-for-a-while' : undefined)
    }
    guesses = []
    const walk = await newJourney()
    expect(problemOf((await signIn(walk, 'mihon02')).html)).toBe('locked-for-a-while')
    expect(guesses).toEqual([])
    pass(31)
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
  })

  it('two hundred times at once asks the bank five times', async () => {
    const walk = await begin(bank)
    await twoHundredTimes(walk, 'sign-in', (n) => ({ loginId: 'mihon02', password: `guess ${n}` }))
    expect(guesses).toHaveLength(5)
    pass(31)
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
  }, 90_000)

  it('is not what a company does whose people sign in twelve times at once with the right one', async () => {
    const walk = await begin(bank)
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        send(bank, walk, 'POST', `${walk.base}/sign-in`, { fields: { loginId: 'mihon01', password } }),
      ),
    )
    expect(new Set(answers.map(({ headers }) => headers.location))).toEqual(
      new Set([`${walk.base}/choose-services`]),
    )
  })

  it('gets nowhere with other spellings of one login ID', async () => {
    for (const spelling of ['mihon02', ' mihon02 ', 'ｍｉｈｏｎ０２', 'mihon02\t', '\u3000mihon02'])
      await signIn(await newJourney(), spelling, 'wrong')
    expect(new Set(guesses)).toEqual(new Set(['mihon02']))
    expect(problemOf((await signIn(await newJourney(), 'mihon02')).html)).toBe('locked-for-a-while')
  })

  it('locks for good the third time, and then even the right one is refused for ever', async () => {
    for (let lock = 1; lock <= 3; lock += 1) {
      for (let turn = 0; turn < 5; turn += 1) await signIn(await newJourney(), 'mihon02', 'wrong')
      pass(31)
    }
    pass(60 * 24 * 365)
    const walk = await newJourney()
    expect(problemOf((await signIn(walk, 'mihon02')).html)).toBe('locked-for-good')
    expect(await goOn(await newJourney(), 'mihon01')).toBeTruthy()
  })

  it('of a login ID that does not exist is locked in the same way', async () => {
    const told = async (loginId: string) => {
      const pages: (string | undefined)[] = []
      for (let turn = 0; turn < 7; turn += 1) {
        const { html } = await signIn(await newJourney(), loginId, 'wrong')
        pages.push(problemOf(html) ?? /class="summary"[\s\S]*?<\/ul>/.exec(html)?.[0])
      }
      return pages
    }
    expect(await told('nobody99')).toEqual(await told('mihon02'))
  })
})

describe('guessing an answer', () => {
  it('ends after five tries over all journeys, and the right one is refused while it is locked', async () => {
    for (let turn = 0; turn < 5; turn += 1) await giveAnswer(await atQuestion(), `guess ${turn}`)
    guesses = []
    const walk = await atQuestion()
    expect(problemOf((await giveAnswer(walk)).html)).toBe('locked-for-a-while')
    expect(guesses).toEqual(['mihon03'])
    pass(31)
    expect(await goOn(walk, 'mihon03')).toBeTruthy()
  })

  it('two hundred times at once asks the bank five times', async () => {
    const walk = await atQuestion()
    guesses = []
    await twoHundredTimes(walk, 'answer-challenge', (n) => ({ answer: `guess ${n}` }))
    expect(guesses).toHaveLength(5)
  }, 90_000)
})

describe('guessing a PIN', () => {
  it('ends after five tries over all journeys and fintechs, and the right one is refused while it is locked', async () => {
    for (let turn = 0; turn < 5; turn += 1) await registerPins(await atPins(), { 2000002: `000${turn}` })
    const walk = await atPins()
    guesses = []
    const page = await registerPins(walk, { 2000002: pin, 1111111: pin })
    expect(stepOf(page)).toBe('review-pins')
    expect(page.html).toContain('1件の照会用暗証番号を登録しました')
    expect(page.html).toContain('この口座の登録を停止しています')
    expect(guesses).toHaveLength(1)
    expect(await goOn(walk, 'mihon01')).toBeTruthy()
    pass(31)
    expect(stepOf(await registerPins(await atPins(), { 2000002: pin }))).toBe('review-pins')
  })

  it('two hundred times at once asks the bank five times', async () => {
    const walk = await atPins()
    const handle = handleOf(walk.browser.page().html, '2000002')
    guesses = []
    await twoHundredTimes(walk, 'register-pins', (n) => ({
      rows: handle,
      [`pin-${handle}`]: String(1000 + n),
    }))
    expect(guesses).toHaveLength(5)
  }, 90_000)

  it('does not get more tries by naming one row many times', async () => {
    const walk = await atPins()
    const handle = handleOf(walk.browser.page().html, '2000002')
    guesses = []
    await walk.browser.post(`${walk.base}/register-pins`, {
      rows: Array.from({ length: 50 }, () => handle),
      [`pin-${handle}`]: Array.from({ length: 50 }, (_, n) => String(1000 + n)),
    })
    expect(guesses.length).toBeLessThanOrEqual(1)
  })

  it('spends no tries of an honest customer’s address on rows that are right', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon06', 'mistyped')
    await signIn(walk, 'mihon06')
    const { html } = await chooseServices(walk)
    const numbers = [...html.matchAll(/(?:普通|当座) (\d{7})</g)].map((match) => match[1] ?? '')
    const page = await registerPins(walk, Object.fromEntries(numbers.map((number) => [number, pin])))
    expect(page.html).toContain('60件の照会用暗証番号を登録しました')
    expect(page.html).not.toContain('登録を停止しています')
  })
})

describe('guessing from one address', () => {
  const thief = '192.0.2.66'
  const from = (walk: Walk, loginId: string, secret: string, address = thief, headers = {}) =>
    send(bank, walk, 'POST', `${walk.base}/sign-in`, {
      fields: { loginId, password: secret },
      from: address,
      headers,
    })

  /** One password on many login IDs, slower than a flood. */
  async function spray(
    walk: Walk,
    headersOf: (n: number) => Record<string, string> = () => ({}),
  ): Promise<void> {
    for (let n = 0; n < 60; n += 1) {
      if (n === 40) pass(1.1)
      await from(walk, `guess${n}`, 'Tsubame2025', thief, headersOf(n))
    }
    pass(1.1)
    guesses = []
  }

  it('one password on many login IDs ends for that address, and for nobody else', async () => {
    const walk = await begin(bank)
    await spray(walk)
    await from(walk, 'mihon02', password)
    expect(guesses).toEqual([])
    expect((await from(walk, 'mihon02', password, '192.0.2.67')).headers.location).toContain(
      'choose-services',
    )
    pass(14)
    const later = await begin(bank)
    guesses = []
    // His own customer may come in there, but is asked more than usual.
    expect((await from(later, 'mihon02', password)).headers.location).toContain('answer-challenge')
    expect(guesses).toEqual(['mihon02'])
  })

  it('is not helped by a forged X-Forwarded-For or Forwarded', async () => {
    const walk = await begin(bank)
    await spray(walk, (n) => ({ 'x-forwarded-for': `198.51.100.${n}`, forwarded: `for=198.51.100.${n}` }))
    await from(walk, 'mihon02', password, thief, { 'x-forwarded-for': '198.51.100.200' })
    expect(guesses).toEqual([])
    expect(await goOn(await begin(bank), 'mihon02')).toBeTruthy()
  })

  it('is not helped by choosing among the addresses of one IPv6 network', async () => {
    const walk = await begin(bank)
    for (let n = 0; n < 60; n += 1) {
      if (n === 40) pass(1.1)
      await from(walk, `guess${n}`, 'Tsubame2025', `2001:db8:0:7::${n.toString(16)}`)
    }
    pass(1.1)
    guesses = []
    await from(walk, 'mihon02', password, '2001:db8:0:7:ffff::1')
    expect(guesses).toEqual([])
    await from(walk, 'mihon02', password, '2001:db8:0:8::1')
    expect(guesses).toEqual(['mihon02'])
  })

  it.each([
    ['as it is', (base: string) => base],
    ['with a letter encoded', (base: string) => base.replace('/journey', '/%6aourney')],
    ['as a whole address', (base: string) => `http://localhost:3000${base}`],
  ])('faster than sixty forms a minute is stopped at the door, the path written %s', async (_how, write) => {
    const walk = await begin(bank)
    const statuses: number[] = []
    for (let n = 0; n < 65; n += 1) {
      const fields = { loginId: 'x', password: '' }
      const path = `${write(walk.base)}/sign-in`
      statuses.push((await send(bank, walk, 'POST', path, { fields, from: thief })).statusCode)
    }
    expect(statuses.slice(0, 60)).not.toContain(429)
    expect(new Set(statuses.slice(60))).toEqual(new Set([429]))
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
  })
})
