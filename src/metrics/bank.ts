/** The bank with every call counted and timed, whichever bank it is. */
import { type CallName, callNames } from '../bank/http/calls.ts'
import type { Bank } from '../bank/port.ts'
import { type Metrics, wordOf } from './metrics.ts'

export function measureBank(bank: Bank, metrics: Metrics): Bank {
  const measured = (call: CallName) => async (asked: never) => {
    const since = performance.now()
    let result = 'failed'
    try {
      const outcome = await bank[call](asked)
      result = outcome.ok ? 'ok' : wordOf(outcome.reason)
      return outcome
    } finally {
      metrics.bankCall({ call, result })
      metrics.bankCallTook({ call }, (performance.now() - since) / 1000)
    }
  }
  return Object.fromEntries(callNames.map((call) => [call, measured(call)])) as unknown as Bank
}
