/** What others write (a fintech's registration, the bank's data, a customer's input) never becomes markup on a page. */
import { describe, expect, it } from 'vitest'
import type { FieldError } from '../../src/errors.ts'
import type { Site } from '../../src/web/frame.ts'
import { contextOf, resultsView, rowsView, sampleSite } from '../../src/web/sample-facts.ts'
import { renewalView } from '../../src/web/sample-renewal.ts'
import { type Page, returnPage, stepPage } from '../../src/web/templates.ts'
import { deadEndPage, problemPage } from '../../src/web/problem-pages.ts'
import { readHtml, renderStrictly } from './rendering.ts'

const hostile = `<script>"&'</script><img src=x onerror=alert(1)>`
const address = `https://fintech.example/${hostile}`

const site: Site = {
  ...sampleSite,
  institution: {
    ...sampleSite.institution,
    name: { ja: hostile, en: hostile },
    phone: hostile,
    phoneHours: { ja: hostile, en: hostile },
  },
}

const context = contextOf({
  step: 'give-consent',
  language: 'ja',
  facts: { customer: { id: 'c', companyName: hostile, userName: hostile, since: 0 } },
  client: {
    serviceName: hostile,
    companyName: hostile,
    registrationNumber: hostile,
    contact: hostile,
    liabilityUrl: address,
  },
})

const all = { context, csrf: hostile, idle: true } as const
const wrong = (...fields: string[]): FieldError[] =>
  fields.map((field) => ({ code: 'pin-wrong', field, values: { account: hostile } }))

const account = { branchName: hostile, branchCode: hostile, kind: hostile, number: hostile, memo: hostile }
const rows = rowsView({ held: [0] }).accounts.map((row) => ({ ...row, ...account }))
const results = resultsView({ justEntered: [0] })
const consent = renewalView('ja', {
  former: { number: hostile, until: 0, isOver: false },
  accounts: { unregistered: [hostile], closed: 0, available: 0 },
  formerName: hostile,
})

const pages: Readonly<Record<string, Page>> = {
  'sign-in': stepPage(site, {
    ...all,
    step: 'sign-in',
    view: { loginId: hostile, maxLength: 12 },
    errors: wrong('login-id', 'password'),
  }),
  'certificate-password': stepPage(site, {
    ...all,
    step: 'certificate-password',
    view: { certificateName: hostile, endsSoon: 1 },
    errors: wrong('password'),
  }),
  'answer-challenge': stepPage(site, {
    ...all,
    step: 'answer-challenge',
    view: { question: hostile },
    errors: wrong('answer'),
  }),
  'choose-services': stepPage(site, {
    ...all,
    step: 'choose-services',
    view: { services: [{ name: 'balances', ticked: true }], barred: ['transactions'] },
    errors: wrong('services'),
  }),
  'register-pins': stepPage(site, {
    ...all,
    step: 'register-pins',
    view: { accounts: rows, barred: [hostile], maySkip: true, pinDigits: 4 },
    errors: wrong('accounts', `row-${rows[0]?.handle}`, `pin-${rows[1]?.handle}`),
  }),
  'register-pins, folded by branch': stepPage(site, {
    ...all,
    step: 'register-pins',
    view: {
      accounts: Array.from({ length: 11 }, (_, n) => ({
        ...account,
        status: 'held',
        handle: `h${n}`,
        ticked: false,
      })),
      barred: [],
      maySkip: true,
      pinDigits: 4,
    },
    errors: [],
  }),
  'review-pins': stepPage(site, {
    ...all,
    step: 'review-pins',
    view: {
      ...results,
      accounts: results.accounts.map((row) => ({ ...row, ...account })),
      failed: [{ account: hostile, code: 'pin-wrong' }],
    },
    errors: [],
  }),
  'give-consent': stepPage(site, {
    ...all,
    step: 'give-consent',
    view: {
      ...consent,
      accounts: consent.accounts.map((row) => ({ ...row, ...account })),
      wording: {
        ...consent.wording,
        intro: [hostile],
        scope: [{ name: hostile, meaning: hostile }],
        limits: hostile,
        period: hostile,
        stop: hostile,
        intent: [hostile],
        tick: hostile,
        allow: hostile,
      },
      links: [{ kind: 'terms', name: hostile, url: address }],
      shown: hostile,
    },
    errors: wrong('accounts', 'proceed'),
  }),
  'dead end': deadEndPage(site, {
    problem: {
      code: 'certificate-expired',
      received: { holder: hostile, company: hostile, issuer: hostile, startsAt: 0, endsAt: 1 },
    },
    context,
    base: address,
    step: 'sign-in',
    csrf: hostile,
  }),
  problem: problemPage(site, {
    language: 'en',
    code: 'incident',
    incident: hostile,
    retry: address,
    detail: hostile,
  }),
  return: returnPage(site, {
    language: 'ja',
    how: 'allowed',
    granted: {
      number: hostile,
      renews: true,
      startsAt: 0,
      endsAt: 0,
      services: ['balances'],
      accountCount: 1,
      accounts: [account],
      customer: { companyName: hostile, userName: hostile },
    },
    serviceName: hostile,
    companyName: hostile,
    resumeUrl: address,
    stays: true,
    uid: hostile,
  }),
}

describe.each(Object.entries(pages))('%s', (_name, page) => {
  const html = renderStrictly(page)

  it('shows hostile text as text', () => {
    expect(html).toContain('&lt;script&gt;&quot;&amp;&#39;')
    const root = readHtml(html)
    const scripts = root.querySelectorAll('script').map((script) => script.getAttributeValue('src'))
    expect(scripts.filter((source) => source !== '/js/ninka.js' && source !== '/js/time-out.js')).toEqual([])
    expect(root.querySelectorAll('img')).toHaveLength(0)
    const handlers = root.querySelectorAll('*').flatMap(({ attributes }) => attributes.map(({ key }) => key))
    expect(handlers.filter((key) => key.startsWith('on'))).toEqual([])
  })

  it('never has it unescaped, in text or in an attribute', () => {
    expect(html).not.toContain('<script>')
    expect(html).not.toContain('<img')
    expect(html).not.toContain(`"&'`)
  })
})
