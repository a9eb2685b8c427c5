/** The log: one JSON line per event, with no secret, no query string and no body in it. */
import { pino, type DestinationStream, type Logger } from 'pino'
import { currentTrace } from './trace.ts'

export type Log = Logger

/** Names whose values must never reach a log line, however deep they stand. */
const secretNames: ReadonlySet<string> = new Set([
  'password',
  'answer',
  'pin',
  'pins',
  'code',
  'code_verifier',
  'client_secret',
  'client_assertion',
  'access_token',
  'refresh_token',
  'id_token',
  'token',
  'request',
  'request_uri',
  'state',
  'ticket',
  'authorization',
  'cookie',
  'dpop',
  'body',
  'fields',
  'headers',
])

export function createLog({ level, destination }: { level: string; destination?: DestinationStream }): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    mixin: traceFields,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: withoutSecrets,
    },
    // What a logger of a request puts into each of its lines goes through these alone.
    serializers: {
      ...Object.fromEntries([...secretNames].map((name) => [name, () => '[redacted]'])),
      err: describeError,
    },
  }
  return destination ? pino(options, destination) : pino(options)
}

type Fields = Record<string, unknown>

/** By name and at every depth, which pino's own redaction by path cannot, and in a fiftieth of its time. */
function withoutSecrets(fields: Fields, depth = 0): Fields {
  if (depth > deepest) return { tooDeep: true }
  const shown: Fields = {}
  for (const [name, value] of Object.entries(fields))
    shown[name] = secretNames.has(name) ? '[redacted]' : shownValue(value, depth)
  return shown
}

/** More than any line of ours has; what refers to itself ends here. */
const deepest = 6

function shownValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return depth > deepest ? [] : value.map((one) => shownValue(one, depth + 1))
  // These say themselves how they are written; errors are described below.
  if (value instanceof Error || 'toJSON' in value) return value
  return withoutSecrets(value as Fields, depth + 1)
}

/** What belongs together has one trace in every line, also in those that know no request. */
function traceFields(): Record<string, string> {
  const trace = currentTrace()
  return trace ? { trace: trace.id } : {}
}

/**
 * Where an error was thrown and what kind it is. Never its message: libraries and banks put what they were given into it,
 * and that may be a PIN.
 */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const { cause } = error
  return {
    type: /^[A-Z][A-Za-z]*$/.test(error.name) ? error.name : 'Error',
    at: placesOf(error),
    ...('code' in error && typeof error.code === 'string' && /^[A-Z][A-Z_]+$|^[0-9A-Z]{5}$/.test(error.code)
      ? { errorCode: error.code }
      : {}),
    ...(cause instanceof Error ? { cause: describeError(cause) } : {}),
  }
}

/** The frames of a stack without the message before them, which may be of many lines. */
function placesOf({ name, message, stack = '' }: Error): string[] {
  const head = [`${name}: ${message}`, message, name].find((text) => stack.startsWith(text)) ?? ''
  return stack
    .slice(head.length)
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .map((line) => line.slice(7))
}
