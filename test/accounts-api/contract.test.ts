/** Every operation and every refusal of the accounts API is met for real, and is what the published document says, strictly. */
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { LightMyRequestResponse } from 'fastify'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiDocument } from '../../src/accounts-api/openapi.ts'
import type { Bank } from '../../src/bank/port.ts'
import { createConsents } from '../../src/consent/consents.ts'
import { startBank, type TestBank, unavailable, withCalls } from '../support/bank.ts'
import { type Declared, declaredIn, type Document } from '../support/declared.ts'
import { openFintech } from '../support/fintech.ts'
import { keyPair, strictFintech } from '../support/strict-fintech.ts'
import { connect } from '../support/walk.ts'

const list = '/api/accounts'
const balances = '/api/accounts/{accountId}/balances'
const transactions = '/api/accounts/{accountId}/transactions'
const document = '/api/openapi.json'

let bank: TestBank
let replaced: Partial<Bank> = {}
let served: LightMyRequestResponse
let declared: Declared
const met = new Set<string>()

beforeAll(async () => {
  bank = await startBank({ wrapBank: (real) => withCalls(real, () => replaced) })
  served = await bank.server.inject(document)
  declared = declaredIn(served.json<Document>())
})
afterAll(() => bank.close())

type Call = {
  readonly token?: string | undefined
  readonly account?: string
  readonly query?: string
  readonly scheme?: string
}

/** One call, held against what its operation declares. */
async function call(
  path: string,
  { token, account = 'none', query = '', scheme = 'Bearer' }: Call,
): Promise<string> {
  const answer = await bank.server.inject({
    url: path.replace('{accountId}', account) + query,
    headers: token === undefined ? {} : { authorization: `${scheme} ${token}` },
  })
  const code = declared.expectDeclared(path, answer)
  met.add(`${path} ${answer.statusCode} ${code}`)
  return code
}

async function callAll(paths: readonly string[], of: Call): Promise<string[]> {
  const codes: string[] = []
  for (const path of paths) codes.push(await call(path, of))
  return [...new Set(codes)]
}

const every = [list, balances, transactions]
const ofAnAccount = [balances, transactions]

async function connected(loginId: string, options: Parameters<typeof connect>[2] = {}) {
  const walk = await connect(bank, loginId, options)
  const consent = await bank.db
    .selectFrom('consents')
    .selectAll()
    .where('status', '=', 'active')
    .orderBy('granted_at', 'desc')
    .executeTakeFirstOrThrow()
  const shared = JSON.parse(consent.accounts) as { bankAccount: string; id: string }[]
  const [one, two] = shared
  if (!one || !two) throw new Error(`${loginId} shares two accounts`)
  return { token: walk.access, consent, one, two }
}

const consents = () => createConsents({ db: bank.db, clock: () => Date.now(), pairwiseKey: Buffer.alloc(32) })

describe('the document', () => {
  it('is OpenAPI 3.1, public, and may be kept and read by a page of any origin', async () => {
    const validator = new Validator()
    const { valid, errors } = await validator.validate(served.json<Record<string, unknown>>())
    expect(errors).toBeUndefined()
    expect([valid, validator.version]).toEqual([true, '3.1'])
    expect(served.headers).toMatchObject({
      'cache-control': 'public, max-age=3600',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    })
    expect(declared.expectDeclared(document, served)).toBe('ok')
    met.add(`${document} 200 ok`)
  })

  // Delete the file and run this test: it is written anew.
  it('is the one that lies in docs/', async () => {
    const made = openApiDocument({
      publicUrl: 'https://login.bank.example',
      mutualTlsUrl: 'https://mtls.login.bank.example',
      lookBackMonths: 24,
    })
    const file = join(import.meta.dirname, '../../docs/accounts-api.json')
    await expect(`${JSON.stringify(made, null, 2)}\n`).toMatchFileSnapshot(file)
  })

  it('has examples that are what it says', () => {
    for (const [path, { get }] of Object.entries(served.json<Document>().paths)) {
      for (const [status, { content }] of Object.entries(get.responses)) {
        const { example, examples = {} } = (
          content as { 'application/json': { example?: unknown; examples?: object } }
        )['application/json']
        const values = Object.values(examples).map(({ value }: { value: unknown }) => value)
        const schema = ['paths', path, 'get', 'responses', status, 'content', 'application/json', 'schema']
        for (const value of example === undefined ? values : [example]) declared.validates(schema, value)
      }
    }
  })
})

