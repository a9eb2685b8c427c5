/** Cookies that we did not give to this browser for this journey: changed, made up, swapped, doubled. All count as none. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Cookie, openBrowser } from '../support/browser.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import { allowOn, begin, consentsOf, goOn, send, stepOf, type Walk, walkToConsent } from '../support/walk.ts'

let bank: TestBank
let otherBank: TestBank
beforeAll(async () => {
  bank = fromEverywhere(await startBank({ environment: behindProxy }))
  otherBank = await startBank()
})
afterAll(async () => {
  await bank.close()
  await otherBank.close()
})

const signedInAs = '株式会社ひばり製菓'
const uidOf = ({ base }: Walk) => base.split('/')[2] ?? ''
const cookieOf = ({ browser }: Walk, name: string): Cookie => {
  const found = browser.cookies().find((cookie) => cookie.name === name)
  if (!found) throw new Error(`no cookie ${name}`)
  return found
}
const journeyOf = (walk: Walk) => cookieOf(walk, 'journey')

/** The browser's cookies with those that are named instead of its own, or without them. */
function replaceCookies({ browser }: Walk, changes: Readonly<Record<string, readonly Cookie[]>>): void {
  const kept = browser.cookies().filter(({ name }) => !(name in changes))
  browser.setCookies([...Object.values(changes).flat(), ...kept])
}

async function atConsent(): Promise<Walk> {
  const walk = await begin(bank)
  await walkToConsent(walk, 'mihon02')
  return walk
}

/** Whatever the cookie says, the bank sees nobody signed in; 許可 does nothing; and the customer can begin anew. */
async function expectNobody(walk: Walk): Promise<void> {
  const shown = walk.browser.page()
  const before = (await consentsOf(bank)).length
  const forged = walk.browser.cookies()
  const page = await walk.browser.get(`${walk.base}/give-consent`)
  expect([page.status, stepOf(page)]).toEqual([200, 'sign-in'])
  expect(page.html).not.toContain(signedInAs)
  walk.browser.setCookies(forged)
  const pressed = await allowOn(shown, walk)
  expect(pressed.status).toBe(403)
  expect(pressed.html).toContain('data-problem="stale-form"')
  expect(await consentsOf(bank)).toHaveLength(before)
  expect(await goOn(walk, 'mihon02')).toBeTruthy()
}

const flipped = (text: string, at: number) => {
  const bytes = Buffer.from(text, 'base64')
  bytes[at < 0 ? bytes.length + at : at] = (bytes.at(at) ?? 0) ^ 1
  return bytes.toString('base64')
}
const halves = (value: string) => value.split(';') as [string, string]

describe('a journey cookie', () => {
  it.each<readonly [string, (value: string) => string]>([
    ['with the first byte flipped', (value) => `${flipped(halves(value)[0], 0)};${halves(value)[1]}`],
    ['with the last byte flipped', (value) => `${flipped(halves(value)[0], -1)};${halves(value)[1]}`],
    ['with its nonce flipped', (value) => `${halves(value)[0]};${flipped(halves(value)[1], 0)}`],
    ['cut off', (value) => value.slice(0, 40)],
    ['without its nonce', (value) => halves(value)[0]],
    ['with its halves swapped', (value) => halves(value).toReversed().join(';')],
    ['with more behind it', (value) => `${halves(value)[0]}AAAA;${halves(value)[1]}`],
    ['that is empty', () => ''],
    ['of one semicolon', () => ';'],
    ['of garbage', () => '%%%\u0001;{"uid":"x"}'],
    ['of plain JSON', () => JSON.stringify({ journey: { facts: { customer: { id: 'c-1' } } } })],
    ['of 8 KB', () => `${randomBytes(6000).toString('base64')};${randomBytes(24).toString('base64')}`],
    ['of random bytes', () => `${randomBytes(200).toString('base64')};${randomBytes(24).toString('base64')}`],
    [
      'as short as can be',
      () => `${randomBytes(16).toString('base64')};${randomBytes(24).toString('base64')}`,
    ],
  ])('%s is no cookie', async (_what, change) => {
    const walk = await atConsent()
    const own = journeyOf(walk)
    replaceCookies(walk, { journey: [{ ...own, value: change(own.value) }] })
    await expectNobody(walk)
  })

  it('sealed with another bank’s key is no cookie, whatever it says', async () => {
    const walk = await atConsent()
    const customer = { id: 'c-1', companyName: signedInAs, userName: 'x', since: 0 }
    const journey = { uid: uidOf(walk), seenAt: Date.now(), facts: { customer, challenge: 'answered' } }
    const sealedBy = ({ server }: TestBank): Cookie => ({
      ...journeyOf(walk),
      value: server.encodeSecureSession(server.createSecureSession({ journey })),
    })
    replaceCookies(walk, { journey: [sealedBy(bank)] })
    expect((await send(bank, walk, 'GET', `${walk.base}/choose-services`)).body).toContain(signedInAs)
    replaceCookies(walk, { journey: [sealedBy(otherBank)] })
    await expectNobody(walk)
  })

  it('of another journey is no cookie of this one, in one browser and between two', async () => {
    const signedIn = await atConsent()
    for (const browser of [signedIn.browser, openBrowser(bank)]) {
      const other = await begin(bank, { browser })
      replaceCookies(other, { journey: [{ ...journeyOf(signedIn), path: other.base }] })
      const page = await other.browser.get(`${other.base}/give-consent`)
      expect(stepOf(page)).toBe('sign-in')
      expect(page.html).not.toContain(signedInAs)
      expect(await goOn(other, 'mihon01')).toBeTruthy()
    }
  })

  it('twice at once never signs anybody in who is not, and fails nowhere', async () => {
    const signedIn = await atConsent()
    const other = await begin(bank)
    const own = journeyOf(other)
    const foreign = { ...journeyOf(signedIn), path: other.base }
    const garbage = { ...own, value: 'garbage' }
    for (const both of [
      [own, foreign],
      [foreign, own],
      [garbage, own],
      [own, own],
    ]) {
      replaceCookies(other, { journey: both })
      const page = await other.browser.get(`${other.base}/give-consent`)
      expect([page.status, stepOf(page)]).toEqual([200, 'sign-in'])
      expect(page.html).not.toContain(signedInAs)
    }
    expect(await goOn(other, 'mihon01')).toBeTruthy()
  })

  it.each([
    ['broken percent signs', 'journey=%ZZ%; interaction=%E3%81'],
    ['quotes', 'journey="a;b"; interaction=""'],
    ['names of JavaScript', '__proto__=x; constructor=y; journey=z; hasOwnProperty=1'],
    ['no names', '=;;=; ;journey;;'],
    ['a thousand of them', Array.from({ length: 1000 }, (_, n) => `c${n}=1`).join('; ')],
  ])('header of %s leads to a page of ours', async (_what, cookie) => {
    const walk = await begin(bank)
    const { statusCode, body } = await send(bank, walk, 'GET', `${walk.base}/sign-in`, {
      headers: { cookie },
    })
    expect(statusCode).toBe(410)
    expect(body).toContain('data-problem="journey-unknown"')
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
  })
})

