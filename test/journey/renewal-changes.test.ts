/** What a renewal shows: everything that would be different from last time, before it is allowed. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { days } from '../../src/clock.ts'
import { stopAccountOf } from '../../src/consent/ending.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import type { Institution } from '../../src/institution.ts'
import type { Client } from '../../src/store/clients.ts'
import {
  allow,
  begin,
  chooseServices,
  comeBack,
  confirmPins,
  connect,
  consentsOf,
  pin,
  registerPins,
  signIn,
  skipPins,
  stepOf,
  type Walk,
} from '../support/walk.ts'

let bank: TestBank
let terms: Partial<Institution>
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T12:00:00+09:00') })
  terms = {}
  bank = await startBank({
    institution: (institution) =>
      new Proxy(institution, { get: (target, name: keyof Institution) => terms[name] ?? target[name] }),
  })
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

/** The numbers of the accounts that are ticked, and what stands beside each account. */
function accountsOn(html: string): Record<string, string> {
  const rows = html.split('<div class="choice">').filter((row) => row.includes('name="accounts"'))
  return Object.fromEntries(
    rows.map((row) => {
      const number = /(?:普通|当座) (\d+)/.exec(row)?.[1] ?? ''
      const tag = /<span class="tag">([^<]*)</.exec(row)?.[1]
      return [number, `${row.includes(' checked') ? 'ticked' : 'open'}${tag ? ` ${tag}` : ''}`]
    }),
  )
}

const idOf = async (number: string) => {
  const answer = await bank.simulator.accounts({
    customer: (await consentsOf(bank))[0]?.customer_id ?? '',
    journey: '',
  })
  return answer.ok ? (answer.value.find((one) => one.number === number)?.id ?? '') : ''
}

const changeClient = async (changes: Partial<Client>) => {
  const client = await bank.clients.find('demo-kakeibo')
  if (client) await bank.clients.put({ ...client, ...changes })
}

async function stop(number: string, by: 'customer' | 'system' | 'staff:sato'): Promise<void> {
  const [consent] = await consentsOf(bank)
  const bankAccount = await idOf(number)
  const shared = JSON.parse(consent?.accounts ?? '[]') as { bankAccount: string; id: string }[]
  const id = shared.find((one) => one.bankAccount === bankAccount)?.id ?? ''
  const reason = by === 'system' ? 'pin-changed' : by === 'customer' ? 'customer-stopped' : 'customer-asked'
  const done = await stopAccountOf({ db: bank.db, clock: Date.now }, consent?.id ?? '', id, { by, reason })
  expect(done).toBe(true)
}

async function renew(loginId = 'mihon02'): Promise<{ walk: Walk; html: string; step: string }> {
  vi.setSystemTime(Date.now() + days(1))
  const walk = await begin(bank)
  const page = await signIn(walk, loginId)
  return { walk, html: page.html, step: stepOf(page) }
}

async function sharedAtLast(walk: Walk): Promise<number> {
  await allow(walk)
  await walk.fintech.exchange((await comeBack(walk)).searchParams.get('code') ?? '', walk.verifier)
  return (JSON.parse((await consentsOf(bank)).at(-1)?.accounts ?? '[]') as unknown[]).length
}

describe('services', () => {
  it('that the fintech asks for now and did not have are told, and not given', async () => {
    await changeClient({ scopes: ['balances'] })
    await connect(bank, 'mihon02', { request: { scope: 'openid offline_access balances' } })
    await changeClient({ scopes: ['balances', 'transactions'] })
    const { html, walk } = await renew()
    expect(html).toContain('連携先は「入出金明細照会」も求めています。')
    await sharedAtLast(walk)
    expect((await consentsOf(bank)).at(-1)?.services).toBe('balances')
  })

  it('that the fintech asks for no more are told', async () => {
    await connect(bank, 'mihon02')
    const walk = await begin(bank, { request: { scope: 'openid offline_access balances' } })
    expect((await signIn(walk, 'mihon02')).html).toContain('「入出金明細照会」は、認可対象から外れます。')
  })

  it('none of which was allowed before are asked for', async () => {
    await connect(bank, 'mihon02', { request: { scope: 'openid offline_access balances' } })
    const walk = await begin(bank, { request: { scope: 'openid offline_access transactions' } })
    expect(stepOf(await signIn(walk, 'mihon02'))).toBe('choose-services')
    expect((await chooseServices(walk, ['transactions'])).html).toContain(
      '認可対象に「入出金明細照会」が加わります。',
    )
  })
})

