/** Customers are told by the bank's own mail system: finished texts in their language, a number to call with, and no link. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createConsents } from '../../src/consent/consents.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openReceiver, type Receiver, status } from '../support/receiver.ts'
import { connect, consentsOf } from '../support/walk.ts'

let bank: TestBank
let mail: Receiver
const secret = 'the-secret-of-the-mail-system'
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-25T12:00:00+09:00') })
  mail = await openReceiver()
  bank = await startBank({ mail: { url: mail.url, secret } })
})
afterEach(async () => {
  await bank.close()
  await mail.close()
  vi.useRealTimers()
})

type Notice = { type: string; language: string; subject: string; text: string }
const notices = () => mail.received.map(({ body }) => JSON.parse(body) as Notice & Record<string, unknown>)
const consent = async () => {
  const row = (await consentsOf(bank)).at(-1)
  if (!row) throw new Error('nobody has agreed to anything')
  return row
}
const life = () => createConsents({ db: bank.db, clock: () => Date.now(), pairwiseKey: Buffer.alloc(32) })
const kept = () => bank.db.selectFrom('outbox').selectAll().where('kind', '=', 'notice').execute()

describe('a notice', () => {
  it('of a new connection names service, number and last day, and says whom to call', async () => {
    await connect(bank, 'mihon02')
    const { number, customer_id } = await consent()
    await bank.outbox.deliver()
    const [{ headers } = { headers: {} }] = mail.received
    expect(headers).toMatchObject({
      authorization: `Bearer ${secret}`,
      'content-type': 'application/json',
    })
    const [told, ...more] = notices()
    expect(more).toEqual([])
    expect(told).toMatchObject({
      id: expect.stringMatching(/^[\w-]{43}$/),
      customer: customer_id,
      language: 'ja',
      type: 'granted',
      subject: '【見本信用組合 FBサービス】API連携の登録のお知らせ',
      consentNumber: number,
      service: 'みほん家計簿',
      endsAt: '2027-02-23T14:59:59.999Z',
    })
    for (const words of [
      'みほん家計簿（株式会社みほんフィンテック）',
      number,
      '2027年2月23日（火）まで',
      '0120-000-000',
    ])
      expect(told?.text).toContain(words)
  })

  it('is English for whoever agreed in English', async () => {
    await connect(bank, 'mihon02', { request: { ui_locales: 'en' } })
    await life().end((await consent()).id, {
      status: 'stopped',
      by: 'staff:tester',
      reason: 'suspected-fraud',
    })
    await bank.outbox.deliver()
    expect(notices().map(({ language, subject }) => [language, subject])).toEqual([
      ['en', '[Mihon Credit Union FB Service] A service was connected to your accounts'],
      ['en', '[Mihon Credit Union FB Service] A connection was stopped'],
    ])
    expect(notices()[1]?.text).toContain('for your security')
    expect(notices()[1]?.text).not.toContain('fraud')
  })

  it('of a stop says why in plain words', async () => {
    const told = {
      'customer-stopped': 'お客様のお申し出により',
      'bank-decision': '信用組合の判断により',
      'certificate-revoked': '電子証明書の失効により',
      'code-replayed': '安全のため',
    } as const
    for (const reason of Object.keys(told) as (keyof typeof told)[]) {
      vi.setSystemTime(Date.now() + 1000)
      await connect(bank, 'mihon02')
      await life().end((await consent()).id, { status: 'stopped', by: 'system', reason })
    }
    await bank.outbox.deliver()
    const stops = notices().filter(({ type }) => type === 'stopped')
    expect(stops.map(({ text }) => text.split('、')[0])).toEqual(Object.values(told))
  })

  it('never has a link in it, whatever it is about', async () => {
    for (const request of [{}, { ui_locales: 'en' }]) {
      await connect(bank, 'mihon02', { request })
      vi.setSystemTime(Date.now() + 1000)
    }
    const { id, accounts } = await consent()
    const [one] = JSON.parse(accounts) as { id: string }[]
    await life().stopAccount(id, one?.id ?? '', { by: 'customer', reason: 'customer-stopped' })
    vi.setSystemTime(new Date('2027-02-22T10:00:00+09:00'))
    await bank.sweeper.sweep()
    vi.setSystemTime(new Date('2027-02-24T10:00:00+09:00'))
    await bank.outbox.deliver()
    await bank.sweeper.sweep()
    await bank.outbox.deliver()
    expect(notices().map(({ type }) => type)).toEqual(['granted', 'granted', 'account-stopped', 'ended'])
    for (const { subject, text } of notices()) {
      expect(subject + text).not.toMatch(/https?:|www\.|<|undefined|\[object/)
      expect(text).toMatch(/ログインやパスワードの入力をお願いすることはありません|never ask you to log in/)
    }
  })

  it('of an end that was not delivered before that end is dropped', async () => {
    await connect(bank, 'mihon02')
    await bank.outbox.deliver()
    mail.answer = status(503)
    vi.setSystemTime(new Date('2027-02-22T10:00:00+09:00'))
    await bank.sweeper.sweep()
    await bank.outbox.deliver()
    mail.answer = status(202)
    vi.setSystemTime(new Date('2027-02-24T10:00:00+09:00'))
    const told = mail.received.length
    await bank.outbox.deliver()
    expect(mail.received).toHaveLength(told)
    expect((await kept()).filter(({ state }) => state === 'waiting')).toEqual([])
  })

  it('waits while the mail system is away', async () => {
    await connect(bank, 'mihon02')
    mail.answer = status(401)
    await bank.outbox.deliver()
    expect(await kept()).toMatchObject([{ state: 'waiting', last_error: 'status-401' }])
    mail.answer = status(204)
    vi.setSystemTime(Date.now() + 120_000)
    await bank.outbox.deliver()
    expect(await kept()).toMatchObject([{ state: 'delivered' }])
  })

  it('is not kept where the bank has named no mail system', async () => {
    const without = await startBank()
    await connect(without, 'mihon02')
    await without.outbox.deliver()
    expect(await without.db.selectFrom('outbox').selectAll().execute()).toEqual([])
    await without.close()
  })

  it('leaves no secret and no text in the log', async () => {
    await connect(bank, 'mihon02')
    mail.answer = status(500)
    await bank.outbox.deliver()
    expect(bank.logged.join('')).toContain('message-put-off')
    expect(bank.logged.join('')).not.toContain(secret)
    expect(bank.logged.join('')).not.toContain('みほん家計簿（')
  })
})
