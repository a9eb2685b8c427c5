/** The pages of the desk as they are sent: valid, complete in both languages, with every control named, for every state there is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deskEn } from '../../src/web/messages/desk-en.ts'
import { deskJa } from '../../src/web/messages/desk-ja.ts'
import type { TestBank } from '../support/bank.ts'
import type { Browser, Page } from '../support/browser.ts'
import { customerId } from '../support/certificates.ts'
import { browserAt, type Desk, openDesk, startBankWithDesk } from '../support/desk.ts'
import { begin, connect, consentsOf, signIn } from '../support/walk.ts'
import { readHtml, textOf } from '../web/rendering.ts'
import { wrongIn } from '../web/valid-html.ts'

/** Every page in turn; the errors and results of forms among them. */
async function everyPage(bank: TestBank, language: 'ja' | 'en'): Promise<Map<string, Page>> {
  const [row] = await consentsOf(bank)
  const number = row?.number ?? ''
  const customer = `/customers/${customerId('mihon01')}`
  const pages = new Map<string, Page>()
  const speaking = async <Someone extends Browser>(browser: Someone): Promise<Someone> => {
    await browser.get(`/?lang=${language}`)
    return browser
  }
  pages.set('choice of staff', await browserAt(bank).get(`/sign-in?lang=${language}`))
  const desk: Desk = await speaking(await openDesk(bank))
  pages.set('home', await desk.get('/'))
  pages.set('home, empty', await desk.post('/search', { q: '' }))
  pages.set('found', await desk.search('株式会社'))
  pages.set('found nothing', await desk.search('見つからない会社'))
  pages.set('customer', await desk.get(customer))
  pages.set('customer, errors', await desk.post(`${customer}/stop-all`, {}))
  pages.set('consent', await desk.get(`/consents/${number}`))
  pages.set('consent, errors', await desk.post(`/consents/${number}/stop`, {}))
  pages.set('journey', await desk.get(await firstJourney(bank)))
  pages.set('not allowed', await desk.get('/audit'))
  pages.set('not found', await desk.get('/nothing-here'))
  const registrar: Desk = await speaking(await openDesk(bank, 'registrar'))
  pages.set('home without search', await registrar.get('/'))
  pages.set('clients', await registrar.get('/clients'))
  pages.set('client', await registrar.get('/clients/demo-kakeibo'))
  pages.set('client, errors', await registrar.post('/clients/demo-kakeibo/suspend', { note: '' }))
  await registrar.get('/clients/demo-kakeibo')
  pages.set('client, secret', await registrar.post('/clients/demo-kakeibo/rotate-secret', { note: 'x' }))
  pages.set('client form', await registrar.get('/clients/demo-kakeibo/edit'))
  pages.set('new client', await registrar.get('/register-client'))
  pages.set('new client, errors', await registrar.post('/register-client', {}))
  const auditor: Desk = await speaking(await openDesk(bank, 'auditor'))
  pages.set('audit', await auditor.get('/audit'))
  return pages
}

async function firstJourney({ db }: TestBank): Promise<string> {
  const row = await db
    .selectFrom('audit')
    .select('journey')
    .where('journey', 'is not', null)
    .orderBy('seq')
    .executeTakeFirst()
  return `/journeys/${row?.journey}`
}

describe.each(['ja', 'en'] as const)('in %s, every page', (language) => {
  let bank: TestBank
  let pages: Map<string, Page>
  beforeAll(async () => {
    bank = await startBankWithDesk()
    await connect(bank, 'mihon01')
    const walk = await begin(bank)
    for (let turn = 0; turn < 5; turn += 1) await signIn(walk, 'mihon01', 'WrongPassword1')
    pages = await everyPage(bank, language)
  })
  afterAll(() => bank.close())

  const named = (check: (page: Page, name: string) => void): void => {
    for (const [name, page] of pages) check(page, name)
  }

  it('is valid HTML', async () => {
    const wrong: Record<string, string[]> = {}
    for (const [name, { html }] of pages) {
      const found = await wrongIn(html)
      if (found.length > 0) wrong[name] = found
    }
    expect(wrong).toEqual({})
  })

  it('speaks its language, and no value leaks', () => {
    named(({ html }, name) => {
      const page = readHtml(html)
      expect(page.querySelector('html')?.getAttributeValue('lang'), name).toBe(language)
      expect(textOf(page), name).not.toMatch(/undefined|\[object|\bnull\b|\bNaN\b|<%|%>/)
    })
  })

  it('lists every error first, with a way to the control that has it', () => {
    const withErrors = [...pages].filter(([name]) => /errors|empty/.test(name))
    expect(withErrors).toHaveLength(5)
    for (const [name, { html }] of withErrors) {
      const page = readHtml(html)
      const links = page.querySelectorAll('#errors a')
      expect(links.length, name).toBeGreaterThan(0)
      const ids = page.querySelectorAll('[id]').map(({ id }) => id)
      for (const link of links) {
        const target = link.getAttributeValue('href')?.slice(1) ?? ''
        expect(ids, name).toContain(target)
        const field = page.querySelectorAll('[id]').find(({ id }) => id === target)
        expect(field?.getAttributeValue('aria-invalid'), `${name} ${target}`).toBe('true')
      }
    }
  })

  it('names every control, and sends forms to the desk alone, with a token', () => {
    named(({ html }, name) => {
      const page = readHtml(html)
      const labels = page.querySelectorAll('label').map((label) => label.getAttributeValue('for'))
      const controls = page
        .querySelectorAll('input, textarea, select')
        .filter((one) => one.getAttributeValue('type') !== 'hidden')
      for (const control of controls) expect(labels, name).toContain(control.id)
      for (const form of page.querySelectorAll('form')) {
        const action = form.getAttributeValue('action') ?? ''
        expect(action, name).toMatch(/^\/[a-z]/)
        const needsToken = form.getAttributeValue('method') === 'post' && !action.startsWith('/sign-')
        expect(form.querySelectorAll('input[name="_csrf"]'), name).toHaveLength(needsToken ? 1 : 0)
      }
    })
  })
})

type Word = { readonly path: string; readonly text: string }

function wordsOf(node: unknown, path = ''): Word[] {
  if (typeof node === 'string') return [{ path, text: node }]
  if (typeof node === 'function')
    return [{ path, text: String(Reflect.apply(node, undefined, ['FIRST', 'SECOND'])) }]
  return Object.entries(node as object).flatMap(([key, child]) => wordsOf(child, `${path}.${key}`))
}

describe('the words of the desk', () => {
  it('leave nothing empty, and keep Japanese out of English', () => {
    expect([...wordsOf(deskJa), ...wordsOf(deskEn)].filter(({ text }) => text.trim() === '')).toEqual([])
    const japanese = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u
    expect(wordsOf(deskEn).filter(({ text }) => japanese.test(text))).toEqual([])
  })

  it('name the same values in both languages', () => {
    const values = (node: unknown) =>
      wordsOf(node).map(({ path, text }) => `${path} ${(text.match(/FIRST|SECOND/g) ?? []).sort().join(' ')}`)
    expect(values(deskEn).sort()).toEqual(values(deskJa).sort())
  })
})
