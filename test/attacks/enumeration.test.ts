/** Who has no password learns nothing: an unknown login ID, a known one, and one with a problem of its own look the same. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import type { Page } from '../support/browser.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import { begin, goOn, send, signIn, stepOf, type Walk } from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  bank = fromEverywhere(await startBank({ environment: behindProxy }))
})
afterEach(() => bank.close())

const problemOf = ({ html }: Page) => /data-problem="([\w-]+)"/.exec(html)?.[1]
const knownIds = demoCustomers.map(({ loginId }) => loginId)

/** All that a browser gets for one wrong try, but for what is its own: token, uid, 受付番号 and the login ID it typed. */
async function wrongTry(loginId: string) {
  const walk = await begin(bank)
  const answer = await send(bank, walk, 'POST', `${walk.base}/sign-in`, {
    fields: { loginId, password: 'wrong-password' },
  })
  const page = await signIn(walk, loginId, 'wrong-password')
  return {
    answer: { status: answer.statusCode, headers: ownTaken(answer.headers, walk), body: answer.body },
    page: {
      status: page.status,
      headers: ownTaken(page.headers, walk),
      body: ownTakenFrom(page, walk, loginId),
    },
  }
}

/** A sealed cookie is as long as what is in it; its letters are nobody's but its own. */
function ownTaken(headers: Readonly<Record<string, unknown>>, { base }: Walk): Record<string, string> {
  const taken = Object.entries(headers).map(([name, value]) => {
    const text = String(value).replaceAll(base, '/journey/…')
    return [name, name === 'set-cookie' ? text.replace(/=[^;]*;/, '=…;') : name === 'date' ? '' : text]
  })
  return Object.fromEntries(taken)
}

const ownTakenFrom = ({ html }: Page, { base }: Walk, loginId: string): string =>
  html
    .replaceAll(base, '/journey/…')
    .replace(/name="_csrf" value="[^"]+"/g, 'name="_csrf"')
    // Seconds pass between two pages, and one of them may end a minute.
    .replace(/data-left="\d+"/, 'data-left')
    .replace(/\d\d:\d\d（日本時間）/, '時刻')
    .replace(/<strong class="nowrap">[0-9A-Z]{4}-[0-9A-Z]{4}<\/strong>/, '受付番号')
    .replaceAll(loginId, 'login-id')

const sealedLength = async (loginId: string): Promise<number> => {
  const walk = await begin(bank)
  await signIn(walk, loginId, 'wrong-password')
  return walk.browser.cookies().find(({ name }) => name === 'journey')?.value.length ?? 0
}

describe('a wrong password', () => {
  it.each(knownIds)('for %s is answered like a login ID that nobody has, to the byte', async (loginId) => {
    expect(await wrongTry(loginId)).toEqual(await wrongTry(loginId.replace('mihon', 'ghost')))
  })

  it('leaves a cookie of the same length for all of them', async () => {
    expect(await sealedLength('mihon03')).toBe(await sealedLength('ghost03'))
  })

  it('takes the same time for a known and an unknown login ID', async () => {
    const times = { known: [] as number[], unknown: [] as number[] }
    for (const [n, loginId] of knownIds.entries()) {
      for (const [kind, typed] of [
        ['known', loginId],
        ['unknown', `nobody${n}`],
      ] as const) {
        const walk = await begin(bank)
        const start = performance.now()
        await send(bank, walk, 'POST', `${walk.base}/sign-in`, { fields: { loginId: typed, password: 'x' } })
        times[kind].push(performance.now() - start)
      }
    }
    const median = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
    const [known, unknown] = [median(times.known), median(times.unknown)]
    // Skipping the hash would be ten times faster; a busy machine is not.
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(2.5)
  })
})

describe('what is wrong with a contract', () => {
  it.each([
    ['mihon04', 'locked-by-bank'],
    ['mihon05', 'password-expired'],
    ['mihon07', 'certificate-required'],
    ['mihon08', 'may-not-connect'],
    ['mihon13', 'first-login'],
    ['mihon14', 'contract-closed'],
  ])('of %s (%s) is told only after the right password', async (loginId, problem) => {
    const walk = await begin(bank)
    const wrong = await signIn(walk, loginId, 'wrong-password')
    expect([stepOf(wrong), problemOf(wrong)]).toEqual(['sign-in', undefined])
    const right = await signIn(walk, loginId)
    expect([right.status, problemOf(right)]).toEqual([403, problem])
    expect(right.html).not.toContain(demoCustomers.find((one) => one.loginId === loginId)?.companyName)
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
  })

  it('is not told any more once too many tries were wrong', async () => {
    const told: (string | undefined)[] = []
    for (const loginId of ['mihon08', 'nobody08']) {
      const walk = await begin(bank)
      for (let turn = 0; turn < 5; turn += 1) {
        await signIn(walk, loginId, 'wrong-password')
        await walk.browser.get(walk.base)
      }
      told.push(problemOf(await signIn(walk, loginId)))
    }
    expect(told).toEqual(['locked-for-a-while', 'locked-for-a-while'])
  })

  it('such as a registered question is not to be seen before the password was right', async () => {
    const walk = await begin(bank)
    const page = await signIn(walk, 'mihon03', 'wrong-password')
    expect(page.html).not.toContain('好きな花')
    expect(stepOf(await walk.browser.get(`${walk.base}/answer-challenge`))).toBe('sign-in')
    expect(await goOn(walk, 'mihon03')).toBeTruthy()
  })
})
