/**
 * Remembers why a client was refused, under the number that stands in the error, and tells it to that client's developer and
 * to the bank. What must never be in it: a secret, a code or token, and whose customer it was.
 */
import { type Clock, minutes } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Clients } from '../store/clients.ts'
import type { Database } from '../store/open.ts'
import { findRefusal, type KeptRefusal, keepRefusal, listRefusals } from '../store/refusals.ts'
import { readErrorId } from './numbers.ts'
import { explain, isKnown, type Refused } from './rules.ts'

export type Refusal = Refused & {
  readonly id: string
  /** the path that was called, such as `/token` */
  readonly endpoint: string
  /** whose it is, or whose the caller says it is; it is kept only where that client is registered */
  readonly client: string | undefined
  /** the client has shown that it is the one, in this request or in the one that led here */
  readonly proven: boolean
  /** what a parameter said */
  readonly sent?: (parameter: string) => unknown
  /** of the journey, where the customer was */
  readonly step?: string | undefined
  /** 受付番号 */
  readonly journey?: string | undefined
}

/** What the developer reads. */
export type Explained = {
  readonly id: string
  /** ISO 8601 */
  readonly at: string
  readonly endpoint: string
  readonly error: string
  readonly description: string | null
  readonly parameter: string | null
  /** what it said, shortened; null where it might be a secret */
  readonly value: string | null
  readonly rule: string
  readonly section: string
  readonly help: string
  readonly step: string | null
  readonly journey: string | null
}

export type Refusals = {
  /** Writes it down, where it may be; never fails, because the client is to be answered in any case. */
  note: (refusal: Refusal) => Promise<void>
  /** @param id as somebody typed it */
  find: (client: string, id: string) => Promise<Explained | undefined>
  /** Newest first. */
  latest: (client: string, limit: number) => Promise<readonly Explained[]>
}

/** Kept of one client in a minute by one process; a flood says nothing new. */
const mostInAMinute = { proven: 120, claimed: 30 } as const

export function createRefusals({
  db,
  clock,
  clients,
  log,
}: {
  readonly db: Database
  readonly clock: Clock
  readonly clients: Clients
  readonly log: Log
}): Refusals {
  let minute = 0
  let counted = new Map<string, number>()

  /** Only registered clients come here, so the count stays small. */
  function isFlood(client: string, proven: boolean): boolean {
    const now = Math.floor(clock() / minutes(1))
    if (now !== minute) {
      minute = now
      counted = new Map()
    }
    const key = `${proven} ${client}`
    const before = counted.get(key) ?? 0
    counted.set(key, before + 1)
    return before >= (proven ? mostInAMinute.proven : mostInAMinute.claimed)
  }

  async function keep({ client, proven, ...refusal }: Refusal): Promise<void> {
    const registered = client === undefined ? undefined : await clients.find(client)
    if (!registered || isFlood(registered.id, proven)) return
    // To the engine a suspended client is none; its developer is to read why.
    const suspended = refusal.error === 'invalid_client' && registered.status === 'suspended'
    const detail = suspended ? 'client is suspended' : knownDetail(refusal)
    const { id, error, description, endpoint, step, journey, sent } = refusal
    const { parameter } = explain({ error, description, detail })
    await keepRefusal(db, {
      id,
      client_id: registered.id,
      proven: proven ? 1 : 0,
      at: clock(),
      endpoint,
      error,
      description: description === null ? null : printable(description),
      detail,
      value: parameter && sent ? shownValue(parameter, sent(parameter)) : null,
      step: step ?? null,
      journey: journey ?? null,
    })
  }

  return {
    note: (refusal) =>
      keep(refusal).catch((error: unknown) =>
        log.error({ event: 'refusal-not-kept', id: refusal.id, err: error }, 'a refusal could not be kept'),
      ),
    async find(client, id) {
      const row = await findRefusal(db, readErrorId(id), client)
      return row && explained(row)
    },
    async latest(client, limit) {
      return (await listRefusals(db, client, limit)).map(explained)
    },
  }
}

export function explained(row: KeptRefusal): Explained {
  const { id, at, endpoint, error, description, detail, value, step, journey } = row
  const { parameter, rule, section, help } = explain({ error, description, detail })
  const when = new Date(at).toISOString()
  return { id, at: when, endpoint, error, description, parameter, value, rule, section, help, step, journey }
}

/** Any other could hold what was sent. */
const knownDetail = ({ error, detail }: Refused): string | null =>
  detail !== null && isKnown(error, detail) ? printable(detail) : null

/** Parameters that are no secret, whoever sends them. */
const addresses: ReadonlySet<string> = new Set(['redirect_uri', 'resource'])
const words: ReadonlySet<string> = new Set([
  'scope',
  'response_type',
  'response_mode',
  'code_challenge_method',
  'prompt',
  'grant_type',
  'client_assertion_type',
])

/** What should be words and is not could be anything, sent in the wrong place. */
function shownValue(parameter: string, value: unknown): string | null {
  if (typeof value !== 'string') return null
  if (addresses.has(parameter)) return shortened(withoutQuery(value))
  return words.has(parameter) && /^[a-z_:. -]+$/.test(value) ? shortened(value) : null
}

const shortened = (text: string): string => printable(text.length > 120 ? `${text.slice(0, 119)}~` : text)

/** Addresses are compared by what comes before the query, and there are secrets in queries. */
function withoutQuery(address: string): string {
  if (!URL.canParse(address)) return 'not an address'
  const [before = ''] = address.split(/[?#]/)
  return `${before.replace(/\/\/[^/]*@/, '//')}${before === address ? '' : '?...'}`
}

/** What every database and terminal takes. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 400)
