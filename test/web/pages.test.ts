/** Every sample of every page: rendered strictly, valid, and with what a person without sight or mouse needs. */
import { type HtmlElement, HtmlValidate, StaticConfigLoader } from 'html-validate'
import { beforeAll, describe, expect, it } from 'vitest'
import { problems } from '../../src/errors.ts'
import { samples } from '../../src/web/samples.ts'
import { readHtml, renderStrictly, textOf } from './rendering.ts'

const validator = new HtmlValidate(
  new StaticConfigLoader({
    root: true,
    extends: ['html-validate:recommended', 'html-validate:a11y', 'html-validate:document'],
    elements: ['html5'],
    rules: {
      // A group of check boxes is one field with several values.
      'form-dup-name': ['error', { shared: ['checkbox', 'submit'] }],
      // The summary of errors stands before the h1, so that it is met first (GOV.UK's error summary).
      'heading-level': ['error', { minInitialRank: 'h2' }],
      // The manual's titles are long and stand in front of the bank's name, letter for letter.
      'long-title': ['error', { maxlength: 110 }],
      // Style and script come from the page's own origin, which the security policy holds to.
      'require-sri': ['error', { target: 'crossorigin' }],
      // The number does not break: the class sets `white-space: nowrap`.
      'tel-non-breaking': ['error', { ignoreClasses: ['nowrap'] }],
    },
  }),
)

/** Cards on a phone take a table's roles away in older Safari, so a table says them itself; nothing else may. */
const isTableRole = ({ ruleId, message }: { ruleId: string; message: string }): boolean =>
  ruleId === 'no-redundant-role' && /on <(table|thead|tbody|tr|th|td)>$/.test(message)

