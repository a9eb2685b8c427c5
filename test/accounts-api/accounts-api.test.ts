/** The accounts API opens a live consent's accounts and services, and nothing else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { connect, type Tokens, type Walk } from '../support/walk.ts'

type Account = { accountId: string; accountNumber: string; branchCode: string; accountTypeName: string }

let bank: TestBank
let walk: Walk & Tokens
let accounts: Account[]
beforeAll(async () => {
  bank = await startBank()
  walk = await connect(bank, 'mihon01')
  accounts = (await walk.fintech.api('/api/accounts', walk.access)).body.accounts as Account[]
})
afterAll(() => bank.close())

const get = (path: string, token = walk.access) => walk.fintech.api(path, token)

describe('the accounts API', () => {
  it('lists the accounts of the consent with its number and end', async () => {
    const { body } = await get('/api/accounts')
    expect(body.consent).toMatchObject({
      number: expect.stringMatching(/^[\dA-Z]{3}-[\dA-Z]{4}-[\dA-Z]{3}$/),
    })
    expect(accounts.map((one) => one.accountNumber).sort()).toEqual(['2000002', '2222222'])
    expect(accounts[0]).toMatchObject({
      branchCode: expect.stringMatching(/^\d{3}$/),
      accountTypeCode: '01',
      currencyCode: 'JPY',
    })
  })

  it('gives balances and transactions as strings, oldest first, that add up', async () => {
    const id = accounts[0]?.accountId
    const { body: balances } = await get(`/api/accounts/${id}/balances`)
    expect(balances.balance).toMatch(/^-?\d+$/)
    const { body } = await get(`/api/accounts/${id}/transactions?dateFrom=2026-09-01`)
    const list = body.transactions as {
      transactionDate: string
      amount: string
      balance: string
      transactionType: string
    }[]
    expect(body.count).toBe(String(list.length))
    expect(list.map((one) => one.transactionDate)).toEqual(list.map((one) => one.transactionDate).toSorted())
    for (const [index, one] of list.entries()) {
      const before = list[index - 1]
      if (!before) continue
      const signed = BigInt(one.amount) * (one.transactionType === '1' ? 1n : -1n)
      expect(BigInt(one.balance)).toBe(BigInt(before.balance) + signed)
    }
    expect(list.at(-1)?.balance).toBe(balances.balance)
  })

  it('knows an account by another id for each fintech, and by the same one in every consent', async () => {
    const other = await connect(bank, 'mihon01', { fintech: openFintech(bank, 'demo-kaikei') })
    const theirs = (await get('/api/accounts', other.access)).body.accounts as Account[]
    expect(theirs.map((one) => one.accountId)).not.toEqual(expect.arrayContaining([accounts[0]?.accountId]))
    const again = await connect(bank, 'mihon01')
    const renewed = (await get('/api/accounts', again.access)).body.accounts as Account[]
    for (const { accountId } of accounts) expect(renewed.map((one) => one.accountId)).toContain(accountId)
    walk = again
  })

  it.each([
    ['a token of nobody', 'Bearer not-a-token'],
    ['no token', undefined],
    ['another scheme', 'Basic abc'],
    ['two tokens', 'Bearer a b'],
  ])('refuses %s with 401 and a challenge', async (_what, authorization) => {
    const answer = await bank.server.inject({
      url: '/api/accounts',
      headers: authorization ? { authorization } : {},
    })
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('Bearer')
  })

  it('refuses a token in the address, also beside one in the header, and a refresh token', async () => {
    for (const headers of [{}, { authorization: `Bearer ${walk.access}` }]) {
      const answer = await bank.server.inject({ url: `/api/accounts?access_token=${walk.access}`, headers })
      expect([answer.statusCode, answer.json().error]).toEqual([400, 'invalid_request'])
    }
    expect((await get('/api/accounts', walk.refresh)).status).toBe(401)
  })

  it('does not know an account of another consent', async () => {
    const other = await connect(bank, 'mihon02')
    expect((await get(`/api/accounts/${accounts[0]?.accountId}/balances`, other.access)).status).toBe(404)
  })

  it.each([
    'dateFrom=yesterday',
    'dateFrom=2026-02-30',
    'dateFrom=2026-05-02&dateTo=2026-05-01',
    'dateFrom=2026-01-01&dateFrom=2026-01-02',
  ])('refuses the range %s', async (query) => {
    const { status, body } = await get(`/api/accounts/${accounts[0]?.accountId}/transactions?${query}`)
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_request' })
  })

  it('looks back as far as the customer was told, and says since when', async () => {
    const path = `/api/accounts/${accounts[0]?.accountId}/transactions`
    const years = (n: number, day = '-01-15') => `${new Date().getFullYear() - n}${day}`
    const { status, body } = await get(`${path}?dateFrom=${years(4)}`)
    expect(status).toBe(400)
    const [earliest = ''] = /\d{4}-\d{2}-\d{2}/.exec(String(body.error_description)) ?? []
    expect(Number(earliest.slice(0, 4))).toBe(new Date().getFullYear() - 2)
    expect((await get(`${path}?dateFrom=${earliest}`)).status).toBe(200)
    const dayBefore = new Date(Date.parse(earliest) - 86_400_000).toISOString().slice(0, 10)
    expect((await get(`${path}?dateFrom=${dayBefore}`)).status).toBe(400)
    expect((await get(`${path}?dateTo=${dayBefore}`)).status).toBe(400)
    const { body: first } = await get(`${path}?dateTo=${earliest}`)
    expect(first).toMatchObject({ dateFrom: earliest, dateTo: earliest })
  })
})
