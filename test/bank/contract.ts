/** The checks that a bank runs against its own gateway, as tests: for any implementation of the port. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bench, runCheck } from '../../src/bank/contract/bench.ts'
import { bankChecks } from '../../src/bank/contract/checks.ts'
import { readTestCustomers } from '../../src/bank/contract/customers.ts'
import type { Bank } from '../../src/bank/port.ts'
import { type Clock, dateInJapan } from '../../src/clock.ts'

/** @returns a bank at its start, with the demo customers, whose clock is the given one */
type MakeBank = (clock: Clock) => Promise<{ readonly bank: Bank; readonly close: () => Promise<unknown> }>

/** A Tuesday after a day off, at an hour when the day in UTC is still the one before. */
export const contractDay = Date.parse('2026-11-24T08:30:00+09:00')

export const demoTestCustomers = readTestCustomers(
  readFileSync(join(import.meta.dirname, '../../src/demo/test-customers.json'), 'utf8'),
)

export function bankContract(name: string, makeBank: MakeBank): void {
  describe(`${name} as a bank`, () => {
    let bench: Bench
    let close: () => Promise<unknown>
    beforeAll(async () => {
      const made = await makeBank(() => contractDay)
      bench = { bank: made.bank, customers: demoTestCustomers, today: dateInJapan(contractDay) }
      close = made.close
    })
    afterAll(() => close())

    test.each(bankChecks.map((check) => [check.name, check] as const))('%s', async (name, check) => {
      expect(await runCheck(check, bench)).toEqual({ name, verdict: 'passed' })
    })
  })
}
