/** The fintechs at the desk: registered, changed, suspended at once and resumed, with a secret that is shown once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TestBank } from '../support/bank.ts'
import { auditOf, type Desk, openDesk, startBankWithDesk } from '../support/desk.ts'
import { openFintech } from '../support/fintech.ts'
import { begin, connect, consentsOf } from '../support/walk.ts'

let bank: TestBank
let desk: Desk
beforeEach(async () => {
  bank = await startBankWithDesk()
  desk = await openDesk(bank, 'registrar')
})
afterEach(() => bank.close())

const registration = {
  id: 'tsukimi-books',
  serviceName: 'つきみ帳簿',
  companyName: '株式会社つきみ',
  registrationNumber: '関東財務局長（電代）第002号（見本）',
  contact: '0120-000-333',
  liabilityUrl: 'https://tsukimi.example/liability',
  termsUrl: 'https://tsukimi.example/terms',
  termsVersion: '2026-11-01',
  privacyUrl: 'https://tsukimi.example/privacy',
  customerChooses: 'yes',
  scopes: ['balances'],
  consentDays: '60',
  redirectUris: 'https://app.tsukimi.example/callback\r\nhttps://app.tsukimi.example/other',
  eventsUrl: '',
  profile: 'standard',
  senderConstraint: 'none',
  method: 'client_secret_basic',
  subjectKind: 'subject_dn',
  subject: '',
  jwks: '',
  jwksUri: '',
  signingAlg: 'ES256',
  note: '契約書を確認した',
}

async function register(changes: Readonly<Record<string, string | readonly string[]>> = {}) {
  await desk.get('/register-client')
  return desk.post('/register-client', { ...registration, ...changes })
}

const secretOn = (html: string) => /id="client-secret">([\w-]{40,})</.exec(html)?.[1]

describe('a registration', () => {
  it('is as it was typed, has a secret that is shown once, and is in the audit with its reason', async () => {
    const page = await register()
    expect(page.path).toBe('/clients/tsukimi-books')
    expect(page.html).toContain('API連携先を登録しました')
    expect(secretOn(page.html)).toBeDefined()
    expect(secretOn((await desk.get('/clients/tsukimi-books')).html)).toBeUndefined()
    expect(await bank.clients.find('tsukimi-books')).toMatchObject({
      status: 'active',
      serviceName: 'つきみ帳簿',
      scopes: ['balances'],
      consentDays: 60,
      redirectUris: ['https://app.tsukimi.example/callback', 'https://app.tsukimi.example/other'],
    })
    expect(await auditOf(bank, 'client-registered')).toMatchObject([
      { client: 'tsukimi-books', by: 'staff:管理 葵', note: '契約書を確認した' },
    ])
    const kept = JSON.stringify([await auditOf(bank), bank.logged])
    expect(kept).not.toContain(secretOn(page.html))
  })

  it('that is not right comes back as it was typed, but for a set of keys too long for a cookie', async () => {
    const keys = JSON.stringify({ keys: [{ kty: 'RSA', n: 'A'.repeat(342), x5c: ['M'.repeat(2600)] }] })
    const page = await register({ jwks: keys, method: 'self_signed_tls_client_auth', note: '' })
    expect(page.path).toBe('/register-client')
    expect(page.html).toContain('id="form-note-error"')
    expect(page.html).toContain('value="つきみ帳簿"')
    expect(page.html).toContain('https://app.tsukimi.example/other')
    expect(page.html).not.toContain('AAAAAAAA')
  })

  it('works: the fintech’s own secret pushes a request', async () => {
    const secret = secretOn((await register()).html) ?? ''
    const push = (password: string) =>
      bank.server.inject({
        method: 'POST',
        url: '/par',
        headers: {
          host: 'localhost:3000',
          authorization: `Basic ${Buffer.from(`tsukimi-books:${password}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        payload: new URLSearchParams({
          client_id: 'tsukimi-books',
          response_type: 'code',
          redirect_uri: 'https://app.tsukimi.example/callback',
          scope: 'openid balances',
          code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
          code_challenge_method: 'S256',
        }).toString(),
      })
    expect((await push(secret)).statusCode).toBe(201)
    expect((await push('guess')).statusCode).toBe(401)
  })

  it.each([
    ['a small id', { id: 'X' }, 'クライアントIDは'],
    ['an id that is taken', { id: 'demo-kakeibo' }, '登録済みです'],
    ['no name', { serviceName: '' }, 'サービス名を'],
    ['a name that turns around', { serviceName: 'みほん\u202e' }, 'サービス名を'],
    ['terms without https', { termsUrl: 'http://tsukimi.example/' }, 'https:// で始まる'],
    ['terms without a version', { termsVersion: '' }, '利用規約の版を'],
    ['no service', { scopes: [] }, '1つ以上選んで'],
    ['no days', { consentDays: '0' }, '1〜366日'],
    ['days that are none', { consentDays: '90日' }, '1〜366日'],
    ['addresses on two hosts', { redirectUris: 'https://a.example/ https://b.example/' }, '同じホスト'],
    ['an address that is none', { redirectUris: 'javascript:alert(1)' }, '同じホスト'],
    ['an address with a fragment', { redirectUris: 'https://a.example/callback#x' }, '同じホスト'],
    ['no keys', { method: 'private_key_jwt' }, '公開鍵を'],
    [
      'a private key',
      { method: 'private_key_jwt', jwks: '{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"c"}]}' },
      '秘密鍵は入れないで',
    ],
    [
      'keys and their address',
      { method: 'private_key_jwt', jwks: '{"keys":[]}', jwksUri: 'https://a.example/' },
      'どちらか一方',
    ],
    ['keys at a private address', { method: 'private_key_jwt', jwksUri: 'http://keys.example/' }, '公開鍵を'],
    ['FAPI with a secret', { profile: 'fapi2', senderConstraint: 'dpop' }, 'シークレットではなく'],
    [
      'FAPI without a bound token',
      { profile: 'fapi2', method: 'private_key_jwt', jwksUri: 'https://tsukimi.example/jwks' },
      '結び付けて',
    ],
    ['a certificate without a name', { method: 'tls_client_auth' }, '証明書の名前を'],
    ['no reason', { note: '' }, '理由を書いて'],
  ])('with %s is refused, and what was typed stays', async (_what, changes, told) => {
    const page = await register(changes)
    expect(page.path).toBe('/register-client')
    expect(page.html).toContain(told)
    if (!('companyName' in changes)) expect(page.html).toContain('value="株式会社つきみ"')
    expect(await bank.clients.find('tsukimi-books')).toBeUndefined()
    expect((await bank.clients.find('demo-kakeibo'))?.serviceName).toBe('みほん家計簿')
  })

  it('of a FAPI client is kept through a change at the desk, and shown', async () => {
    const fapi = {
      profile: 'fapi2-message-signing',
      senderConstraint: 'mtls',
      method: 'tls_client_auth',
      subjectKind: 'san_dns',
      subject: 'api.tsukimi.example',
      jwksUri: 'https://keys.tsukimi.example/jwks',
      signingAlg: 'PS256',
    }
    const page = await register(fapi)
    for (const told of ['署名', 'api.tsukimi.example', 'https://keys.tsukimi.example/jwks'])
      expect(page.html).toContain(told)
    const before = await bank.clients.find('tsukimi-books')
    expect(before).toMatchObject({
      profile: 'fapi2-message-signing',
      senderConstraint: 'mtls',
      authentication: {
        method: 'tls_client_auth',
        subject: { kind: 'san_dns', value: 'api.tsukimi.example' },
      },
      keys: { jwksUri: 'https://keys.tsukimi.example/jwks' },
      requestSigningAlg: 'PS256',
    })
    const { html } = await desk.get('/clients/tsukimi-books/edit')
    for (const value of Object.values(fapi)) expect(html).toContain(`value="${value}"`)
    await desk.post('/clients/tsukimi-books/edit', { ...registration, ...fapi, serviceName: 'つきみ' })
    expect(await bank.clients.find('tsukimi-books')).toEqual({ ...before, serviceName: 'つきみ' })
  })

  it('is changed without a change of its secret', async () => {
    const before = await bank.clients.find('demo-kakeibo')
    await desk.get('/clients/demo-kakeibo/edit')
    expect(desk.page().html).toContain('value="みほん家計簿"')
    const page = await desk.post('/clients/demo-kakeibo/edit', {
      ...registration,
      id: 'another-one',
      redirectUris: before?.redirectUris.join('\n') ?? '',
    })
    expect(page.html).toContain('登録内容を変更しました')
    const after = await bank.clients.find('demo-kakeibo')
    expect(after?.serviceName).toBe('つきみ帳簿')
    expect(after?.authentication).toEqual(before?.authentication)
    expect(await bank.clients.find('another-one')).toBeUndefined()
  })

  it('gets a new secret, and the former one counts while the fintech changes over', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon01')
    await desk.get('/clients/demo-kakeibo')
    const page = await desk.post('/clients/demo-kakeibo/rotate-secret', { note: '担当者の退職' })
    expect(secretOn(page.html)).toBeDefined()
    expect(secretOn(page.html)).not.toBe(fintech.clientSecret)
    expect((await fintech.refresh(refresh)).status).toBe(200)
    expect(await auditOf(bank, 'client-secret-rotated')).toHaveLength(1)
  })
})

describe('a suspended fintech', () => {
  const suspend = async (how: 'suspend' | 'resume', note = '情報漏えいの疑い') => {
    await desk.get('/clients/demo-kakeibo')
    return desk.post(`/clients/demo-kakeibo/${how}`, { note })
  }

  it('is refused on the very next call, everything; resumed, everything works again, and nothing has ended', async () => {
    const { fintech, access, refresh } = await connect(bank, 'mihon01')
    expect((await suspend('suspend')).html).toContain('利用を停止しました')
    expect((await fintech.refresh(refresh)).status).toBe(401)
    expect((await fintech.introspect(access)).status).toBe(401)
    expect((await fintech.api('/api/accounts', access)).status).toBeGreaterThanOrEqual(400)
    expect((await consentsOf(bank))[0]?.status).toBe('active')

    expect((await suspend('resume', '調査が終わった')).html).toContain('利用を再開しました')
    expect((await fintech.refresh(refresh)).status).toBe(200)
    expect((await fintech.introspect(access)).body.active).toBe(true)
    expect((await fintech.api('/api/accounts', access)).status).toBe(200)
    expect(await auditOf(bank, 'client-suspended')).toMatchObject([{ note: '情報漏えいの疑い' }])
    expect(await auditOf(bank, 'client-resumed')).toMatchObject([{ note: '調査が終わった' }])
  })

  it('is known to the desk by its journeys under way, and others go on', async () => {
    await suspend('suspend')
    await expect(begin(bank)).rejects.toThrow('refused')
    const other = await connect(bank, 'mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
    expect((await other.fintech.refresh(other.refresh)).status).toBe(200)
    expect((await desk.get('/clients')).html).toContain('利用停止中')
  })

  it('is not suspended without a reason, nor twice', async () => {
    expect((await suspend('suspend', '')).html).toContain('理由を書いて')
    expect((await bank.clients.find('demo-kakeibo'))?.status).toBe('active')
    await suspend('suspend')
    expect((await suspend('suspend')).html).toContain('すでにその状態でした')
    expect(await auditOf(bank, 'client-suspended')).toHaveLength(1)
  })
})
