/** The demo's certificates: what other programs make of them, what stays over restarts and what is made anew. */
import { execFileSync, spawn } from 'node:child_process'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCertificate } from '../../src/certificate/certificate.ts'
import { Unreadable } from '../../src/certificate/der.ts'
import { days } from '../../src/clock.ts'
import { issue, makeRoot } from '../../src/demo/authority/authority.ts'
import { pkcs12Password } from '../../src/demo/authority/kept.ts'
import { type Keys, makeKeys } from '../../src/demo/authority/keys.ts'
import { customerSubject, type Name } from '../../src/demo/authority/names.ts'
import {
  makeRevocationList,
  readRevocationList,
  revocationListPem,
} from '../../src/demo/authority/revocation-list.ts'
import { type DemoCertificates, prepareDemoCertificates } from '../../src/demo/certificates.ts'

const start = Date.parse('2026-06-01T09:00:00+09:00')
const scratch = mkdtempSync(join(tmpdir(), 'ninka-demo-certificates-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const hosts = ['localhost', '*.cert.localhost', '127.0.0.1']
const prepare = (folder: string, { after = 0, names = hosts } = {}): Promise<DemoCertificates> =>
  prepareDemoCertificates({ folder: join(scratch, folder), clock: () => start + days(after), hosts: names })

let made: DemoCertificates
beforeAll(async () => {
  made = await prepare('made')
})

const states = [
  'mihon07-good',
  'mihon07-renewing-soon',
  'mihon07-expired',
  'mihon07-not-yet-valid',
  'mihon07-revoked',
  'mihon11-good',
  'not-tied',
  'foreign',
]

const certificateIn = ({ folder }: DemoCertificates, file: string): X509Certificate =>
  new X509Certificate(readFileSync(join(folder, `${file}.pem`)))

/** Everything that a program says, and whether it was content. */
function run(program: string, ...args: string[]): { ok: boolean; said: string } {
  try {
    return { ok: true, said: execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' }) }
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    return { ok: false, said: `${stdout}${stderr}` }
  }
}

const openssl = (...args: string[]) => run('openssl', ...args)

/** What OpenSSL, which is strict here, thinks of a certificate at the time that the demo was prepared. */
function verified(file: string, ...args: string[]) {
  const usual = ['verify', '-x509_strict', '-attime', String(start / 1000), '-CAfile', made.authorities]
  return openssl(...usual, ...args, join(made.folder, `${file}.pem`))
}

describe('for OpenSSL', () => {
  it('the certificates are in the states that their names say', () => {
    const asClient = (file: string) => verified(file, '-purpose', 'sslclient')
    for (const file of ['mihon07-good', 'mihon07-renewing-soon', 'mihon11-good', 'not-tied']) {
      expect(asClient(file).said, file).toMatch(/: OK\n$/)
    }
    expect(asClient('mihon07-expired').said).toContain('certificate has expired')
    expect(asClient('mihon07-not-yet-valid').said).toContain('certificate is not yet valid')
    expect(asClient('foreign').said).toContain('unable to get local issuer certificate')
  })

  it('the server’s certificate is the root’s, for its hosts, and signs no customer in', () => {
    for (const host of ['localhost', 'a1b2.cert.localhost']) {
      expect(verified('server', '-purpose', 'sslserver', '-verify_hostname', host).ok, host).toBe(true)
    }
    expect(verified('server', '-purpose', 'sslserver', '-verify_ip', '127.0.0.1').ok).toBe(true)
    expect(verified('server', '-purpose', 'sslserver', '-verify_hostname', 'bank.example').ok).toBe(false)
    expect(verified('server', '-purpose', 'sslclient').ok).toBe(false)
    expect(certificateIn(made, 'server').issuer).toContain('CN=Mihon Demo Root CA')
  })

  it('a customer’s certificate makes no others', async () => {
    const issuer = {
      certificate: certificateIn(made, 'mihon07-good'),
      keys: await makeKeys('ec-p256'),
    }
    const life = { from: start - days(1), until: start + days(1) }
    const forged = issue({ ...life, issuer, subject: [['CN', 'x']], keys: issuer.keys, kind: 'customer' })
    writeFileSync(join(made.folder, 'forged.pem'), forged.toString())
    expect(verified('forged', '-untrusted', join(made.folder, 'mihon07-good.pem')).ok).toBe(false)
    rmSync(join(made.folder, 'forged.pem'))
  })

  it('the revocation list is the authority’s, and only the revoked certificate is on it', () => {
    const list = made.revocationList
    expect(openssl('crl', '-verify', '-CAfile', made.authorities, '-noout', '-in', list).ok).toBe(true)
    const checked = (file: string) => verified(file, '-crl_check', '-CRLfile', list)
    expect(checked('mihon07-good').ok).toBe(true)
    expect(checked('mihon07-revoked').said).toContain('certificate revoked')
  })

  it.each(states)('%s.p12 holds key, certificate and issuer under the password', (file) => {
    const open = (password: string) =>
      openssl('pkcs12', '-in', join(made.folder, `${file}.p12`), '-noenc', '-passin', `pass:${password}`)
    const opened = open(pkcs12Password)
    expect(opened.said.match(/-----BEGIN [A-Z ]+-----/g)).toEqual([
      '-----BEGIN CERTIFICATE-----',
      '-----BEGIN CERTIFICATE-----',
      '-----BEGIN PRIVATE KEY-----',
    ])
    expect(opened.said.match(/friendlyName: .*/g)).toEqual(Array(2).fill(`friendlyName: ${file}`))
    expect(new X509Certificate(opened.said).serialNumber).toBe(certificateIn(made, file).serialNumber)
    const wrong = openssl(
      'pkcs12',
      '-in',
      join(made.folder, `${file}.p12`),
      '-noenc',
      '-passin',
      'pass:wrong',
    )
    expect(wrong.ok).toBe(false)
  })

  it('an RSA authority, an empty list and dates after 2049 are right too', async () => {
    const life = { from: start, until: Date.parse('2051-01-01') }
    const keys = await makeKeys('rsa-2048')
    const root = makeRoot({ ...life, name: [['CN', '認証局']], keys })
    const list = { revoked: [], thisUpdate: start, nextUpdate: start + days(1), number: 1 }
    const [rootFile, listFile] = [join(scratch, 'rsa.pem'), join(scratch, 'empty.pem')]
    writeFileSync(rootFile, root.certificate.toString())
    writeFileSync(listFile, revocationListPem(makeRevocationList({ ...list, issuer: root })))
    expect(openssl('verify', '-x509_strict', '-CAfile', rootFile, rootFile).ok).toBe(true)
    expect(openssl('crl', '-verify', '-CAfile', rootFile, '-noout', '-in', listFile).ok).toBe(true)
    expect(root.certificate.validToDate.getTime()).toBe(life.until)
    expect(readRevocationList(readFileSync(listFile))).toEqual({ number: 1, revoked: [] })
  })
})

it('a revocation list comes back as it was written, also after its end', async () => {
  const keys = await makeKeys('ec-p256')
  const issuer = makeRoot({ from: start, until: start + days(1), name: [['CN', 'x']], keys })
  const revoked = [
    { serialNumber: '1', at: start },
    { serialNumber: `ff${'00'.repeat(18)}80`, at: Date.parse('2050-01-01') },
  ]
  const list = { issuer, revoked, thisUpdate: 0, nextUpdate: days(1), number: 2 ** 40 }
  const pem = revocationListPem(makeRevocationList(list))
  expect(readRevocationList(Buffer.from(pem))).toEqual({ number: list.number, revoked })
  expect(() => readRevocationList(Buffer.from(pem.slice(0, -9)))).toThrow(Unreadable)
})

describe('for NSS, which is Chromium’s and Firefox’s', () => {
  it('all .p12 files go into one database with their keys, though five name the same customer', () => {
    const store = join(scratch, 'nss')
    mkdirSync(store)
    run('certutil', '-N', '-d', `sql:${store}`, '--empty-password')
    for (const file of made.files) {
      const imported = run('pk12util', '-i', file, '-d', `sql:${store}`, '-W', pkcs12Password)
      expect(imported.said, basename(file)).toContain('IMPORT SUCCESSFUL')
    }
    const keys = run('certutil', '-K', '-d', `sql:${store}`).said
    expect(keys.match(/^<\s*\d+>/gm)).toHaveLength(states.length)
    const withKey = run('certutil', '-L', '-d', `sql:${store}`).said.match(/u,u,u/g)
    expect(withKey).toHaveLength(states.length)
  })
})

describe('the root, which people import as a trusted one', () => {
  let store: string
  beforeAll(() => {
    store = join(scratch, 'nss-root')
    mkdirSync(store)
    run('certutil', '-N', '-d', `sql:${store}`, '--empty-password')
    trust('root', made.folder)
  })

  const nss = (...args: string[]) => run('certutil', ...args, '-d', `sql:${store}`)
  const add = (trusted: string, file: string, folder = made.folder) =>
    nss('-A', '-t', trusted, '-n', file, '-a', '-i', join(folder, `${file}.pem`))
  const trust = (file: string, folder: string) => add('CT,C,C', file, folder)
  /** For `V` a server, `C` a client. */
  const inNss = (file: string, use: 'V' | 'C') => {
    add(',,', file)
    return nss('-V', '-u', use, '-b', '260601000000Z', '-n', file).said
  }

  it('vouches for the demo’s server and its customers, in NSS as well', () => {
    expect(inNss('server', 'V')).toContain('certificate is valid')
    add(',,', 'customer-authority')
    for (const file of ['mihon07-good', 'mihon07-renewing-soon', 'mihon11-good', 'not-tied'])
      expect(inNss(file, 'C'), file).toContain('certificate is valid')
    expect(inNss('mihon07-expired', 'C')).toContain('has expired')
  })

  const server: Name = [
    ['C', 'JP'],
    ['CN', 'x'],
  ]
  it.each<readonly [string, readonly string[], Name, boolean]>([
    ['a host below localhost', ['x.localhost'], server, true],
    ['a host below the wildcard', ['x.cert.localhost'], server, true],
    ['this machine', ['127.0.0.1'], server, true],
    ['the host that was given', ['bank.example', 'x.bank.example'], server, true],
    ['a site of the web', ['www.example.com'], server, false],
    ['a top-level domain', ['*.com'], server, false],
    ['a host that only ends in the same letters', ['evillocalhost'], server, false],
    ['a site beside a host of ours', ['localhost', 'www.example.com'], server, false],
    ['an address of the web', ['203.0.113.1'], server, false],
    ['a host of ours in no country', ['localhost'], server.slice(1), false],
  ])('a certificate that somebody makes with its key for %s: %s', async (_, names, subject, holds) => {
    const { folder } = await prepare('limited', { names: [...hosts, '*.bank.example'] })
    trust('root', folder)
    const keys = await makeKeys('ec-p256')
    const root = { certificate: certificateOf(folder, 'root'), keys: keysIn(folder, 'root') }
    const life = { from: start - days(1), until: start + days(1) }
    const below = issue({
      ...life,
      issuer: root,
      subject: [...server, ['OU', 'sub']],
      keys,
      kind: 'authority',
    })
    const issuers = { root, below: { certificate: below, keys } }
    for (const [through, issuer] of Object.entries(issuers)) {
      const file = `minted-${through}`
      const certificate = issue({ ...life, issuer, subject, keys, kind: 'server', names })
      writeFileSync(join(folder, `${file}.pem`), certificate.toString())
      writeFileSync(join(folder, 'below.pem'), below.toString())
      const usual = ['-x509_strict', '-attime', String(start / 1000), '-purpose', 'sslserver']
      const files = ['-CAfile', join(folder, 'root.pem'), '-untrusted', join(folder, 'below.pem')]
      const said = openssl('verify', ...usual, ...files, join(folder, `${file}.pem`)).said
      expect(said).toMatch(holds ? /: OK\n$/ : /permitted subtree violation/)
      add(',,', 'below', folder)
      add(',,', file, folder)
      const { said: byNss } = nss('-V', '-u', 'V', '-b', '260601000000Z', '-n', file)
      expect(byNss).toMatch(
        holds ? /certificate is valid/ : /not permitted to issue a certificate with this name/,
      )
      nss('-D', '-n', file)
      nss('-D', '-n', 'below')
    }
  })

  it('has no room for addresses of IPv6 either, nor for others’ mail', () => {
    const { permitted = [] } =
      readCertificate(certificateIn(made, 'root').raw)?.extensions.nameConstraints ?? {}
    const hex = permitted.map(({ whole }) => whole.toString('hex'))
    expect(hex).toContain('87087f000001ffffffff')
    expect(hex).toContain('81096c6f63616c686f7374')
    expect(readCertificate(certificateIn(made, 'root').raw)?.extensions.critical).toContain('2.5.29.30')
  })

  it('of a folder of before, which vouched for the whole web, goes with its key and all that it signed', async () => {
    const { folder } = await prepare('before')
    const keys = keysIn(folder, 'root')
    const life = { from: start - days(730), until: start + days(3650) }
    const name: Name = [
      ['C', 'JP'],
      ['O', 'Mihon Credit Union (demo)'],
      ['CN', 'Mihon Demo Root CA'],
    ]
    writeFileSync(join(folder, 'root.pem'), makeRoot({ ...life, name, keys }).certificate.toString())
    const before = contents(folder)
    await prepare('before')
    const anew = changed(before, folder)
    expect(anew).toEqual(expect.arrayContaining(['root.key', 'root.pem', 'authorities.pem', 'server.pem']))
    expect(anew).toEqual(
      expect.arrayContaining(['customer-authority.pem', 'mihon07-good.p12', 'not-tied.p12']),
    )
    expect(statSync(join(folder, 'root.key')).mode & 0o777).toBe(0o600)
    expect(certificateOf(folder, 'customer-authority').verify(keys.publicKey)).toBe(false)
    const good = join(folder, 'mihon07-good.pem')
    const usual = ['-attime', String(start / 1000), '-CAfile', join(folder, 'authorities.pem')]
    expect(openssl('verify', ...usual, good).said).toMatch(/: OK\n$/)
    const again = contents(folder)
    await prepare('before')
    expect(changed(again, folder)).toEqual(['revocation-list.pem'])
  })

  const certificateOf = (folder: string, file: string) =>
    new X509Certificate(readFileSync(join(folder, `${file}.pem`)))

  function keysIn(folder: string, file: string): Keys {
    const privateKey = createPrivateKey(readFileSync(join(folder, `${file}.key`)))
    return { privateKey, publicKey: createPublicKey(privateKey) }
  }
})

describe('the names', () => {
  it('are the customer’s, in the order that reads UID, CN, O, C', () => {
    expect(certificateIn(made, 'mihon07-good').subject.split('\n').reverse()).toEqual([
      'UID=mihon07',
      'CN=汐崎 渚',
      'O=株式会社しおさい水産',
      'C=JP',
    ])
    expect(certificateIn(made, 'mihon11-good').subject).toContain('O=株式会社はまなす商会')
    expect(certificateIn(made, 'not-tied').subject).toContain('UID=mihon99')
  })

  it('of the foreign certificate are those of our customer, for only the issuer tells', () => {
    const [foreign, ours] = [certificateIn(made, 'foreign'), certificateIn(made, 'mihon07-good')]
    expect(foreign.subject).toBe(ours.subject)
    expect(foreign.issuer).not.toBe(ours.issuer)
    expect(ours.issuer.split('\n').reverse().join(',')).toBe(
      'CN=Mihon Demo Customer CA,O=Mihon Credit Union (demo),C=JP',
    )
  })

  it('cannot be forged by a company name with the marks of a name in it', async () => {
    const keys = await makeKeys('ec-p256')
    const life = { from: start, until: start + days(1) }
    const issuer = makeRoot({ ...life, name: [['CN', 'x']], keys })
    const subject = customerSubject({
      companyName: 'x,UID=mihon07\nUID=mihon07',
      userName: 'y+z',
      loginId: 'w',
    })
    const { subject: shown } = issue({ ...life, issuer, subject, keys, kind: 'customer' })
    expect(shown.split('\n')).toHaveLength(4)
  })
})

describe('in the folder', () => {
  it('everything is for its owner only', () => {
    expect(statSync(made.folder).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(made.folder).filter((name) => name !== 'lock')) {
      expect(statSync(join(made.folder, file)).mode & 0o777, file).toBe(0o600)
    }
  })

  it('the rules name files that are there, and refuse where nothing is known', () => {
    expect(made.rules).toEqual({
      authorities: made.authorities,
      noticeDays: 30,
      revocation: { crl: { sources: [made.revocationList], refreshMinutes: 60, whenUnknown: 'refuse' } },
    })
    expect(made.files.map((file) => basename(file, '.p12'))).toEqual(states)
    for (const file of [...made.files, made.server.certFile, made.server.keyFile]) statSync(file)
  })
})

/** Each file with what is in it. */
const contents = (folder: string): Map<string, string> =>
  new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'latin1')]))

