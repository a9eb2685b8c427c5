/** Who may sign certificates of customers: the authorities of the institution's file within their limits, and nobody else. */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authority, client, type Issued, openWorkshop, type Wanted } from '../support/openssl.ts'
import { type Judging, judging } from './judging.ts'

const day = 86_400_000
const now = Date.now()
const root = '/C=JP/O=Mihon/CN=Mihon Root CA'
const middle = '/C=JP/O=Mihon/CN=Mihon Customer CA'
const customer = '/C=JP/O=Shiosai/CN=Shiosai Nagisa'
const withoutSign = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,cRLSign']

let workshop: ReturnType<typeof openWorkshop>
let ca: Issued
let intermediate: Issued
let good: Judging

const issueLeaf = (issuer: Issued, wanted: Partial<Wanted> = {}): Issued =>
  workshop.issue({ subject: customer, issuer, extensions: client, ...wanted })
const issueAuthority = (issuer: Issued, wanted: Partial<Wanted> = {}): Issued =>
  workshop.issue({ subject: middle, issuer, extensions: authority, ...wanted })
/** What is said of a customer's certificate when these are the authorities and the first of them signed it. */
const judgeUnder = async (
  [issuer, ...others]: readonly [Issued, ...Issued[]],
  wanted: Partial<Wanted> = {},
): Promise<string> => {
  const { judge } = await judging({ authorities: workshop.pem(issuer, ...others) })
  return judge(issueLeaf(issuer, wanted))
}

beforeAll(async () => {
  workshop = openWorkshop()
  ca = workshop.issue({ subject: root, extensions: authority })
  intermediate = issueAuthority(ca)
  good = await judging({ authorities: workshop.pem(ca, intermediate) })
})
afterAll(() => workshop.remove())

describe('a certificate counts', () => {
  it('by way of an intermediate of the file, in any order and beside other text', async () => {
    expect(await good.judge(issueLeaf(intermediate))).toBe('ok')
    const file = workshop.pem(intermediate, ca, ca)
    writeFileSync(file, `# the bank's\n${readFileSync(file, 'utf8').replaceAll('\n', '\r\n')}`)
    const { judge } = await judging({ authorities: file })
    expect(await judge(issueLeaf(intermediate))).toBe('ok')
  })

  it('directly below a root', async () => {
    expect(await good.judge(issueLeaf(ca))).toBe('ok')
  })

  it.each(['P-384', 'rsa-2048'] as const)('by way of authorities and with a key of %s', async (key) => {
    const top = workshop.issue({ subject: root, extensions: authority, key, digest: 'sha384' })
    const below = issueAuthority(top, { key, digest: 'sha384' })
    expect(await judgeUnder([below, top], { key, digest: 'sha512' })).toBe('ok')
    const pss = ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest']
    if (key === 'rsa-2048') expect(await judgeUnder([below, top], { key, signature: pss })).toBe('ok')
  })

  it('under two authorities of one name with different keys, each with its own', async () => {
    const renewed = issueAuthority(ca)
    const { judge } = await judging({ authorities: workshop.pem(ca, intermediate, renewed) })
    expect(await judge(issueLeaf(intermediate))).toBe('ok')
    expect(await judge(issueLeaf(renewed))).toBe('ok')
  })

  it('by the renewed certificate of an authority when the old one has ended', async () => {
    const old = issueAuthority(ca, { from: now - 50 * day, until: now - day })
    const renewed = issueAuthority(ca, { key: old })
    expect(await judgeUnder([old, ca])).toBe('authority-unusable: authority-not-in-date')
    expect(await judgeUnder([old, renewed, ca])).toBe('ok')
  })

  it('when policies, names and alternative names are critical, which we know', async () => {
    const extensions = [
      ...client,
      'certificatePolicies=critical,1.2.3.4',
      'subjectAltName=critical,email:a@b.jp',
    ]
    expect(await good.judge(issueLeaf(intermediate, { extensions }))).toBe('ok')
    const below = issueAuthority(ca, { extensions: [...authority, 'certificatePolicies=critical,1.2.3.4'] })
    expect(await judgeUnder([below, ca])).toBe('ok')
  })
})

