/** A phone call at the desk: found, stopped, released; effective at once, told once, and in the audit with who and why. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readHtml, textOf } from '../web/rendering.ts'
import type { TestBank } from '../support/bank.ts'
import { customerId } from '../support/certificates.ts'
import { auditOf, openDesk, startBankWithDesk } from '../support/desk.ts'
import { openFintech } from '../support/fintech.ts'
import { begin, connect, consentsOf, signIn } from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  bank = await startBankWithDesk()
})
afterEach(() => bank.close())

/** The number on the receipt, and the tokens of the fintech. */
async function connected(loginId = 'mihon01') {
  const walk = await connect(bank, loginId)
  const rows = await consentsOf(bank)
  const row = rows.at(-1)
  if (!row) throw new Error('nobody agreed to anything')
  return { ...walk, number: row.number, id: row.id, accounts: JSON.parse(row.accounts) as { id: string }[] }
}

const outboxOf = async (kind: 'event' | 'notice') =>
  (await bank.db.selectFrom('outbox').selectAll().where('kind', '=', kind).execute()).map(
    ({ payload }) => JSON.parse(payload) as { type: string; reason: string },
  )

/** What every token answers now: the API, a refresh, introspection. */
async function opens({ fintech, access, refresh }: Awaited<ReturnType<typeof connected>>) {
  const api = await fintech.api('/api/accounts', access)
  const refreshed = await fintech.refresh(refresh)
  const introspected = await fintech.introspect(access)
  return { api: api.status, refresh: refreshed.status, active: introspected.body.active }
}

