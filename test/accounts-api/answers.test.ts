/** What every answer of the accounts API carries, what it takes of a request, and how it tells of a bank that is closed. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Bank } from '../../src/bank/port.ts'
import { startBank, type TestBank, withCalls } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { connect, type Tokens, type Walk } from '../support/walk.ts'

let bank: TestBank
let walk: Walk & Tokens
let account: string
let replaced: Partial<Bank> = {}
beforeAll(async () => {
  bank = await startBank({ wrapBank: (real) => withCalls(real, () => replaced) })
  walk = await connect(bank, 'mihon02')
  account = await firstAccount(walk)
})
afterEach(() => {
  replaced = {}
})
afterAll(() => bank.close())

async function firstAccount({ fintech, access }: Walk & Tokens): Promise<string> {
  const { body } = await fintech.api('/api/accounts', access)
  return (body.accounts as { accountId: string }[])[0]?.accountId ?? ''
}

const get = (path = '/api/accounts', headers: Record<string, string> = {}, token = walk.access) =>
  bank.server.inject({ url: path, headers: { authorization: `Bearer ${token}`, ...headers } })

const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
const sent = '7b5b4e3c-1d2a-4F5E-8c3b-9a0d6e2f1b4c'

describe('x-fapi-interaction-id', () => {
  it.each([
    ['an answer', '/api/accounts', undefined],
    ['a refusal', '/api/accounts', 'of-nobody'],
    ['an address without anything', '/api/nothing', undefined],
    ['an address that cannot be read', '/api/%zz', undefined],
    ['the document', '/api/openapi.json', undefined],
  ])('of %s is the one sent, or a new one', async (_what, path, token) => {
    const echoed = await get(path, { 'x-fapi-interaction-id': sent }, token)
    expect(echoed.headers['x-fapi-interaction-id']).toBe(sent)
    const [one, other] = [await get(path, {}, token), await get(path, {}, token)]
    expect(one.headers['x-fapi-interaction-id']).toMatch(uuid)
    expect(other.headers['x-fapi-interaction-id']).not.toBe(one.headers['x-fapi-interaction-id'])
  })

  it('of a wrong method, too', async () => {
    const headers = { 'x-fapi-interaction-id': sent }
    const answer = await bank.server.inject({ method: 'POST', url: '/api/accounts', headers })
    expect([answer.statusCode, answer.headers['x-fapi-interaction-id']]).toEqual([405, sent])
  })

  it.each(['', 'abc', `${sent}0`, `${sent}, ${sent}`, `{${sent}}`, '${jndi:ldap://evil.example}'])(
    'that is no UUID (%s) is refused under a new one, and is in no log',
    async (wrong) => {
      const answer = await get('/api/accounts', { 'x-fapi-interaction-id': wrong })
      expect([answer.statusCode, answer.json().error]).toEqual([400, 'invalid_request'])
      expect(answer.headers['x-fapi-interaction-id']).toMatch(uuid)
      expect(bank.logged.join('')).not.toContain('evil.example')
    },
  )

  it('stands in the log beside the answer, and a refusal names the fintech that the token told', async () => {
    await get(`/api/accounts/none/balances`, { 'x-fapi-interaction-id': sent })
    const lines = bank.logged.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.findLast(({ event }) => event === 'request')).toMatchObject({
      route: '/api/accounts/:id/balances',
      status: 404,
      interaction: sent,
    })
    expect(lines.findLast(({ event }) => event === 'api-refused')).toMatchObject({
      error: 'account_not_found',
      fintech: 'demo-kakeibo',
    })
  })
})

describe('a request', () => {
  it.each<Record<string, string>>([
    { accept: 'application/json' },
    { accept: 'application/json; charset=utf-8' },
    { accept: 'application/json;q=0.9, text/plain' },
    { accept: '*/*' },
    { accept: 'application/*' },
    { accept: 'text/html' },
    { 'x-fapi-auth-date': 'Tue, 24 Nov 2026 08:30:00 GMT' },
    { 'x-fapi-customer-ip-address': '198.51.100.119' },
    { 'x-fapi-customer-ip-address': '2001:db8::1893:25c8:1946' },
    { date: 'Tue, 24 Nov 2026 08:30:00 GMT' },
    { 'content-type': 'application/json' },
  ])('with %o is answered in JSON', async (headers) => {
    const answer = await get('/api/accounts', headers)
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      200,
      'application/json; charset=utf-8',
    ])
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it.each(['access_token=x', 'access%5ftoken=x', 'a=b&access_token=', 'access_token=x&access_token=y'])(
    'with a token in its address (%s) is refused wherever it goes',
    async (query) => {
      for (const path of ['/api/accounts', `/api/accounts/${account}/balances`, '/api/nothing']) {
        const answer = await get(`${path}?${query}`)
        expect([path, answer.statusCode, answer.json().error]).toEqual([path, 400, 'invalid_request'])
      }
    },
  )
})

