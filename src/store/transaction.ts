/** Several writes that stand or fall together, tried again when two processes met in the same rows. */
import { DatabaseAway } from './database-away.ts'
import type { Database } from './open.ts'

const mostTries = 5

/** Serialization failure, deadlock, and a unique index that a parallel transaction satisfied first. */
const worthAnotherTry = new Set(['40001', '40P01', '23505'])

/** Runs `work` in a transaction; `work` may run several times and must do nothing but query. */
export async function transact<Value>(
  db: Database,
  work: (transaction: Database) => Promise<Value>,
): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (tries === mostTries || !isWorthAnotherTry(error)) throw error
    }
  }
}

/** Where the connection broke before the commit was sent, nothing was written; after that nobody knows, and we do not guess. */
function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof DatabaseAway) return !error.mayHaveCommitted
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    worthAnotherTry.has(error.code)
  )
}
