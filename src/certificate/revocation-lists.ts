/** The revocation lists of the institution: loaded at the start, kept fresh, asked by serial number. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Clock, minutes, seconds } from '../clock.ts'
import type { Result } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Certificate } from './certificate.ts'
import type { Authorities } from './chain.ts'
import { type DownloadProblem, download } from './download.ts'
import { writeName } from './names.ts'
import {
  judgeAgain,
  type ListProblem,
  type RevocationList,
  readRevocationList,
  serialKey,
} from './revocation-list.ts'

export type Status = 'good' | 'revoked' | 'unknown'

export type RevocationLists = {
  /** What the lists say at `now` of a certificate that `issuer` signed; of an authority only whether it is `revoked`. */
  readonly status: (certificate: Certificate, issuer: Certificate, now: number) => Status
  readonly standing: () => readonly Standing[]
  readonly stop: () => Promise<void>
}

/** What came of a source when it was last read. Times in ms. */
export type Standing =
  | {
      readonly source: string
      /** RFC 4514 */
      readonly issuer: string
      readonly thisUpdate: number
      readonly nextUpdate: number
      readonly entries: number
    }
  | {
      readonly source: string
      readonly problem: ListProblem | DownloadProblem | 'no-such-file' | 'older-than-held'
    }

type Parts = {
  readonly sources: readonly string[]
  readonly authorities: Authorities
  readonly clock: Clock
  readonly log: Log
  readonly fetch: typeof globalThis.fetch
}

/** Resolves when every source was tried once. One that cannot be had is logged, and tried again a minute later. */
export async function createRevocationLists({
  refreshMinutes,
  ...parts
}: Parts & { readonly refreshMinutes: number }): Promise<RevocationLists> {
  const lists = newLists(parts)
  const stopping = new AbortController()
  const timers = new Map<string, NodeJS.Timeout>()
  const running = new Set<Promise<void>>()

  const turn = async (source: string): Promise<void> => {
    const standing = await lists.load(source, stopping.signal)
    if (stopping.signal.aborted) return
    const again = () => {
      const one = turn(source).finally(() => running.delete(one))
      running.add(one)
    }
    timers.set(
      source,
      setTimeout(again, pauseAfter(standing, parts.clock(), minutes(refreshMinutes))).unref(),
    )
  }
  await Promise.all(parts.sources.map(turn))

  return {
    status: lists.status,
    standing: lists.standing,
    async stop() {
      stopping.abort()
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}

/** The sources as they stand now, each read once; for a look from the outside. */
export async function inspectRevocationLists(
  parts: Parts,
): Promise<Pick<RevocationLists, 'status' | 'standing'>> {
  const lists = newLists(parts)
  await Promise.all(parts.sources.map((source) => lists.load(source, new AbortController().signal)))
  return lists
}

/** Well before a list ends, so that its successor may be late or the network down for a while; what failed, in a minute. */
function pauseAfter(standing: Standing, now: number, refresh: number): number {
  if ('problem' in standing) return minutes(1)
  return Math.min(refresh, Math.max(minutes(1), (standing.nextUpdate - now) / 2))
}

function newLists({ sources, authorities, clock, log, fetch }: Parts) {
  /** One for each part of what an authority signs. */
  const held = new Map<string, RevocationList>()
  const standings = new Map<string, Standing>()
  /** What was last taken from each source: most sources show the same list many times before the next. */
  const taken = new Map<string, { readonly digest: string; readonly list: RevocationList }>()

  const load = async (source: string, signal: AbortSignal): Promise<Standing> => {
    const standing = await take(source, signal).catch((err: unknown): Standing => {
      log.error({ event: 'revocation-list-failed', err }, 'a defect in reading a list')
      return { source, problem: 'unreadable' }
    })
    standings.set(source, standing)
    if ('problem' in standing && !signal.aborted) {
      const { problem } = standing
      log.warn({ event: 'revocation-list-unusable', source: withoutQuery(source), problem }, 'list not taken')
    }
    return standing
  }

  const take = async (source: string, signal: AbortSignal): Promise<Standing> => {
    const found = await readSource(source, fetch, signal)
    if (!found.ok) return { source, problem: found.problem }
    const digest = createHash('sha256').update(found.value).digest('base64')
    const last = taken.get(source)
    const read =
      last?.digest === digest
        ? judgeAgain(last.list, clock())
        : readRevocationList(found.value, authorities.all, clock())
    if (!read.ok) return { source, problem: read.problem }
    const list = read.value
    const slot = JSON.stringify([identityOf(list.signer), list.scope])
    const before = held.get(slot)
    // Whoever stands between us and the source could show a list again from before a theft.
    if (before && isOlder(list, before)) return { source, problem: 'older-than-held' }
    held.set(slot, list)
    taken.set(source, { digest, list })
    const { thisUpdate, nextUpdate, revoked } = list
    return { source, issuer: writeName(list.signer.subject), thisUpdate, nextUpdate, entries: revoked.size }
  }

  const status = (certificate: Certificate, issuer: Certificate, now: number): Status => {
    const own = [...held.values()].filter(({ signer }) => identityOf(signer) === identityOf(issuer))
    // Also by a list that has ended, where the rule is to accept what is unknown: this much is known.
    const key = serialKey(certificate.serial)
    if (own.some(({ revoked }) => revoked.has(key))) return 'revoked'
    return own.some((list) => list.nextUpdate >= now && isAbout(list, certificate)) ? 'good' : 'unknown'
  }

  const standing = (): readonly Standing[] => {
    const now = clock()
    return sources.map((source) => {
      const one = standings.get(source) ?? { source, problem: 'unreachable' }
      return 'nextUpdate' in one && one.nextUpdate < now ? { source, problem: 'stale' } : one
    })
  }

  return { load, status, standing }
}

/** A renewed certificate of an authority has the same name and key: their lists are the same. */
const identityOf = ({ subject, keyBits }: Certificate): string =>
  `${subject.der.toString('base64')} ${keyBits.toString('base64')}`

const isOlder = (list: RevocationList, before: RevocationList): boolean =>
  list.thisUpdate < before.thisUpdate ||
  (list.number !== undefined && before.number !== undefined && list.number < before.number)

/** RFC 5280, section 6.3.3 (b): whether a customer's certificate would be on this list if it were revoked. */
function isAbout({ scope }: RevocationList, { extensions }: Certificate): boolean {
  if (scope.covers === 'authorities') return false
  return !scope.places || scope.places.some((place) => extensions.distributionPoints.includes(place))
}

const isAddress = (source: string): boolean => /^https?:/.test(source)

const withoutQuery = (source: string): string => (isAddress(source) ? source.replace(/[?#].*/s, '') : source)

async function readSource(
  source: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<Result<Buffer, { readonly problem: DownloadProblem | 'no-such-file' }>> {
  if (isAddress(source)) {
    const limits = { timeoutMs: seconds(10), mostBytes: 10_000_000 }
    const found = await download({ fetch, url: source, signal, ...limits })
    return found.ok ? { ok: true, value: found.value.bytes } : found
  }
  try {
    return { ok: true, value: await readFile(source) }
  } catch {
    return { ok: false, problem: 'no-such-file' }
  }
}
