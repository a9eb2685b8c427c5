/** The refusals of the OpenAPI document, each with its code and example, and the headers that answers have. */
import { numbered } from '../explain/numbers.ts'
import { type ApiError, errors } from './errors.ts'

export type Json = Readonly<Record<string, unknown>>

/** They say something about one account or service, so a call about none cannot meet them. */
export const ofAnAccount: ReadonlySet<string> = new Set([
  'insufficient_scope',
  'account_not_found',
  'account_stopped',
  'account_closed',
  'pin_stale',
])

/** They come from no operation: there is none at that address or for that method. */
const ofNoOperation: ReadonlySet<string> = new Set(['not_found', 'method_not_allowed'])

export function refusals(isMet: (error: ApiError) => boolean): Json {
  const met = Object.values<ApiError>(errors).filter(
    (error) => isMet(error) && !ofNoOperation.has(error.error),
  )
  const byStatus = Object.groupBy(met, ({ status }) => status)
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, those = []]) => {
      const codes = [...new Set(those.map(({ error }) => error))]
      const schema = { $ref: '#/components/schemas/Error', properties: { error: { enum: codes } } }
      return [
        status,
        {
          description: codes.join(', '),
          headers: headersOf(Number(status)),
          content: json(schema, { examples: Object.fromEntries(those.map(exampleOf)) }),
        },
      ]
    }),
  )
}

const exampleOf = (refusal: ApiError, nth: number, those: readonly ApiError[]): [string, Json] => {
  const { error, description } = refusal
  const isFirst = those.findIndex((one) => one.error === error) === nth
  return [
    isFirst ? error : `${error}_${nth + 1}`,
    { value: { error, error_description: numbered(description, '7F3K-9QXM') } },
  ]
}

export const json = (schema: Json, more: Json = {}): Json => ({ 'application/json': { schema, ...more } })

export const headers = {
  interaction: {
    description: 'as it was sent, or made by the bank',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
  errorId: {
    description: 'the number of this error; what is behind it is at /errors/{number}, for the client alone',
    required: true,
    schema: { type: 'string', pattern: '^[0-9A-Z]{4}-[0-9A-Z]{4}$' },
  },
  notKept: { required: true, schema: { const: 'no-store' } },
  challenge: {
    description:
      'RFC 6750, section 3; error="invalid_token" for whatever is wrong with the token or its consent',
    schema: { type: 'string' },
  },
  wait: { description: 'seconds', required: true, schema: { type: 'string', pattern: '^[1-9][0-9]*$' } },
}

export function headersOf(status: number): Json {
  const named = (name: keyof typeof headers): Json => ({ $ref: `#/components/headers/${name}` })
  return {
    'x-fapi-interaction-id': named('interaction'),
    'cache-control': named('notKept'),
    ...(status >= 400 ? { 'ninka-error-id': named('errorId') } : {}),
    ...(status === 401 || status === 403 ? { 'www-authenticate': named('challenge') } : {}),
    ...(status === 429 || status === 503 ? { 'retry-after': named('wait') } : {}),
  }
}