describe('nobody else may sign', () => {
  it('a certificate that signed itself', async () => {
    expect(await good.judge(workshop.issue({ subject: customer, extensions: client }))).toBe(
      'other-issuer: issuer-unknown',
    )
    const named = workshop.issue({ subject: root, extensions: client })
    expect(await good.judge(named)).toBe('other-issuer: wrong-signature')
  })

  it.each(['P-256', 'rsa-2048'] as const)(
    'an impostor with an authority’s name and another key (%s)',
    async (key) => {
      const impostor = workshop.issue({ subject: middle, extensions: authority, key })
      expect(await good.judge(issueLeaf(impostor))).toBe('other-issuer: wrong-signature')
    },
  )

  it('a true intermediate that is not in the file', async () => {
    const unlisted = issueAuthority(ca, { subject: `${middle} 2` })
    expect(await good.judge(issueLeaf(unlisted))).toBe('other-issuer: issuer-unknown')
  })

  it('an intermediate of the file whose root is not in it', async () => {
    const other = workshop.issue({ subject: '/CN=Other Root', extensions: authority })
    const below = issueAuthority(other, { subject: '/CN=Below Other' })
    const { judge, events } = await judging({ authorities: workshop.pem(ca, below) })
    expect(await judge(issueLeaf(below))).toBe('authority-unusable: no-path-to-a-root')
    expect(events('authority-unusable')).toMatchObject([
      { authority: 'CN=Below Other', why: 'no-path-to-a-root' },
    ])
  })

  it('an intermediate of the file that an impostor of the root signed', async () => {
    const impostor = workshop.issue({ subject: root, extensions: authority })
    const below = issueAuthority(impostor)
    expect(await judgeUnder([below, ca])).toBe('authority-unusable: no-path-to-a-root')
  })

  it('an authority of the file with the key of the issuer and another name', async () => {
    const alias = issueAuthority(ca, { subject: '/CN=Alias', key: intermediate })
    const below = issueAuthority(intermediate, { subject: `${middle} B` })
    expect(await judgeUnder([below, alias, ca])).toBe('authority-unusable: no-path-to-a-root')
  })

  it('authorities that vouch for each other', async () => {
    const first = workshop.issue({ subject: '/CN=First', extensions: authority })
    const second = issueAuthority(first, { subject: '/CN=Second' })
    const again = issueAuthority(second, { subject: '/CN=First', key: first })
    expect(await judgeUnder([second, again, ca])).toBe('authority-unusable: no-path-to-a-root')
  })

  it('a customer with his own certificate', async () => {
    const holder = issueLeaf(intermediate)
    expect(await good.judge(issueLeaf(holder, { subject: '/CN=Somebody' }))).toBe(
      'other-issuer: issuer-unknown',
    )
  })

  it('anybody whose authority’s name differs in case or in kind of string only', async () => {
    const shouting = workshop.issue({
      subject: middle.toUpperCase(),
      key: intermediate,
      extensions: authority,
    })
    expect(await good.judge(issueLeaf(shouting))).toBe('other-issuer: issuer-unknown')
  })
})

describe('an authority keeps to its limits', () => {
  it('the length of its path', async () => {
    const none = [...authority.slice(1), 'basicConstraints=critical,CA:TRUE,pathlen:0']
    const limited = issueAuthority(ca, { extensions: none })
    const below = issueAuthority(limited, { subject: `${middle} B` })
    expect(await judgeUnder([limited, ca])).toBe('ok')
    expect(await judgeUnder([below, limited, ca])).toBe('authority-unusable: path-length')
  })

  it('the length of its path where that is the root’s', async () => {
    const one = [...authority.slice(1), 'basicConstraints=critical,CA:TRUE,pathlen:1']
    const top = workshop.issue({ subject: '/CN=Short Root', extensions: one })
    const first = issueAuthority(top)
    const second = issueAuthority(first, { subject: `${middle} B` })
    expect(await judgeUnder([first, top])).toBe('ok')
    expect(await judgeUnder([second, first, top])).toBe('authority-unusable: path-length')
  })

  it('a certificate that it issued to itself for a new key does not lengthen the path', async () => {
    const none = [...authority.slice(1), 'basicConstraints=critical,CA:TRUE,pathlen:0']
    const old = issueAuthority(ca, { extensions: none })
    const renewed = issueAuthority(old, { extensions: none })
    expect(await judgeUnder([renewed, old, ca])).toBe('ok')
  })

  it('a key that is not for certificates signs none', async () => {
    const lists = issueAuthority(ca, { extensions: withoutSign })
    expect(await judgeUnder([lists, ca])).toBe('authority-unusable: authority-key-usage')
    const top = workshop.issue({ subject: '/CN=Root for lists', extensions: withoutSign })
    expect(await judgeUnder([top])).toBe('authority-unusable: authority-key-usage')
  })

  it('a key of which nothing is said may sign', async () => {
    const silent = issueAuthority(ca, { extensions: authority.slice(0, 1) })
    expect(await judgeUnder([silent, ca])).toBe('ok')
  })

  it('one for servers appoints no customers, at any place of the path', async () => {
    const servers = issueAuthority(ca, { extensions: [...authority, 'extendedKeyUsage=serverAuth'] })
    const below = issueAuthority(servers, { subject: `${middle} B` })
    expect(await judgeUnder([servers, ca])).toBe('authority-unusable: authority-purpose')
    expect(await judgeUnder([below, servers, ca])).toBe('authority-unusable: authority-purpose')
  })

  it.each(['clientAuth', 'anyExtendedKeyUsage'])('one for %s does', async (purpose) => {
    const clients = issueAuthority(ca, {
      extensions: [...authority, `extendedKeyUsage=serverAuth,${purpose}`],
    })
    expect(await judgeUnder([clients, ca])).toBe('ok')
  })

  it.each([
    ['we never heard of', '1.2.3.4.5=critical,DER:0500'],
    ['demands policies that we do not follow', 'policyConstraints=critical,requireExplicitPolicy:0'],
  ])('a critical extension that %s', async (_, extension) => {
    const strange = issueAuthority(ca, { extensions: [...authority, extension] })
    const { judge, events } = await judging({ authorities: workshop.pem(ca, strange) })
    expect(await judge(issueLeaf(strange))).toBe('authority-unusable: authority-critical-extension')
    expect(events('authority-unusable')).toMatchObject([{ why: 'authority-critical-extension' }])
  })

  it('a path around the fault counts', async () => {
    const strange = issueAuthority(ca, { extensions: [...authority, '1.2.3.4.5=critical,DER:0500'] })
    const plain = issueAuthority(ca, { key: strange })
    expect(await judgeUnder([strange, plain, ca])).toBe('ok')
  })
})

