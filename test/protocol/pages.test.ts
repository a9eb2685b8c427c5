/** Requirements 25 and 26: pages that Chromium lets through and HtmlUnit can fill in. 27 is in attacks/forged-host. */
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { forging } from '../support/forging.ts'
import { allow, begin, comeBack, walkToConsent, watchAnswers } from '../support/walk.ts'

let bank: TestBank
beforeAll(async () => {
  bank = await startBank()
})
afterAll(async () => {
  vi.restoreAllMocks()
  await bank.close()
})

describe('a whole journey', () => {
  let answers: readonly LightMyRequestResponse[]
  let pages: readonly LightMyRequestResponse[]
  beforeAll(async () => {
    const watched = watchAnswers(bank)
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon01')
    await allow(walk)
    await comeBack(walk)
    answers = await watched()
    pages = answers.filter(({ headers }) => String(headers['content-type']).startsWith('text/html'))
  })

  const methodOf = ({ raw }: LightMyRequestResponse) => raw.req.method
  const locationOf = ({ headers }: LightMyRequestResponse) => String(headers.location ?? '')

  it('25. answers every form by leading to a page of ours, never to the fintech', () => {
    const posts = answers.filter(
      (answer) => methodOf(answer) === 'POST' && answer.raw.req.url?.startsWith('/journey'),
    )
    expect(posts.length).toBeGreaterThanOrEqual(3)
    for (const post of posts) {
      expect(post.statusCode).toBe(303)
      expect(new URL(locationOf(post), bank.settings.publicUrl).origin).toBe(bank.settings.publicUrl)
    }
    for (const { headers } of pages)
      expect(headers['content-security-policy']).toContain("form-action 'self';")
    const exits = answers.filter((answer) => locationOf(answer).startsWith(bank.settings.fintechUrl))
    expect(exits.map(methodOf)).toEqual(['GET'])
  })

  it('26. has an address for every screen, and one heading by a name that stays', () => {
    const screens = pages.filter((page) => page.statusCode === 200).map(({ raw }) => raw.req.url ?? '')
    const steps = screens.map((url) => url.split('/')[3])
    expect(steps).toEqual(expect.arrayContaining(['sign-in', 'give-consent', 'return']))
    for (const { body } of pages.filter(({ statusCode }) => statusCode === 200))
      expect(body.match(/<h1[^>]*>/g)).toHaveLength(1)
  })

  it('26. has no control that cannot be seen, and leaves every check to the server', () => {
    for (const { body } of pages) {
      for (const [form] of body.matchAll(/<form[\s\S]*?<\/form>/g)) {
        expect(form).toMatch(/<form(?=[^>]* method="post")[^>]* novalidate/)
        const controls = [...form.matchAll(/<(?:button|input|select|textarea)[^>]*>/g)].map(([tag]) => tag)
        for (const tag of controls) {
          // What is hidden travels by itself, and a button of the script sends nothing.
          if (/ type="(?:hidden|button)"/.test(tag)) continue
          expect(tag).not.toMatch(/\s(?:hidden|disabled)(?=[\s>=])|display: ?none/)
        }
      }
    }
  })
})

it.each([
  ['none at all', {}],
  [
    'of another making',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
  ],
  [
    'that say nothing',
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  ],
])('26. forms are taken with the right Origin and Fetch Metadata %s', async (_what, headers) => {
  const browser = openBrowser(forging(bank, headers))
  const walk = await begin(bank, { browser })
  await walkToConsent(walk, 'mihon02')
  await allow(walk)
  expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
})
