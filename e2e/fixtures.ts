/** What an end-to-end file stands on: one program and one Chromium for all its tests, the bank put back before each. */
import type { Browser, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest'
import { newDatabase } from '../test/support/postgres.ts'
import { type BrowserOptions, type Customer, emptied, launchChromium, openBrowser } from './customer.ts'
import { type Demo, startDemo } from './demo.ts'

/**
 * To be called once at the top of a file.
 * @param isKept false where a test does to its window what cannot be undone, so that the next one needs a new one
 * @returns opens a browser for one test; it is closed afterwards, and the test fails if anything went wrong on a page
 */
export function useDemo(
  start: () => Promise<Demo> = startOnProjectDatabase,
  { isKept = true }: { readonly isKept?: boolean } = {},
): (options?: BrowserOptions) => Promise<Customer> {
  let chromium: Browser
  let demo: Demo
  let customers = 0
  let opened: { customer: Customer; kind: string }[] = []
  const windows = new Map<string, Page[]>()

  beforeAll(async () => {
    ;[demo, chromium] = await Promise.all([start(), launchChromium()])
  })
  beforeEach(() => demo.reset())
  afterEach(async () => {
    const all = opened
    opened = []
    for (const { customer, kind } of all) {
      if (isKept) windows.set(kind, [...(windows.get(kind) ?? []), await emptied(customer.page)])
      else await customer.close()
    }
    expect(all.flatMap(({ customer }) => customer.troubles)).toEqual([])
  })
  afterAll(async () => {
    await chromium.close()
    await demo.stop()
  })

  return async (options = {}) => {
    const kind = `${options.javaScript ?? true} ${options.language ?? 'ja'}`
    customers = (customers % 250) + 1
    // Each from an address of his own in one network: many in a minute would be a flood from one.
    const address = `127.0.0.${customers}`
    const customer = await openBrowser(chromium, demo, { address, ...options }, windows.get(kind)?.pop())
    opened.push({ customer, kind })
    return customer
  }
}

/** On PostgreSQL in the projects that have a cluster, else as a reader of the README starts it. */
async function startOnProjectDatabase(): Promise<Demo> {
  const cluster = inject('postgres')
  const environment = { TRUSTED_PROXIES: '127.0.0.1' }
  return startDemo({ environment, ...(cluster ? { databaseUrl: await newDatabase(cluster) } : {}) })
}
