/** Which errors mean that the database cannot serve just now, and say nothing about what was asked of it. */

/** There is no connection to the database, or it broke. */
export class DatabaseAway extends Error {
  override name = 'DatabaseAway'
  /** the commit was on its way: what it wrote may be there, or not */
  readonly mayHaveCommitted: boolean
  constructor(cause: unknown, { mayHaveCommitted = false }: { readonly mayHaveCommitted?: boolean } = {}) {
    const { message = '', code = '' } = cause as { message?: string; code?: string }
    super(`the database is away: ${message || code}`, { cause })
    this.mayHaveCommitted = mayHaveCommitted
  }
}

/**
 * Whether an error says that the database is gone, full, read-only, overloaded or too slow: a state that passes without
 * the caller changing anything. Whoever serves a request catches it last and answers 503 with Retry-After in place of 500:
 *
 *     if (isDatabaseAway(error)) return reply.code(503).header('Retry-After', '5')…
 *
 * Nothing was half done: a transaction stood or fell as a whole. After `DatabaseAway` with `mayHaveCommitted` the asker
 * cannot know whether it stood, and everything that we do twice is safe to ask again. A database that answers nonsense
 * (a broken file, a missing table) is not away but a defect, and stays a 500.
 */
export function isDatabaseAway(error: unknown): boolean {
  // The engine and our own code may have wrapped it.
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof DatabaseAway || isPostgresAway(inner) || isSqliteAway(inner)) return true
  }
  return false
}

const awayStates: readonly RegExp[] = [
  /^08/, // connection exceptions
  /^25006$/, // read-only: the server was demoted, or is told to write nothing
  /^25P03$/, // idle in a transaction for too long
  /^40001$|^40P01$/, // others were faster, five times
  /^53/, // disk full, out of memory, too many connections
  /^55P03$/, // a lock was not to be had in time
  /^57014$/, // the statement took too long
  /^57P0/, // shutting down, crashed, starting up
  /^58/, // its disk or its system failed
]

function isPostgresAway(error: Error): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && code.length === 5 && awayStates.some((state) => state.test(code))
}

/** Primary result codes: busy, locked, read-only, interrupted, I/O error, full, cannot open, locking protocol. */
const awayResults = new Set([5, 6, 8, 9, 10, 13, 14, 15])

function isSqliteAway(error: Error): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' && awayResults.has(errcode & 0xff)
}
