/** Browsers drop a cookie over 4096 bytes without a word: the largest journey stays below it, whatever is typed. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { goodCertificate } from '../support/certificates.ts'
import { openFintech } from '../support/fintech.ts'
import {
  allow,
  begin,
  beginAt,
  chooseServices,
  comeBack,
  confirmPins,
  giveAnswer,
  morePins,
  offeredAccounts,
  pin,
  registerPins,
  signIn,
  stepOf,
  type Walk,
  watchAnswers,
} from '../support/walk.ts'

let bank: TestBank
let answers: ReturnType<typeof watchAnswers>
beforeEach(async () => {
  bank = await startBank()
  answers = watchAnswers(bank)
})
afterEach(() => bank.close())

/** Name and attributes included, as browsers count. */
const largestCookie = async (): Promise<number> =>
  Math.max(
    ...(await answers()).flatMap(({ headers }) => headers['set-cookie'] ?? []).map((cookie) => cookie.length),
  )

async function expectNoneTooLarge(): Promise<void> {
  expect(await largestCookie()).toBeLessThanOrEqual(4096)
  expect((await answers()).filter(({ statusCode }) => statusCode >= 500)).toEqual([])
}

/** mihon06 at the table of his 60 accounts. */
async function atSixtyAccounts(): Promise<{ walk: Walk; numbers: readonly string[] }> {
  const walk = await begin(bank)
  await signIn(walk, 'mihon06')
  const { html } = await chooseServices(walk)
  const numbers = [...html.matchAll(/(?:普通|当座) (\d{7})</g)].map((match) => match[1] ?? '')
  expect(numbers).toHaveLength(60)
  return { walk, numbers }
}

const same = (numbers: readonly string[], entry: string): Record<string, string> =>
  Object.fromEntries(numbers.map((number) => [number, entry]))

describe('the journey with 60 accounts', () => {
  it('holds all their PINs in one submit and grants them all', async () => {
    const { walk, numbers } = await atSixtyAccounts()
    expect(stepOf(await registerPins(walk, same(numbers, pin)))).toBe('review-pins')
    expect(offeredAccounts((await confirmPins(walk)).html)).toHaveLength(60)
    expect((await allow(walk, { proceed: '' })).html).toContain('<title>エラー：')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    await expectNoneTooLarge()
  })

  it.each([
    ['no PIN in any row', ''],
    ['a word in every row', 'abcd'],
    ['a wrong PIN in every row', '0000'],
  ])('with %s names the rows, and the customer goes on', async (_what, entry) => {
    const { walk, numbers } = await atSixtyAccounts()
    const page = await registerPins(walk, same(numbers, entry))
    expect(page.status).toBe(200)
    expect(stepOf(page)).toBe('register-pins')
    expect(page.html).toContain('<title>エラー：')
    await expectNoneTooLarge()
  })

  it('with one right PIN among wrong ones says which, and the customer goes on', async () => {
    const { walk, numbers } = await atSixtyAccounts()
    const [first = '', ...others] = numbers
    const page = await registerPins(walk, { ...same(others, '0000'), [first]: pin })
    expect(page.status).toBe(200)
    expect(stepOf(page)).toBe('review-pins')
    expect(stepOf(await morePins(walk))).toBe('register-pins')
    await expectNoneTooLarge()
  })

  it('with PINs beside unticked rows says so at each, and the customer goes on', async () => {
    const { walk, numbers } = await atSixtyAccounts()
    const ticked = await registerPins(walk, { [numbers[0] ?? '']: 'abcd' })
    const pins = [...ticked.html.matchAll(/name="(pin-[\w-]+)"/g)].map((match) => [match[1] ?? '', pin])
    const page = await walk.browser.post(`${walk.base}/register-pins`, Object.fromEntries(pins))
    expect(page.status).toBe(200)
    expect(page.html).toContain('登録する場合は、口座を選んでから')
    await expectNoneTooLarge()
  })
})

describe('typed texts of any length', () => {
  const long = '𠮷'.repeat(2_000)

  it('leave the cookie small', async () => {
    const walk = await begin(bank)
    await signIn(walk, long, 'x')
    await signIn(walk, '字'.repeat(64), 'x')
    expect(walk.browser.page().html).toContain('字'.repeat(64))
    await signIn(walk, 'mihon03')
    await giveAnswer(walk, long)
    await giveAnswer(walk)
    await chooseServices(
      walk,
      Array.from({ length: 500 }, (_, n) => `service-${n}`),
    )
    await chooseServices(walk)
    expect(stepOf(walk.browser.page())).toBe('register-pins')
    await expectNoneTooLarge()
  })

  it('as 500 made-up accounts at 許可 are not kept', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    await chooseServices(walk)
    const page = await allow(walk, { accounts: Array.from({ length: 500 }, (_, n) => `made-up-${n}`) })
    expect(page.status).toBe(200)
    expect(stepOf(page)).toBe('give-consent')
    await expectNoneTooLarge()
  })
})

it('the longest name that a bank may give the holder of a certificate leaves the cookie small', async () => {
  const walk = await begin(bank)
  const ticket = bank.tickets.issue(
    goodCertificate({ name: '寿'.repeat(1000) }),
    walk.base.split('/')[2] ?? '',
  )
  const page = await walk.browser.get(`${walk.base}/certificate?ticket=${ticket}`)
  expect(stepOf(page)).toBe('certificate-password')
  expect(page.html).toContain('寿'.repeat(40))
  await expectNoneTooLarge()
})

describe('a state of 1 KB', () => {
  const state = 'あ/+&=%'.repeat(170).slice(0, 1024)

  it.each(['pushed', 'plain'])('survives the whole journey of a %s request', async (how) => {
    const fintech = openFintech(bank)
    const request = fintech.newRequest({ state })
    const address =
      how === 'pushed'
        ? await fintech.authorizeAddress(request.parameters)
        : `/authorize?${new URLSearchParams(request.parameters).toString()}`
    const walk = await beginAt({ browser: openBrowser(bank), fintech, ...request }, address)
    await signIn(walk, 'mihon02')
    await chooseServices(walk)
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('state')).toBe(state)
    await expectNoneTooLarge()
  })
})
