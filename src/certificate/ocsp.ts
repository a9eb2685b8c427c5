/**
 * Asks the institution's OCSP responder about a certificate (RFC 6960, and RFC 5019 for what all responders understand).
 * Only the configured address is asked, never one that a certificate names: whoever makes a certificate would choose
 * whom this server calls.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, minutes } from '../clock.ts'
import type { CertificateRules } from '../institution.ts'
import type { Log } from '../log.ts'
import type { Certificate } from './certificate.ts'
import { tags, writeDer } from './der.ts'
import { download } from './download.ts'
import { type Answer, readAnswer } from './ocsp-answer.ts'
import { type CertificateId, idOf, writeId, writeQuestion } from './ocsp-question.ts'
import type { Status } from './revocation-lists.ts'

export type Responder = {
  /** Never rejects: what cannot be learned is `unknown`. */
  readonly status: (certificate: Certificate, issuer: Certificate) => Promise<Status>
  readonly stop: () => Promise<void>
}

type Parts = {
  readonly rules: NonNullable<CertificateRules['revocation']['ocsp']>
  readonly clock: Clock
  readonly log: Log
  readonly fetch: typeof globalThis.fetch
  /** whether the issuer has withdrawn a responder's certificate */
  readonly isRevoked: (responder: Certificate, issuer: Certificate) => boolean
}

const mostRemembered = 10_000

export function createResponder({ rules, clock, log, fetch, isRevoked }: Parts): Responder {
  const stopping = new AbortController()
  const remembered = new Map<string, Answer>()
  const asking = new Map<string, Promise<Status>>()
  const mostAge = minutes(rules.cacheMinutes)

  const ask = async (id: CertificateId, issuer: Certificate): Promise<Status> => {
    const nonce = writeDer(tags.octetString, randomBytes(32))
    const found = await download({
      fetch,
      url: rules.url,
      request: {
        method: 'POST',
        headers: { 'content-type': 'application/ocsp-request', accept: answerType },
        body: new Uint8Array(writeQuestion(id, nonce)),
      },
      timeoutMs: rules.timeoutMs,
      mostBytes: 64_000,
      signal: stopping.signal,
    })
    if (!found.ok) return unknown(found.problem)
    const { bytes, type } = found.value
    if (type.split(';')[0]?.trim().toLowerCase() !== answerType) return unknown('content-type')
    const now = clock()
    const isWithdrawn = (one: Certificate) => isRevoked(one, issuer)
    const judged = readAnswer(bytes, { id, issuer, nonce, now, mostAge, isRevoked: isWithdrawn })
    if (!judged.ok) return unknown(judged.problem)
    remember(writeId(id), { ...judged.value, until: Math.min(judged.value.until, now + mostAge) })
    return judged.value.status
  }

  const unknown = (problem: string): Status => {
    log.warn({ event: 'ocsp-unknown', problem }, 'nothing was learned from the OCSP responder')
    return 'unknown'
  }

  /** The oldest goes first; a Map keeps the order in which its keys came. */
  const remember = (key: string, answer: Answer): void => {
    remembered.delete(key)
    remembered.set(key, answer)
    const [oldest] = remembered.keys()
    if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest)
  }

  return {
    async status(certificate, issuer) {
      const id = idOf(certificate, issuer)
      const key = writeId(id)
      const known = remembered.get(key)
      if (known && clock() < known.until) return known.status
      const shared = asking.get(key)
      if (shared) return shared
      const question = ask(id, issuer)
        .catch((err: unknown) => {
          log.error({ event: 'ocsp-failed', err }, 'a defect in reading an OCSP answer')
          return 'unknown' as const
        })
        .finally(() => asking.delete(key))
      asking.set(key, question)
      return question
    },
    async stop() {
      stopping.abort()
      await Promise.all(asking.values())
    },
  }
}

const answerType = 'application/ocsp-response'