describe('accounts', () => {
  it('that were not shared are offered and not ticked', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    const { html } = await chooseServices(walk)
    const [first = ''] = [...html.matchAll(/name="accounts" value="([^"]+)"/g)].map(
      ([, handle]) => handle ?? '',
    )
    await allow(walk, { accounts: [first] })
    await walk.fintech.exchange((await comeBack(walk)).searchParams.get('code') ?? '', walk.verifier)
    const renewal = await renew()
    expect(accountsOn(renewal.html)).toEqual({ 3004501: 'ticked', 1002208: 'open 前回は対象外' })
    expect(renewal.html).toContain('前回は対象外だった口座が1件あります。')
  })

  it('that are closed drop out, and the page says how many', async () => {
    await connect(bank, 'mihon02')
    await bank.simulator.change('mihon02', { closedAccounts: [await idOf('1002208')] })
    const { html, walk } = await renew()
    expect(accountsOn(html)).toEqual({ 3004501: 'ticked' })
    expect(html).toContain('前回の対象のうち1件の口座は、照会できなくなったため、対象から外れます。')
    expect(await sharedAtLast(walk)).toBe(1)
  })

  it.each(['noticed at the renewal', 'noticed before'])(
    'whose PIN is registered no more (%s) drop out, can be registered again, and are then ticked',
    async (when) => {
      await connect(bank, 'mihon02')
      await bank.simulator.changePin(await idOf('1002208'))
      if (when === 'noticed before') await stop('1002208', 'system')
      const { html, walk, step } = await renew()
      expect(step).toBe('give-consent')
      expect(html).toContain('照会用暗証番号が登録されていないため、対象から外れます。')
      expect(html).toContain('<span lang="ja">豊洲支店（456） 普通 1002208</span>')
      expect(accountsOn(html)).toEqual({ 3004501: 'ticked' })
      expect(stepOf(await walk.browser.post(`${walk.base}/change`, { fact: 'accounts' }))).toBe(
        'register-pins',
      )
      await registerPins(walk, { 1002208: pin })
      const after = await confirmPins(walk)
      expect(after.html).not.toContain('対象から外れます')
      expect(accountsOn(after.html)).toEqual({ 3004501: 'ticked', 1002208: 'ticked' })
      expect(await sharedAtLast(walk)).toBe(2)
    },
  )

  it('all of which lost their PIN lead to 手順 4 first', async () => {
    await connect(bank, 'mihon02')
    for (const number of ['1002208', '3004501']) await bank.simulator.changePin(await idOf(number))
    const { step, walk } = await renew()
    expect(step).toBe('register-pins')
    await registerPins(walk, { 3004501: pin })
    expect(accountsOn((await confirmPins(walk)).html)).toEqual({ 3004501: 'ticked' })
  })

  it.each(['customer', 'staff:sato'] as const)(
    'that were stopped by %s are not ticked again, at a renewal and ever after',
    async (by) => {
      await connect(bank, 'mihon02')
      await stop('1002208', by)
      const { html, walk } = await renew()
      expect(accountsOn(html)).toEqual({ 3004501: 'ticked', 1002208: 'open 以前に停止' })
      await allow(walk, { accounts: [handleOf(html, '3004501')] })
      await walk.fintech.exchange((await comeBack(walk)).searchParams.get('code') ?? '', walk.verifier)
      expect(accountsOn((await renew()).html)).toEqual({ 3004501: 'ticked', 1002208: 'open 以前に停止' })

      vi.setSystemTime(new Date('2027-06-01T12:00:00+09:00'))
      const first = await begin(bank)
      await signIn(first, 'mihon02')
      const page = await chooseServices(first)
      expect(page.html).toContain('（利用登録）</h1>')
      expect(accountsOn(page.html)).toEqual({ 3004501: 'ticked', 1002208: 'open 以前に停止' })
    },
  )

  it('that were stopped and shared again count as shared', async () => {
    await connect(bank, 'mihon02')
    await stop('1002208', 'customer')
    const { walk } = await renew()
    expect(await sharedAtLast(walk)).toBe(2)
    expect(accountsOn((await renew()).html)).toEqual({ 3004501: 'ticked', 1002208: 'ticked' })
  })
})

describe('the parties', () => {
  it('whose names or terms have changed are told', async () => {
    await connect(bank, 'mihon02')
    await changeClient({ serviceName: 'みほん家計簿プラス', termsVersion: '2027-01-01' })
    terms = { termsVersion: '2027-04-01' }
    const { html } = await renew()
    expect(html).toContain(
      '連携先の名称が変わりました。前回はみほん家計簿（株式会社みほんフィンテック）でした。',
    )
    expect(html).toContain('連携先の利用規約が、前回の許可のあとに改定されました。')
    expect(html).toContain('見本信用組合 FBサービスの利用規約が、前回の許可のあとに改定されました。')
  })
})

describe('what changes while the page is open', () => {
  it('is shown before it can be allowed', async () => {
    await connect(bank, 'mihon02')
    const { walk } = await renew()
    await bank.simulator.changePin(await idOf('1002208'))
    const page = await allow(walk)
    expect(page.html).toContain('画面が古くなりました')
    expect(page.html).toContain('照会用暗証番号が登録されていないため')
    expect(await sharedAtLast(walk)).toBe(1)
  })

  it('such as terms, too', async () => {
    await connect(bank, 'mihon02')
    const { walk } = await renew()
    await changeClient({ termsVersion: '2027-01-01' })
    const page = await allow(walk)
    expect(page.html).toContain('画面が古くなりました')
    expect(page.html).toContain('連携先の利用規約が')
  })

  it('such as terms in a first registration: the consent has those of the page', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    await chooseServices(walk)
    await changeClient({ termsVersion: '2027-01-01' })
    expect((await allow(walk)).html).toContain('画面が古くなりました')
    await allow(walk)
    expect((await bank.db.selectFrom('consents').select('client_terms_version').execute()).at(-1)).toEqual({
      client_terms_version: '2027-01-01',
    })
  })

  it('is not passed by a form that claims the first registration of another day', async () => {
    await connect(bank, 'mihon01')
    const { walk, step } = await renew('mihon01')
    expect(step).toBe('give-consent')
    await walk.browser.post(`${walk.base}/change`, { fact: 'accounts' })
    await skipPins(walk)
    expect((await allow(walk, { shown: 'x' })).html).toContain('画面が古くなりました')
  })
})

function handleOf(html: string, number: string): string {
  const row = html.split('<div class="choice">').find((one) => one.includes(number)) ?? ''
  return /value="([^"]+)"/.exec(row)?.[1] ?? ''
}
