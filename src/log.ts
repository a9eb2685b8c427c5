/** The log: one JSON line per event, with no secret, no query string and no body in it. */
import { pino, type DestinationStream, type Logger } from 'pino'

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

/** An error's class, message and stack, but none of the properties that libraries hang on errors (bodies, SQL values). */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...('code' in error && typeof error.code === 'string' ? { errorCode: error.code } : {}),
    ...(error.cause instanceof Error ? { cause: describeError(error.cause) } : {}),
  }
}