/** What is no more as it was. */
function changed(before: Map<string, string>, folder: string): string[] {
  const after = contents(folder)
  return [...after.keys()].filter((file) => after.get(file) !== before.get(file)).sort()
}

describe('a restart', () => {
  it('changes the revocation list only, whose number grows', async () => {
    const { folder, revocationList } = await prepare('restart')
    const before = contents(folder)
    await prepare('restart')
    expect(changed(before, folder)).toEqual(['revocation-list.pem'])
    const numbers = [before.get('revocation-list.pem') ?? '', readFileSync(revocationList)].map(
      (pem) => readRevocationList(Buffer.from(pem)).number,
    )
    expect(numbers[1]).toBeGreaterThan(numbers[0] ?? Infinity)
  })

  it.each([
    { after: 14, anew: [] },
    { after: 16, anew: ['mihon07-renewing-soon'] },
    { after: 29.5, anew: ['mihon07-not-yet-valid', 'mihon07-renewing-soon'] },
    { after: -10, anew: ['mihon07-expired', 'mihon07-renewing-soon'], early: true },
  ])('$after days later makes anew: $anew', async ({ after, anew, early = false }) => {
    const folder = `later ${after}`
    const { folder: path } = await prepare(folder)
    const before = contents(path)
    await prepare(folder, { after })
    const certificates = changed(before, path).filter((file) => file !== 'revocation-list.pem')
    const expected = early
      ? // a clock that was set back also finds what had begun the day before not valid yet
        states.filter((file) => file !== 'mihon07-not-yet-valid').concat('server')
      : anew
    expect(certificates).toEqual(
      expected
        .flatMap((file) => (file === 'server' ? ['server.pem'] : [`${file}.p12`, `${file}.pem`]))
        .sort(),
    )
  })

  it('a year later keeps the authorities and all keys, and who was revoked stays so', async () => {
    const { folder, revocationList } = await prepare('year')
    const before = contents(folder)
    await prepare('year', { after: 306 })
    expect(changed(before, folder).filter((file) => /\.key$|root|authorit/.test(file))).toEqual([])
    const stolen = [
      before.get('mihon07-revoked.pem') ?? '',
      readFileSync(join(folder, 'mihon07-revoked.pem')),
    ]
    const { revoked } = readRevocationList(readFileSync(revocationList))
    expect(revoked.map(({ serialNumber }) => serialNumber.toUpperCase())).toEqual(
      stolen.map((pem) => new X509Certificate(pem).serialNumber),
    )
  })

  it('makes anew what was lost or spoilt', async () => {
    const { folder } = await prepare('spoilt')
    const before = contents(folder)
    writeFileSync(join(folder, 'mihon07-good.pem'), 'rubbish')
    writeFileSync(join(folder, 'revocation-list.pem'), '')
    writeFileSync(join(folder, 'foreign.key'), '')
    writeFileSync(join(folder, 'not-tied.pem.new'), 'half of a certi')
    rmSync(join(folder, 'mihon11-good.p12'))
    await prepare('spoilt')
    const anew =
      'foreign.key foreign.p12 foreign.pem mihon07-good.p12 mihon07-good.pem mihon11-good.p12 mihon11-good.pem'
    expect(changed(before, folder)).toEqual([...anew.split(' '), 'not-tied.pem.new', 'revocation-list.pem'])
    const again = contents(folder)
    await prepare('spoilt')
    expect(changed(again, folder)).toEqual(['revocation-list.pem'])
  })

  it('with a lost authority’s key makes all its certificates anew', async () => {
    const { folder, authorities } = await prepare('lost key')
    const before = certificateIn(await prepare('lost key'), 'mihon07-good')
    rmSync(join(folder, 'customer-authority.key'))
    await prepare('lost key')
    const after = join(folder, 'mihon07-good.pem')
    expect(new X509Certificate(readFileSync(after)).serialNumber).not.toBe(before.serialNumber)
    expect(openssl('verify', '-attime', String(start / 1000), '-CAfile', authorities, after).said).toMatch(
      /: OK\n$/,
    )
  })

  it('for other hosts makes the server’s certificate anew, and the root that permits them, with its key', async () => {
    const { folder } = await prepare('hosts')
    const before = contents(folder)
    const after = await prepare('hosts', { names: ['bank.example'] })
    expect(changed(before, folder)).toEqual([
      'authorities.pem',
      'revocation-list.pem',
      'root.pem',
      'server.pem',
    ])
    expect(certificateIn(after, 'server').subjectAltName).toBe('DNS:bank.example')
  })
})

describe('two processes that start at once', () => {
  it('leave one authority and certificates that fit their keys', async () => {
    const folder = join(scratch, 'at once')
    const module = join(import.meta.dirname, '../../src/demo/certificates.ts')
    const program = `
      const { prepareDemoCertificates } = await import(${JSON.stringify(module)})
      await prepareDemoCertificates({ folder: ${JSON.stringify(folder)}, clock: () => ${start}, hosts: ['localhost'] })`
    const exits = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' })
        return (await once(child, 'exit'))[0] as number
      }),
    )
    expect(exits).toEqual([0, 0, 0])
    const before = contents(folder)
    await prepare('at once', { names: ['localhost'] })
    expect(changed(before, folder)).toEqual(['revocation-list.pem'])
    expect(readdirSync(folder).filter((file) => file.endsWith('.new'))).toEqual([])
  })

  it('in one process too take turns', async () => {
    const [one, other] = await Promise.all([prepare('turns'), prepare('turns')])
    expect(one).toEqual(other)
    const before = contents(one.folder)
    await prepare('turns')
    expect(changed(before, one.folder)).toEqual(['revocation-list.pem'])
  })
})
