/** What the engine answers while the database is away: 503 `temporarily_unavailable`, in whichever form a route answers. */
import { type Adapter, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { retryAfter } from '../errors.ts'
import type { Log } from '../log.ts'
import { isDatabaseAway } from '../store/database-away.ts'

/** To the engine an error like every other: told to the client in JSON or in the redirect, or to the customer on our page. */
export class EngineAway extends errors.OIDCProviderError {
  override readonly name = 'EngineAway'
  override readonly expose = true
  override readonly error_description = description
  constructor(cause: unknown) {
    super(503, 'temporarily_unavailable', { cause, detail: 'the database is away' })
  }
}

const description = 'the bank is not available at the moment; try again later'

/** Whatever the engine lets us ask the database in the midst of a route. */
export async function orAway<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    throw isDatabaseAway(error) ? new EngineAway(error) : error
  }
}

/** An adapter whose every method says so. */
export function saysAway(adapter: Adapter): Adapter {
  const { upsert, find, findByUserCode, findByUid, consume, destroy, revokeByGrantId } = adapter
  return {
    upsert: (...given) => orAway(async () => upsert(...given)),
    find: (id) => orAway(async () => find(id)),
    findByUserCode: (code) => orAway(async () => findByUserCode(code)),
    findByUid: (uid) => orAway(async () => findByUid(uid)),
    consume: (id) => orAway(async () => consume(id)),
    destroy: (id) => orAway(async () => destroy(id)),
    revokeByGrantId: (id) => orAway(async () => revokeByGrantId(id)),
  }
}

/**
 * Around all that looks at answers after the engine's route: what is asked there has no handler of the engine's any more,
 * and an answer that is ready must not leave when the question after it fails.
 */
export function answerWhileAway(log: Log) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    try {
      await next()
    } catch (error) {
      if (!isDatabaseAway(error)) throw error
      log.error({ event: 'database-away', route: ctx.oidc?.route, err: error }, 'the database is away')
      ctx.status = 503
      ctx.body = { error: 'temporarily_unavailable', error_description: description }
    }
    if (ctx.status === 503) ctx.set('retry-after', String(retryAfter))
  }
}