describe('every answer is declared:', () => {
  it('what a live consent opens, and what it does not', async () => {
    const { token, one, two } = await connected('mihon02')
    expect(await callAll(every, { token, account: one.id })).toEqual(['ok'])
    expect(await callAll(ofAnAccount, { token })).toEqual(['account_not_found'])
    expect(await callAll(every, { token, account: one.id, query: '?access_token=x' })).toEqual([
      'invalid_request',
    ])
    expect(await call(document, { query: '?access_token=x' })).toBe('invalid_request')
    await consents().stopAccount((await connected('mihon02')).consent.id, one.id, {
      by: 'customer',
      reason: 'customer-stopped',
    })
    expect(await callAll(every, { token, account: two.id })).toEqual(['consent_stopped'])
  })

  it('accounts that have ended', async () => {
    const { token, consent, one } = await connected('mihon02')
    await consents().stopAccount(consent.id, one.id, { by: 'customer', reason: 'customer-stopped' })
    expect(await callAll(ofAnAccount, { token, account: one.id })).toEqual(['account_stopped'])
    const other = await connected('mihon12')
    await bank.simulator.change('mihon12', { closedAccounts: [other.one.bankAccount] })
    expect(await callAll(ofAnAccount, { token: other.token, account: other.one.id })).toEqual([
      'account_closed',
    ])
    const third = await connected('mihon01')
    await bank.simulator.changePin(third.one.bankAccount)
    expect(await callAll(ofAnAccount, { token: third.token, account: third.one.id })).toEqual(['pin_stale'])
    await bank.simulator.reset()
  })

  it('services that were not asked for', async () => {
    for (const [scope, path] of [
      ['balances', transactions],
      ['transactions', balances],
    ] as const) {
      const { token, one } = await connected('mihon12', {
        request: { scope: `openid offline_access ${scope}` },
      })
      expect(await call(path, { token, account: one.id })).toBe('insufficient_scope')
    }
  })

  it('a bank that does not answer, and says why or does not', async () => {
    const { token, one } = await connected('mihon02')
    for (const [reason, code] of [
      ['maintenance', 'maintenance'],
      ['outside-hours', 'outside_hours'],
    ] as const) {
      await bank.simulator.takeDown({}, { reason, resumesAt: Date.now() + 60_000 })
      expect(await callAll(every, { token, account: one.id })).toEqual([code])
      await bank.simulator.takeDown({}, { reason })
      expect(await callAll(every, { token, account: one.id })).toEqual([code])
    }
    await bank.simulator.bringUp({})
    replaced = { accounts: unavailable, balances: unavailable, transactions: unavailable }
    expect(await callAll(every, { token, account: one.id })).toEqual(['temporarily_unavailable'])
    const broken = async () => Promise.reject(new Error('a defect'))
    replaced = { accounts: broken, balances: broken, transactions: broken }
    expect(await callAll(every, { token, account: one.id })).toEqual(['server_error'])
    replaced = {}
    expect(await callAll(every, { token, account: one.id })).toEqual(['ok'])
  })

  it('tokens that open nothing', async () => {
    expect(await callAll(every, {})).toEqual(['missing_token'])
    expect(await callAll(every, { token: 'of-nobody' })).toEqual(['invalid_token'])
    const { token, consent } = await connected('mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
    await bank.clients.suspend('demo-kaikei', { by: 'staff:a', note: 'a test' })
    expect(await callAll(every, { token })).toEqual(['client_suspended'])
    await bank.db
      .updateTable('consents')
      .set({ ends_at: Date.now() - 1 })
      .where('id', '=', consent.id)
      .execute()
    expect(await callAll(every, { token })).toEqual(['consent_expired'])
  })

  it('a bound token without its proof', async () => {
    const { pair, jwks, privateKey } = await keyPair('ES256')
    const fintech = await strictFintech(bank, {
      registered: {
        id: 'strict',
        profile: 'fapi2',
        senderConstraint: 'dpop',
        authentication: { method: 'private_key_jwt' },
        keys: { jwks },
      },
      authentication: oauth.PrivateKeyJwt(privateKey),
      dpop: pair,
    })
    const { access_token: token } = await fintech.connect()
    expect(await callAll(every, { token, scheme: 'DPoP' })).toEqual(['invalid_dpop_proof'])
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'] as const)(
    'no other method: %s',
    async (method) => {
      for (const path of [...every, document]) {
        const answer = await bank.server.inject({
          method,
          url: path,
          headers: { 'content-type': 'application/json' },
          payload: '{',
        })
        expect(answer.headers.allow).toBe('GET')
        expect(answer.statusCode).toBe(405)
        if (method !== 'HEAD') expect(declared.expectRefusal(answer)).toBe('405 method_not_allowed')
      }
    },
  )

  it.each(['/api', '/api/', '/api/nothing', '/api/accounts/', '/api/accounts/a/b/c', '/api/openapi.yaml'])(
    'nothing at %s',
    async (url) => {
      const answer = await bank.server.inject({ url, headers: { accept: 'text/html' } })
      expect(declared.expectRefusal(answer)).toBe('404 not_found')
    },
  )

  it.each([
    ['an address that cannot be decoded', '/api/%zz', 'GET'],
    ['an id longer than any', `/api/accounts/${'x'.repeat(3000)}/balances`, 'GET'],
    ['a body for nobody', '/api/nothing', 'POST'],
  ] as const)('JSON also to %s', async (_what, url, method) => {
    const answer = await bank.server.inject({
      url,
      method,
      headers: { accept: 'text/html', 'content-type': 'application/json' },
      ...(method === 'POST' ? { payload: '{' } : {}),
    })
    expect(declared.expectRefusal(answer)).toMatch(/^40[04] (invalid_request|not_found)$/)
  })

  it('and there is nothing declared that was not met here', () => {
    const elsewhere = /429 too_many_requests$/ // test/attacks/flood.test.ts
    const all = Object.entries(declared.all).flatMap(([path, codes]) =>
      codes.map((code) => `${path} ${code}`),
    )
    const unmet = all.filter((one) => !met.has(one) && !elsewhere.test(one))
    expect(unmet).toEqual([`${document} 500 server_error`])
    expect(all.length).toBeGreaterThan(40)
  })
})
