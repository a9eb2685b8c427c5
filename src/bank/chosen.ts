/** The bank that the settings name, simulated or behind its gateway. Only the one that is named is loaded. */
import { systemClock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Settings } from '../settings.ts'
import type { Database } from '../store/open.ts'
import type { BankControls } from './controls.ts'
import type { Bank } from './port.ts'

type BankParts = {
  readonly bank: Bank
  /** only the simulated bank lets itself be changed */
  readonly bankControls: BankControls | undefined
  readonly resetBank: () => Promise<void>
  readonly closeBank: () => Promise<void>
}

/** @throws Error when a file that the gateway needs does not serve */
export async function chosenBank(
  { bank: gateway }: Settings,
  { db, log, metrics }: { db: Database; log: Log; metrics: Metrics },
): Promise<BankParts> {
  if (gateway === 'simulator') {
    const { createSimulator } = await import('./simulator/simulator.ts')
    const bank = await createSimulator({ db, clock: systemClock })
    return { bank, bankControls: bank, resetBank: () => bank.reset(), closeBank: async () => {} }
  }
  const { createHttpBank } = await import('./http/bank.ts')
  const { readGateway } = await import('./http/gateway.ts')
  const bank = createHttpBank({ gateway: readGateway(gateway), clock: systemClock, log })
  metrics.onRead(() => metrics.bankNotAsked({}, bank.isAsked() ? 0 : 1))
  // A bank elsewhere is not ours to put back.
  return { bank, bankControls: undefined, resetBank: async () => {}, closeBank: () => bank.close() }
}
