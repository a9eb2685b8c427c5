/** Two processes that serve one bank. SQLite has one process, so there both are the same. */
import { randomBytes } from 'node:crypto'
import { startBank, type TestBank, type TestBankOptions } from './bank.ts'
import { freshDatabase } from './database.ts'

export type Processes = {
  readonly one: TestBank
  readonly two: TestBank
  readonly close: () => Promise<void>
}

export async function startProcesses(options: TestBankOptions = {}): Promise<Processes> {
  const databaseUrl = await freshDatabase()
  const shared = { ...options, databaseUrl, masterKey: randomBytes(32) }
  const one = await startBank(shared)
  if (databaseUrl.startsWith('sqlite:')) return { one, two: one, close: one.close }
  const two = await startBank(shared)
  return {
    one,
    two,
    async close() {
      await one.close()
      await two.close()
    },
  }
}
