/**
 * The bank over HTTP, by the contract in openapi.yaml. Whatever is not an answer of the contract is `unavailable`: a timeout,
 * a broken connection, a status other than 200, another shape. It must never become "wrong".
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { currentTrace, traceparent } from '../../trace.ts'
import type { Bank } from '../port.ts'
import { type CallName, calls, readAnswer } from './calls.ts'
import { createExchange, type Exchanged, type Gateway } from './exchange.ts'
import { createBreaker, createBulkhead, type Limits, usualLimits } from './guard.ts'

export type HttpBank = Bank & {
  /** false while it is left alone, because it did not answer */
  readonly isAsked: () => boolean
  readonly close: () => Promise<void>
}

type HttpBankParts = {
  readonly gateway: Gateway
  readonly clock: Clock
  readonly log: Log
  readonly limits?: Partial<Limits>
  /** another limit than the contract's for every call, ms */
  readonly timeout?: number
}

const mostRepetitions = 2

export function createHttpBank({ gateway, clock, log, limits, timeout }: HttpBankParts): HttpBank {
  const bounds = { ...usualLimits, ...limits }
  const exchange = createExchange(gateway, { connections: bounds.atOnce })
  const bulkhead = createBulkhead(bounds)
  let isLeftAlone = false
  const breaker = createBreaker(clock, bounds, (isOpen) => {
    isLeftAlone = isOpen
    if (isOpen)
      log.error({ event: 'bank-not-asked' }, 'the bank does not answer; it is not asked for a while')
    else log.warn({ event: 'bank-asked-again' }, 'the bank answers again')
  })

  async function ask<Name extends CallName>(
    name: Name,
    body: unknown,
  ): Promise<Awaited<ReturnType<Bank[Name]>> | typeof unavailable> {
    const cameTo = breaker.enter()
    if (!cameTo) return unavailable
    if (!(await bulkhead.enter())) {
      cameTo('not-asked')
      log.warn({ event: 'bank-crowded', call: name }, 'too many calls to the bank at once')
      return unavailable
    }
    try {
      const got = await exchanged(name, body)
      cameTo(isSick(got) ? 'nothing' : 'answer')
      return answerIn(name, got)
    } finally {
      bulkhead.leave()
    }
  }

  /** Asks, and where that is safe asks again, all within the time of one call. */
  async function exchanged(name: CallName, body: unknown): Promise<Exchanged> {
    const { path, repeat, timeout: usual } = calls[name]
    const ending = new AbortController()
    // Not AbortSignal.timeout: that one goes off, and makes an error, also long after the answer.
    const timer = setTimeout(() => ending.abort(), timeout ?? usual)
    const { signal: stop } = ending
    const headers = {
      'x-correlation-id': currentTrace()?.journey ?? randomUUID(),
      ...(repeat === 'freely' ? {} : { 'idempotency-key': randomUUID() }),
    }
    const post = () =>
      exchange.post({ path, headers: { ...headers, traceparent: traceparent() }, body, stop })
    try {
      let got = await post()
      for (let n = 0; n < mostRepetitions && isSick(got) && repeat !== 'never' && !stop.aborted; n += 1) {
        // At once, all would come back at once.
        await pause((50 + Math.random() * 100) * 2 ** n, undefined, { signal: stop }).catch(() => undefined)
        if (!stop.aborted) got = await post()
      }
      return got
    } finally {
      clearTimeout(timer)
    }
  }

  function answerIn<Name extends CallName>(
    name: Name,
    got: Exchanged,
  ): Awaited<ReturnType<Bank[Name]>> | typeof unavailable {
    const correlation = currentTrace()?.journey
    if ('failed' in got) {
      const { failed: why, errorCode } = got
      log.warn(
        { event: 'bank-unreached', call: name, why, errorCode, correlation },
        'the bank did not answer',
      )
      return unavailable
    }
    if (got.status >= 500 || got.status === 429) {
      const { status } = got
      log.warn({ event: 'bank-unreached', call: name, status, correlation }, 'the bank could not answer')
      return unavailable
    }
    const read = got.status === 200 ? readAnswer(name, parsed(got)) : { wrongAt: [] }
    if ('answer' in read) return read.answer
    const { wrongAt } = read
    // Somebody has to look at it: it will not pass by itself.
    log.error(
      { event: 'bank-not-by-contract', call: name, status: got.status, wrongAt, correlation },
      'the bank answered otherwise than the contract says',
    )
    return unavailable
  }

  return {
    reach: () => ask('reach', {}),
    signIn: (credentials) => ask('signIn', credentials),
    identifyCertificate: (certificate) => ask('identifyCertificate', certificate),
    signInWithCertificate: (credentials) => ask('signInWithCertificate', credentials),
    question: (who) => ask('question', who),
    answer: (attempt) => ask('answer', attempt),
    accounts: (who) => ask('accounts', who),
    holdPins: (request) => ask('holdPins', request),
    commitPins: (who) => ask('commitPins', who),
    releasePins: (who) => ask('releasePins', who),
    standing: (who) => ask('standing', who),
    findCustomers: (query) => ask('findCustomers', { query }),
    balances: (inquiry) => ask('balances', inquiry),
    transactions: (range) => ask('transactions', range),
    isAsked: () => !isLeftAlone,
    close: () => exchange.close(),
  }
}

const unavailable = { ok: false, reason: 'unavailable' } as const

/** It may be better in a moment. Not so a refused or misunderstood call, which says nothing about the others. */
const isSick = (got: Exchanged): boolean => 'failed' in got || got.status >= 500 || got.status === 429

function parsed({ contentType, text }: Extract<Exchanged, { status: number }>): unknown {
  if (!/^application\/json\b/i.test(contentType)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
