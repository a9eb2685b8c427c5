/** Another site makes the customer's browser send something: it has his cookies, but neither our Origin nor the page's token. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { csrfOf, type Fields } from '../support/browser.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import {
  allow,
  begin,
  comeBack,
  consentsOf,
  goOn,
  offeredAccounts,
  send,
  type Sent,
  type Walk,
  walkToConsent,
} from '../support/walk.ts'

let bank: TestBank
beforeAll(async () => {
  bank = fromEverywhere(await startBank({ environment: behindProxy }))
})
afterAll(() => bank.close())

/** The victim: signed in, with everything ready for 許可. */
let walk: Walk
let form: Fields
let consents: number
beforeEach(async () => {
  walk = await begin(bank)
  const { html } = await walkToConsent(walk, 'mihon02')
  form = {
    proceed: 'yes',
    accounts: offeredAccounts(html),
    shown: /name="shown" value="([^"]*)"/.exec(html)?.[1] ?? '',
    language: 'ja',
  }
  consents = (await consentsOf(bank)).length
})

const sendForm = (path: string, sent: Sent) => send(bank, walk, 'POST', walk.base + path, sent)
const ways = ['/give-consent', '/cancel', '/change', '/keep-alive', '/sign-in']

/** The attack was refused on one of our pages, changed nothing, and the victim goes on where he was. */
async function expectRefused(
  answer: Awaited<ReturnType<typeof send>>,
  problem: 'foreign-origin' | 'stale-form' | 'bad-request',
): Promise<void> {
  expect(answer.statusCode).toBeGreaterThanOrEqual(400)
  expect(answer.statusCode).toBeLessThan(500)
  expect(answer.body).toContain(`data-problem="${problem}"`)
  expect(answer.headers['set-cookie']).toBeUndefined()
  expect(await consentsOf(bank)).toHaveLength(consents)
  await allow(walk)
  expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
}

it('the form of these tests would be taken from the page itself', async () => {
  const { statusCode, headers } = await sendForm('/give-consent', { fields: form })
  expect([statusCode, headers.location]).toEqual([303, `${walk.base}/return`])
})

