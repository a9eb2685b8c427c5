/** The register of fintechs: who changed what, suspended at once, and secrets that change over without a gap. */
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type TestBank, startBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { connect } from '../support/walk.ts'

const hour = 3_600_000
const change = { by: 'staff:yamada', note: 'contract 2026/17' } as const

const written = {
  id: 'new-fintech',
  serviceName: '見本帳簿',
  companyName: '見本帳簿株式会社',
  registrationNumber: '関東財務局長（電代）第002号（見本）',
  contact: '0120-000-333',
  liabilityUrl: 'https://books.example/liability',
  termsUrl: 'https://books.example/terms',
  termsVersion: '2026-01-01',
  privacyUrl: 'https://books.example/privacy',
  customerChooses: false,
  scopes: ['balances' as const],
  consentDays: 90,
  redirectUris: ['https://books.example/callback'],
  authentication: { method: 'client_secret_basic' as const },
}

let bank: TestBank
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-22T03:00:00Z') })
  bank = await startBank()
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const audited = async () =>
  (await bank.db.selectFrom('audit').selectAll().where('client', '=', 'new-fintech').execute()).map(
    ({ event, payload }) => ({ event, ...(JSON.parse(payload) as Record<string, unknown>) }),
  )

const asks = async (id: string, secret: string): Promise<string> => {
  const { body } = await openFintech(bank).form(
    '/introspect',
    { token: 'x' },
    { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
  )
  return typeof body.error === 'string' ? body.error : 'answered'
}

describe('a registration', () => {
  it('gives its secret once, keeps it over changes, and every change is in the audit with who and why', async () => {
    const first = await bank.clients.register(written, change)
    expect(first).toMatchObject({ outcome: 'registered', secret: expect.stringMatching(/^[\w-]{43}$/) })
    expect(await asks('new-fintech', first.secret ?? '')).toBe('answered')
    const again = await bank.clients.register(written, change)
    expect(again).toEqual({ outcome: 'unchanged', secret: undefined })
    const renamed = await bank.clients.register({ ...written, serviceName: '見本帳簿２' }, change)
    expect(renamed).toEqual({ outcome: 'changed', secret: undefined })
    expect(await asks('new-fintech', first.secret ?? '')).toBe('answered')
    expect(await audited()).toEqual([
      { event: 'client-registered', client: 'new-fintech', ...change },
      { event: 'client-changed', client: 'new-fintech', ...change, fields: ['serviceName'] },
    ])
    expect(JSON.stringify(await bank.db.selectFrom('clients').selectAll().execute())).not.toContain(
      first.secret,
    )
  })

  it.each(['d', 'k', 'p'])(
    'with the part "%s" of a key that must stay its owner’s is refused',
    async (part) => {
      const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b', [part]: 'c' }] }
      const authentication = { method: 'private_key_jwt' as const, signingAlg: 'ES256' as const }
      await expect(
        bank.clients.register({ ...written, authentication, keys: { jwks } }, change),
      ).rejects.toThrow('public keys')
      expect(await bank.clients.find('new-fintech')).toBeUndefined()
    },
  )

  const point = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const otherCurve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({
    format: 'jwk',
  })
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  it.each([
    ['no key at all', [], 'Too small'],
    ['a key that is none', [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }], 'must be EC keys'],
    ['a short key', [short], 'must be EC keys'],
    ['two keys of one name', [point, point], 'a kid of its own'],
    ['a key for something else', [{ ...point, use: 'enc' }], 'no use but sig'],
    ['a name that is no text', [{ ...point, kid: 7 }], 'must have text'],
    ['a curve of no signature of ours', [otherCurve], 'must be EC keys'],
    ['a certificate that is none', [{ ...point, x5c: ['AAAA'] }], 'x5c'],
  ])('with %s is refused', async (_what, keys, told) => {
    const authentication = { method: 'private_key_jwt' as const }
    await expect(
      bank.clients.register({ ...written, authentication, keys: { jwks: { keys } } }, change),
    ).rejects.toThrow(told)
  })

  it('by a self-signed certificate is refused without the certificate', async () => {
    const authentication = { method: 'self_signed_tls_client_auth' as const }
    await expect(
      bank.clients.register({ ...written, authentication, keys: { jwks: { keys: [point] } } }, change),
    ).rejects.toThrow('as x5c')
  })

  it('made by two members of the staff at once is one client with one secret', async () => {
    const both = await Promise.all([1, 2].map(() => bank.clients.register(written, change)))
    expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(['registered', 'unchanged'])
    expect((await bank.clients.list()).map(({ id }) => id)).toEqual([
      'demo-kaikei',
      'demo-kakeibo',
      'new-fintech',
    ])
  })

  it.each(['http://books.example/events', 'ftp://books.example', 'http://localhost/events'])(
    'is refused with events to %s',
    async (eventsUrl) => {
      await expect(bank.clients.register({ ...written, eventsUrl }, change)).rejects.toThrow('must be https')
      expect(await bank.clients.find('new-fintech')).toBeUndefined()
    },
  )
})