describe('the engine’s interaction cookie', () => {
  const sig = 'interaction.sig'

  it.each<readonly [string, (walk: Walk, other: Walk) => Readonly<Record<string, readonly Cookie[]>>]>([
    ['missing', () => ({ interaction: [], [sig]: [] })],
    ['without its signature', () => ({ [sig]: [] })],
    ['with an empty signature', (walk) => ({ [sig]: [{ ...cookieOf(walk, sig), value: '' }] })],
    ['with a wrong signature', (walk) => ({ [sig]: [{ ...cookieOf(walk, sig), value: 'A'.repeat(27) }] })],
    [
      'with the signature of another journey',
      (walk, other) => ({ [sig]: [{ ...cookieOf(other, sig), path: walk.base }] }),
    ],
    [
      'of another journey under this signature',
      (walk, other) => ({ interaction: [{ ...cookieOf(other, 'interaction'), path: walk.base }] }),
    ],
  ])('%s opens no journey, and the customer who has his own goes on', async (_what, changes) => {
    const walk = await atConsent()
    const other = await begin(bank)
    const own = walk.browser.cookies()
    const shown = walk.browser.page()
    replaceCookies(walk, changes(walk, other))
    const page = await walk.browser.get(`${walk.base}/give-consent`)
    expect([page.status, page.html.includes(signedInAs)]).toEqual([410, false])
    const before = (await consentsOf(bank)).length
    expect((await allowOn(shown, walk)).status).toBe(410)
    expect(await consentsOf(bank)).toHaveLength(before)
    walk.browser.setCookies(own)
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
    expect(await goOn(other, 'mihon02')).toBeTruthy()
  })

  it('of one journey does not go with the journey cookie of another', async () => {
    const signedIn = await atConsent()
    const other = await begin(bank)
    for (const path of [signedIn.base, other.base]) {
      const browser = openBrowser(bank)
      browser.setCookies(
        [cookieOf(other, 'interaction'), cookieOf(other, sig), journeyOf(signedIn)].map((cookie) => ({
          ...cookie,
          path,
        })),
      )
      const page = await browser.get(`${path}/give-consent`)
      expect(page.html).not.toContain(signedInAs)
      expect(page.path).toBe(path === other.base ? `${path}/sign-in` : `${path}/give-consent`)
      expect(page.status).toBe(path === other.base ? 200 : 410)
    }
    expect(await goOn(signedIn, 'mihon02')).toBeTruthy()
    expect(await goOn(other, 'mihon01')).toBeTruthy()
  })
})

describe('the address of a journey in another browser', () => {
  it('shows nothing of it, takes no password, ends nothing and does not lead to the fintech', async () => {
    const walk = await atConsent()
    const thief = await begin(bank)
    const before = (await consentsOf(bank)).length
    for (const step of ['', '/sign-in', '/give-consent', '/return', '/certificate-login']) {
      const page = await thief.browser.get(walk.base + step)
      expect([page.status, page.html.includes(signedInAs), page.leftTo]).toEqual([410, false, undefined])
    }
    for (const step of ['sign-in', 'give-consent', 'cancel', 'change', 'keep-alive']) {
      const { statusCode } = await send(bank, thief, 'POST', `${walk.base}/${step}`, {
        fields: { loginId: 'mihon01', password: 'Tsubame2026', proceed: 'yes', how: 'refused' },
      })
      expect([403, 410]).toContain(statusCode)
    }
    const resumed = await thief.browser.get(`/authorize/${uidOf(walk)}`)
    expect([resumed.status, resumed.leftTo]).toEqual([410, undefined])
    expect(await consentsOf(bank)).toHaveLength(before)
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
    expect(await goOn(thief, 'mihon01')).toBeTruthy()
  })

  it('is of no use to somebody who sends it to a customer: his browser has no such journey', async () => {
    const lure = await begin(bank)
    const victim = openBrowser(bank)
    const page = await victim.get(lure.base)
    expect(page.status).toBe(410)
    expect(page.html).not.toContain('name="password"')
  })
})
