/** Of the contract, what only the wire shows: repetitions, what a gateway does not know, and who may ask at all. */
import { randomUUID } from 'node:crypto'
import { calls } from '../http/calls.ts'
import type { Exchange, Exchanged } from '../http/exchange.ts'
import { holds, needs, same, wrongPassword } from './bench.ts'
import type { TestCustomers } from './customers.ts'

export type Wire = {
  readonly exchange: Exchange
  /** the same gateway without our certificate; undefined where none is given */
  readonly stranger: Exchange | undefined
  readonly customers: TestCustomers
}

type WireCheck = { readonly name: string; readonly run: (wire: Wire) => Promise<void> }

const post = (
  exchange: Exchange,
  [path, body]: readonly [path: string, body: unknown],
  headers: Readonly<Record<string, string>> = {},
): Promise<Exchanged> =>
  exchange.post({
    path,
    body,
    headers: { 'x-correlation-id': randomUUID(), ...headers },
    stop: AbortSignal.timeout(10_000),
  })

const statusOf = (got: Exchanged): number | string => ('failed' in got ? got.failed : got.status)

function sameBody(what: string, got: Exchanged, expected: unknown): void {
  same(`the status of ${what}`, statusOf(got), 200)
  const text = 'text' in got ? got.text : ''
  try {
    same(what, JSON.parse(text), expected)
  } catch (error) {
    if (error instanceof SyntaxError) holds(what, false, 'JSON', 'something else')
    throw error
  }
}

const isRefused = (got: Exchanged): boolean => 'status' in got && got.status >= 400 && got.status < 500

/** More than any bank allows in a row. */
const deliveries = 12

export const wireChecks: readonly WireCheck[] = [
  {
    name: 'a caller without the certificate is refused',
    async run({ stranger }) {
      const got = await post(needs(stranger, 'certificate of the caller (--certificate)'), [
        calls.reach.path,
        {},
      ])
      holds(
        'health',
        'failed' in got || got.status === 401 || got.status === 403,
        'no connection, 401 or 403',
        statusOf(got),
      )
    },
  },
  {
    name: 'a field that the gateway does not know is ignored',
    async run({ exchange }) {
      const got = await post(exchange, [calls.reach.path, { later: true }])
      sameBody('health', got, { ok: true, value: 'reached' })
    },
  },
  {
    name: 'a call that there is not, and a body that is not of the contract, are refused with 4xx',
    async run({ exchange }) {
      for (const asked of [
        ['/v1/no-such-call', {}],
        [calls.accounts.path, { customer: 1 }],
        [calls.accounts.path, 'text'],
      ] as const) {
        const got = await post(exchange, asked)
        holds(`the status of ${asked[0]}`, isRefused(got), '4xx', statusOf(got))
      }
    },
  },
  {
    name: 'a call that counts is refused with 4xx without its Idempotency-Key',
    async run({ exchange, customers: { main } }) {
      const { loginId, password } = main
      const got = await post(exchange, [calls.signIn.path, { loginId, password }])
      holds('the status of sign-in', isRefused(got), '4xx', statusOf(got))
    },
  },
  {
    name: `a wrong password delivered ${deliveries} times with one Idempotency-Key is one try`,
    async run({ exchange, customers: { main } }) {
      const { loginId, password } = main
      const attempt = [calls.signIn.path, { loginId, password: wrongPassword(password) }] as const
      const key = { 'idempotency-key': randomUUID() }
      for (let n = 0; n < deliveries; n += 1)
        sameBody('sign-in', await post(exchange, attempt, key), { ok: false, reason: 'wrong' })
      const right = await post(exchange, [calls.signIn.path, { loginId, password }], {
        'idempotency-key': randomUUID(),
      })
      const isIn = 'text' in right && right.text.includes('"ok":true')
      holds(
        'sign-in with the right password after them',
        isIn,
        'ok: true',
        'text' in right ? right.text : statusOf(right),
      )
    },
  },
]
