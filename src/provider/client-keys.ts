/**
 * The keys that a fintech publishes (`jwks_uri`): fetched by us from addresses that were checked, kept for minutes, and
 * still used for a day when the fintech's server is down, so that nobody's customers are cut off by that.
 */
import { z } from 'zod'
import { type Clock, hours, seconds } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Resolve } from '../outgoing/address.ts'
import { ask, type Reach } from '../outgoing/ask.ts'

type Parts = {
  readonly clock: Clock
  readonly log: Log
  readonly reach: Reach
  readonly resolve?: Resolve | undefined
}

/** The engine asks again after this many seconds, whatever the fintech's server says: a key taken back must die soon. */
const freshFor = 300
const usedFor = hours(24)
const mostKept = 1000
/** A server that gave none is left alone for so long: each of those who wait for it would wait for seconds. */
const leftAlone = seconds(5)
/** A signature without the name of its key is tried with all of them. */
const mostKeys = 20

/** What the engine fetches by; it fetches nothing else than clients' keys. */
export function fetchClientKeys({ clock, log, reach, resolve }: Parts): typeof globalThis.fetch {
  const kept = new Map<string, { readonly body: string; readonly at: number }>()
  const failed = new Map<string, { readonly problem: string; readonly at: number }>()

  /** The body with the keys, or why there is none. */
  const fetchFrom = async (url: string): Promise<{ body: string } | { problem: string }> => {
    const last = failed.get(url)
    if (last && clock() < last.at + leftAlone) return last
    const answered = await ask({
      url,
      method: 'GET',
      headers: { accept: 'application/jwk-set+json, application/json' },
      reach,
      resolve,
      timeoutMs: 2500,
    })
    if (answered.ok && answered.value.status === 200 && isKeySet(answered.value.body)) {
      keep(kept, url, { body: answered.value.body, at: clock() })
      return answered.value
    }
    const problem = answered.ok ? `status-${answered.value.status}` : answered.problem
    log.warn({ event: 'client-keys-unreachable', host: new URL(url).host, problem }, 'no keys to be had')
    keep(failed, url, { problem, at: clock() })
    return { problem }
  }

  return async (address) => {
    const url = address instanceof Request ? address.url : String(address)
    const fetched = await fetchFrom(url)
    if ('body' in fetched) return keysIn(fetched.body)
    const former = kept.get(url)
    if (former && clock() - former.at < usedFor) return keysIn(former.body)
    // Thrown, because any answer at all would count as fresh keys for another minute.
    throw new Error(`the client's keys cannot be had: ${fetched.problem}`)
  }
}

function keep<Value>(map: Map<string, Value>, url: string, value: Value): void {
  map.delete(url)
  map.set(url, value)
  for (const oldest of map.keys()) if (map.size > mostKept) map.delete(oldest)
}

const keysIn = (body: string): Response =>
  new Response(body, {
    headers: { 'content-type': 'application/json', 'cache-control': `max-age=${freshFor}` },
  })

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(mostKeys) })

function isKeySet(body: string): boolean {
  try {
    return keySet.safeParse(JSON.parse(body)).success
  } catch {
    return false
  }
}