describe('a connection', () => {
  it.each([
    ['its number', async (number: string) => number],
    ['the login ID of its customer', async () => 'mihon01'],
  ])('is stopped within three pages of a call that begins with %s', async (_what, said) => {
    const connection = await connected()
    const desk = await openDesk(bank)
    const pages = [await desk.get('/')]
    pages.push(await desk.post('/search', { q: await said(connection.number) }))
    expect(pages.at(-1)?.html).toContain(`/consents/${connection.number}/stop`)
    pages.push(await desk.stop(connection.number))
    expect(pages.at(-1)?.html).toContain('連携を停止しました')
    expect(pages).toHaveLength(3)
    expect((await consentsOf(bank))[0]).toMatchObject({
      status: 'stopped',
      ended_by: 'staff:窓口 一郎',
      ended_reason: 'customer-asked',
    })
  })

  it('opens nothing on the very next call, and the fintech and the customer are told once', async () => {
    const connection = await connected()
    expect(await opens(connection)).toEqual({ api: 200, refresh: 200, active: true })
    const desk = await openDesk(bank)
    await desk.search(connection.number)
    await desk.stop(connection.number)
    const after = await opens(connection)
    expect(after.refresh).toBe(400)
    expect([401, 403]).toContain(after.api)
    expect(after.active).toBe(false)
    expect(await outboxOf('event')).toMatchObject([{ type: 'consent-ended', reason: 'customer-asked' }])
    expect((await outboxOf('notice')).filter(({ type }) => type === 'stopped')).toHaveLength(1)
    expect(await auditOf(bank, 'consent-ended')).toMatchObject([
      { by: 'staff:窓口 一郎', reason: 'customer-asked', note: 'callback; お電話あり' },
    ])
  })

  it('that the customer and the desk stop at once has one end, one event and one row in the audit', async () => {
    const connection = await connected()
    const [one, other] = [await openDesk(bank), await openDesk(bank)]
    await one.search(connection.number)
    await other.search(connection.number)
    const [first, second] = await Promise.all([
      one.stop(connection.number),
      other.stop(connection.number, { reason: 'suspected-fraud', check: 'no-caller' }),
      connection.fintech.refresh(connection.refresh),
    ])
    expect([first.html, second.html].filter((html) => html.includes('連携を停止しました'))).toHaveLength(1)
    expect([first.html, second.html].filter((html) => html.includes('すでに終わっていました'))).toHaveLength(
      1,
    )
    expect(await outboxOf('event')).toHaveLength(1)
    expect(await auditOf(bank, 'consent-ended')).toHaveLength(1)
    expect((await connection.fintech.refresh(connection.refresh)).status).toBe(400)
  })

  it('loses one account, and the others stay', async () => {
    const connection = await connected()
    const [account, ...others] = connection.accounts
    expect(others.length).toBeGreaterThan(0)
    const desk = await openDesk(bank)
    await desk.search(connection.number)
    const page = await desk.stop(connection.number, { scope: account?.id ?? '' })
    expect(page.html).toContain('この口座の連携を停止しました')
    const api = await connection.fintech.api('/api/accounts', connection.access)
    expect(JSON.stringify(api.body)).not.toContain(account?.id)
    expect(JSON.stringify(api.body)).toContain(others[0]?.id)
    expect(await auditOf(bank, 'account-stopped')).toMatchObject([
      { account: account?.id, by: 'staff:窓口 一郎' },
    ])
  })

  it('of each fintech is stopped by one form in an emergency', async () => {
    await connected()
    await connect(bank, 'mihon01', { fintech: openFintech(bank, 'demo-kaikei') })
    const desk = await openDesk(bank)
    await desk.search('mihon01')
    const page = await desk.post(`/customers/${customerId('mihon01')}/stop-all`, {
      reason: 'suspected-fraud',
      check: 'callback',
      note: '',
      confirm: 'yes',
    })
    expect(page.html).toContain('すべて停止しました')
    expect((await consentsOf(bank)).map(({ status }) => status)).toEqual(['stopped', 'stopped'])
  })

  it.each([
    ['no scope', { scope: '' }, '停止する範囲を選んでください'],
    ['another’s account', { scope: 'made-up' }, '停止する範囲を選んでください'],
    ['no reason', { reason: '' }, '理由を選んでください'],
    ['a reason of their own', { reason: 'revenge' }, '理由を選んでください'],
    ['no check of the caller', { check: '' }, '本人確認の方法を選んでください'],
    ['a customer’s wish without a caller', { check: 'no-caller' }, '本人確認が必要です'],
    ['no confirmation', { confirm: '' }, 'チェックを入れてください'],
    ['an account number in the note', { note: '口座 １１１１１１１' }, '7桁以上の数字は書けません'],
    ['an account number in pieces', { note: '口座 111\u200b11\u206011' }, '7桁以上の数字は書けません'],
    ['a long note', { note: 'あ'.repeat(201) }, '200文字まで'],
  ])('is not stopped with %s, and what was typed stays', async (_what, changes, told) => {
    const { number } = await connected()
    const desk = await openDesk(bank)
    await desk.search(number)
    const page = await desk.stop(number, changes)
    expect(page.html).toContain(told)
    expect(page.path).toBe(`/consents/${number}`)
    if (!('reason' in changes)) expect(page.html).toMatch(/value="customer-asked" checked/)
    expect((await consentsOf(bank))[0]?.status).toBe('active')
    // Shown once: the page again says nothing of it.
    expect((await desk.get(`/consents/${number}`)).html).not.toContain('入力内容を確認してください')
  })
})

