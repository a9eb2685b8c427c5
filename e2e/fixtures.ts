/** What an end-to-end file stands on: one program and one Chromium for all its tests, the bank put back before each. */
import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest'
import { newDatabase } from '../test/support/postgres.ts'
import { type BrowserOptions, type Customer, launchChromium, openBrowser } from './customer.ts'
import { type Demo, startDemo } from './demo.ts'

/**
 * To be called once at the top of a file.
 * @returns opens a browser for one test; it is closed afterwards, and the test fails if anything went wrong on a page
 */
export function useDemo(
  start: () => Promise<Demo> = startOnProjectDatabase,
): (options?: BrowserOptions) => Promise<Customer> {
  let chromium: Browser
  let demo: Demo
  let opened: Customer[] = []

  beforeAll(async () => {
    ;[demo, chromium] = await Promise.all([start(), launchChromium()])
  })
  beforeEach(() => demo.reset())
  afterEach(async () => {
    const customers = opened
    opened = []
    await Promise.all(customers.map((customer) => customer.close()))
    expect(customers.flatMap((customer) => customer.troubles)).toEqual([])
  })
  afterAll(async () => {
    await chromium.close()
    await demo.stop()
  })

  return async (options) => {
    const customer = await openBrowser(chromium, demo, options)
    opened.push(customer)
    return customer
  }
}

/** On PostgreSQL in the projects that have a cluster, else as a reader of the README starts it. */
async function startOnProjectDatabase(): Promise<Demo> {
  const cluster = inject('postgres')
  return startDemo(cluster ? { databaseUrl: await newDatabase(cluster) } : {})
}
