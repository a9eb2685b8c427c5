/**
 * Asks the institution's OCSP responder about a certificate (RFC 6960, and RFC 5019 for what all responders understand).
 * Only the configured address is asked, never one that a certificate names: whoever makes a certificate would choose
 * whom this server calls.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, minutes } from '../clock.ts'
import type { Result } from '../errors.ts'
import type { CertificateRules } from '../institution.ts'
import type { Log } from '../log.ts'
import type { Certificate } from './certificate.ts'
import { tags } from './der.ts'
import { writeDer } from './der-writing.ts'
import { download, type DownloadProblem } from './download.ts'
import { type Answer, type AnswerProblem, readAnswer } from './ocsp-answer.ts'
import { type CertificateId, idOf, writeId, writeQuestion } from './ocsp-question.ts'
import type { Status } from './revocation-lists.ts'

export type Responder = {
  /** Never rejects: what cannot be learned is `unknown`. */
  readonly status: (certificate: Certificate, issuer: Certificate) => Promise<Status>
  readonly stop: () => Promise<void>
}

type Asking = {
  readonly rules: NonNullable<CertificateRules['revocation']['ocsp']>
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
  /** whether the issuer has withdrawn a responder's certificate */
  readonly isRevoked: (responder: Certificate, issuer: Certificate) => boolean
}

export type ResponderProblem = DownloadProblem | 'content-type' | AnswerProblem

const mostRemembered = 10_000

export function createResponder({ log, ...asking }: Asking & { readonly log: Log }): Responder {
  const { rules, clock } = asking
  const stopping = new AbortController()
  const remembered = new Map<string, Answer>()
  const underWay = new Map<string, Promise<Status>>()

  const learn = async (id: CertificateId, issuer: Certificate): Promise<Status> => {
    const answer = await ask(asking, { id, issuer, signal: stopping.signal })
    if (!answer.ok) {
      const { problem } = answer
      log.warn({ event: 'ocsp-unknown', problem }, 'nothing was learned from the OCSP responder')
      return 'unknown'
    }
    const { status, until } = answer.value
    remember(writeId(id), { status, until: Math.min(until, clock() + minutes(rules.cacheMinutes)) })
    return status
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
      const id = idOf(certificate.serial.content, issuer)
      const key = writeId(id)
      const known = remembered.get(key)
      if (known && clock() < known.until) return known.status
      const shared = underWay.get(key)
      if (shared) return shared
      const question = learn(id, issuer)
        .catch((err: unknown) => {
          log.error({ event: 'ocsp-failed', err }, 'a defect in reading an OCSP answer')
          return 'unknown' as const
        })
        .finally(() => underWay.delete(key))
      underWay.set(key, question)
      return question
    },
    async stop() {
      stopping.abort()
      await Promise.all(underWay.values())
    },
  }
}

/**
 * Whether the responder works for the customers of this authority: it is asked about a number that nobody can have. That it
 * knows nothing of it is a good answer, if only the signature is right.
 */
export async function tryResponder(
  asking: Asking,
  issuer: Certificate,
): Promise<ResponderProblem | undefined> {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const { signal } = new AbortController()
  const answer = await ask(asking, { id: idOf(serial, issuer), issuer, signal })
  return answer.ok || answer.problem === 'unknown-there' ? undefined : answer.problem
}

type Question = { readonly id: CertificateId; readonly issuer: Certificate; readonly signal: AbortSignal }

async function ask(
  { rules, clock, fetch, isRevoked }: Asking,
  { id, issuer, signal }: Question,
): Promise<Result<Answer, { readonly problem: ResponderProblem }>> {
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
    signal,
  })
  if (!found.ok) return found
  const { bytes, type } = found.value
  if (type.split(';')[0]?.trim().toLowerCase() !== answerType) return { ok: false, problem: 'content-type' }
  return readAnswer(bytes, {
    id,
    issuer,
    nonce,
    now: clock(),
    mostAge: minutes(rules.cacheMinutes),
    isRevoked: (one) => isRevoked(one, issuer),
  })
}

const answerType = 'application/ocsp-response'