describe('the page of a connection', () => {
  it('has what was agreed to, with its proof, and what became of it', async () => {
    const { number, id } = await connected()
    const [row] = await consentsOf(bank)
    const desk = await openDesk(bank, 'reader')
    const page = await desk.search(number)
    const text = textOf(readHtml(page.html))
    for (const part of [
      number,
      '株式会社見本商店',
      'みほん家計簿',
      '残高照会',
      row?.wording_hash,
      row?.wording_version,
    ])
      expect(text).toContain(part)
    expect(text).toMatch(/普通 \d{7}/)
    expect(page.html).not.toContain('/stop"')
    expect(await auditOf(bank, 'staff-looked')).toMatchObject([
      { what: 'consent', by: 'staff:見本 花子', customer: customerId('mihon01'), consent: id },
    ])
  })

  it('shows a message that nobody took, and sends it again', async () => {
    const { number, id } = await connected()
    const desk = await openDesk(bank)
    await desk.search(number)
    await desk.stop(number)
    await bank.db
      .updateTable('outbox')
      .set({ state: 'dead', tries: 9, last_error: 'status-500' })
      .where('consent_id', '=', id)
      .where('kind', '=', 'event')
      .execute()
    const dead = await desk.get(`/consents/${number}`)
    expect(textOf(readHtml(dead.html))).toMatch(/届かず.*9回送信.*status-500/)
    const long = `復旧を確認${'。'.repeat(200)}`
    const refused = await desk.post(`/consents/${number}/retry`, { note: long })
    expect(refused.html).toContain(`id="retry-note" name="note" autocomplete="off" value="${long}"`)
    const page = await desk.post(`/consents/${number}/retry`, { note: 'API連携先の復旧を確認' })
    expect(page.html).toContain('もう一度送ります')
    const event = await bank.db
      .selectFrom('outbox')
      .selectAll()
      .where('kind', '=', 'event')
      .executeTakeFirst()
    expect(event).toMatchObject({ state: 'waiting', tries: 9 })
    expect(await auditOf(bank, 'delivery-retried')).toMatchObject([{ messages: 1, by: 'staff:窓口 一郎' }])
  })
})

describe('a lock', () => {
  async function locked() {
    const walk = await begin(bank)
    for (let turn = 0; turn < 5; turn += 1) await signIn(walk, 'mihon01', 'WrongPassword1')
    expect((await signIn(walk, 'mihon01')).html).toContain('locked-for-a-while')
    return walk
  }
  const path = `/customers/${customerId('mihon01')}`
  const lockOn = (html: string) => ({
    what: /name="what" value="([^"]+)"/.exec(html)?.[1] ?? '',
    handle: /name="handle" value="([^"]+)"/.exec(html)?.[1] ?? '',
  })

  it('stands on the customer’s page with the tries behind it, and is released', async () => {
    const walk = await locked()
    const desk = await openDesk(bank)
    const page = await desk.search('mihon01')
    const text = textOf(readHtml(page.html))
    expect(text).toContain('ログインパスワード（ログインID）')
    expect(text.split('ログインの失敗')).toHaveLength(6)
    const done = await desk.post(`${path}/release`, {
      ...lockOn(page.html),
      check: 'branch',
      note: 'パスワードを思い出された',
    })
    expect(done.html).toContain('ロックを解除しました')
    expect(await auditOf(bank, 'lock-released')).toMatchObject([
      { what: 'password', by: 'staff:窓口 一郎', note: 'branch; パスワードを思い出された' },
    ])
    await walk.browser.get(walk.base)
    expect((await signIn(walk, 'mihon01')).path).toContain('choose-services')
  })

  it.each([
    ['without a check of the caller', { check: '', note: 'お電話あり' }],
    ['without a caller', { check: 'no-caller', note: 'お電話あり' }],
    ['without a reason', { check: 'callback', note: '' }],
  ])('is not released %s', async (_how, fields) => {
    await locked()
    const desk = await openDesk(bank)
    const page = await desk.search('mihon01')
    expect((await desk.post(`${path}/release`, { ...lockOn(page.html), ...fields })).html).toContain(
      '入力内容を確認してください',
    )
    expect(await auditOf(bank, 'lock-released')).toEqual([])
  })

  it('of somebody else is not released from this customer’s page', async () => {
    await locked()
    const desk = await openDesk(bank)
    const { html } = await desk.search('mihon01')
    const done = await desk.post(`/customers/${customerId('mihon02')}/release`, {
      ...lockOn(html),
      check: 'callback',
      note: 'お電話あり',
    })
    expect(done.html).toContain('ロックされていませんでした')
    expect(await auditOf(bank, 'lock-released')).toEqual([])
  })
})
