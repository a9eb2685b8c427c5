/** How every answer looks while our own database cannot serve. */
import { expect } from 'vitest'
import { deskWords } from '../../src/operator/desk/pages.ts'
import type { Language } from '../../src/web/language.ts'
import type { TestBank } from './bank.ts'
import type { Page } from './browser.ts'
import type { Answer } from './fintech.ts'
import { begin, walkToConsent } from './walk.ts'

/** A customer who has only to press 許可. */
export async function agreeing(bank: TestBank, loginId: string) {
  const walk = await begin(bank)
  await walkToConsent(walk, loginId)
  return { walk, loginId }
}

export function expectOurPage(page: Page): void {
  expect([page.status, /data-problem="([\w-]+)"/.exec(page.html)?.[1]]).toEqual([503, 'system-unavailable'])
  expect(page.html).toContain('NK-65')
  expect(page.html).toContain('もう一度お試しください')
  expect(Number(page.headers['retry-after'])).toBeGreaterThan(0)
}

/** The desk's own page: it says that nobody knows whether a change was made, and how to find out. */
export function expectDeskAway(
  { status, html, headers }: Pick<Page, 'status' | 'html' | 'headers'>,
  language: Language,
): void {
  const { title, line } = deskWords[language].problems['system-unavailable']
  expect(status).toBe(503)
  expect(headers['content-type']).toContain('text/html')
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  expect(html).toContain(`<html lang="${language}"`)
  expect(html).toContain(title)
  expect(html).toContain(line)
}

export function expectTemporary({ status, body, headers }: Answer): void {
  expect([status, body.error]).toEqual([503, 'temporarily_unavailable'])
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
}
