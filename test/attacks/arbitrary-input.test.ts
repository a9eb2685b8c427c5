/** Whatever is sent, in whatever order: never a failure of ours, never a customer without a way back, never a step skipped. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InjectOptions } from 'fastify'
import type { Bank } from '../../src/bank/port.ts'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { faultOf, routesOf } from '../support/answers.ts'
import {
  asForm,
  body,
  encoded,
  fields,
  form,
  headers,
  oauthNames,
  ourNames,
  text,
} from '../support/arbitrary.ts'
import { startBank, type TestBank, withCalls } from '../support/bank.ts'
import type { Cookie } from '../support/browser.ts'
import { openFintech } from '../support/fintech.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import {
  allow,
  begin,
  cancel,
  chooseServices,
  comeBack,
  confirmPins,
  giveAnswer,
  pin,
  registerPins,
  signIn,
  skipPins,
  stepOf,
  type Walk,
} from '../support/walk.ts'

/** `SEED=… npm test test/attacks/arbitrary-input.test.ts` repeats a run. */
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
const bounded = (seconds: number) => ({ seed, numRuns: 3000, interruptAfterTimeLimit: seconds * 1000 })

let bank: TestBank
/** What the bank itself has confirmed since the journey began: `password <customer>`, `answer <customer>`, `pin <account>`. */
let confirmed: Set<string>
beforeAll(async () => {
  bank = fromEverywhere(await startBank({ environment: behindProxy, wrapBank: watching }))
  bank.readiness.open()
})
afterAll(() => bank.close())
beforeEach(forgetEverything)

function watching(real: Bank): Bank {
  const watched: Partial<Bank> = {
    async signIn(credentials) {
      const said = await real.signIn(credentials)
      if (said.ok) confirmed.add(`password ${said.value.id}`)
      return said
    },
    async answer(attempt) {
      const said = await real.answer(attempt)
      if (said.ok) confirmed.add(`answer ${attempt.customer}`)
      return said
    },
    async holdPins(request) {
      const said = await real.holdPins(request)
      for (const { account, answer } of said.ok ? said.value : [])
        if (answer === 'held') confirmed.add(`pin ${account}`)
      return said
    },
  }
  return withCalls(real, () => watched)
}

async function forgetEverything(): Promise<void> {
  confirmed = new Set()
  await bank.simulator.reset()
  await bank.db.deleteFrom('attempts').execute()
  await bank.db.deleteFrom('consents').execute()
}

async function expectNoFault(request: InjectOptions): Promise<void> {
  expect(faultOf(await bank.server.inject(request), request.method)).toBe('')
}