describe('dates of authorities', () => {
  it('an ended intermediate takes a certificate in date with it', async () => {
    const ended = issueAuthority(ca, { from: now - 50 * day, until: now - day })
    expect(await judgeUnder([ended, ca])).toBe('authority-unusable: authority-not-in-date')
  })

  it('a future intermediate and an ended root likewise', async () => {
    const early = issueAuthority(ca, { from: now + day, until: now + 50 * day })
    expect(await judgeUnder([early, ca])).toBe('authority-unusable: authority-not-in-date')
    const top = workshop.issue({
      subject: '/CN=Old',
      extensions: authority,
      from: now - 9 * day,
      until: now - day,
    })
    expect(await judgeUnder([top])).toBe('authority-unusable: authority-not-in-date')
  })

  it('a certificate that has expired together with its authority is told as expired', async () => {
    const ended = issueAuthority(ca, { from: now - 50 * day, until: now - 5 * day })
    expect(await judgeUnder([ended, ca], { from: now - 40 * day, until: now - day })).toBe('expired: date')
  })

  it('one that never was in date together with its authority is refused for the authority’s sake', async () => {
    const ended = issueAuthority(ca, { from: now - 50 * day, until: now - 20 * day })
    expect(await judgeUnder([ended, ca], { from: now - 10 * day, until: now - day })).toBe(
      'authority-unusable: authority-not-in-date',
    )
  })

  it('one that begins after its authority is told as not yet valid', async () => {
    const early = issueAuthority(ca, { from: now + day, until: now + 50 * day })
    expect(await judgeUnder([early, ca], { from: now + 2 * day })).toBe('not-yet-valid: date')
  })
})

describe('the file of authorities keeps the server from starting', () => {
  const start = (file: string) => judging({ authorities: file })

  it('without a root', async () => {
    await expect(start(workshop.pem(intermediate))).rejects.toThrow(/holds no root/)
    await expect(start(workshop.file('empty.pem', ''))).rejects.toThrow(/holds no root/)
    const renewed = workshop.issue({ subject: root, issuer: ca, extensions: authority })
    await expect(start(workshop.pem(renewed))).rejects.toThrow(/holds no root/)
  })

  it('with a certificate that is no authority’s', async () => {
    await expect(start(workshop.pem(ca, issueLeaf(ca)))).rejects.toThrow(
      /CN=Shiosai Nagisa,.* not .* an authority/,
    )
    const old = workshop.issue({ subject: '/CN=Version 1' })
    await expect(start(workshop.pem(old))).rejects.toThrow(/CN=Version 1 is not/)
    const denied = workshop.issue({ subject: '/CN=No', extensions: ['basicConstraints=CA:FALSE'] })
    await expect(start(workshop.pem(denied))).rejects.toThrow(/CN=No is not/)
  })

  it.each(['rsa-1024', 'secp256k1', 'ed25519'] as const)('with a weak key (%s)', async (key) => {
    const digest = key === 'ed25519' ? 'default' : 'sha256'
    const weak = workshop.issue({ subject: '/CN=Weak', extensions: authority, key, digest })
    await expect(start(workshop.pem(weak))).rejects.toThrow(/CN=Weak has a weak key/)
  })

  it('with an intermediate by SHA-1, but not for the signature of a root, which proves nothing', async () => {
    const weak = issueAuthority(ca, { digest: 'sha1' })
    await expect(start(workshop.pem(ca, weak))).rejects.toThrow(/weak/)
    const top = workshop.issue({ subject: '/CN=Old Root', extensions: authority, digest: 'sha1' })
    expect(await judgeUnder([top])).toBe('ok')
  })

  it('damaged', async () => {
    const cut = readFileSync(workshop.pem(ca, intermediate), 'utf8').slice(0, -40)
    await expect(start(workshop.file('cut.pem', cut))).rejects.toThrow(/damaged/)
    const changed = ca.pem.replace(/(-----\n.{20}).{8}/, '$1AAAAAAAA')
    await expect(start(workshop.file('changed.pem', changed))).rejects.toThrow(/certificate 1 cannot be read/)
  })
})
