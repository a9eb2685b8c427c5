/** `ninka doctor` finds an installation healthy behind the real nginx, and names each disease that somebody has made. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { request as forward } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { days } from '../../src/clock.ts'
import type { Finding } from '../../src/operator/check.ts'
import { examine } from '../../src/operator/doctor.ts'
import { certificatesIn, type Inside } from '../../src/operator/inside.ts'
import type { Outside } from '../../src/operator/outside.ts'
import { createProbe } from '../../src/operator/probe.ts'
import { createSecrets } from '../../src/secrets.ts'
import { startBank, type TestBank, unavailable } from '../support/bank.ts'
import { type Authority, makeAuthority } from '../support/certificates.ts'
import { freePort } from '../support/postgres.ts'
import { type Proxy, startNginx } from '../support/proxies.ts'

let authority: Authority
let ca: string
let bank: TestBank
let ports: { readonly main: number; readonly certificate: number }
let stop: (() => Promise<unknown>)[]

beforeAll(async () => {
  authority = await makeAuthority()
  ca = readFileSync(join(authority.folder, 'root.pem'), 'utf8')
})
afterEach(async () => {
  for (const one of stop) await one()
  await bank.close()
})
afterAll(() => authority.remove())

const server = () => ({
  certFile: join(authority.folder, 'server.pem'),
  keyFile: join(authority.folder, 'server.key'),
})

/** The application behind a proxy at this port, with its settings as an operator would write them. */
async function startBehind(port: number, environment: Record<string, string> = {}): Promise<void> {
  const certificateUrl = `https://*.cert.localhost:${port}`
  const settings = {
    PUBLIC_URL: `https://localhost:${port}`,
    CERTIFICATE_URL: certificateUrl,
    CERTIFICATE_FORMAT: 'nginx',
    TRUSTED_PROXIES: '127.0.0.1',
    ...environment,
  }
  bank = await startBank({
    environment: settings,
    certificates: await authority.parts({ url: certificateUrl, format: 'nginx' }),
    institution: (given) => ({ ...given, certificates: authority.rules }),
  })
  await bank.server.listen({ host: '127.0.0.1', port: ports.main })
  await bank.certificateServer?.listen({ host: '127.0.0.1', port: ports.certificate })
}

async function startHealthy(): Promise<Proxy> {
  ports = { main: await freePort(), certificate: await freePort() }
  const nginx = await startNginx({
    upstreams: { main: [`127.0.0.1:${ports.main}`], certificate: [`127.0.0.1:${ports.certificate}`] },
    tls: server(),
    authoritiesFile: join(authority.folder, 'authorities.pem'),
    names: { main: 'localhost', certificate: 'cert.localhost' },
  })
  stop = [nginx.stop]
  await startBehind(nginx.port)
  return nginx
}

const strong =
  'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'

/** A proxy as people write them who have not read docs/proxy.md: TLS ends here, and everything is passed on. */
async function startCareless(
  options: ServerOptions = {},
  { change = (headers: Record<string, unknown>) => headers } = {},
): Promise<void> {
  ports = { main: await freePort(), certificate: await freePort() }
  const { certFile, keyFile } = server()
  const proxy = createServer(
    { cert: readFileSync(certFile), key: readFileSync(keyFile), ciphers: strong, ...options },
    (asked, answer) => {
      const port = /\.cert\.localhost/.test(asked.headers.host ?? '') ? ports.certificate : ports.main
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
  await startBehind((proxy.address() as AddressInfo).port)
}

/** Node does not know that every name under localhost is this machine. */
const probe = (trusted: string | undefined) =>
  createProbe({
    connectTo: { host: '127.0.0.1', port: Number(new URL(bank.settings.publicUrl).port) },
    ca: trusted,
  })

async function findings(changes: Partial<Inside & Outside> = {}): Promise<Map<string, Finding>> {
  const shared = { settings: bank.settings, clock: () => Date.now() }
  const institution = { ...JSON.parse('{}'), certificates: authority.rules }
  const inside = {
    ...shared,
    institution,
    db: bank.db,
    secrets: bank.secrets,
    bank: async () => bank.simulator,
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
  ])
  expect(all).toHaveLength(18)
})

describe('from inside', () => {
  it.each<readonly [string, string, () => Partial<Inside & Outside> | Promise<Partial<Inside & Outside>>]>([
    ['keys', 'another master key', () => ({ secrets: createSecrets([randomBytes(32)]) })],
    [
      'bank',
      'a bank that does not answer',
      () => ({ bank: async () => ({ ...bank.simulator, reach: unavailable }) }),
    ],
    ['authorities', 'an authority that has expired', () => ({ clock: () => Date.now() + days(40 * 366) })],
    ['revocation', 'a revocation list out of date', () => ({ clock: () => Date.now() + days(366) })],
    ['revocation', 'a revocation list that is not there', () => ({ institution: withList('nowhere.pem') })],
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

  function withList(file: string): Inside['institution'] {
    const { revocation, ...rules } = authority.rules
    const crl = {
      sources: [join(authority.folder, file)],
      refreshMinutes: 60,
      whenUnknown: 'refuse' as const,
    }
    return { certificates: { ...rules, revocation: { ...revocation, crl } } } as Inside['institution']
  }
})

describe('from outside, of a careless proxy', () => {
  it('names that forged headers get through, and that no certificate is asked for', async () => {
    await startCareless()
    const all = await findings()
    expect(failed(all)).toEqual(['certificate origin', 'certificate forged'])
    expect(all.get('certificate forged')?.says).toContain('x-ssl-client-cert from outside is believed')
  })

  it('names that every customer is asked for a certificate', async () => {
    await startCareless({ requestCert: true, rejectUnauthorized: false })
    expect(failed(await findings())).toEqual(['main origin asks', 'certificate forged'])
  })

  it('names old versions of TLS and suites without forward secrecy', async () => {
    await startCareless({ minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' })
    const all = await findings()
    expect(all.get('tls')?.says).toBe('accepts TLSv1.1')
    await stop[0]?.()
    await bank.close()
    await startCareless({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0' })
    expect((await findings()).get('tls')?.says).toContain('with CBC')
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

it('as a command ends with 1 when something failed, says each thing in one line or as JSON, and shows no secret', async () => {
  await startHealthy()
  const masterKey = join(authority.folder, 'other-master.key')
  writeFileSync(masterKey, randomBytes(32).toString('base64'))
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, ['src/ninka.ts', 'doctor', ...args], {
      env: {
        PATH: process.env.PATH,
        NINKA_MODE: 'demo',
        PUBLIC_URL: bank.settings.publicUrl,
        DATABASE_URL: `sqlite:${join(authority.folder, 'doctor.db')}`,
        MASTER_KEY_FILE: masterKey,
      },
    }).catch((error: { code: number; stdout: string; stderr: string }) => error)
  const at = ['--connect', `127.0.0.1:${new URL(bank.settings.publicUrl).port}`]
  const plain = await run('--ca', join(authority.folder, 'root.pem'), ...at)
  expect(plain).toMatchObject({ code: 1, stderr: '' })
  expect(plain.stdout).toMatch(/^ok +issuer +https:\/\/localhost:\d+$/m)
  const asJson = await run('--json', '--ca', join(authority.folder, 'root.pem'), ...at)
  const all = JSON.parse(asJson.stdout) as Finding[]
  expect(all.map(({ check }) => check)).toContain('certificate forged')
  expect(await run('--wrong')).toMatchObject({ code: 2 })
})