describe('a suspended client', () => {
  it('gets nothing from that moment, and everything again once it is resumed', async () => {
    const { refresh, access, fintech } = await connect(bank, 'mihon02')
    expect(await bank.clients.suspend('demo-kakeibo', change)).toBe(true)
    expect((await fintech.refresh(refresh)).body.error).toBe('invalid_client')
    expect((await fintech.api('/api/accounts', access)).status).toBe(401)
    expect(await bank.clients.suspend('demo-kakeibo', change)).toBe(false)
    expect(await bank.clients.resume('demo-kakeibo', change)).toBe(true)
    expect((await fintech.refresh(refresh)).status).toBe(200)
    expect(await bank.clients.suspend('nobody', change)).toBe(false)
    const events = await bank.db
      .selectFrom('audit')
      .select('event')
      .where('event', 'like', 'client-%')
      .execute()
    expect(events.map(({ event }) => event)).toEqual(['client-suspended', 'client-resumed'])
  })
})

describe('a rotated secret', () => {
  it('counts beside the former one until the overlap ends, then alone', async () => {
    const { secret: first = '' } = await bank.clients.register(written, change)
    const rotated = await bank.clients.rotateSecret('new-fintech', { ...change, overlap: 48 * hour })
    expect(rotated?.formerUntil).toBe(Date.now() + 48 * hour)
    const second = rotated?.secret ?? ''
    expect(await asks('new-fintech', first)).toBe('answered')
    expect(await asks('new-fintech', second)).toBe('answered')
    expect(await asks('new-fintech', `${first} ${second}`)).toBe('invalid_client')
    vi.setSystemTime(Date.now() + 48 * hour + 1)
    expect(await asks('new-fintech', first)).toBe('invalid_client')
    expect(await asks('new-fintech', second)).toBe('answered')
    expect((await audited()).at(-1)).toEqual({
      event: 'client-secret-rotated',
      client: 'new-fintech',
      ...change,
    })
  })

  it('twice in the overlap leaves the last two, and without overlap one', async () => {
    const { secret: first = '' } = await bank.clients.register(written, change)
    const second = await bank.clients.rotateSecret('new-fintech', { ...change, overlap: hour })
    const third = await bank.clients.rotateSecret('new-fintech', { ...change, overlap: hour })
    expect(await asks('new-fintech', first)).toBe('invalid_client')
    expect(await asks('new-fintech', second?.secret ?? '')).toBe('answered')
    await bank.clients.rotateSecret('new-fintech', { ...change, overlap: -1 })
    expect(await asks('new-fintech', third?.secret ?? '')).toBe('invalid_client')
  })

  it('is not for a client with a key of its own, or for none', async () => {
    const { authentication: _secret, ...rest } = written
    await bank.clients.register(
      {
        ...rest,
        authentication: { method: 'private_key_jwt', signingAlg: 'ES256' },
        keys: { jwksUri: 'https://books.example/jwks' },
      },
      change,
    )
    expect(await bank.clients.rotateSecret('new-fintech', { ...change, overlap: hour })).toBeUndefined()
    expect(await bank.clients.rotateSecret('nobody', { ...change, overlap: hour })).toBeUndefined()
  })
})