describe(`arbitrary requests (seed ${seed})`, () => {
  it('at every route, by a stranger and within a live journey, never fail', async () => {
    const walk = await begin(bank)
    const cookie = walk.browser
      .cookies()
      .map(({ name, value }) => `${name}=${encodeURIComponent(value)}`)
      .join('; ')
    const known = {
      cookie,
      origin: bank.settings.publicUrl,
      authorization: `Basic ${btoa(`${walk.fintech.clientId}:${walk.fintech.clientSecret}`)}`,
    }
    const route = fc.constantFrom(...routesOf(bank.server).map(({ path }) => path))
    const method = fc.constantFrom('GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'DELETE')
    const property = fc.asyncProperty(
      fc.record({ route, method, body, headers, fields, isKnown: fc.boolean(), parts: fc.array(encoded) }),
      async (one) => {
        const parts = [...one.parts]
        const path = one.route
          .replace('/journey/:uid', () => (one.isKnown ? walk.base : '/journey/:uid'))
          .replaceAll(/:\w+/g, () => parts.pop() ?? 'sign-in')
        await expectNoFault({
          method: one.method as 'GET',
          url: `${path}?${asForm(one.fields)}`,
          headers: { ...(one.isKnown ? known : {}), ...one.headers, 'content-type': one.body.type },
          ...(one.method === 'GET' ? {} : { payload: one.body.payload }),
        })
      },
    )
    await fc.assert(property, bounded(4))
  }, 30_000)

  it('at arbitrary addresses never fail', async () => {
    const path = fc.oneof(
      encoded.map((one) => `/${one}`),
      fc
        .array(
          fc.oneof(
            fc.constantFrom('/', '%', '%2f', '..', '?', '&', '=', ';', 'journey', 'authorize'),
            encoded,
          ),
        )
        .map((parts) => `/${parts.join('')}`),
    )
    const property = fc.asyncProperty(path, (url) => expectNoFault({ method: 'GET', url }))
    await fc.assert(property, bounded(2))
  }, 30_000)

  it('made of a good one with arbitrary changes never fail', async () => {
    const fintech = openFintech(bank)
    const good = fintech.newRequest().parameters
    const change = fc.array(fc.tuple(oauthNames, text), { minLength: 1, maxLength: 4 })
    const address = fc.constantFrom('/authorize', '/par', '/token', '/introspect', '/revoke')
    const grants = fc.constantFrom('authorization_code', 'refresh_token')
    const property = fc.asyncProperty(address, change, grants, async (url, changes, grant_type) => {
      const changed = asForm(Object.entries({ ...good, grant_type, ...Object.fromEntries(changes) }))
      const authorization = `Basic ${btoa(`${fintech.clientId}:${fintech.clientSecret}`)}`
      await expectNoFault(
        url === '/authorize'
          ? { method: 'GET', url: `${url}?${changed}`, headers: { accept: 'text/html' } }
          : { method: 'POST', url, headers: { authorization, 'content-type': form }, payload: changed },
      )
    })
    await fc.assert(property, bounded(3))
  }, 30_000)
})

const stepName = fc.constantFrom(
  ...'sign-in certificate-password answer-challenge choose-services register-pins review-pins'.split(' '),
  ...'give-consent return certificate certificate-login keep-alive nowhere'.split(' '),
)
const plausible = fc
  .constantFrom(
    ...'loginId=mihon01 loginId=mihon03 password=wrong password=Tsubame2026 answer=うめ answer=さくら'.split(
      ' ',
    ),
    ...'services=balances services=transactions action=skip action=confirm action=more proceed=yes'.split(
      ' ',
    ),
  )
  .map((pair): [string, string] => [pair.split('=')[0] ?? '', pair.split('=')[1] ?? ''])

/** What somebody may do next. `right` is what the page asks for; everything else is an attempt at something else. */
const action = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ do: 'right' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('post' as const),
      step: stepName,
      fields: fc.array(fc.oneof(plausible, fc.tuple(ourNames, text)), { maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('view' as const), step: stepName, query: encoded }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      fact: fc.oneof(fc.constantFrom('certificate', 'services', 'accounts', 'customer', 'challenge'), text),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'wrong-pin' as const }, { do: 'keep-alive' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'allow' as const }, { do: 'foreign-token' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('old-cookie' as const), turn: fc.nat(20) }) },
)
type Action = typeof action extends fc.Arbitrary<infer One> ? One : never

const customer = fc.constantFrom('mihon03', 'mihon03', 'mihon01', 'mihon02', 'mihon04', 'mihon09', 'mihon10')

/** Does what the page asks for, as an honest customer would. */
async function doTheRightThing(walk: Walk, loginId: string): Promise<void> {
  const { html, path } = await walk.browser.get(walk.base)
  const [number] = /(?<=普通 )(2000002|1004424|1007758)/.exec(html) ?? []
  switch (stepOf({ ...walk.browser.page(), path })) {
    case 'sign-in':
      await signIn(walk, loginId)
      break
    case 'answer-challenge':
      await giveAnswer(walk)
      break
    case 'choose-services':
      await chooseServices(walk)
      break
    case 'register-pins':
      await (number && html.includes('id="name-') ? registerPins(walk, { [number]: pin }) : skipPins(walk))
      break
    case 'review-pins':
      await confirmPins(walk)
      break
    case 'give-consent':
      await allow(walk)
      break
    default:
  }
}

