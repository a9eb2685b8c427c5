/** Long statements come in pages: every row once, whatever is booked or whichever day it becomes meanwhile. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createNextItemKeys } from '../../src/accounts-api/next-item.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { connect, consentsOf, type Tokens, type Walk } from '../support/walk.ts'

const evening = new Date('2026-11-24T23:58:00+09:00')
const nextDay = new Date('2026-11-25T00:01:00+09:00')

let bank: TestBank
let walk: Walk & Tokens
let till: string
let other: string
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: evening })
  bank = await startBank()
  ;({ walk, till, other } = await connected())
})
beforeEach(() => {
  vi.setSystemTime(evening)
})
afterAll(async () => {
  await bank.close()
  vi.useRealTimers()
})

async function connected() {
  const made = await connect(bank, 'mihon12')
  const { body } = await made.fintech.api('/api/accounts', made.access)
  const accounts = body.accounts as { accountId: string; accountNumber: string }[]
  const idOf = (number: string) =>
    accounts.find(({ accountNumber }) => accountNumber === number)?.accountId ?? ''
  return { walk: made, till: idOf('3017001'), other: idOf('1009974') }
}

type Page = {
  hasNext: boolean
  nextItemKey?: string
  count: string
  dateFrom: string
  dateTo: string
  transactions: { itemKey: string; transactionDate: string }[]
}

async function ask(query: Record<string, string>, { account = till, by = walk } = {}) {
  const path = `/api/accounts/${account}/transactions?${new URLSearchParams(query).toString()}`
  const { status, body } = await by.fintech.api(path, by.access)
  return { status, error: body.error, page: body as Page }
}

/** All pages; between the first and the second, `meanwhile` happens. */
async function pages(query: Record<string, string>, meanwhile: () => void = () => undefined) {
  const first = (await ask(query)).page
  const all = [first]
  meanwhile()
  for (let key = first.nextItemKey; key !== undefined; key = all.at(-1)?.nextItemKey) {
    const { status, page } = await ask({ ...query, nextItemKey: key })
    expect(status).toBe(200)
    all.push(page)
  }
  return all
}

const keysOf = (all: readonly Page[]) =>
  all.flatMap(({ transactions }) => transactions.map(({ itemKey }) => itemKey))
const year = { dateFrom: '2025-11-01' }

describe('a long statement', () => {
  it('comes 500 rows at a time, oldest first, each row once', async () => {
    const all = await pages(year)
    expect(all.length).toBeGreaterThanOrEqual(3)
    for (const [nth, page] of all.entries()) {
      const isLast = nth === all.length - 1
      expect([page.hasNext, page.nextItemKey !== undefined]).toEqual([!isLast, !isLast])
      expect(page.count).toBe(String(page.transactions.length))
      if (!isLast) expect(page.transactions).toHaveLength(500)
      expect([page.dateFrom, page.dateTo]).toEqual(['2025-11-01', '2026-11-24'])
    }
    const keys = keysOf(all)
    expect(keys.length).toBeGreaterThan(1200)
    expect(new Set(keys).size).toBe(keys.length)
    const days = all.flatMap(({ transactions }) => transactions.map((one) => one.transactionDate))
    expect(days).toEqual(days.toSorted())
    const firstHalf = await pages({ dateFrom: '2025-11-01', dateTo: '2025-11-15' })
    const secondHalf = await pages({ dateFrom: '2025-11-16', dateTo: '2025-11-30' })
    const november = keysOf([...firstHalf, ...secondHalf])
    expect(keys.slice(0, november.length)).toEqual(november)
  })

  it('that has just one page says so', async () => {
    const { page } = await ask({ dateFrom: '2026-11-20' })
    expect(page.hasNext).toBe(false)
    expect(page).not.toHaveProperty('nextItemKey')
    expect((await ask({ dateFrom: '2026-11-22', dateTo: '2026-11-22' })).page).toMatchObject({
      count: '0',
      hasNext: false,
      transactions: [],
    })
  })

  it('has what is booked meanwhile at its end, and nothing twice', async () => {
    const range = { ...year, dateTo: '2026-12-31' }
    const before = keysOf(await pages(range))
    const after = keysOf(await pages(range, () => vi.setSystemTime(nextDay)))
    expect(after.slice(0, before.length)).toEqual(before)
    expect(after.length).toBeGreaterThan(before.length)
    expect(after.slice(before.length).every((key) => key.startsWith('2026-11-25'))).toBe(true)
  })

  it('that began before midnight ends as it began', async () => {
    const before = await pages(year)
    const over = await pages(year, () => vi.setSystemTime(nextDay))
    expect(keysOf(over)).toEqual(keysOf(before))
    expect(over.map(({ dateTo }) => dateTo)).toEqual(before.map(() => '2026-11-24'))
    const path = `/api/accounts/${till}/transactions`
    expect((await walk.fintech.api(path, walk.access)).body).toMatchObject({
      dateFrom: '2026-11-25',
      dateTo: '2026-11-25',
      baseDate: '2026-11-25',
    })
  })
})

