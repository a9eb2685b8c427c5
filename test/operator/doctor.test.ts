/** `ninka doctor` finds an installation healthy behind the real nginx, and names each disease that somebody has made. */
import { execFile } from 'node:child_process'
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request as forward } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { days } from '../../src/clock.ts'
import { calendarSchema } from '../../src/institution-hours.ts'
import { type CertificateRules, readInstitution } from '../../src/institution.ts'
import { lastYearOfHolidays } from '../../src/japanese-holidays.ts'
import type { Finding } from '../../src/operator/check.ts'
import { examine } from '../../src/operator/doctor.ts'
import { certificatesIn, type Inside } from '../../src/operator/inside.ts'
import type { Outside } from '../../src/operator/outside.ts'
import { createProbe } from '../../src/operator/probe.ts'
import { createSecrets } from '../../src/secrets.ts'
import { startBank, type TestBank, type TestBankOptions, unavailable } from '../support/bank.ts'
import { type Authority, makeAuthority } from '../support/certificates.ts'
import { authority as authorityUse, type Issued, openWorkshop, type Workshop } from '../support/openssl.ts'
import { freePort } from '../support/postgres.ts'
import { type Proxy, startNginx } from '../support/proxies.ts'

let authority: Authority
let workshop: Workshop
let ca: string
let bank: TestBank
let ports: { readonly main: number; readonly certificate: number; readonly fintechs?: number }
let stop: (() => Promise<unknown>)[]

beforeAll(async () => {
  workshop = openWorkshop()
  authority = await makeAuthority()
  ca = readFileSync(join(authority.folder, 'root.pem'), 'utf8')
})
afterEach(async () => {
  for (const one of stop) await one()
  await bank.close()
})
afterAll(() => {
  authority.remove()
  workshop.remove()
})

const server = () => ({
  certFile: join(authority.folder, 'server.pem'),
  keyFile: join(authority.folder, 'server.key'),
})

/** What the certificate origin is asked to prove itself with, and where the bank's data is. */
type Kept = Pick<TestBankOptions, 'databaseUrl' | 'masterKey'> & {
  readonly secret?: string
  /** with an origin for fintechs' certificates */
  readonly fintechs?: boolean
}

/** The application behind a proxy at this port, with its settings as an operator would write them. */
async function startBehind(port: number, { secret, fintechs, ...kept }: Kept = {}): Promise<void> {
  const certificateUrl = `https://*.cert.localhost:${port}`
  const settings = {
    PUBLIC_URL: `https://localhost:${port}`,
    CERTIFICATE_URL: certificateUrl,
    CERTIFICATE_FORMAT: 'nginx',
    TRUSTED_PROXIES: '127.0.0.1',
    ...(fintechs ? { API_MTLS_URL: `https://api.localhost:${port}` } : {}),
  }
  const certificates = await authority.parts({ url: certificateUrl, format: 'nginx', secret })
  bank = await startBank({
    environment: settings,
    certificates,
    ...(settings.API_MTLS_URL
      ? { mutualTls: { origin: { ...certificates.origin, url: settings.API_MTLS_URL }, verifier: undefined } }
      : {}),
    institution: (given) => ({ ...given, certificates: authority.rules }),
    ...kept,
  })
  await bank.server.listen({ host: '127.0.0.1', port: ports.main })
  await bank.certificateServer?.listen({ host: '127.0.0.1', port: ports.certificate })
  await bank.mutualTlsServer?.listen({ host: '127.0.0.1', port: ports.fintechs ?? 0 })
}

async function startHealthy(kept: Kept = {}): Promise<Proxy> {
  ports = { main: await freePort(), certificate: await freePort(), fintechs: await freePort() }
  const nginx = await startNginx({
    upstreams: {
      main: [`127.0.0.1:${ports.main}`],
      certificate: [`127.0.0.1:${ports.certificate}`],
      fintechs: [`127.0.0.1:${ports.fintechs}`],
    },
    tls: server(),
    authoritiesFile: join(authority.folder, 'authorities.pem'),
    names: { main: 'localhost', certificate: 'cert.localhost', fintechs: 'api.localhost' },
    ...(kept.secret ? { secret: kept.secret } : {}),
  })
  stop = [nginx.stop]
  await startBehind(nginx.port, kept)
  return nginx
}

/** For what can be seen from inside: nothing listens where a proxy would. */
async function startAlone(): Promise<void> {
  ports = { main: await freePort(), certificate: await freePort() }
  stop = []
  await startBehind(await freePort())
}