/** @param cookies those of every turn so far */
async function act(
  walk: Walk,
  loginId: string,
  one: Action,
  cookies: readonly (readonly Cookie[])[],
): Promise<void> {
  const { browser, base } = walk
  switch (one.do) {
    case 'right':
      return doTheRightThing(walk, loginId)
    case 'post':
      await browser.post(`${base}/${one.step}`, gathered(one.fields))
      return
    case 'view':
      await browser.get(`${base}/${one.step}?${one.query}=${one.query}`)
      return
    case 'change':
      await browser.post(`${base}/change`, { fact: one.fact.toWellFormed() })
      return
    case 'wrong-pin':
      if (browser.page().html.includes('name-') && /普通 2000002/.test(browser.page().html))
        await registerPins(walk, { 2000002: '0000' }).catch(() => undefined)
      return
    case 'keep-alive':
      await browser.post(`${base}/keep-alive`, {})
      return
    case 'allow':
      await allow(walk)
      return
    case 'foreign-token':
      await browser.post(`${base}/give-consent`, { proceed: 'yes', _csrf: 'AAAA-BBBB' })
      return
    case 'old-cookie':
      browser.setCookies(cookies[one.turn % cookies.length] ?? [])
      return
    default:
  }
}

function gathered(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const all: Record<string, string[]> = Object.create(null)
  for (const [name, value] of pairs) (all[name.toWellFormed()] ??= []).push(value.toWellFormed())
  return all
}

describe(`arbitrary orders of steps (seed ${seed})`, () => {
  const journey = fc.record({ customer, actions: fc.array(action, { minLength: 2, maxLength: 18 }) })
  type Story = { customer: string; actions: Action[] }
  const right = (times: number): Action[] => Array.from({ length: times }, () => ({ do: 'right' }))

  it('skip nothing, fail never, and always lead back to the fintech', async () => {
    let finished = 0
    const property = fc.asyncProperty(journey, async (story: Story) => {
      await forgetEverything()
      const walk = await begin(bank)
      const cookies = [walk.browser.cookies()]
      for (const one of story.actions) {
        const before = await consents()
        await act(walk, story.customer, one, cookies)
        cookies.push(walk.browser.cookies())
        const { status, headers: answered, html } = walk.browser.page()
        expect(faultOf({ statusCode: status, headers: answered, body: html })).toBe('')
        const [given] = (await consents()).slice(before.length)
        if (given) expectNothingSkipped(given, one)
      }
      const { length } = await consents()
      expect(length).toBeLessThanOrEqual(1)
      finished += length
      await expectWayBack(walk, length === 1)
    })
    await fc.assert(property, {
      ...bounded(7),
      examples: [
        [{ customer: 'mihon03', actions: right(7) }],
        [{ customer: 'mihon02', actions: [...right(4), { do: 'old-cookie', turn: 2 }, ...right(4)] }],
      ],
    })
    expect(finished).toBeGreaterThanOrEqual(2)
  }, 60_000)

  const consents = () => bank.db.selectFrom('consents').selectAll().execute()
  type Given = Awaited<ReturnType<typeof consents>>[number]

  /** The bank has confirmed everything that this customer owes, and it was 許可 that he pressed last, with the tick. */
  function expectNothingSkipped(given: Given, last: Action): void {
    const known = demoCustomers.find(({ id }) => id === given.customer_id)
    const owed = [`password ${given.customer_id}`]
    if (known?.signals.length) owed.push(`answer ${given.customer_id}`)
    const registered = new Set(known?.accounts.filter((one) => one.registered).map(({ id }) => id))
    const granted = (JSON.parse(given.accounts) as { bankAccount: string }[]).map((one) => one.bankAccount)
    owed.push(...granted.filter((account) => !registered.has(account)).map((account) => `pin ${account}`))
    expect([...confirmed]).toEqual(expect.arrayContaining(owed))
    expect(granted.length).toBeGreaterThan(0)
    expect(given.services).toMatch(/^(balances|transactions|balances transactions)$/)
    expect(['right', 'allow', 'post']).toContain(last.do)
    if (last.do === 'post') expect(last.fields).toContainEqual(['proceed', 'yes'])
  }

  /** Where nothing was allowed yet, the customer gives up; in any case he arrives at the fintech with a word of the bank. */
  async function expectWayBack(walk: Walk, hasConsent: boolean): Promise<void> {
    const page = await walk.browser.get(walk.base)
    if (!page.leftTo) {
      expect(page.html).toContain(`action="${walk.base}/cancel"`)
      await cancel(walk)
    }
    const back = await comeBack(walk)
    expect(back.href.startsWith(walk.fintech.redirectUri)).toBe(true)
    expect(back.searchParams.get('state')).toBe(walk.parameters.state)
    expect(back.searchParams.has('code')).toBe(hasConsent)
    expect(back.searchParams.has('error')).toBe(!hasConsent)
  }
})