describe.each(samples.map((sample) => ({ ...sample, title: `${sample.name} (${sample.language})` })))(
  '$title',
  (sample) => {
    const { frame } = sample.data
    let html: string
    let page: HtmlElement
    beforeAll(() => {
      html = renderStrictly(sample)
      page = readHtml(html)
    })
    const all = (selector: string): HtmlElement[] => page.querySelectorAll(selector)
    const one = (selector: string): HtmlElement => {
      const [found, ...more] = all(selector)
      if (!found || more.length > 0) throw new Error(`not exactly one ${selector}`)
      return found
    }
    const byId = (id: string): HtmlElement | undefined => all('[id]').find((element) => element.id === id)

    it('is valid HTML', async () => {
      const report = await validator.validateString(html)
      const messages = report.results.flatMap((result) => result.messages)
      expect(
        messages
          .filter((message) => !isTableRole(message))
          .map(({ ruleId, message, line }) => `${line} ${ruleId}: ${message}`),
      ).toEqual([])
    })

    it('says its language, its title and whether something is wrong', () => {
      expect(one('html').getAttributeValue('lang')).toBe(sample.language)
      const h1 = textOf(one('h1'))
      expect(h1).toBe(frame.title)
      const isWrong = frame.errors.length > 0 || sample.template === 'problem'
      const prefix = sample.language === 'ja' ? 'エラー：' : 'Error: '
      expect(textOf(one('title')).startsWith(`${isWrong ? prefix : ''}${h1}`)).toBe(true)
      expect(textOf(one('title')).endsWith(`｜${frame.bank.name}`)).toBe(true)
    })

    it('lists every error first, each with a way to its field and told there again', () => {
      const links = all('#errors a')
      expect(links.map(textOf)).toEqual(frame.errors.map(({ text }) => text))
      expect(all('#errors [role="alert"]')).toHaveLength(frame.errors.length > 0 ? 1 : 0)
      for (const [index, { beside, href }] of frame.errors.entries()) {
        expect(links[index]?.getAttributeValue('href')).toBe(href)
        const field = byId(href.slice(1))
        if (!field) throw new Error(`${href} leads nowhere`)
        if (field.tagName !== 'input') continue
        const told = idsIn(field, 'aria-describedby').map((id) => textOf(byId(id) as HtmlElement))
        expect(told.join(' ')).toContain(beside)
        expect(frame.errors[index]?.text.startsWith(beside)).toBe(true)
        expect(field.getAttributeValue('aria-invalid')).toBe('true')
      }
    })

    it('names every control, link, region and group, and refers to nothing that is not there', () => {
      const references = ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for', 'form'] as const
      const dangling = references.flatMap((name) =>
        all(`[${name}]`).flatMap((element) => idsIn(element, name).filter((id) => !byId(id))),
      )
      expect(dangling).toEqual([])

      const visible = all('input').filter((input) => input.getAttributeValue('type') !== 'hidden')
      const named = [...visible, ...all('button'), ...all('a'), ...all('section'), ...all('nav')]
      const nameless = named.filter((control) => nameOf(control) === '')
      expect(nameless.map((control) => control.generateSelector())).toEqual([])
      for (const group of all('fieldset')) expect(group.querySelectorAll('legend')).toHaveLength(1)
      for (const table of all('table')) expect(table.querySelectorAll('caption')).toHaveLength(1)
    })

    it('runs nothing inline and sends forms only to itself', () => {
      expect(all('script').map((script) => script.getAttributeValue('src'))).toEqual([
        '/js/ninka.js',
        ...(frame.time ? ['/js/time-out.js'] : []),
      ])
      expect(all('script').filter((script) => script.textContent.trim() !== '')).toEqual([])
      expect(all('style')).toEqual([])
      for (const element of all('*'))
        for (const { key } of element.attributes) expect(key).not.toMatch(/^on|^style$|^srcdoc$/)
      for (const form of all('form')) {
        expect(form.getAttributeValue('action')).toMatch(/^\/(journey|connections)\//)
        expect(form.getAttributeValue('method')).toBe('post')
        expect(form.querySelectorAll('input[name="_csrf"]')).toHaveLength(1)
      }
    })

    it('shows no leaked value', () => {
      expect(textOf(page)).not.toMatch(/undefined|\[object|\bnull\b|\bNaN\b|<%|%>/)
      expect(html).not.toMatch(/="(undefined|null|NaN|\[object[^"]*)"/)
    })

    function nameOf(element: HtmlElement): string {
      const labelled = idsIn(element, 'aria-labelledby').map((id) => textOf(byId(id) as HtmlElement))
      const labels = element.id
        ? all('label').filter((label) => label.getAttributeValue('for') === element.id)
        : []
      return (
        labelled.join(' ').trim() ||
        element.getAttributeValue('aria-label') ||
        labels.map(textOf).join(' ').trim() ||
        (['a', 'button'].includes(element.tagName) ? textOf(element) : '')
      )
    }
  },
)

describe('the samples', () => {
  it('say to try again soon where the bank is away, unless they say when it is back', () => {
    const away = samples.filter((sample) =>
      renderStrictly(sample).includes('data-problem="bank-unavailable"'),
    )
    expect(away.length).toBeGreaterThan(3)
    for (const sample of away) {
      const text = textOf(readHtml(renderStrictly(sample)))
      const isKnown = /再開予定|We open again/.test(text)
      expect(/少し時間をおいて|in a little while/.test(text), `${sample.name} (${sample.language})`).toBe(
        !isKnown,
      )
    }
  })

  it('have names of their own', () => {
    const names = samples.map(({ name, language }) => `${name} ${language}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it('have both languages of every state', () => {
    const of = (wanted: string) =>
      samples.filter(({ language }) => language === wanted).map(({ name }) => name)
    expect(of('en')).toEqual(of('ja'))
  })

  it('have every template and every problem, with and without ways out', () => {
    const templates = new Set(samples.map(({ template }) => template))
    expect([...templates].sort()).toEqual([
      'connections/detail',
      'connections/list',
      'connections/signed-out',
      'connections/stop',
      'connections/stop-everything',
      'connections/stopped',
      'help/index',
      'help/topic',
      'journey/answer-challenge',
      'journey/certificate-password',
      'journey/choose-services',
      'journey/give-consent',
      'journey/register-pins',
      'journey/return',
      'journey/review-pins',
      'journey/sign-in',
      'problem',
    ])
    const names = samples.map(({ name }) => name)
    for (const code of Object.keys(problems))
      expect(names).toEqual(expect.arrayContaining([`problem/${code}`, `problem/${code}/in-journey`]))
  })
})

const idsIn = (element: HtmlElement, attribute: string): string[] =>
  (element.getAttributeValue(attribute) ?? '').split(' ').filter((id) => id !== '')
