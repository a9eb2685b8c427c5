/**
 * The accounts API as an OpenAPI 3.1 document, made from the schemas that the routes are typed by and the errors that they
 * refuse with, so that it cannot say anything else than the API does.
 */
import { z } from 'zod'
import { bankScopes } from '../consent/services.ts'
import { rangeQuery } from './dates.ts'
import { nextItemKeyText } from './next-item.ts'
import { headers, headersOf, type Json, json, ofAnAccount, refusals } from './openapi-answers.ts'
import { examples } from './openapi-examples.ts'
import type { ApiParts } from './parts.ts'
import { pageSize, shapes } from './shapes.ts'

type Described = Pick<ApiParts, 'publicUrl' | 'mutualTlsUrl' | 'lookBackMonths'>

export function openApiDocument({ publicUrl, mutualTlsUrl, lookBackMonths }: Described): Json {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Accounts API',
      version: '1.0.0',
      description: `Balances and transactions of the accounts that a customer shares with a fintech. ${about}`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      { url: publicUrl },
      ...(mutualTlsUrl ? [{ url: mutualTlsUrl, description: 'for tokens bound to a certificate' }] : []),
    ],
    tags: [{ name: 'accounts' }, { name: 'document' }],
    paths: {
      '/api/accounts': read({
        id: 'listAccounts',
        summary: 'The consent and the accounts it shares (口座一覧照会)',
        answer: 'Accounts',
        scopes: [],
      }),
      '/api/accounts/{accountId}/balances': read({
        id: 'getBalances',
        summary: 'What an account holds (残高照会)',
        answer: 'Balances',
        scopes: ['balances'],
      }),
      '/api/accounts/{accountId}/transactions': read({
        id: 'getTransactions',
        summary: 'Transactions of some days, oldest first (入出金明細照会)',
        description: [
          'No dates: today. Only dateFrom: until today. Only dateTo: from the same day of the year before.',
          `The bank looks back ${lookBackMonths} months; a dateFrom before is refused, with the earliest day in the text.`,
          `An answer has at most ${pageSize} transactions. Where hasNext is true, repeat the call with the same dates and`,
          'nextItemKey. The pages together have every transaction exactly once, also when others are booked meanwhile.',
        ].join(' '),
        answer: 'Transactions',
        scopes: ['transactions'],
        query: {
          dateFrom: 'first day, included',
          dateTo: 'last day, included; may lie in the future',
          nextItemKey:
            'from the answer before: opaque, for these dates and account only, until the day after',
        },
      }),
      '/api/openapi.json': { get: thisDocument },
    },
    components: { schemas: schemas(), headers, securitySchemes: securitySchemes(publicUrl) },
  }
}

const about = [
  'Every answer, also a refusal, is JSON, is kept by no cache and has x-fapi-interaction-id.',
  'A field without a value is left out, never null. Days and hours are those of Japan.',
  'Everything is read with GET: another method gets 405 method_not_allowed with Allow, an unknown address 404 not_found.',
  'A token of a client with sender-constrained tokens (FAPI 2.0) comes with its DPoP proof or over its certificate.',
].join(' ')

type Read = {
  readonly id: string
  readonly summary: string
  readonly description?: string
  readonly answer: keyof typeof examples
  /** of which the token must have one each; without any, whatever token there is */
  readonly scopes: readonly string[]
  readonly query?: Partial<Record<keyof typeof queryShapes, string>>
}

function read({ id, summary, description, answer, scopes, query = {} }: Read): Json {
  const ofOneAccount = scopes.length > 0
  const parameters = [
    ...(ofOneAccount ? [accountParameter] : []),
    ...Object.entries(query).map(([name, about]) => ({
      name,
      in: 'query',
      description: about,
      schema: jsonSchema(queryShapes[name as keyof typeof queryShapes]),
    })),
    ...headerParameters,
  ]
  const get = {
    operationId: id,
    tags: ['accounts'],
    summary,
    ...(description === undefined ? {} : { description }),
    security: [{ oauth2: scopes }, { oauth2: scopes, dpop: [] }, { oauth2: scopes, certificate: [] }],
    parameters,
    responses: {
      200: {
        description: 'the answer',
        headers: headersOf(200),
        content: json({ $ref: `#/components/schemas/${answer}` }, { example: examples[answer] }),
      },
      ...refusals(ofOneAccount ? () => true : ({ error }) => !ofAnAccount.has(error)),
    },
  }
  return { get }
}

const queryShapes = { ...rangeQuery.shape, nextItemKey: nextItemKeyText }

const accountParameter = {
  name: 'accountId',
  in: 'path',
  required: true,
  schema: { type: 'string', maxLength: 64 },
}

const headerParameters = [
  {
    name: 'x-fapi-interaction-id',
    in: 'header',
    description: 'names the call in the logs of both sides; made by the bank where it is not sent',
    schema: { type: 'string', format: 'uuid' },
  },
  {
    name: 'x-fapi-auth-date',
    in: 'header',
    description: 'when the customer last signed in to the fintech; accepted, not used',
    schema: { type: 'string' },
  },
  {
    name: 'x-fapi-customer-ip-address',
    in: 'header',
    description: 'IPv4 or IPv6 of the customer, where he is present; accepted, not used',
    schema: { type: 'string' },
  },
]

const thisDocument = {
  operationId: 'getDocument',
  tags: ['document'],
  summary: 'This document',
  security: [],
  responses: {
    200: {
      description: 'OpenAPI 3.1',
      headers: { 'cache-control': { required: true, schema: { type: 'string' } } },
      content: json({ type: 'object' }),
    },
    ...refusals(({ error }) => ['invalid_request', 'too_many_requests', 'server_error'].includes(error)),
  },
}

function securitySchemes(publicUrl: string): Json {
  const at = (path: string) => `${publicUrl}${path}`
  return {
    oauth2: {
      type: 'oauth2',
      description:
        'The access token in the Authorization header, never in the address. Codes come with PKCE (S256).',
      flows: {
        authorizationCode: {
          authorizationUrl: at('/authorize'),
          tokenUrl: at('/token'),
          refreshUrl: at('/token'),
          scopes: Object.fromEntries(bankScopes.map((name) => [name, scopeTexts[name]])),
        },
      },
    },
    dpop: {
      type: 'http',
      scheme: 'DPoP',
      description: 'RFC 9449, for clients whose tokens are bound to a key',
    },
    certificate: {
      type: 'mutualTLS',
      description: 'RFC 8705, for clients whose tokens are bound to a certificate',
    },
  }
}

const scopeTexts: Readonly<Record<(typeof bankScopes)[number], string>> = {
  balances: 'balances (残高照会)',
  transactions: 'transactions (入出金明細照会)',
}

function schemas(): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, shape] of Object.entries(shapes)) registry.add(shape, { id })
  const made = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` })
  return Object.fromEntries(Object.entries(made.schemas).map(([name, schema]) => [name, plain(schema)]))
}

const jsonSchema = (shape: z.ZodType): Json => plain(z.toJSONSchema(shape, { io: 'input' }))

/** A part of a document has neither dialect nor address of its own. */
function plain(schema: object): Json {
  const { $schema: _dialect, $id: _address, ...rest } = schema as Record<string, unknown>
  return rest
}
