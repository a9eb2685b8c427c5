/** The TLS of the proxies in deploy/: what they offer, whom they ask for a certificate, and that no session is ever resumed. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer, getCiphers, type SecureVersion } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Proxy, startHaproxy, startNginx } from '../support/proxies.ts'
import {
  connectTls,
  handshakeMessages,
  makeCertificates,
  request,
  type Target,
} from '../support/tls-client.ts'

const main = 'ninka.localhost'
const fresh = 'c0ffee.cert.ninka.localhost'
const api = 'api.ninka.localhost'
const { clients, proxy: keys, authoritiesFile, remove } = makeCertificates()
const certificateRequest = 13
const gcm = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
]
const tls13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

/** What a program says before it ends, given no input; undefined when it is not installed. */
const output = (program: string, args: string[]): Promise<string | undefined> =>
  new Promise((done) => {
    const child = execFile(program, args, (error, stdout) =>
      done(error?.code === 'ENOENT' ? undefined : stdout),
    )
    child.stdin?.on('error', () => {}).end()
  })

let server: Server
let upstream: string
beforeAll(async () => {
  server = createServer((_request, reply) => reply.end('ninka'))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  upstream = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  remove()
})

describe.each([
  { proxy: 'nginx', start: startNginx },
  { proxy: 'haproxy', start: startHaproxy },
])('$proxy', ({ start }) => {
  let proxy: Proxy
  let byRsa: Proxy
  beforeAll(async () => {
    const options = { upstreams: { main: [upstream], certificate: [upstream] }, authoritiesFile }
    proxy = await start({ ...options, tls: keys.ec })
    byRsa = await start({ ...options, tls: keys.rsa })
  })
  afterAll(async () => {
    await proxy.stop()
    await byRsa.stop()
  })

  /** Whether a handshake with these terms ends well, and a request goes through. */
  const accepts = async (terms: Omit<Target, 'sni'>) =>
    (await request({ sni: main, ...terms }).catch(() => undefined))?.status === 200

  describe('a client certificate', () => {
    it('is asked for on the certificate origin and the fintechs’ alone (TLS 1.2, the bytes of the handshake)', async () => {
      const { port } = proxy
      expect(await handshakeMessages({ port, sni: main })).not.toContain(certificateRequest)
      expect(await handshakeMessages({ port, sni: main, certificate: clients.good })).not.toContain(
        certificateRequest,
      )
      expect(await handshakeMessages({ port, sni: fresh })).toContain(certificateRequest)
      expect(await handshakeMessages({ port, sni: api })).toContain(certificateRequest)
    })

    it('is asked for on the certificate origin alone (TLS 1.3, as OpenSSL decrypts it)', async () => {
      const seen = async (sni: string) => {
        const where = ['-connect', `127.0.0.1:${proxy.port}`, '-servername', sni]
        return (await output('openssl', ['s_client', ...where, '-tls1_3', '-msg'])) ?? ''
      }
      const spared = await seen(main)
      expect(spared).toContain('TLSv1.3')
      expect(spared).not.toContain('CertificateRequest')
      const asked = await seen(fresh)
      expect(asked).toContain('CertificateRequest')
      // The names by which a browser chooses what to offer.
      const [, ...names] = asked.slice(asked.indexOf('Acceptable client certificate CA names')).split('\n')
      expect(names.slice(0, 2).toSorted()).toEqual(['CN = issuing', 'CN = root'])
      // A fintech's server is to offer what it has, whoever has issued it.
      const anything = await seen(api)
      expect(anything).toContain('CertificateRequest')
      expect(anything).toContain('No client certificate CA names sent')
    })
  })

  it('1. speaks TLS 1.2 and 1.3, and nothing older', async () => {
    const accepted: SecureVersion[] = []
    for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const) {
      const terms = { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' }
      if (await accepts({ ...terms, port: byRsa.port })) accepted.push(version)
    }
    expect(accepted).toEqual(['TLSv1.2', 'TLSv1.3'])
  })

  it('1. takes four suites of TLS 1.2 and three of TLS 1.3, of all that Node knows', async () => {
    const accepted = new Set<string>()
    for (const cipher of getCiphers().map((known) => known.toUpperCase())) {
      const terms: Omit<Target, 'sni' | 'port'> = cipher.startsWith('TLS_')
        ? { ciphers: cipher, minVersion: 'TLSv1.3' }
        : { ciphers: `${cipher}:@SECLEVEL=0`, maxVersion: 'TLSv1.2' }
      for (const { port } of [proxy, byRsa]) if (await accepts({ ...terms, port })) accepted.add(cipher)
    }
    expect([...accepted].toSorted()).toEqual([...gcm, ...tls13])
  })

  it('is found sound by sslscan, where that is installed', async () => {
    for (const [{ port }, kind] of [
      [proxy, 'ECDSA'],
      [byRsa, 'RSA'],
    ] as const) {
      for (const sni of [main, fresh, api]) {
        const found = await output('sslscan', [
          '--xml=-',
          '--no-colour',
          `--sni-name=${sni}`,
          `127.0.0.1:${port}`,
        ])
        if (found === undefined) return
        const all = (pattern: RegExp) =>
          [...found.matchAll(pattern)].map(([, value = '']) => value).toSorted()
        expect(all(/<protocol type="\w+" version="([\d.]+)" enabled="1"/g)).toEqual(['1.2', '1.3'])
        expect(all(/<cipher .*?cipher="([\w-]+)"/g)).toEqual([
          ...gcm.filter((name) => name.includes(`-${kind}-`)),
          ...tls13,
        ])
        expect(found).toContain('<renegotiation supported="0"')
        expect(found).not.toMatch(/vulnerable="1"|compression supported="1"/)
      }
    }
  })

  it.each([main, fresh, api])('resumes no session (%s)', async (sni) => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(await resumes({ port: proxy.port, sni, minVersion: version, maxVersion: version })).toBe(false)
    }
  })

  it('shows a certificate of the first visit to no second one', async () => {
    const first = { port: proxy.port, sni: fresh, maxVersion: 'TLSv1.2', certificate: clients.good } as const
    expect(await resumes(first, { ...first, certificate: undefined })).toBe(false)
  })

  describe('HTTP/2', () => {
    it('is not offered', async () => {
      for (const sni of [main, fresh, api]) {
        const connection = await connectTls({ port: proxy.port, sni, ALPNProtocols: ['h2', 'http/1.1'] })
        expect(connection.socket.alpnProtocol).toBe('http/1.1')
        connection.close()
        const alone = await connectTls({ port: proxy.port, sni, ALPNProtocols: ['h2'] }).catch(
          () => undefined,
        )
        expect(alone?.socket.alpnProtocol).not.toBe('h2')
        alone?.close()
      }
    })

    it('is not understood from a client that begins it unasked', async () => {
      const connection = await connectTls({ port: proxy.port, sni: main })
      const answer = await connection.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
      connection.close()
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
    })
  })
})

it('the test for resumption sees one where there is one', async () => {
  const resuming = createTlsServer(
    { key: readFileSync(keys.ec.keyFile), cert: readFileSync(keys.ec.certFile) },
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 204 \r\n\r\n')).on('error', () => {}),
  )
  await new Promise<void>((done) => resuming.listen(0, '127.0.0.1', done))
  const { port } = resuming.address() as AddressInfo
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    expect(await resumes({ port, sni: main, minVersion: version, maxVersion: version })).toBe(true)
  }
  resuming.close()
})

/** Whether a second connection with what the first one left is spared the handshake. */
async function resumes(first: Target, second = first): Promise<boolean> {
  const one = await connectTls(first)
  let session: Buffer | undefined
  one.socket.on('session', (given) => {
    session = given
  })
  await one.request({})
  session ??= one.socket.getSession()
  one.close()
  const two = await connectTls({ ...second, session })
  await two.request({})
  const resumed = two.socket.isSessionReused()
  two.close()
  return resumed
}