describe('a form from another site', () => {
  it.each([
    'https://evil.example',
    'https://localhost:3000',
    'http://localhost:3001',
    'http://localhost',
    'http://localhost:3000/',
    'http://localhost.:3000',
    'http://LOCALHOST:3000',
    'http://127.0.0.1:3000',
    'http://localhost:3000.evil.example',
    'http://localhost:3000@evil.example',
    'http://evil.example, http://localhost:3000',
    'http://localhost:3000, http://evil.example',
    'file://',
    'NULL',
    '',
  ])('with Origin %j is refused', async (origin) => {
    await expectRefused(
      await sendForm('/give-consent', { fields: form, headers: { origin } }),
      'foreign-origin',
    )
  })

  it.each(['cross-site', 'same-site', 'none', 'Same-Origin', 'same-origin, cross-site', ''])(
    'without an Origin of its own and with Sec-Fetch-Site %j is refused',
    async (site) => {
      for (const headers of [{ 'sec-fetch-site': site }, { 'sec-fetch-site': site, origin: 'null' }]) {
        const answer = await sendForm('/give-consent', { fields: form, headers, origin: false })
        expect([answer.statusCode, answer.body.includes('foreign-origin')]).toEqual([403, true])
      }
      expect(await goOn(walk, 'mihon02')).toBeTruthy()
    },
  )

  it('with an Origin of another site is refused although Sec-Fetch-Site and Referer say it is ours', async () => {
    const headers = {
      origin: 'https://evil.example',
      'sec-fetch-site': 'same-origin',
      referer: `http://localhost:3000${walk.base}/give-consent`,
    }
    await expectRefused(await sendForm('/give-consent', { fields: form, headers }), 'foreign-origin')
  })

  it('that says nothing of where it comes from is refused', async () => {
    await expectRefused(await sendForm('/give-consent', { fields: form, origin: false }), 'foreign-origin')
  })

  it('is refused at every address that takes forms', async () => {
    for (const way of ways) {
      const answer = await sendForm(way, { fields: form, headers: { origin: 'https://evil.example' } })
      expect([way, answer.statusCode]).toEqual([way, 403])
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
  })
})

describe('a form without the token of this page', () => {
  it.each<readonly [string, (own: string) => string | readonly string[]]>([
    ['an empty token', () => ''],
    ['a made-up token', () => 'aaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'],
    ['a token cut off', (own) => own.slice(0, -1)],
    ['a token of other letters', (own) => own.toUpperCase()],
    ['the token twice', (own) => [own, own]],
    ['a wrong token and the right one', (own) => ['x', own]],
    ['a very long token', (own) => own + 'a'.repeat(30_000)],
  ])('but %s is refused', async (_what, change) => {
    const token = change(csrfOf(walk.browser.page().html))
    await expectRefused(await sendForm('/give-consent', { fields: { ...form, _csrf: token } }), 'stale-form')
  })

  it('but that of another journey, of another browser or the attacker’s own, is refused', async () => {
    const attacker = await begin(bank)
    const foreign = csrfOf(attacker.browser.page().html)
    for (const way of ways) {
      const { statusCode, body } = await sendForm(way, { fields: { ...form, _csrf: foreign } })
      expect([way, statusCode, body.includes('stale-form')]).toEqual([way, 403, true])
    }
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
  })

  it('is refused although the token stands in a header or in the address', async () => {
    const token = csrfOf(walk.browser.page().html)
    const fields = { ...form, _csrf: '' }
    for (const name of ['csrf-token', 'x-csrf-token', 'xsrf-token', 'x-xsrf-token', '_csrf']) {
      const { statusCode } = await sendForm('/give-consent', { fields, headers: { [name]: token } })
      expect([name, statusCode]).toEqual([name, 403])
    }
    const query = `?_csrf=${encodeURIComponent(token)}`
    await expectRefused(await sendForm(`/give-consent${query}`, { fields }), 'stale-form')
  })
})

describe('what is no form', () => {
  const encoded = () =>
    new URLSearchParams({
      _csrf: csrfOf(walk.browser.page().html),
      proceed: 'yes',
      shown: String(form.shown),
      language: 'ja',
      accounts: String(form.accounts?.[0]),
    }).toString()
  const asJson = () => JSON.stringify({ _csrf: csrfOf(walk.browser.page().html), ...form })
  const asMultipart = () =>
    Object.entries({ _csrf: csrfOf(walk.browser.page().html), ...form })
      .map(
        ([name, value]) =>
          `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${String(value)}\r\n`,
      )
      .join('')
      .concat('--b--\r\n')

  it.each<readonly [string, () => string]>([
    ['text/plain', encoded],
    ['application/json', asJson],
    ['application/json; charset=utf-8', asJson],
    ['multipart/form-data; boundary=b', asMultipart],
    ['application/x-www-form-urlencoded-not', encoded],
    ['application/octet-stream', encoded],
    ['text/html', encoded],
    ['nonsense', encoded],
  ])('(%s) is refused, even with the right token and Origin', async (type, content) => {
    const answer = await sendForm('/give-consent', { body: { type, content: content() } })
    await expectRefused(answer, 'bad-request')
  })

  it('is refused without any content type or body', async () => {
    const { statusCode } = await sendForm('/give-consent', {})
    expect([400, 403, 415]).toContain(statusCode)
    expect(await goOn(walk, 'mihon02')).toBeTruthy()
  })
})

describe('another method', () => {
  it('GET with the fields of a form changes nothing', async () => {
    const query = new URLSearchParams({
      _csrf: csrfOf(walk.browser.page().html),
      proceed: 'yes',
      how: 'refused',
      fact: 'accounts',
      _method: 'POST',
    }).toString()
    for (const way of ways) {
      const { statusCode } = await send(bank, walk, 'GET', `${walk.base}${way}?${query}`)
      expect([200, 303]).toContain(statusCode)
    }
    expect(await consentsOf(bank)).toHaveLength(consents)
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it.each(['x-http-method-override', 'x-http-method', 'x-method-override'])(
    'named in %s does not turn a GET into a POST, nor a POST into something else',
    async (name) => {
      const got = await send(bank, walk, 'GET', `${walk.base}/cancel?_method=POST`, {
        headers: { [name]: 'POST' },
      })
      expect([got.statusCode, got.headers.location]).toEqual([303, `${walk.base}/give-consent`])
      const posted = await sendForm('/give-consent', {
        fields: { ...form, _method: 'GET' },
        headers: { [name]: 'GET' },
      })
      expect([posted.statusCode, posted.headers.location]).toEqual([303, `${walk.base}/return`])
    },
  )

  it.each(['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)(
    '%s does nothing, and no other site may read the answer',
    async (method) => {
      for (const way of ways) {
        const { statusCode, headers } = await send(bank, walk, method, walk.base + way, {
          headers: {
            origin: 'https://evil.example',
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type',
          },
        })
        expect([404, 405]).toContain(statusCode)
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
      }
      expect(await goOn(walk, 'mihon02')).toBeTruthy()
    },
  )
})
