/** The verdict on a client certificate: in which order its causes are told, by which rules, and what of it is logged. */
import { X509Certificate } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { authority, client, type Issued, openWorkshop } from '../support/openssl.ts'
import { type Judging, judging } from './judging.ts'

const day = 86_400_000
const now = Date.now()
const nagisa = '/C=JP/O=株式会社しおさい水産/CN=汐崎 渚/UID=mihon07'

let workshop: ReturnType<typeof openWorkshop>
let ca: Issued
let good: Issued
let stolen: Issued
let lists: string
const open: { stop: () => Promise<void> | void }[] = []

beforeAll(() => {
  workshop = openWorkshop()
  ca = workshop.issue({ subject: '/C=JP/O=見本信用組合/CN=Mihon CA', extensions: authority })
  good = workshop.issue({ subject: nagisa, issuer: ca, extensions: client, serial: '0a0b' })
  stolen = workshop.issue({ subject: nagisa, issuer: ca, extensions: client })
  lists = workshop.file(
    'list.crl',
    workshop.list({ issuer: ca, entries: [{ certificate: stolen, revoked: true }] }),
  )
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})
afterAll(() => workshop.remove())

type Policy = 'refuse' | 'accept'
async function judgingBy({
  list,
  url,
  policies = ['refuse', 'refuse'],
}: {
  list?: string
  url?: string
  policies?: readonly [Policy, Policy]
}): Promise<Judging> {
  const [byList, byAnswer] = policies
  const judged = await judging({
    authorities: workshop.pem(ca),
    revocation: {
      ...(list ? { crl: { sources: [list], refreshMinutes: 60, whenUnknown: byList } } : {}),
      ...(url ? { ocsp: { url, timeoutMs: 2000, cacheMinutes: 0, whenUnknown: byAnswer } } : {}),
    },
  })
  open.push(judged.verifier)
  return judged
}
async function responder(revoked: boolean): Promise<string> {
  const entries = [{ certificate: good, revoked }, { certificate: stolen }]
  const { url, stop } = await workshop.responder({ issuer: ca, entries, options: ['-nmin', '5'] })
  open.push({ stop })
  return url
}

it('a certificate that counts is told with names, number and fingerprint as openssl reads them', async () => {
  const { verifier } = await judgingBy({ list: lists })
  const { fingerprint256, validFromDate, validToDate } = new X509Certificate(good.pem)
  expect(await verifier.verify(good.der)).toEqual({
    ok: true,
    value: {
      subject: 'UID=mihon07,CN=汐崎 渚,O=株式会社しおさい水産,C=JP',
      issuer: 'CN=Mihon CA,O=見本信用組合,C=JP',
      serialNumber: 'a0b',
      fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
      received: {
        holder: '汐崎 渚',
        company: '株式会社しおさい水産',
        issuer: 'Mihon CA',
        startsAt: validFromDate.getTime(),
        endsAt: validToDate.getTime(),
      },
    },
  })
})

describe('its time', () => {
  it('is from its first second to its last', async () => {
    const { judge, at } = await judgingBy({ list: lists })
    const from = now - 2 * day
    const { der } = workshop.issue({
      subject: nagisa,
      issuer: ca,
      extensions: client,
      from,
      until: now + day,
    })
    const { validFromDate, validToDate } = new X509Certificate(der)
    const said = async (moment: number) => {
      at(moment)
      return judge({ der })
    }
    expect(await said(validFromDate.getTime() - 1)).toBe('not-yet-valid: date')
    expect(await said(validFromDate.getTime())).not.toBe('not-yet-valid: date')
    expect(await said(validToDate.getTime())).toBe('ok')
    expect(await said(validToDate.getTime() + 1)).toBe('expired: date')
  })
})

describe('of several causes the first is told:', () => {
  const wrong = ['extendedKeyUsage=serverAuth']
  const ended = { from: now - 9 * day, until: now - day }

  it('another issuer before the date', async () => {
    const { judge } = await judgingBy({ list: lists })
    expect(await judge(workshop.issue({ subject: nagisa, extensions: client, ...ended }))).toMatch(
      /^other-issuer/,
    )
  })

  it('the date before the purpose and the revocation', async () => {
    const expired = workshop.issue({ subject: nagisa, issuer: ca, extensions: wrong, ...ended })
    const list = workshop.file(
      'list.crl',
      workshop.list({ issuer: ca, entries: [{ certificate: expired, revoked: true }] }),
    )
    expect(await (await judgingBy({ list })).judge(expired)).toBe('expired: date')
  })

  it('the purpose before the revocation', async () => {
    const server = workshop.issue({ subject: nagisa, issuer: ca, extensions: wrong })
    const list = workshop.file(
      'list.crl',
      workshop.list({ issuer: ca, entries: [{ certificate: server, revoked: true }] }),
    )
    expect(await (await judgingBy({ list })).judge(server)).toBe('unsuitable: purpose')
  })
})