describe('a nextItemKey', () => {
  const refused = { status: 400, error: 'invalid_request' }
  const begin = async () => (await ask(year)).page.nextItemKey ?? ''

  it('is the same for the same page, and holds neither customer nor account', async () => {
    const key = await begin()
    expect(await begin()).toBe(key)
    expect(key.length).toBeLessThan(160)
    const [consent] = await consentsOf(bank)
    const inside = key + Buffer.from(key.split('.')[0] ?? '', 'base64url').toString()
    for (const secret of [till, '3017001', 'mihon12', consent?.id, consent?.customer_id])
      expect(inside).not.toContain(secret)
  })

  it('opens no other account, no other dates and no other consent', async () => {
    const nextItemKey = await begin()
    expect(await ask({ ...year, nextItemKey })).toMatchObject({ status: 200 })
    expect(await ask({ ...year, nextItemKey }, { account: other })).toMatchObject(refused)
    for (const dates of [{}, { dateFrom: '2025-12-01' }, { ...year, dateTo: '2026-11-24' }])
      expect(await ask({ ...dates, nextItemKey })).toMatchObject(refused)
    const renewed = await connected()
    expect(renewed.till).toBe(till)
    expect(await ask({ ...year, nextItemKey }, { by: renewed.walk })).toMatchObject(refused)
    walk = renewed.walk
  })

  it.each([
    ['made up', () => 'abc'],
    ['empty', () => ''],
    ['without its signature', (key: string) => `${key.split('.')[0]}.`],
    ['signed by nobody', (key: string) => `${key.split('.')[0]}.${'A'.repeat(43)}`],
    ['for rows further back', (key: string) => `${forged(key)}.${key.split('.')[1]}`],
    ['too long', (key: string) => key + 'x'.repeat(500)],
    ['with more behind it', (key: string) => `${key}x`],
  ])('%s is refused', async (_what, change) => {
    expect(await ask({ ...year, nextItemKey: change(await begin()) })).toMatchObject(refused)
  })

  it('outlives a change of the master key, and not its end', () => {
    const [former, newest] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    const page = { consent: 'c', account: 'a', dateFrom: '2025-11-01' }
    const next = { from: '2025-11-01', to: '2026-11-24', after: '2026-01-05-7', since: '2026-11-24' }
    const key = createNextItemKeys([former]).make(page, next)
    expect(createNextItemKeys([newest, former]).read(page, key, '2026-11-24')).toEqual(next)
    expect(createNextItemKeys([newest]).read(page, key, '2026-11-24')).toBeUndefined()
  })

  it('given twice in one address is refused', async () => {
    const key = await begin()
    const path = `/api/accounts/${till}/transactions?dateFrom=2025-11-01&nextItemKey=${key}&nextItemKey=${key}`
    expect((await walk.fintech.api(path, walk.access)).status).toBe(400)
  })

  it('is good until the day after, so that it never opens days that have left the window', async () => {
    const nextItemKey = await begin()
    vi.setSystemTime(new Date('2026-11-25T23:59:00+09:00'))
    walk = { ...walk, ...(await refreshed()) }
    expect(await ask({ ...year, nextItemKey })).toMatchObject({ status: 200 })
    vi.setSystemTime(new Date('2026-11-26T00:00:00+09:00'))
    expect(await ask({ ...year, nextItemKey })).toMatchObject(refused)
  })
})

async function refreshed() {
  const { body } = await walk.fintech.refresh(walk.refresh)
  return { access: String(body.access_token) }
}

function forged(key: string): string {
  const content = Buffer.from(key.split('.')[0] ?? '', 'base64url').toString()
  return Buffer.from(content.replace('2025-11-01', '2020-01-01')).toString('base64url')
}
