/**
 * What a request is part of: the trace under which every log has it (W3C Trace Context), and the journey's number as the
 * customer reads it out. Held for whatever is done for the request, so that log lines and calls to the bank carry it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'

export type Trace = {
  /** 32 hex digits, the same at everybody who takes part */
  readonly id: string
  /** 2 hex digits: whether whoever began it records it */
  readonly flags: string
  /** 受付番号, once it is known */
  readonly journey?: string
}

const current = new AsyncLocalStorage<Trace>()

/** Whatever `go` does, now or later, is part of this trace. */
export const within = <Value>(trace: Trace, go: () => Value): Value => current.run(trace, go)

/** The same trace, from where it is known which journey it is for. */
export const withinJourney = <Value>(journey: string, go: () => Value): Value =>
  within({ ...(current.getStore() ?? newTrace()), journey }, go)

export const currentTrace = (): Trace | undefined => current.getStore()

/** Not recorded: we keep lines in a log and send no spans. */
export const newTrace = (): Trace => ({ id: hexDigits(), flags: '00' })

/** @param header as it came; anything but the one form of version 00 is none */
export function readTraceparent(header: unknown): Trace | undefined {
  if (typeof header !== 'string') return undefined
  const [, id, parent, flags] = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(header) ?? []
  if (!id || !parent || !flags || /^0+$/.test(id) || /^0+$/.test(parent)) return undefined
  return { id, flags }
}

/** For one call to somebody else: the trace that it belongs to, and a number of its own in it. */
export function traceparent(): string {
  const { id, flags } = current.getStore() ?? newTrace()
  return `00-${id}-${hexDigits().slice(0, 16)}-${flags}`
}

/** Never all zeros: one digit says that the rest is random. */
const hexDigits = (): string => randomUUID().replaceAll('-', '')