describe('with a list and a responder', () => {
  const nowhere = { list: '/nowhere/list.crl', url: 'http://127.0.0.1:1/' }

  it('both must know it as good', async () => {
    const { judge } = await judgingBy({ list: lists, url: await responder(false) })
    expect(await judge(good)).toBe('ok')
  })

  it('revoked by either is revoked, whatever the other says and does not know', async () => {
    const accept = ['accept', 'accept'] as const
    expect(await (await judgingBy({ list: lists, url: await responder(false) })).judge(stolen)).toBe(
      'revoked: listed',
    )
    expect(await (await judgingBy({ list: lists, url: nowhere.url })).judge(stolen)).toBe('revoked: listed')
    const url = await responder(true)
    expect(await (await judgingBy({ list: lists, url })).judge(good)).toBe('revoked: answered')
    expect(await (await judgingBy({ list: nowhere.list, url })).judge(good)).toBe('revoked: answered')
    expect(await (await judgingBy({ list: nowhere.list, url, policies: accept })).judge(good)).toBe(
      'revoked: answered',
    )
  })

  it.each<[Policy, Policy, string]>([
    ['refuse', 'refuse', 'revocation-unknown: lists'],
    ['refuse', 'accept', 'revocation-unknown: lists'],
    ['accept', 'refuse', 'revocation-unknown: responder'],
    ['accept', 'accept', 'ok'],
  ])('where both know nothing, each has its rule: %s and %s', async (byList, byAnswer, expected) => {
    const { judge } = await judgingBy({ ...nowhere, policies: [byList, byAnswer] })
    expect(await judge(good)).toBe(expected)
  })

  it('the rule of the one does not excuse the other', async () => {
    const accept = { policies: ['accept', 'refuse'] as const }
    expect(await (await judgingBy({ list: lists, url: nowhere.url, ...accept })).judge(good)).toMatch(
      /responder$/,
    )
    const url = await responder(false)
    const other = { policies: ['refuse', 'accept'] as const }
    expect(await (await judgingBy({ list: nowhere.list, url, ...other })).judge(good)).toMatch(/lists$/)
  })
})

describe('the log of a refusal', () => {
  it('has reason, fingerprint and our issuer, and nothing of the holder', async () => {
    const { verifier, lines } = await judgingBy({ list: lists })
    const verdict = await verifier.verify(stolen.der)
    const { fingerprint256 } = new X509Certificate(stolen.pem)
    const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase()
    expect(verdict).toMatchObject({
      ok: false,
      reason: 'revoked',
      fingerprint,
      received: { holder: '汐崎 渚' },
    })
    expect(lines).toMatchObject([
      {
        event: 'certificate-refused',
        level: 'warn',
        reason: 'revoked',
        why: 'listed',
        fingerprint,
        issuer: 'CN=Mihon CA,O=見本信用組合,C=JP',
      },
    ])
    expect(JSON.stringify(lines)).not.toMatch(/汐崎|しおさい|mihon07/)
  })

  it('is an error where the institution’s own authorities are at fault, and a warning where the certificate is', async () => {
    const ended = workshop.issue({
      subject: '/CN=Ended CA',
      extensions: authority,
      from: now - 9 * day,
      until: now - day,
    })
    const { judge, lines } = await judging({ authorities: workshop.pem(ca, ended) })
    expect(await judge(workshop.issue({ subject: nagisa, issuer: ended, extensions: client }))).toBe(
      'authority-unusable: authority-not-in-date',
    )
    await judge(workshop.issue({ subject: nagisa, extensions: client }))
    expect(lines).toMatchObject([
      { level: 'error', reason: 'authority-unusable', issuer: 'CN=Ended CA' },
      { level: 'warn', reason: 'other-issuer', issuer: null },
    ])
  })

  it('does not have the name of an issuer that is not ours', async () => {
    const { judge, lines } = await judgingBy({ list: lists })
    await judge(workshop.issue({ subject: nagisa, extensions: client }))
    expect(lines).toMatchObject([{ reason: 'other-issuer', issuer: null }])
    expect(JSON.stringify(lines)).not.toMatch(/汐崎|しおさい|mihon07/)
  })
})
