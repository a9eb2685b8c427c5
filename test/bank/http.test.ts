/** The bank over HTTP: the contract of every bank, spoken through the adapter to the simulated bank on the other side. */
import { createSimulator } from '../../src/bank/simulator/simulator.ts'
import { openDatabase } from '../../src/store/open.ts'
import { freshDatabase } from '../support/database.ts'
import { openHttpBank, openServedBank } from '../support/served-bank.ts'
import { bankContract } from './contract.ts'

bankContract('the simulator over HTTP', async (clock) => {
  const db = await openDatabase(await freshDatabase())
  const served = await openServedBank(await createSimulator({ db, clock }))
  const { bank } = openHttpBank(served.url)
  return {
    bank,
    async close() {
      await bank.close()
      await served.close()
      await db.destroy()
    },
  }
})
