/** A client certificate that nobody presented: its header forged in every format, by every way to the application, on real sockets. */
import { request as httpRequest } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { certificateFormats } from '../../src/certificate/forwarded.ts'
import type { CertificateOrigin } from '../../src/certificate/origin.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Authority, customerId, forwardedAs, makeAuthority } from '../support/certificates.ts'

let authority: Authority
let good: Buffer
let bank: TestBank
beforeAll(async () => {
  authority = await makeAuthority()
  good = authority.der('mihon07-good')
})
afterEach(() => bank.close())
afterAll(() => authority.remove())

const uid = 'V1StGXR8Z5jdHi6BmyT'
const host = 'a.cert.localhost:3002'
const secret = 'a-secret-between-proxy-and-app'

async function start(origin: Partial<CertificateOrigin>): Promise<void> {
  bank = await startBank({ certificates: await authority.parts(origin) })
  await bank.server.listen({ host: '0.0.0.0', port: 0 })
  await bank.certificateServer?.listen({ host: '0.0.0.0', port: 0 })
}

type Sent = {
  readonly to?: 'main' | 'certificate'
  readonly path?: string
  /** whose address the connection comes from; 127.0.0.1 is the proxy's */
  readonly from?: string
  readonly method?: string
  readonly host?: string | null
  /** names and values in turn, sent as they are */
  readonly headers?: readonly string[]
}

/** @returns the status, and what the ticket says when the answer is one */
async function send(sent: Sent) {
  const { status, body, location } = await exchange(sent)
  const ticket = new URL(location, 'http://x').searchParams.get('ticket')
  return { status, body, location, answer: ticket === null ? null : await bank.tickets.redeem(ticket, uid) }
}

function portOf(server: FastifyInstance | undefined): number {
  const address = server?.server.address()
  if (!address || typeof address === 'string') throw new Error('the server does not listen')
  return address.port
}

function exchange({ to = 'certificate', from = '127.0.0.1', headers = [], method = 'GET', ...rest }: Sent) {
  const port = portOf(to === 'main' ? bank.server : bank.certificateServer)
  const path = rest.path ?? (to === 'main' ? '/healthz' : `/certificate/${uid}`)
  const named = rest.host === null ? [] : ['Host', rest.host ?? (to === 'main' ? 'localhost:3000' : host)]
  return new Promise<{ status: number; location: string; body: string }>((done, fail) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        localAddress: from,
        method,
        path,
        headers: [...named, ...headers],
        agent: false,
      },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text
        })
        response.on('end', () =>
          done({ status: response.statusCode ?? 0, location: response.headers.location ?? '', body }),
        )
      },
    )
    request.on('error', fail)
    request.end()
  })
}

const reasons = () =>
  bank.logged
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === 'forwarded-certificate-refused')
    .map(({ reason }) => reason)

const holder = { holder: { user: customerId('mihon07') } }