describe('an answer', () => {
  it('tells an overdrawn account and amounts beyond what a number holds, to the yen', async () => {
    const value = {
      balance: '-1234567890123456789',
      withdrawable: '0',
      previousDay: '-1',
      previousMonth: '9007199254740993',
    }
    replaced = { balances: async () => ({ ok: true, value }) }
    expect((await get(`/api/accounts/${account}/balances`)).json()).toMatchObject({
      balance: '-1234567890123456789',
      withdrawableAmount: '0',
      previousDayBalance: '-1',
      previousMonthBalance: '9007199254740993',
    })
  })

  it('leaves out what is not there, and never says null', async () => {
    const one = {
      date: '2026-11-20',
      valueDate: '2026-11-20',
      direction: 'in',
      amount: '1',
      balance: '-5',
      key: 'k1',
    } as const
    replaced = {
      transactions: async () => ({
        ok: true,
        value: { transactions: [one, { ...one, key: 'k2', remarks: 'ｱ' }], more: false },
      }),
    }
    const answer = await get(`/api/accounts/${account}/transactions`)
    expect(answer.json().transactions.map(Object.keys)).toEqual([
      ['transactionDate', 'valueDate', 'transactionType', 'amount', 'balance', 'itemKey'],
      ['transactionDate', 'valueDate', 'transactionType', 'amount', 'remarks', 'balance', 'itemKey'],
    ])
    for (const path of ['', `/${account}/balances`, `/${account}/transactions`])
      expect((await get(`/api/accounts${path}`)).body).not.toContain('null')
  })
})

describe('a closed bank', () => {
  const take = (closed: Parameters<typeof bank.simulator.takeDown>[1], client?: string) =>
    bank.simulator.takeDown({ loginId: 'mihon02', ...(client ? { client } : {}) }, closed)
  afterEach(async () => {
    await bank.simulator.bringUp({})
    await bank.simulator.bringUp({ client: 'demo-kaikei' })
  })

  it.each([
    ['maintenance', 'maintenance'],
    ['outside-hours', 'outside_hours'],
  ] as const)('says %s and until when', async (reason, error) => {
    const resumesAt = Date.now() + 90_000
    await take({ reason, resumesAt })
    for (const path of ['', `/${account}/balances`, `/${account}/transactions`]) {
      const answer = await get(`/api/accounts${path}`)
      expect([answer.statusCode, answer.json().error]).toEqual([503, error])
      expect(answer.json().resumesAt).toBe(new Date(resumesAt).toISOString())
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(80)
      expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(90)
    }
    await bank.simulator.bringUp({ loginId: 'mihon02' })
    expect((await get()).statusCode).toBe(200)
  })

  it('that does not know until when says so by leaving it out, and a time that is over is none', async () => {
    for (const closed of [{ reason: 'maintenance' }, { reason: 'maintenance', resumesAt: 0 }] as const) {
      replaced = { accounts: async () => ({ ok: false, ...closed }) }
      const answer = await get()
      expect(answer.headers['retry-after']).toBe('60')
      expect(Object.keys(answer.json())).toEqual(['error', 'error_description'])
    }
  })

  it('is open again by itself when its time has come', async () => {
    await take({ reason: 'maintenance', resumesAt: Date.now() - 1 })
    expect((await get()).statusCode).toBe(200)
  })

  it('for one fintech answers the other, and ends nothing', async () => {
    const other = await connect(bank, 'mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
    await take({ reason: 'maintenance' }, 'demo-kaikei')
    const theirs = await get(`/api/accounts`, {}, other.access)
    expect([theirs.statusCode, theirs.json().error]).toEqual([503, 'maintenance'])
    expect((await get()).statusCode).toBe(200)
    await bank.simulator.bringUp({ loginId: 'mihon02', client: 'demo-kaikei' })
    expect((await get(`/api/accounts`, {}, other.access)).json().accounts).toHaveLength(2)
  })
})
