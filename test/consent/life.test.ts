/** One connection from its first day to the day after its last, in Japan's time: what works, who is told, and when. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'
import { returnWithCode } from '../support/returned.ts'
import { connect, consentsOf } from '../support/walk.ts'

let bank: TestBank
let mail: Receiver
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: inJapan('2026-11-25T22:30:00') })
  mail = await openReceiver()
  bank = await startBank({ mail: { url: mail.url, secret: 'the-secret-of-the-mail-system' } })
})
afterEach(async () => {
  await bank.close()
  await mail.close()
  vi.useRealTimers()
})

function inJapan(text: string): Date {
  return new Date(`${text}+09:00`)
}

/** What the process does by itself, every few seconds; and what customers got since the last time. */
async function passTo(moment: string | number): Promise<readonly { type: string; text: string }[]> {
  vi.setSystemTime(typeof moment === 'number' ? moment : inJapan(moment))
  await bank.sweeper.sweep()
  await bank.outbox.deliver()
  return mail.received.splice(0).map(({ body }) => JSON.parse(body) as { type: string; text: string })
}
const types = (notices: readonly { type: string }[]) => notices.map(({ type }) => type)

describe('a connection for 90 days, given on 25 November at half past ten at night', () => {
  it('lives through 23 February, and is announced 30, 7 and 1 days before', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const use = async () => {
      const { status, body } = await fintech.refresh(refresh)
      if (status !== 200) return String(body.error_description)
      const answer = await fintech.api('/api/accounts', String(body.access_token))
      return [answer.status, (answer.body.consent as { state: string }).state]
    }
    expect(types(await passTo('2026-11-25T22:31:00'))).toEqual(['granted'])
    expect(await use()).toEqual([200, 'active'])

    // Day 60, 30 days before the last one: not at midnight, when mail helps nobody.
    expect(await passTo('2027-01-23T23:00:00')).toEqual([])
    expect(await use()).toEqual([200, 'active'])
    expect(await passTo('2027-01-24T00:00:01')).toEqual([])
    expect(await use()).toEqual([200, 'expiring'])
    const [month, ...noMore] = await passTo('2027-01-24T09:00:00')
    expect(noMore).toEqual([])
    expect(month?.text).toContain('2027年2月23日（火）に終わります（あと30日）')
    expect(await passTo('2027-01-24T09:01:00')).toEqual([])
    expect(await passTo('2027-02-15T12:00:00')).toEqual([])

    // Day 83 and day 89.
    const [week] = await passTo('2027-02-16T10:00:00')
    expect(week?.text).toContain('あと7日')
    expect(await passTo('2027-02-21T10:00:00')).toEqual([])
    const [day] = await passTo('2027-02-22T10:00:00')
    expect(day?.text).toContain('あと1日')
    expect(await passTo('2027-02-23T10:00:00')).toEqual([])

    // Day 90: the last second works, and what was got in it dies with it.
    vi.setSystemTime(inJapan('2027-02-23T23:59:59'))
    expect(await use()).toEqual([200, 'expiring'])
    const { body } = await fintech.refresh(refresh)
    expect(body.expires_in).toBe(1)
    const access = String(body.access_token)
    vi.setSystemTime(inJapan('2027-02-23T23:59:59.999'))
    expect((await fintech.api('/api/accounts', access)).status).toBe(200)
    expect((await fintech.introspect(access)).body).toMatchObject({ active: true })

    // Day 91, before anybody has swept.
    vi.setSystemTime(inJapan('2027-02-24T00:00:00'))
    expect(await use()).toMatch(/^consent_expired/)
    expect((await fintech.api('/api/accounts', access)).body.error).toBe('consent_expired')
    for (const token of [access, refresh])
      expect((await fintech.introspect(token)).body).toEqual({ active: false })
    const [ended, ...rest] = await passTo('2027-02-24T00:00:10')
    expect([ended?.type, rest]).toEqual(['ended', []])
    expect(ended?.text).toContain('2027年2月23日（火）に期限が終わりました')
    expect(await consentsOf(bank)).toMatchObject([
      { status: 'expired', ended_at: inJapan('2027-02-23T23:59:59.999').getTime() },
    ])
    expect(await passTo('2027-03-10T12:00:00')).toEqual([])
  })

  it('is announced once, and rightly, when the process was down for the days before', async () => {
    await connect(bank, 'mihon02')
    await passTo('2026-11-25T22:31:00')
    const told = await passTo('2027-02-18T12:00:00')
    expect(types(told)).toEqual(['ending'])
    expect(told[0]?.text).toContain('あと5日')
    expect(types(await passTo('2027-02-22T12:00:00'))).toEqual(['ending'])
  })

  it('is looked for once an hour, and when a day’s reminders begin', async () => {
    await connect(bank, 'mihon02')
    const ends = (day: string) =>
      bank.db
        .updateTable('consents')
        .set({ ends_at: inJapan(`${day}T23:59:59.999`).getTime() })
        .execute()
    await passTo('2027-01-10T12:00:00')
    await ends('2027-01-20')
    expect(await passTo('2027-01-10T12:59:59')).toEqual([])
    expect(types(await passTo('2027-01-10T13:00:00'))).toEqual(['ending'])
    await passTo('2027-01-11T08:59:00')
    await ends('2027-01-18')
    expect(types(await passTo('2027-01-11T09:00:00'))).toEqual(['ending'])
  })

  it('is not announced any more once it was stopped or renewed', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    await passTo('2027-01-10T12:00:00')
    await connect(bank, 'mihon02')
    await passTo('2027-01-10T12:01:00')
    expect(await passTo('2027-02-16T12:00:00')).toEqual([])
    expect((await fintech.refresh(refresh)).body.error_description).toMatch(/^consent_stopped/)
  })
})

describe('a connection for fewer days', () => {
  it.each([
    [30, '2026-12-25', ['7', '1']],
    [31, '2026-12-26', ['30', '7', '1']],
    [7, '2026-12-02', ['1']],
    [1, '2026-11-26', []],
  ] as const)('than a reminder’s, such as %i, goes without that one', async (days, last, reminders) => {
    const kakeibo = await bank.clients.find('demo-kakeibo')
    if (!kakeibo) throw new Error('the demo’s client is not there')
    const { status: _status, ...registered } = kakeibo
    await bank.clients.put({ ...registered, consentDays: days })
    await connect(bank, 'mihon02')
    const texts: string[] = []
    for (let day = 0; day <= days; day += 1) {
      const notices = await passTo(inJapan('2026-11-25T23:00:00').getTime() + day * 86_400_000)
      texts.push(...notices.filter(({ type }) => type === 'ending').map(({ text }) => text))
    }
    expect(texts.map((text) => /あと(\d+)日/.exec(text)?.[1])).toEqual(reminders)
    expect((await consentsOf(bank))[0]?.ends_at).toBe(inJapan(`${last}T23:59:59.999`).getTime())
  })
})

describe('a code that nobody exchanges', () => {
  it('ends as unused after a day, without a word to anybody', async () => {
    await returnWithCode(bank)
    expect(await passTo('2026-11-26T12:00:00')).toEqual([])
    expect(await consentsOf(bank)).toMatchObject([{ status: 'granted' }])
    expect(await passTo('2026-11-27T12:00:00')).toEqual([])
    expect(await consentsOf(bank)).toMatchObject([
      { status: 'unused', ended_by: 'system', ended_reason: 'code-never-exchanged' },
    ])
    expect(await bank.db.selectFrom('outbox').selectAll().execute()).toEqual([])
  })
})