const institution = (certificates: CertificateRules = authority.rules) => ({
  ...readInstitution(join(import.meta.dirname, '../../src/demo/institution.json')),
  certificates,
})

const strong =
  'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'

/** A proxy as people write them who have not read docs/proxy.md: TLS ends here, and everything is passed on. */
async function startCareless(
  options: ServerOptions = {},
  { change = (headers: Record<string, unknown>) => headers } = {},
  kept: Kept = {},
): Promise<void> {
  ports = { main: await freePort(), certificate: await freePort(), fintechs: await freePort() }
  const { certFile, keyFile } = server()
  const proxy = createServer(
    { cert: readFileSync(certFile), key: readFileSync(keyFile), ciphers: strong, ...options },
    (asked, answer) => {
      const [, name = ''] = /^(api|.*\.cert)\.localhost/.exec(asked.headers.host ?? '') ?? []
      const port = name === '' ? ports.main : name === 'api' ? ports.fintechs : ports.certificate
      const { url, method, headers } = asked
      forward({ host: '127.0.0.1', port, path: url, method, headers }, (got) => {
        answer.writeHead(got.statusCode ?? 500, change(got.headers) as never)
        got.pipe(answer)
      })
        .on('error', () => answer.destroy())
        .end()
    },
  )
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
  stop = [async () => proxy.close()]
  await startBehind((proxy.address() as AddressInfo).port, kept)
}

/** Node does not know that every name under localhost is this machine. */
const probe = (trusted: string | undefined) =>
  createProbe({
    connectTo: { host: '127.0.0.1', port: Number(new URL(bank.settings.publicUrl).port) },
    ca: trusted,
  })

async function findings(changes: Partial<Inside & Outside> = {}): Promise<Map<string, Finding>> {
  const shared = { settings: bank.settings, clock: () => Date.now() }
  const inside = {
    ...shared,
    institution: institution(),
    db: bank.db,
    secrets: bank.secrets,
    bank: bank.simulator,
    log: pino({ level: 'silent' }),
  }
  const outside = {
    ...shared,
    probe: probe(ca),
    tickets: bank.tickets,
    publicCertificate: certificatesIn(authority.rules.authorities)[0]?.raw,
  }
  const all = new Map<string, Finding>()
  for await (const one of examine({ ...inside, ...changes }, { ...outside, ...changes }))
    all.set(one.check, one)
  return all
}

const failed = (all: Map<string, Finding>) =>
  [...all.values()].filter(({ verdict }) => verdict === 'failure').map(({ check }) => check)

it('finds nothing wrong with the application behind the nginx of deploy/', async () => {
  await startHealthy()
  const all = [...(await findings()).values()]
  expect(all.filter(({ verdict }) => verdict !== 'ok')).toEqual([
    expect.objectContaining({ check: 'database clock', verdict: 'skipped' }),
    expect.objectContaining({ check: 'holidays', verdict: 'skipped' }),
  ])
  expect(all).toHaveLength(19)
})

it('finds nothing wrong with the origin for fintechs behind it either', async () => {
  await startHealthy({ fintechs: true })
  const all = await findings()
  expect(failed(all)).toEqual([])
  const about = [...all.values()].filter(({ check }) => check.startsWith('fintechs'))
  expect(about.map(({ check, verdict }) => [check, verdict])).toEqual([
    ['fintechs origin', 'ok'],
    ['fintechs tls', 'ok'],
    ['fintechs tls name', 'ok'],
    ['fintechs forged', 'ok'],
  ])
})

