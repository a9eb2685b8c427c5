/** The log: one JSON line per event, with no secret, no query string and no body in it. */
import { pino, type DestinationStream, type Logger } from 'pino'
import { currentTrace } from './trace.ts'

export type Log = Logger

/** Names that must never reach a log line at any of the depths our objects have. */
const secretNames = [
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
]

export function createLog({ level, destination }: { level: string; destination?: DestinationStream }): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    mixin: traceFields,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: [
        ...secretNames,
        ...secretNames.map((name) => `*.${name}`),
        ...secretNames.map((name) => `*.*.${name}`),
        'headers',
        '*.headers',
      ],
      censor: '[redacted]',
    },
    serializers: { err: describeError },
  }
  return destination ? pino(options, destination) : pino(options)
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