describe.each(certificateFormats)('in the format %s', (format) => {
  const { name, write } = forwardedAs[format]
  const forged = () => [name, write(good)]

  it('the proxy is believed (else nothing below would mean anything)', async () => {
    await start({ format })
    const { status, answer } = await send({ headers: forged() })
    expect(status).toBe(303)
    expect(answer).toMatchObject(holder)
  })

  it('on the main origin it is refused on every route, from the proxy itself too, in every spelling', async () => {
    await start({ format })
    const spellings = [name, name.toUpperCase(), name.replaceAll('-', '_'), 'Client-Cert-Chain']
    const paths = [
      '/',
      '/healthz',
      '/css/customer.css',
      '/authorize',
      `/journey/${uid}/certificate?ticket=x`,
      '/nowhere',
    ]
    for (const spelling of spellings)
      for (const path of paths) {
        const { status, body } = await send({ to: 'main', path, headers: [spelling, write(good)] })
        expect([path, spelling, status]).toEqual([path, spelling, 403])
        expect(body).not.toContain('mihon07')
      }
    for (const method of ['POST', 'HEAD', 'OPTIONS', 'PUT'])
      expect((await send({ to: 'main', path: '/token', method, headers: forged() })).status).toBe(403)
    expect(new Set(reasons())).toEqual(new Set(['wrong-origin']))
  })

  it('from an address that is not listed it is refused, with or without any header', async () => {
    await start({ format })
    for (const headers of [forged(), [], [...forged(), 'X-Forwarded-For', '127.0.0.1']])
      for (const path of [undefined, '/css/customer.css', '/nowhere']) {
        const { status, answer } = await send({ from: '127.0.0.2', headers, ...(path ? { path } : {}) })
        expect([status, answer]).toEqual([403, null])
      }
    expect(new Set(reasons())).toEqual(new Set(['peer-not-listed']))
  })

  it('without the shared secret, or with a wrong one, or with two, it is refused', async () => {
    await start({ format, secret })
    const attempts = [
      [],
      ['X-Ninka-Proxy-Secret', ''],
      ['X-Ninka-Proxy-Secret', 'a-secret-between-proxy-and-ap'],
      ['X-Ninka-Proxy-Secret', `${secret}x`],
      ['X_Ninka_Proxy_Secret', secret],
      ['X-Ninka-Proxy-Secret', secret, 'X-Ninka-Proxy-Secret', secret],
      ['Authorization', secret],
    ]
    for (const headers of attempts)
      expect(await send({ headers: [...forged(), ...headers] })).toMatchObject({ status: 403, answer: null })
    expect(new Set(reasons())).toEqual(new Set(['secret-missing-or-wrong']))
    const { answer } = await send({ headers: [...forged(), 'X-Ninka-Proxy-Secret', secret] })
    expect(answer).toMatchObject(holder)
    expect(bank.logged.join('')).not.toContain(secret)
  })

  it('for any host but the certificate origin’s it is refused', async () => {
    await start({ format })
    const hosts = [
      'localhost:3000',
      'cert.localhost:3002',
      '.cert.localhost:3002',
      'a.b.cert.localhost:3002',
      'a.cert.localhost',
      'a.cert.localhost:3003',
      'acert.localhost:3002',
      'a.cert.localhost:3002.evil.example',
      'evil.example/a.cert.localhost:3002',
      'a@a.cert.localhost:3002',
      '*.cert.localhost:3002',
    ]
    for (const one of hosts)
      expect([one, (await send({ host: one, headers: forged() })).status]).toEqual([one, 403])
    expect(new Set(reasons())).toEqual(new Set(['host-not-ours']))
    expect((await send({ host: 'A.CERT.localhost:3002', headers: forged() })).answer).toMatchObject(holder)
  })

  it('twice, or beside another format, or misspelled, it is refused even from the proxy', async () => {
    await start({ format })
    const other = forwardedAs[format === 'nginx' ? 'envoy' : 'nginx']
    expect((await send({ headers: [...forged(), ...forged()] })).status).toBe(403)
    expect((await send({ headers: [...forged(), other.name, other.write(good)] })).status).toBe(403)
    expect((await send({ headers: [other.name, other.write(good)] })).status).toBe(403)
    expect((await send({ headers: [name.replaceAll('-', '_'), write(good)] })).status).toBe(403)
    expect((await send({ headers: [name, 'garbage'] })).status).toBe(403)
    expect((await send({ headers: [name, ''] })).status).toBe(403)
    expect(reasons()).toEqual([
      'header-repeated',
      'header-of-another-format',
      'header-of-another-format',
      'header-of-another-format',
      'header-malformed',
      'header-malformed',
    ])
  })

  it('with the holder’s name but a key of his own, the attacker is told that it is not ours', async () => {
    await start({ format })
    const { answer } = await send({ headers: [name, write(authority.der('foreign'))] })
    expect(answer).toMatchObject({ problem: 'certificate-other-issuer' })
  })
})

describe('the certificate origin', () => {
  it('without a fresh host answers for its one host only', async () => {
    await start({ url: 'https://cert.bank.example' })
    const headers = ['Client-Cert', forwardedAs.rfc9440.write(good)]
    expect((await send({ host: 'cert.bank.example', headers })).answer).toMatchObject(holder)
    expect((await send({ host: 'a.cert.bank.example', headers })).status).toBe(403)
    expect((await send({ host: 'login.bank.example', headers })).status).toBe(403)
  })

  it('believes proxies by range, by IPv6 and by the mapped form of IPv4, and no neighbour of theirs', async () => {
    await start({ trustedProxies: ['10.0.0.0/8', '::1', '127.0.0.0/31'] })
    const headers = ['Client-Cert', forwardedAs.rfc9440.write(good)]
    expect((await send({ headers })).answer).toMatchObject(holder)
    expect((await send({ headers, from: '127.0.0.2' })).status).toBe(403)
  })

  it('serves nothing else: no page, no engine, no healthz', async () => {
    await start({})
    for (const path of [
      '/',
      '/healthz',
      '/authorize',
      '/token',
      `/journey/${uid}/sign-in`,
      '/certificate',
      '/certificate/',
    ])
      expect([path, (await send({ path })).status]).toEqual([path, 404])
    expect((await send({ path: `/certificate/${'x'.repeat(65)}` })).status).toBe(404)
    expect((await send({ path: '/certificate/a%2Fb' })).status).toBe(404)
    expect((await send({ method: 'POST' })).status).toBe(404)
  })

  it('sends the ticket to the bank’s own address and nowhere else, whatever the request says', async () => {
    await start({})
    const headers = [
      'X-Forwarded-Host',
      'evil.example',
      'X-Forwarded-Proto',
      'https',
      'Origin',
      'https://evil.example',
    ]
    const answer = await bank.certificateServer?.inject({
      url: `//evil.example/certificate/${uid}`,
      headers: { host },
    })
    expect(answer?.statusCode).toBe(404)
    const sent = await send({ headers })
    expect(sent.answer).toEqual({ problem: 'certificate-missing', received: null, fingerprint: null })
    expect(sent.location).toMatch(new RegExp(`^http://localhost:3000/journey/${uid}/certificate\\?ticket=`))
  })

  it('closes the connection, so that the next attempt is asked for a certificate again', async () => {
    await start({})
    const answer = await bank.certificateServer?.inject({ url: `/certificate/${uid}`, headers: { host } })
    expect(answer?.headers.connection).toBe('close')
  })
})
