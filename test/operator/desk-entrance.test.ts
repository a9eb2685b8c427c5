/** Who comes in at the desk, and what each may do: certificates and the allow-list at every request, roles at every address. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { sql } from 'kysely'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readCertificate } from '../../src/certificate/certificate.ts'
import { writeName } from '../../src/certificate/names.ts'
import { createVerifier } from '../../src/certificate/verify.ts'
import { createDesk } from '../../src/operator/desk/desk.ts'
import { openTo, type Role, roles } from '../../src/operator/desk/roles.ts'
import { currentStaff, readStaff } from '../../src/operator/desk/staff.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Authority, customerId, forwardedAs, makeAuthority } from '../support/certificates.ts'
import { ask, auditOf, browserAt, openDesk, startBankWithDesk, staffWith } from '../support/desk.ts'
import { expectDeskAway } from '../support/unavailable.ts'

const silent = pino({ level: 'silent' })

describe('the desk behind a proxy', () => {
  const url = 'https://desk.bank.example'
  let authority: Authority
  let folder: string
  let file: string
  let bank: TestBank
  const nameOf = (name: string) => {
    const read = readCertificate(authority.der(name))
    if (!read) throw new Error('unreadable')
    return { subject: writeName(read.subject), issuer: writeName(read.issuer) }
  }
  const fingerprintOf = (name: string) => new X509Certificate(authority.der(name)).fingerprint256
  const listed = (staff: readonly unknown[]) => {
    const { authorities, revocation } = authority.rules
    writeFileSync(file, JSON.stringify({ certificates: { authorities, revocation }, staff }))
  }
  const hanako = () => ({ name: '花子', certificate: nameOf('mihon07-good'), roles: ['reader'] })

  beforeAll(async () => {
    authority = await makeAuthority()
    folder = mkdtempSync(join(tmpdir(), 'ninka-staff-'))
    file = join(folder, 'staff.json')
  })
  afterAll(() => {
    authority.remove()
    rmSync(folder, { recursive: true })
  })
  beforeEach(async () => {
    listed([hanako()])
    bank = await startBank({
      desk: {
        kind: 'certificate',
        origin: { url, format: 'rfc9440', trustedProxies: ['127.0.0.1'], secret: 'Kagi-0123_456789' },
        verifier: await createVerifier({
          rules: readStaff(file).rules,
          clock: () => Date.now(),
          log: silent,
        }),
        staff: currentStaff(file, silent),
      },
    })
  })
  afterEach(() => bank.close())

  const get = async (
    certificate: string | null,
    {
      path = '/',
      headers = {},
      from = '127.0.0.1',
    }: { path?: string; headers?: Record<string, string>; from?: string } = {},
  ) => {
    const { name, write } = forwardedAs.rfc9440
    const answer = await bank.deskServer?.inject({
      url: path,
      remoteAddress: from,
      headers: {
        host: 'desk.bank.example',
        'x-ninka-proxy-secret': 'Kagi-0123_456789',
        ...(certificate ? { [name]: write(authority.der(certificate)) } : {}),
        ...headers,
      },
    })
    if (!answer) throw new Error('this bank has no desk')
    return answer
  }

  it('opens to whom the list has, and says so in the audit', async () => {
    const answer = await get('mihon07-good')
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toContain('花子')
    await get('mihon07-good')
    expect(await auditOf(bank, 'staff-signed-in')).toMatchObject([{ by: 'staff:花子', role: 'reader' }])
  })

  it('lets nobody in whom the audit cannot have, and records him when it can', async () => {
    await sql`pragma query_only = on`.execute(bank.db)
    const [known, stranger] = [await get('mihon07-good'), await get('mihon11-good')]
    await sql`pragma query_only = off`.execute(bank.db)
    for (const { statusCode: status, body: html, headers } of [known, stranger])
      expectDeskAway({ status, html, headers }, 'ja')
    expect(known.body + stranger.body).not.toContain('花子')
    expect([(await get('mihon07-good')).statusCode, (await get('mihon11-good')).statusCode]).toEqual([
      200, 403,
    ])
    expect(await auditOf(bank, 'staff-signed-in')).toMatchObject([{ by: 'staff:花子' }])
    expect(await auditOf(bank, 'staff-refused')).toMatchObject([{ reason: 'not-listed' }])
  })

  it('knows a certificate by its fingerprint too', async () => {
    listed([{ name: '誠', certificate: { fingerprint: fingerprintOf('mihon11-good') }, roles: ['auditor'] }])
    expect((await get('mihon11-good')).body).toContain('誠')
    expect((await get('mihon07-good')).statusCode).toBe(403)
  })

  it.each([
    ['no certificate', null, 'certificate-missing'],
    ['a good one that nobody listed', 'mihon11-good', 'not-listed'],
    ['an expired one', 'mihon07-expired', 'certificate-expired'],
    ['a revoked one', 'mihon07-revoked', 'certificate-revoked'],
    ['one of another authority with the same name', 'foreign', 'certificate-other-issuer'],
  ])('shows nothing but a refusal to %s, whatever is asked for', async (_what, certificate, reason) => {
    for (const path of ['/', '/clients', '/audit', '/nothing-here', '/consents/AAA-BBBB-CCC']) {
      const answer = await get(certificate, { path })
      expect(answer.statusCode).toBe(403)
      expect(answer.body).toContain('職員専用の画面です')
      expect(answer.body).not.toMatch(/花子|<form|href="\/(clients|audit)/)
    }
    expect(await auditOf(bank, 'staff-refused')).toMatchObject([{ reason }])
  })

  it.each([
    ['an address that is no proxy’s', { from: '192.0.2.7' }],
    ['a proxy without the secret', { headers: { 'x-ninka-proxy-secret': 'guess' } }],
    ['another host', { headers: { host: 'localhost' } }],
    ['a header of another format', { headers: { 'x-ssl-client-cert': 'x' } }],
  ])('refuses %s, though the certificate is good', async (_what, changed) => {
    const answer = await get('mihon07-good', changed)
    expect(answer.statusCode).toBe(403)
    expect(answer.body).not.toContain('花子')
  })

  it('is closed at the next click to whoever was taken off the list, and to all when the list cannot be read', async () => {
    expect((await get('mihon07-good')).statusCode).toBe(200)
    listed([{ name: '誠', certificate: nameOf('mihon11-good'), roles: ['auditor'] }])
    utimesSync(file, new Date(), new Date(Date.now() + 1000))
    expect((await get('mihon07-good')).statusCode).toBe(403)
    expect((await get('mihon11-good')).statusCode).toBe(200)
    writeFileSync(file, '{')
    expect((await get('mihon11-good')).statusCode).toBe(403)
    listed([hanako()])
    expect((await get('mihon07-good')).statusCode).toBe(200)
  })

  it('does not let a form of one member be sent by another', async () => {
    listed([
      { ...hanako(), roles: ['reader'] },
      { name: '誠', certificate: nameOf('mihon11-good'), roles: ['reader'] },
    ])
    const token = /name="_csrf" value="([^"]+)"/.exec((await get('mihon07-good')).body)?.[1] ?? ''
    const post = (certificate: string) =>
      bank.deskServer?.inject({
        method: 'POST',
        url: '/search',
        headers: {
          host: 'desk.bank.example',
          origin: url,
          'x-ninka-proxy-secret': 'Kagi-0123_456789',
          'content-type': 'application/x-www-form-urlencoded',
          'client-cert': forwardedAs.rfc9440.write(authority.der(certificate)),
        },
        payload: new URLSearchParams({ _csrf: token, q: '見本商店' }).toString(),
      })
    expect((await post('mihon07-good'))?.statusCode).toBe(303)
    expect((await post('mihon11-good'))?.statusCode).toBe(403)
  })

  it('has no way in of the demo', async () => {
    for (const path of ['/sign-in', '/sign-out']) expect((await get(null, { path })).statusCode).toBe(403)
    expect((await get('mihon07-good', { path: '/sign-in' })).statusCode).toBe(404)
  })

  it.each([
    ['two of one name', () => [hanako(), { ...hanako(), certificate: nameOf('mihon11-good') }]],
    ['two with one certificate', () => [hanako(), { ...hanako(), name: '誠' }]],
    ['an unknown role', () => [{ ...hanako(), roles: ['owner'] }]],
    ['no role', () => [{ ...hanako(), roles: [] }]],
    ['half a name', () => [{ ...hanako(), certificate: { subject: 'CN=花子' } }]],
    ['a fingerprint that is none', () => [{ ...hanako(), certificate: { fingerprint: 'abc' } }]],
    ['nobody', () => []],
  ])('does not start with a list of %s', (_what, staff) => {
    listed(staff())
    expect(() => readStaff(file)).toThrow('the staff file is not right')
  })
})

describe('the demo’s way in', () => {
  let bank: TestBank
  beforeEach(async () => {
    bank = await startBankWithDesk()
  })
  afterEach(() => bank.close())

  it('says that it is a demo, lets one of its staff be chosen, and forgets him after fifteen minutes', async () => {
    const browser = browserAt(bank)
    const page = await browser.get('/')
    expect(page.path).toBe('/sign-in')
    expect(page.html).toContain('デモ：')
    await browser.post('/sign-in', { name: staffWith.reader })
    const [cookie] = browser.cookies()
    if (!cookie) throw new Error('nobody signed in')
    expect((await browser.get('/')).html).toContain(staffWith.reader)
    const old = bank.secrets.seal(
      JSON.stringify({ by: staffWith.reader, until: Date.now() - 1, value: null }),
      'desk-demo',
    )
    browser.setCookies([{ ...cookie, value: old }])
    expect((await browser.get('/')).path).toBe('/sign-in')
    browser.setCookies([{ ...cookie, value: 'made-up' }])
    expect((await browser.get('/')).path).toBe('/sign-in')
  })

  it('does not open to a name that is not of its staff', async () => {
    const browser = browserAt(bank)
    await browser.get('/sign-in')
    expect((await browser.post('/sign-in', { name: '総裁' })).path).toBe('/sign-in')
  })

  it('answers no other name for its address, so that no site can borrow a browser', async () => {
    const desk = await openDesk(bank)
    for (const host of ['evil.example', 'localhost:3004', ''])
      expect((await ask(bank, desk, ['GET', '/'], { headers: { host } })).statusCode).toBe(403)
  })

  it('refuses forms of another site, without a token, or with a token of another page kind', async () => {
    const desk = await openDesk(bank)
    await desk.get('/')
    const post = (fields: Record<string, string>, headers = {}) =>
      ask(bank, desk, ['POST', '/search'], { fields: { q: '見本商店', ...fields }, headers })
    expect((await post({})).statusCode).toBe(303)
    expect((await post({}, { origin: 'https://evil.example' })).statusCode).toBe(403)
    expect((await post({ _csrf: '' })).statusCode).toBe(403)
    const search = bank.secrets.seal(
      JSON.stringify({ by: staffWith.desk, until: Date.now() + 1000, value: null }),
      'desk-search',
    )
    expect((await post({ _csrf: search })).statusCode).toBe(403)
  })

  it('does not exist in production', async () => {
    const { settings } = bank
    const opening = createDesk({
      ...bank,
      settings: { ...settings, mode: 'production' },
      entrance: { kind: 'demo', url: 'http://127.0.0.1:3004', members: [] },
    } as unknown as Parameters<typeof createDesk>[0])
    await expect(opening).rejects.toThrow('does not exist in production')
  })
})

describe('a role', () => {
  let bank: TestBank
  beforeAll(async () => {
    bank = await startBankWithDesk()
  })
  afterAll(() => bank.close())

  const addresses = Object.entries(openTo) as [keyof typeof openTo, readonly Role[]][]
  const filled = (address: string) => {
    const [method, pattern] = address.split(' ') as ['GET' | 'POST', string]
    const url = pattern
      .replace(':customer', customerId('mihon01'))
      .replace(':client', 'demo-kakeibo')
      .replace(/:number/, 'AAA-BBBB-CCC')
    return [method, url] as const
  }

  it.each(
    roles.flatMap((role) =>
      addresses.map(([address, open]) => ({ role, address, may: open.includes(role) })),
    ),
  )('$role: $address is open: $may', async ({ role, address, may }) => {
    const browser = browserAt(bank)
    await browser.get('/sign-in')
    // The demo's `desk` looks too, as its table says of both.
    await browser.post('/sign-in', { name: staffWith[role] })
    const { statusCode, body } = await ask(bank, browser, filled(address))
    const isRefused = statusCode === 403 && body.includes('権限がありません')
    const alsoReads = role === 'desk' && (openTo[address] as readonly Role[]).includes('reader')
    expect(isRefused).toBe(!may && !alsoReads)
    expect(statusCode).toBeLessThan(500)
  })

  it('is asked for at every address that the desk has, besides style, script and the demo’s way in', () => {
    const served: string[] = []
    for (const [address] of addresses) {
      const [method, url] = address.split(' ') as ['GET' | 'POST', string]
      if (bank.deskServer?.hasRoute({ method, url })) served.push(address)
    }
    expect(served).toEqual(addresses.map(([address]) => address))
  })
})