describe('from inside', () => {
  it.each<readonly [string, string, () => Partial<Inside & Outside> | Promise<Partial<Inside & Outside>>]>([
    ['keys', 'another master key', () => ({ secrets: createSecrets([randomBytes(32)]) })],
    ['bank reached', 'a bank that does not answer', () => ({ bank: { reach: unavailable } })],
    ['authorities', 'an authority that has expired', () => ({ clock: () => Date.now() + days(40 * 366) })],
    ['revocation', 'a revocation list out of date', () => ({ clock: () => Date.now() + days(366) })],
    [
      'revocation',
      'a revocation list that is not there',
      () => ({ institution: revokedBy({ crl: listIn('nowhere.pem') }) }),
    ],
    ['authorities', 'an authorities file that is not there', () => withAuthorities('/nowhere.pem')],
    ['authorities', 'garbage for an authorities file', () => withAuthorities(garbage())],
    ['authorities', 'an authorities file without a root', () => withAuthorities(rootless())],
    ['revocation', 'authorities that nobody could be asked about', () => withAuthorities(rootless())],
    ['clock', 'a clock that goes wrong', () => ({ clock: () => Date.now() + 5000 })],
    [
      'issuer',
      'an issuer that is not PUBLIC_URL',
      () => ({
        settings: { ...bank.settings, publicUrl: bank.settings.publicUrl.replace('localhost', '127.0.0.1') },
      }),
    ],
  ])('%s: names %s', async (check, _what, change) => {
    await startHealthy()
    expect(failed(await findings(await change()))).toContain(check)
  })

  it('database: names one that is gone', async () => {
    await startHealthy()
    const { db } = await startBank()
    await db.destroy()
    expect(failed(await findings({ db }))).toContain('database')
  })

  const withAuthorities = (file: string) => ({
    institution: institution({ ...authority.rules, authorities: file }),
  })
  const garbage = () =>
    workshop.file('garbage.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  const rootless = () => join(authority.folder, 'customer-authority.pem')

  it('holidays: warns in the last year that is known, until the institution names days of the next', async () => {
    await startAlone()
    const usual = ['08:00-21:00']
    const week = { monday: usual, tuesday: usual, wednesday: usual, thursday: usual, friday: usual }
    const open = { ...week, saturday: [], sunday: [], holiday: [] }
    const foundIn = async (year: number, named: object = {}) => {
      const calendar = calendarSchema.parse({ open, days: named })
      const clock = () => Date.parse(`${year}-01-02T12:00:00+09:00`)
      const all = await findings({ institution: { ...institution(), calendar }, clock })
      return all.get('holidays')?.verdict
    }
    const last = lastYearOfHolidays
    expect(await Promise.all([last - 1, last, last + 1].map((year) => foundIn(year)))).toEqual([
      'ok',
      'warning',
      'failure',
    ])
    expect(await foundIn(last, { [`${last + 1}-01-08`]: [] })).toBe('ok')
  })

  it('authorities: says what the service would say when it starts, and takes no certificate from such a file', async () => {
    await startAlone()
    const says = async (file: string) => (await findings(withAuthorities(file))).get('authorities')?.says
    expect(await says(garbage())).toContain('certificate 1 cannot be read')
    expect(await says(rootless())).toContain('holds no root')
    expect([garbage(), rootless(), '/nowhere.pem'].map(certificatesIn)).toEqual([[], [], []])
    const [first] = certificatesIn(authority.rules.authorities)
    expect(first?.raw.equals(new X509Certificate(ca).raw)).toBe(true)
  })

  it('authorities: warns of one below which nobody can sign in', async () => {
    await startAlone()
    const top = workshop.issue({ subject: '/CN=Elsewhere', extensions: authorityUse })
    const lost = workshop.issue({ subject: '/CN=Lost', issuer: top, extensions: authorityUse })
    const both = readFileSync(authority.rules.authorities, 'utf8') + lost.pem
    const all = await findings(withAuthorities(workshop.file('lost.pem', both)))
    expect(all.get('authorities')).toMatchObject({
      verdict: 'warning',
      says: 'nobody can sign in below CN=Lost (no-path-to-a-root)',
    })
  })

  const listIn = (file: string): NonNullable<CertificateRules['revocation']['crl']> => ({
    sources: [join(authority.folder, file)],
    refreshMinutes: 60,
    whenUnknown: 'refuse',
  })
  const revokedBy = (revocation: CertificateRules['revocation']) =>
    institution({ ...authority.rules, revocation })

  /** The responder is asked for real: what it says of a number that nobody has. */
  async function askedAt(url: string, crl?: NonNullable<CertificateRules['revocation']['crl']>) {
    const ocsp = { url, timeoutMs: 500, cacheMinutes: 10, whenUnknown: 'refuse' as const }
    const all = await findings({ institution: revokedBy({ ocsp, ...(crl ? { crl } : {}) }) })
    return all.get('revocation')
  }

  async function startResponder(signer?: Issued): Promise<string> {
    const file = (ending: string) => join(authority.folder, `customer-authority.${ending}`)
    const pem = readFileSync(file('pem'), 'utf8')
    const { raw, serialNumber } = new X509Certificate(pem)
    const privateKey = createPrivateKey(readFileSync(file('key')))
    const files = { certificate: file('pem'), key: file('key') }
    const issuer = { pem, der: raw, serial: serialNumber, privateKey, ...files }
    const responder = await workshop.responder({
      issuer,
      entries: [],
      options: ['-nmin', '5'],
      ...(signer ? { signer } : {}),
    })
    stop.push(async () => responder.stop())
    return responder.url
  }

  it('revocation: asks the responder, for whom “unknown” is an answer, and tells of lists and responder both', async () => {
    await startAlone()
    const url = await startResponder()
    const { host } = new URL(url)
    expect(await askedAt(url)).toMatchObject({ verdict: 'ok', says: `${host} answers` })
    expect(await askedAt(url, listIn('revocation-list.pem'))).toMatchObject({
      verdict: 'ok',
      says: `1 lists with 1 revoked certificates are current; ${host} answers`,
    })
    const broken = await askedAt(url, listIn('nowhere.pem'))
    expect(broken).toMatchObject({ verdict: 'failure' })
    expect(broken?.says).toMatch(/nowhere\.pem: no-such-file; .* answers$/)
  })

  it('revocation: names a responder that is not there, says nothing or signs with a key of its own', async () => {
    await startAlone()
    const silent = createTcpServer().listen(0, '127.0.0.1')
    stop.push(async () => silent.close())
    const stranger = workshop.issue({ subject: '/CN=Stranger', extensions: authorityUse })
    for (const [url, problem] of [
      [`http://127.0.0.1:${await freePort()}/`, 'unreachable'],
      [`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`, 'timeout'],
      [await startResponder(stranger), 'not-a-responder'],
    ] as const) {
      const found = await askedAt(url, listIn('revocation-list.pem'))
      expect(found).toMatchObject({ verdict: 'failure' })
      expect(found?.says).toMatch(/^1 lists .* are current; /)
      expect(found?.says).toContain(`${problem} for CN=Mihon Demo Customer CA`)
    }
  })
})

describe('from outside, of a careless proxy', () => {
  it('names that forged headers get through, and that no certificate is asked for', async () => {
    await startCareless()
    const all = await findings()
    expect(failed(all)).toEqual(['certificate origin', 'certificate forged'])
    expect(all.get('certificate forged')?.says).toContain('x-ssl-client-cert from outside is believed')
  })

  it('names the same of the origin for fintechs', async () => {
    await startCareless({}, {}, { fintechs: true })
    const all = await findings()
    expect(failed(all)).toEqual(expect.arrayContaining(['fintechs origin', 'fintechs forged']))
    expect(all.get('fintechs origin')?.says).toBe('does not ask for a certificate')
    expect(all.get('fintechs forged')?.says).toContain('x-ssl-client-cert from outside is believed')
  })

  it('names that every customer is asked for a certificate', async () => {
    await startCareless({ requestCert: true, rejectUnauthorized: false })
    expect(failed(await findings())).toEqual(['main origin asks', 'certificate forged'])
  })

  it('names old versions of TLS', async () => {
    await startCareless({ minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' })
    const all = await findings()
    expect(all.get('tls')?.says).toBe('accepts TLSv1.1')
  })

  it.each([
    'ECDHE-ECDSA-AES128-SHA',
    'ECDHE-ECDSA-AES256-SHA384',
    'ECDHE-ECDSA-AES128-CCM',
    'AECDH-NULL-SHA',
  ])('names the suite %s beside the good ones, whoever thought of it', async (suite) => {
    await startCareless({ ciphers: `${strong}:${suite}:@SECLEVEL=0` })
    const all = await findings()
    expect(all.get('tls')).toMatchObject({ verdict: 'failure' })
    expect(all.get('tls')?.says).toContain('other than ECDHE and GCM')
  })

  it('names cookies that lost Secure, and headers that were taken away', async () => {
    await startCareless(
      {},
      {
        change: ({ 'strict-transport-security': _gone, 'content-security-policy': _too, ...headers }) => ({
          ...headers,
          ...(headers['set-cookie']
            ? {
                'set-cookie': (headers['set-cookie'] as string[]).map((one) => one.replace(/; ?Secure/i, '')),
              }
            : {}),
        }),
      },
    )
    expect(failed(await findings())).toEqual(expect.arrayContaining(['cookies', 'headers']))
  })

  it('names a certificate that nobody trusts', async () => {
    await startHealthy()
    const all = await findings({ probe: probe(undefined) })
    expect(all.get('tls certificate')).toMatchObject({ verdict: 'failure' })
  })

  it('names a service that does not answer at all', async () => {
    await startHealthy()
    await stop[0]?.()
    stop = []
    expect(failed(await findings())).toEqual(expect.arrayContaining(['issuer', 'tls', 'certificate origin']))
  })
})

describe('as a command', () => {
  const proxySecret = 'between-proxy-and-application'
  const databasePassword = 'of-the-database-alone'
  const masterKey = randomBytes(32)
  const secretFile = (content: string) => workshop.file('secret', `${content}\n`)

  type Ran = { readonly code?: number; readonly stdout: string; readonly stderr: string }

  function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
    const { port } = new URL(bank.settings.publicUrl)
    const at = ['--ca', join(authority.folder, 'root.pem'), '--connect', `127.0.0.1:${port}`]
    const institutionFile = workshop.file(
      'institution.json',
      JSON.stringify({
        ...JSON.parse(readFileSync('src/demo/institution.json', 'utf8')),
        certificates: authority.rules,
      }),
    )
    return promisify(execFile)(process.execPath, ['src/ninka.ts', 'doctor', ...at, ...args], {
      env: {
        PATH: process.env.PATH,
        NINKA_MODE: 'demo',
        PUBLIC_URL: bank.settings.publicUrl,
        CERTIFICATE_URL: `https://*.cert.localhost:${port}`,
        CERTIFICATE_FORMAT: 'nginx',
        TRUSTED_PROXIES: '127.0.0.1',
        PROXY_SECRET_FILE: secretFile(proxySecret),
        DATABASE_URL: databaseUrl,
        MASTER_KEY_FILE: secretFile(masterKey.toString('base64')),
        INSTITUTION_FILE: institutionFile,
        ...environment,
      },
    }).catch((error: Ran) => error)
  }

  let databaseUrl: string
  const start = async (): Promise<void> => {
    databaseUrl = `sqlite:${workshop.file('ninka.db')}`
    await startHealthy({ secret: proxySecret, masterKey, databaseUrl })
  }

  /** As they are stored, as they open, and every word of them that is long enough to be told from others. */
  async function secretsOf({ db, secrets }: TestBank): Promise<string[]> {
    const rows = await db.selectFrom('sealed_secrets').select(['name', 'sealed']).execute()
    expect(rows.length).toBeGreaterThan(2)
    const opened = rows.map(({ name, sealed }) => secrets.open(sealed, name) ?? '')
    return [
      ...['hex', 'base64', 'base64url'].map((form) => masterKey.toString(form as BufferEncoding)),
      proxySecret,
      databasePassword,
      ...rows.map(({ sealed }) => sealed),
      ...opened,
      ...opened.flatMap((text) => text.match(/[\w-]{20,}/g) ?? []),
    ]
  }

  const shown = ({ stdout, stderr }: Ran, secrets: readonly string[]): string[] =>
    secrets.filter((one) => stdout.includes(one) || stderr.includes(one))

  it('ends with 0 where nothing failed, says each thing in one line, and shows no secret', async () => {
    await start()
    const plain = await run([])
    expect(plain).toMatchObject({ stderr: '' })
    expect(plain.code).toBeUndefined()
    expect(plain.stdout).toMatch(/^ok +issuer +https:\/\/localhost:\d+$/m)
    expect(plain.stdout).not.toMatch(/^failure/m)
    expect(shown(plain, await secretsOf(bank))).toEqual([])
  })

  it('ends with 1 where something failed, says it as JSON, and shows no secret', async () => {
    await start()
    const otherKey = randomBytes(32).toString('base64')
    const asJson = await run(['--json'], { MASTER_KEY_FILE: secretFile(otherKey) })
    expect(asJson).toMatchObject({ code: 1, stderr: '' })
    const all = JSON.parse(asJson.stdout) as Finding[]
    expect(failed(new Map(all.map((one) => [one.check, one])))).toEqual(['keys', 'certificate forged'])
    expect(shown(asJson, [otherKey, ...(await secretsOf(bank))])).toEqual([])
  })

  it('shows no secret of a database that cannot be reached either', async () => {
    await start()
    const environment = {
      DATABASE_URL: `postgres://ninka@127.0.0.1:${await freePort()}/ninka`,
      DATABASE_PASSWORD_FILE: secretFile(databasePassword),
    }
    for (const args of [[], ['--json']]) {
      const ran = await run(args, environment)
      expect(ran).toMatchObject({ code: 1, stderr: '' })
      const names = ran.stdout.matchAll(/^failure +(\S.*?) {2,}|"check": "([^"]+)",\s+"verdict": "failure"/gm)
      expect([...names].map(([, one, other]) => one ?? other)).toEqual([
        'database',
        'database clock',
        'keys',
        'certificate forged',
      ])
      expect(shown(ran, await secretsOf(bank))).toEqual([])
    }
  })

  it('ends with 2 when it could not start', async () => {
    await startAlone()
    expect(await run(['--wrong'])).toMatchObject({ code: 2 })
  })
})
