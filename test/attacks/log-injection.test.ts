/** What a request brings can forge no log line, colour no terminal and leave no secret in the log: one event, one line, one JSON object. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import { startBank, type TestBank, withCalls } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { openFintech } from '../support/fintech.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import { openToNetwork, type RawClient, rawRequest } from '../support/raw.ts'
import { begin, chooseServices, giveAnswer, registerPins, signIn, walkToConsent } from '../support/walk.ts'

let bank: TestBank
let send: RawClient
let failing: Partial<Bank>
/** how many lines there were before this test */
let earlier: number
beforeAll(async () => {
  const started = await startBank({
    environment: { ...behindProxy, LOG_LEVEL: 'trace' },
    wrapBank: (real) => withCalls(real, () => failing),
  })
  bank = fromEverywhere(started)
  send = await openToNetwork(bank)
})
afterAll(() => bank.close())
beforeEach(async () => {
  failing = {}
  await bank.db.deleteFrom('attempts').execute()
  earlier = bank.logged.length
})

/** Stands in every text of an attacker, so that it can be looked for. */
const mark = 'planted-mark'

const breakers: [string, string][] = [
  ['a line break', `${mark}\n{"level":"error","event":"forged"}`],
  ['a carriage return', `${mark}\r\n{"level":"error","event":"forged"}\r`],
  ['the end of a JSON text', `${mark}","level":"error","event":"forged`],
  ['the end of a JSON object', `${mark}"}\n{"event":"forged"}`],
  ['a backslash at the end', `${mark}\\`],
  ['terminal colours', `${mark}\u001b[31m\u001b[2J\u001b]0;title\u0007`],
  ['Unicode line breaks', `${mark}\u2028\u2029\u0085`],
  ['a change of direction', `${mark}\u202e\u2066`],
  ['a NUL and a backspace', `${mark}\0\b\b\b\b`],
  ['a redaction path', `${mark} [redacted] %s %j %o {}`],
]

const logged = (): string => bank.logged.slice(earlier).join('')

type Line = { level?: unknown; time?: unknown; event?: unknown; msg?: unknown }

/** Every line, as a machine would read it. */
function readLog(): readonly Line[] {
  const text = logged()
  // Nothing but the line's own end may steer a terminal or a program that reads line by line.
  expect(Array.from(text).filter((one) => one !== '\n' && (one < ' ' || one === '\u007f'))).toEqual([])
  const lines = text === '' ? [] : text.trimEnd().split('\n')
  expect(lines).toHaveLength(bank.logged.length - earlier)
  return lines.map((line) => JSON.parse(line) as Line)
}

function expectHonestLog(): void {
  for (const line of readLog()) {
    expect(Object.getPrototypeOf(line)).toBe(Object.prototype)
    expect(line.level).toMatch(/^(trace|debug|info|warn|error)$/)
    expect(Number.isNaN(Date.parse(String(line.time)))).toBe(false)
    expect(line.event).not.toBe('forged')
  }
}

const expectNoMark = (): void => expect(logged()).not.toContain(mark)

describe.each(breakers)('%s', (_what, text) => {
  it('in what a customer types', async () => {
    const walk = await begin(bank)
    await signIn(walk, text, text)
    await signIn(walk, 'mihon03')
    await giveAnswer(walk, text)
    await giveAnswer(walk)
    await chooseServices(walk, [text])
    await chooseServices(walk)
    await registerPins(walk, { 2000002: text })
    await walk.browser.post(`${walk.base}/cancel`, { how: text, problem: text })
    expectHonestLog()
    expectNoMark()
  })

  it('in an address, escaped', async () => {
    const part = encodeURIComponent(text)
    for (const url of [
      `/${part}`,
      `/journey/${part}/sign-in`,
      `/journey/abc/${part}?lang=${part}&ticket=${part}&${part}=${part}`,
      `/authorize?client_id=${part}&state=${part}&scope=${part}`,
      `/authorize?client_id=demo-kakeibo&redirect_uri=${part}&response_type=${part}&prompt=${part}`,
      `/authorize/${part}`,
      `/api/accounts/${part}/balances?dateFrom=${part}`,
    ]) {
      await openBrowser(bank).get(url)
    }
    expectHonestLog()
    expectNoMark()
  })

  it('in what a fintech sends', async () => {
    const fintech = openFintech(bank)
    await fintech.push(fintech.newRequest({ scope: text }).parameters)
    await fintech.push(fintech.newRequest({ redirect_uri: text, state: text }).parameters)
    await fintech.exchange(text, text)
    await fintech.refresh(text)
    await fintech.introspect(text)
    await fintech.revoke(text)
    await fintech.form('/token', { grant_type: text, [text]: text })
    await fintech.form(
      '/token',
      { grant_type: 'refresh_token' },
      { authorization: `Basic ${btoa(`${mark}:x`)}` },
    )
    expectHonestLog()
    expectNoMark()
  })

  it('in headers, as far as HTTP lets it through', async () => {
    const value = Buffer.from(text).toString('latin1')
    for (const cleaned of [value, value.replaceAll(/[\r\n\0]/g, ' ')]) {
      for (const target of ['/journey/abc', '/token', '/nowhere']) {
        const names = [
          'User-Agent',
          'X-Request-Id',
          'Request-Id',
          'Traceparent',
          'Referer',
          'Cookie',
          'Accept',
        ]
        const headers = names.map((name) => `${name}: ${cleaned}`)
        const bytes = Buffer.from(rawRequest(target, { headers }), 'latin1')
        expect((await send(bytes)).status).toBeGreaterThanOrEqual(400)
      }
    }
    expectHonestLog()
    expectNoMark()
  })

  it('in an error of the bank', async () => {
    failing = {
      signIn: () => Promise.reject(Object.assign(new Error(text), { code: text, name: text })),
    }
    const walk = await begin(bank)
    expect((await signIn(walk, 'mihon02')).status).toBe(500)
    expectHonestLog()
    expect(readLog().filter(({ level }) => level === 'error')).toHaveLength(1)
  })
})

describe('a forwarded address', () => {
  it.each([`${mark}","event":"forged`, '\u009b31m', '__proto__', '%0aforged', "';--"])(
    '%j is one text of one line',
    async (address) => {
      await bank.server.inject({ url: '/healthz', headers: { 'x-forwarded-for': address } })
      expectHonestLog()
    },
  )
})

describe('a request', () => {
  it('leaves a line with its route, and nothing of its query, body or headers', async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon03')
    const [uid = ''] = walk.base.split('/').slice(-1)
    const log = logged()
    expect(readLog().filter(({ event }) => event === 'request').length).toBeGreaterThan(5)
    expect(log).toContain('"route":"/journey/:uid/:step"')
    for (const secret of [
      uid,
      '?',
      'mihon03',
      'Tsubame2026',
      'さくら',
      walk.parameters.state ?? '',
      'text/html',
    ])
      expect(log, secret).not.toContain(secret)
  })
})
