/** What the proxies of deploy/ tell ninka about a request: their own word about the certificate and the client, and nobody else's. */
import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, request as requestPlain, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Proxy, type ProxyOptions, startHaproxy, startNginx } from '../support/proxies.ts'
import {
  type Answer,
  type Asked,
  type Certificate,
  connectTls,
  makeCertificates,
  request,
  type Target,
  valuesOf,
} from '../support/tls-client.ts'

const main = 'ninka.localhost'
const fresh = 'c0ffee.cert.ninka.localhost'
const api = 'api.ninka.localhost'
const secret = 'Kagi-0123_456789'
const { clients, huge, proxy: keys, authoritiesFile, remove } = makeCertificates()
const everyCertificate = Object.entries(clients)

/** What an upstream was told. */
type Heard = {
  readonly process: string
  readonly method: string
  readonly url: string
  readonly headers: Answer['headers']
  readonly trailers: readonly string[]
}

const heard: Heard[] = []
const servers: Server[] = []

/** An application that answers with what it was told; `/die` hangs up when it has read everything. */
async function startEcho(process: string): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', rawHeaders } = incoming
    const headers = rawHeaders.flatMap((name, at) =>
      at % 2 ? [] : [[name, rawHeaders[at + 1] ?? ''] as const],
    )
    incoming.resume().on('end', () => {
      const one = { process, method, url, headers, trailers: incoming.rawTrailers }
      heard.push(one)
      if (url.startsWith('/die')) return incoming.socket.destroy()
      if (url.startsWith('/own-hsts')) outgoing.setHeader('strict-transport-security', 'max-age=1')
      if (url.startsWith('/large-answer'))
        outgoing.setHeader(
          'set-cookie',
          [1, 2, 3].map((n) => `${n}=${'x'.repeat(4000)}`),
        )
      outgoing.end(JSON.stringify(one))
    })
  })
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const upstreams = { main: [] as string[], certificate: [] as string[], fintechs: [] as string[] }
const options: ProxyOptions = { upstreams, authoritiesFile, tls: keys.ec, secret }

beforeAll(async () => {
  upstreams.main.push(await startEcho('main-1'), await startEcho('main-2'))
  upstreams.certificate.push(await startEcho('certificate-1'), await startEcho('certificate-2'))
  upstreams.fintechs.push(await startEcho('fintechs-1'), await startEcho('fintechs-2'))
})
afterAll(() => {
  for (const server of servers) server.close()
  remove()
})

/** Over plain http. */
function plain({ httpPort }: Proxy, path: string, { host = main, method = 'GET' } = {}) {
  return new Promise<{ status: number; headers: Readonly<Record<string, unknown>> }>((done, fail) => {
    requestPlain(
      { host: '127.0.0.1', port: httpPort, path, method, headers: { host }, agent: false },
      (answer) =>
        answer.resume().on('end', () => done({ status: answer.statusCode ?? 0, headers: answer.headers })),
    )
      .on('error', fail)
      .end()
  })
}

/** What ninka was told of a request that reached it. */
function told({ status, body }: Answer): Heard {
  expect(status, body).toBe(200)
  return JSON.parse(body) as Heard
}

const pem = /-----BEGIN CERTIFICATE-----\n[\w+/=\n]+-----END CERTIFICATE-----\n/

it('nginx has one list of headers, which no server or location replaces by one of its own', () => {
  const text = readFileSync(new URL('../../deploy/nginx.conf', import.meta.url), 'utf8').replace(/#.*/g, '')
  let depth = 0
  const depths = new Set<number>()
  for (const [token] of text.matchAll(/\bproxy_set_header\b|\bnginx-secret\.conf\b|[{}]/g)) {
    if (token === '{') depth += 1
    else if (token === '}') depth -= 1
    else depths.add(depth)
  }
  expect([...depths]).toEqual([1])
})

describe.each([
  {
    proxy: 'nginx',
    start: startNginx,
    header: 'x-ssl-client-cert',
    read: (value: string) => new X509Certificate(pem.exec(decodeURIComponent(value))?.[0] ?? '').raw,
  },
  {
    proxy: 'haproxy',
    start: startHaproxy,
    header: 'client-cert',
    read: (value: string) => Buffer.from(/^:([A-Za-z0-9+/]+={0,2}):$/.exec(value)?.[1] ?? '', 'base64'),
  },
])('$proxy', ({ proxy: name, start, header, read }) => {
  let proxy: Proxy
  beforeAll(async () => {
    proxy = await start(options)
  })
  afterAll(() => proxy.stop())

  const { secret: _, ...withoutSecret } = options
  const ask = (sni: string, asked: Omit<Target, 'port'> & Asked = {}) =>
    request({ port: proxy.port, sni, ...asked })
  const sendBytes = async (sni: string, bytes: string, target: Partial<Target> = {}) => {
    const connection = await connectTls({ port: proxy.port, sni, ...target })
    return connection.send(bytes).finally(connection.close)
  }
  const reached = (marker: string) => heard.filter(({ url }) => url.includes(marker))

  describe('a certificate', () => {
    it.each(everyCertificate)('that is %s arrives once, byte for byte', async (_name, certificate) => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const answer = await ask(fresh, {
          certificate,
          minVersion: version,
          maxVersion: version,
          path: '/certificate/uid',
        })
        const { headers, process, url } = told(answer)
        expect(process).toMatch(/^certificate-/)
        expect(url).toBe('/certificate/uid')
        expect(aboutTheClient(headers)).toEqual(expected(fresh, certificate))
      }
    })

    it.each(everyCertificate)(
      'of a fintech’s server that is %s arrives with what it posts, and where customers’ go nothing does',
      async (_name, certificate) => {
        const asked = { certificate, method: 'POST', path: '/token', body: 'grant_type=refresh_token' }
        const { headers, process, method, url } = told(await ask(api, asked))
        expect(process).toMatch(/^fintechs-/)
        expect([method, url]).toEqual(['POST', '/token'])
        expect(valuesOf(headers, 'content-length')).toEqual(['24'])
        expect(aboutTheClient(headers)).toEqual(expected(api, certificate))
      },
    )

    it.each([
      [fresh, /^certificate-/],
      [api, /^fintechs-/],
    ])('that is not there leaves no header, and the request goes on (%s)', async (sni, whose) => {
      const { headers, process } = told(await ask(sni))
      expect(process).toMatch(whose)
      expect(aboutTheClient(headers)).toEqual(expected(sni))
    })

    it.each([fresh, api])('larger than any header of ninka gets no 5xx (%s)', async (sni) => {
      const answer = await ask(sni, { certificate: huge })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
    })

    it('of a fintech’s server stays with every request of its connection', async () => {
      const connection = await connectTls({ port: proxy.port, sni: api, certificate: clients.good })
      for (const method of ['POST', 'GET', 'DELETE']) {
        const { headers } = told(await connection.request({ method, path: '/grants/1' }))
        expect(aboutTheClient(headers)).toEqual(expected(api, clients.good))
      }
      connection.close()
    })

    it('is never offered to the main origin', async () => {
      const { headers } = told(await ask(main, { certificate: clients.good }))
      expect(aboutTheClient(headers)).toEqual(expected(main))
    })
  })

  describe('forged headers', () => {
    const said = Object.keys(expected(main))
    const names = [
      'client-cert',
      'client-cert-chain',
      'x-forwarded-client-cert',
      'x-ssl-client-cert',
      'x-forwarded-tls-client-cert',
      'x-forwarded-tls-client-cert-info',
      'x-ssl-cert',
      'ssl-client-cert',
      'x-client-cert',
      'forwarded',
      'x-forwarded',
      'x-forwarded-by',
      'x-forwarded-path',
      'x-forwarded-port',
      'x-forwarded-scheme',
      'x-forwarded-server',
      'x-forwarded-prefix',
      'x-forwarded-ssl',
      'x-forwarded-uri',
      'x-forwarded-user',
      'x-client-ip',
      'x-real-ip',
      'x-original-host',
      'x-original-url',
      'x-rewrite-url',
      'traceparent',
      'tracestate',
      ...said.filter((known) => known !== 'host'),
    ]
    const spellings = (known: string) => [
      known,
      known.toUpperCase(),
      known.replace(/(^|-)\w/g, (letter) => letter.toUpperCase()),
      known.replaceAll('-', '_'),
      known.replace('-', '_').toUpperCase(),
    ]
    const forged = names.map((known) =>
      spellings(known).flatMap((spelling) => [
        [spelling, 'forged'] as const,
        [spelling, 'forged again'] as const,
      ]),
    )
    // HAProxy takes 100 headers at most.
    const batches = [0, 8, 16, 24, 32].map((from) => forged.slice(from, from + 8).flat())

    it.each([
      ['on the main origin', main, undefined],
      ['on the certificate origin without a certificate', fresh, undefined],
      ['beside a good certificate', fresh, clients.good],
      ['beside an expired certificate', fresh, clients.expired],
      ['beside a foreign certificate', fresh, clients.foreign],
      ['on the fintechs’ origin without a certificate', api, undefined],
      ['beside a fintech’s self-signed certificate', api, clients['self-signed']],
      ['beside a fintech’s expired certificate', api, clients.expired],
    ])('never arrive %s', async (_where, sni, certificate) => {
      for (const batch of batches) {
        const answer = await ask(sni, { certificate, headers: [...batch, ['Accept-Language', 'ja']] })
        const { headers } = told(answer)
        expect(aboutTheClient(headers)).toEqual(expected(sni, certificate))
        expect(JSON.stringify(headers)).not.toContain('forged')
        expect(valuesOf(headers, 'accept-language')).toEqual(['ja'])
      }
    })

    it('are removed also where no secret is shared', async () => {
      const other = await start(withoutSecret)
      try {
        const answer = await request({
          port: other.port,
          sni: main,
          headers: [['X-Ninka-Proxy-Secret', secret]],
        })
        expect(valuesOf(told(answer).headers, 'x-ninka-proxy-secret')).toEqual([])
      } finally {
        await other.stop()
      }
    })

    const forgery = 'Client-Cert: :AAAA:\r\nX-SSL-Client-Cert: forged'
    it.each([
      ['a folded line', `X-Harmless: a\r\n Client-Cert: forged\r\n\tX-SSL-Client-Cert: forged`],
      ['a first line that begins with a space', ` ${forgery}`],
      ['a space before the colon', 'Client-Cert : :AAAA:\r\nX-SSL-Client-Cert : forged'],
      ['a tab before the colon', 'Client-Cert\t: :AAAA:'],
      ['a bare CR', `X-Harmless: a\r${forgery}`],
      ['a bare LF', `X-Harmless: a\n${forgery}`],
      ['a NUL', `X-Harmless: a\0${forgery}`],
      ['a name with a NUL', 'Client-Cert\0: forged'],
      ['an empty value first', `Client-Cert:\r\nX-SSL-Client-Cert:\r\n${forgery}`],
    ])('never arrive behind %s', async (_trick, lines) => {
      for (const sni of [main, fresh, api]) {
        const answer = await sendBytes(sni, `GET / HTTP/1.1\r\nHost: ${sni}\r\n${lines}\r\n\r\n`)
        if (answer.status >= 400 && answer.status < 500) continue
        expect(answer.status).toBe(200)
        expect(aboutTheClient(told(answer).headers)).toEqual(expected(sni))
      }
    })

    it('never arrive in the trailers of a chunked body', async () => {
      const bytes = (method: string, host: string, chunks = '') =>
        `${method} / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nTrailer: client-cert\r\n\r\n` +
        `${chunks}0\r\n${forgery}\r\n\r\n`
      for (const sni of [main, api]) {
        const posted = told(await sendBytes(sni, bytes('POST', sni, '3\r\nabc\r\n')))
        expect(aboutTheClient(posted.headers)).toEqual(expected(sni))
      }
      // On the certificate origin not even as trailers.
      const answer = await sendBytes(fresh, bytes('GET', fresh), { certificate: clients.good })
      if (answer.status === 413) return
      expect(told(answer).trailers).toEqual([])
      expect(aboutTheClient(told(answer).headers)).toEqual(expected(fresh, clients.good))
    })

    it('cannot make one of the true ones disappear (Connection: close, x-forwarded-for)', async () => {
      const tokens = Object.keys(expected(fresh, clients.good)).filter((known) => known !== 'host')
      const answer = await ask(fresh, {
        certificate: clients.good,
        headers: [['Connection', `close, ${tokens.join(', ')}`]],
      })
      const { headers } = told(answer)
      expect(aboutTheClient(headers)).toEqual(expected(fresh, clients.good))
      expect(valuesOf(headers, 'connection')).toEqual(['close'])
    })
  })

  describe('one host name', () => {
    const other = 'decaf.cert.ninka.localhost'
    it.each([
      [main, fresh],
      [fresh, main],
      [fresh, other],
      [api, main],
      [main, api],
      [api, fresh],
      [fresh, api],
      [main, 'evil.example'],
      [fresh, 'evil.example'],
      [main, `${main}.`],
      [main, `${main}:8443, evil.example`],
      [main, `evil.example:${main}`],
      [main, ''],
    ])('in the handshake (%s) and another in the request (%s) is refused', async (sni, host) => {
      for (const certificate of [undefined, clients.good, clients.expired]) {
        const answer = await ask(sni, { host, certificate, path: '/misdirected' })
        expect([400, 421]).toContain(answer.status)
      }
      expect(reached('/misdirected')).toEqual([])
    })

    it('holds for every request of a connection', async () => {
      const connection = await connectTls({ port: proxy.port, sni: main })
      const statuses: number[] = []
      for (const host of [main, `${main}:${proxy.port}`, main.toUpperCase(), fresh]) {
        statuses.push((await connection.request({ host, path: '/later' })).status)
      }
      connection.close()
      expect(statuses).toEqual([200, 200, 200, 421])
      // The reverse: the connection that was asked for a certificate is good for no second request at all.
      const asked = await connectTls({ port: proxy.port, sni: fresh, certificate: clients.good })
      expect(valuesOf((await asked.request({ path: '/first' })).headers, 'connection')).toEqual(['close'])
      await expect(asked.request({ host: main, path: '/second' })).rejects.toThrow('ended')
      expect(reached('/second')).toEqual([])
    })

    const get = (target: string, ...hosts: string[]) =>
      `GET ${target} HTTP/1.1\r\n${hosts.map((host) => `Host: ${host}\r\n`).join('')}\r\n`
    it.each([
      ['an absolute target of another host', main, get('https://evil.example/x', main)],
      ['an absolute target of the certificate origin', main, get(`https://${fresh}/x`, main)],
      ['an absolute target of the main origin', fresh, get(`https://${main}/x`, fresh)],
      ['an absolute target and a foreign Host', main, get(`https://${main}/x`, 'evil.example')],
      ['an absolute target and a foreign Host', fresh, get(`https://${fresh}/x`, 'evil.example')],
      ['two Hosts', main, get('/x', main, 'evil.example')],
      ['no Host (HTTP/1.0)', main, 'GET /x HTTP/1.0\r\n\r\n'],
    ])('is demanded: %s is refused (%s)', async (_trick, sni, bytes) => {
      for (const certificate of [undefined, clients.expired]) {
        expect([400, 421]).toContain((await sendBytes(sni, bytes, { certificate })).status)
      }
    })

    it.each(['evil.example', 'localhost', 'cert.ninka.localhost', 'ninka.localhost.evil.example', undefined])(
      'that is not ours (%s) gets no certificate and no answer',
      async (sni) => {
        await expect(request({ port: proxy.port, sni, host: main })).rejects.toThrow(
          /unrecognized.name|handshake/i,
        )
      },
    )

    it('is passed on as it was sent, with its port', async () => {
      const host = `${main}:${proxy.port}`
      const { headers } = told(await ask(main, { host }))
      expect(valuesOf(headers, 'host')).toEqual([host])
      expect(valuesOf(headers, 'x-forwarded-host')).toEqual([host])
    })
  })

  it('lets nobody leave HTTP/1.1 (Upgrade: h2c) or make a tunnel', async () => {
    const upgrade = [
      ['Connection', 'Upgrade, HTTP2-Settings'],
      ['Upgrade', 'h2c'],
      ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ] as const
    const { headers } = told(await ask(main, { headers: upgrade }))
    expect(valuesOf(headers, 'connection')).toEqual(['close'])
    expect([...valuesOf(headers, 'upgrade'), ...valuesOf(headers, 'http2-settings')]).toEqual([])
    for (const bytes of ['CONNECT ninka.localhost:443', 'TRACE /trace']) {
      expect([400, 405]).toContain(
        (await sendBytes(main, `${bytes} HTTP/1.1\r\nHost: ${main}\r\n\r\n`)).status,
      )
    }
    expect(reached('/trace')).toEqual([])
  })

  it('does the same under other names', async () => {
    const names = {
      main: 'login.bank.example',
      certificate: 'denshi.bank.example',
      fintechs: 'mtls.bank.example',
    }
    const other = await start({ ...options, names })
    try {
      const { port } = other
      expect(told(await request({ port, sni: names.main })).process).toMatch(/^main-/)
      const sni = `c0ffee.${names.certificate}`
      const { headers, process } = told(await request({ port, sni, certificate: clients.expired }))
      expect(process).toMatch(/^certificate-/)
      expect(aboutTheClient(headers)).toEqual(expected(sni, clients.expired))
      const { fintechs } = names
      const called = told(await request({ port, sni: fintechs, certificate: clients.expired }))
      expect(called.process).toMatch(/^fintechs-/)
      expect(aboutTheClient(called.headers)).toEqual(expected(fintechs, clients.expired))
      await expect(request({ port, sni: main })).rejects.toThrow(/unrecognized.name/i)
      const moved = await plain(other, '/', { host: names.main })
      expect(moved.headers['location']).toBe(`https://${names.main}:${port}/`)
    } finally {
      await other.stop()
    }
  })

  it('serves nothing but GET on the certificate origin', async () => {
    for (const certificate of [undefined, clients.good, clients.expired]) {
      for (const method of ['POST', 'PUT', 'HEAD', 'OPTIONS']) {
        expect((await ask(fresh, { method, certificate, path: '/not-get' })).status).toBe(405)
      }
    }
    expect(reached('/not-get')).toEqual([])
  })

  it('says Strict-Transport-Security once, whoever answers, and never over plain http', async () => {
    const of = ({ headers }: Answer) => valuesOf(headers, 'strict-transport-security')
    const ours = ['max-age=63072000; includeSubDomains']
    expect(of(await ask(main, { path: '/own-hsts' }))).toEqual(['max-age=1'])
    expect(of(await ask(main))).toEqual(ours)
    expect(of(await ask(main, { path: '/die' }))).toEqual(ours)
    expect(of(await ask(main, { host: fresh }))).toEqual(ours)
    expect(of(await ask(fresh, { certificate: clients.expired }))).toEqual(ours)
    expect((await plain(proxy, '/')).headers).not.toHaveProperty('strict-transport-security')
  })

  it('leads from plain http to https, and refuses what may carry a secret', async () => {
    const moved = await plain(proxy, '/connections?lang=en')
    expect(moved.status).toBe(301)
    expect(moved.headers['location']).toBe(`https://${main}:${proxy.port}/connections?lang=en`)
    expect((await plain(proxy, '/token', { method: 'POST' })).status).toBe(403)
    expect((await plain(proxy, '/healthz', { host: '127.0.0.1' })).status).toBe(200)
    await expect(plain(proxy, '/', { host: 'evil.example' })).rejects.toThrow()
    await expect(plain(proxy, '/', { host: fresh })).rejects.toThrow()
  })

  it.each([
    ['a header of 17k', { headers: [['Cookie', 'x'.repeat(17_000)]] }],
    ['headers of 90k', { headers: Array.from({ length: 9 }, (_, n) => [`X-${n}`, 'x'.repeat(10_000)]) }],
    ['an address of 17k', { path: `/${'x'.repeat(17_000)}` }],
    ['a body of 70k', { method: 'POST', body: 'x'.repeat(70_000) }],
    [
      'a chunked body of 70k',
      {
        method: 'POST',
        headers: [['Transfer-Encoding', 'chunked']],
        body: `${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n0\r\n\r\n`,
      },
    ],
  ] as [string, Asked][])('answers %s with 4xx', async (_what, asked) => {
    const { status } = await ask(main, asked)
    expect([400, 413, 414, 431]).toContain(status)
  })

  it('carries a full set of cookies both ways', async () => {
    const answer = await ask(main, { path: '/large-answer', headers: [['Cookie', 'x'.repeat(12_000)]] })
    expect(answer.status).toBe(200)
    expect(valuesOf(answer.headers, 'set-cookie')).toHaveLength(3)
  })

  it('puts no body on disk', async () => {
    const folders = readdirSync(proxy.folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const changed = () => folders.map(({ name: of }) => statSync(join(proxy.folder, of)).mtimeMs)
    const before = changed()
    expect((await ask(main, { method: 'POST', body: 'x'.repeat(65_000) })).status).toBe(200)
    expect(changed()).toEqual(before)
  })

  it('ends a flood with 429, and not before', async () => {
    const other = await start(options)
    try {
      const statuses: number[] = []
      for (let round = 0; round < 2; round += 1) {
        const connection = await connectTls({ port: other.port, sni: main })
        for (let sent = 0; sent < 600; sent += 1) statuses.push((await connection.request({})).status)
        connection.close()
      }
      expect(statuses.slice(0, 400).filter((status) => status !== 200)).toEqual([])
      expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([])
      expect(statuses).toContain(429)
    } finally {
      await other.stop()
    }
  })

  describe('when a process of ninka dies', () => {
    it('in the middle of a POST, the other one never gets it', async () => {
      const answer = await ask(main, { method: 'POST', path: `/die/${name}`, body: 'code=1' })
      expect(answer.status).toBe(502)
      expect(answer.body).toContain('ただいまご利用いただけません')
      expect(valuesOf(answer.headers, 'content-type')).toEqual(['text/plain; charset=utf-8'])
      expect(reached(`/die/${name}`)).toHaveLength(1)
    })

    it('and listens no more, the other one serves GETs, and POSTs that reached nobody', async () => {
      const [dying, last] = [await startEcho('dying'), servers.at(-1)]
      const other = await start({
        ...options,
        upstreams: {
          main: [dying, upstreams.main[1] ?? ''],
          certificate: [dying, upstreams.certificate[1] ?? ''],
          fintechs: [dying, upstreams.fintechs[1] ?? ''],
        },
      })
      try {
        last?.close()
        for (let round = 0; round < 3; round += 1) {
          for (const method of ['GET', 'POST']) {
            const answer = await request({ port: other.port, sni: main, method })
            expect(told(answer).process).toBe('main-2')
          }
          const answer = await request({ port: other.port, sni: fresh, certificate: clients.good })
          expect(told(answer).process).toBe('certificate-2')
        }
      } finally {
        await other.stop()
      }
    })
  })

  // Last, so that the log holds all of the above as well.
  it('logs no query, no journey, no certificate and no cookie', async () => {
    const hidden = 'hidden-5e1f'
    const query = `?ticket=${hidden}&code=${hidden}`
    const headers = [
      ['Referer', `https://${main}/${query}`],
      ['Cookie', `journey=${hidden}`],
      ['User-Agent', hidden],
    ] as const
    const everywhere: [string, Asked][] = [
      ['/journey/uid-hidden-5e1f/sign-in', {}],
      ['/certificate/uid-hidden-5e1f', {}],
      ['/certificate/connections/uid-hidden-5e1f', {}],
      ['/authorize/uid-hidden-5e1f', {}],
      ['/connections/consents/number-hidden-5e1f/accounts/a/stop', {}],
      ['/consents/number-hidden-5e1f/stop', {}],
      ['/customers/customer-hidden-5e1f', {}],
      ['/journeys/number-hidden-5e1f', {}],
      ['/grants/grant-hidden-5e1f', {}],
      ['/die', {}],
      ['/die', { method: 'POST', body: hidden }],
      ['/', { host: `${hidden}.example` }],
      ['/', { headers: [['Cookie', hidden.repeat(9000)]] }],
      ['/', { headers: [['Client-Cert ', hidden]] }],
      [`/${'x'.repeat(17_000)}`, {}],
    ]
    for (const [path, asked] of everywhere) {
      await ask(main, { headers, ...asked, path: path + query })
      await ask(fresh, { headers, ...asked, path: path + query, certificate: clients.expired })
      await ask(api, { headers, ...asked, path: path + query, certificate: clients.expired })
    }
    await sendBytes(main, `GET https://${main}/absolute${query} HTTP/1.1\r\nHost: ${main}\r\n\r\n`)
    await sendBytes(main, `NONSENSE ${query}\r\n\r\n`)
    await plain(proxy, `/${query}`)
    await ask(main, { path: `/the-last${query}` })
    await vi.waitFor(() => expect(proxy.logs()).toContain('the-last'))
    const logs = proxy.logs()
    expect(logs.match(/.*hidden-5e1f.*/g) ?? []).toEqual([])
    for (const leak of ['?', 'BEGIN', 'MII', 'client_secret']) expect(logs).not.toContain(leak)
    const lines = logs.split('\n').filter((line) => line.startsWith('{'))
    const paths = lines.map((line) => (JSON.parse(line) as { path?: string }).path)
    expect(paths).toContain('/journey/-/sign-in')
    expect(paths).toContain('/certificate/-')
    expect(paths).toContain('/certificate/connections/-')
    expect(paths).toContain('/connections/consents/-/accounts/a/stop')
    expect(paths).toContain('/customers/-')
    expect(logs, `what ${name} itself says`).not.toMatch(/\[(warn|error|crit|alert|emerg)|WARNING|ALERT/)
  })

  /** Everything ninka would believe about the client, underscores taken for hyphens as some programs do; the certificate as DER. */
  function aboutTheClient(headers: Answer['headers']): Record<string, string[]> {
    const found: Record<string, string[]> = {}
    for (const [given, value] of headers) {
      const known = given.toLowerCase().replaceAll('_', '-')
      if (!/^(host$|forwarded|x-forwarded|x-ninka|x-client|x-real|x-original|x-rewrite)|cert/.test(known))
        continue
      ;(found[known] ??= []).push(known === header ? read(value).toString('hex') : value)
    }
    return found
  }

  function expected(host: string, certificate?: Certificate): Record<string, string[]> {
    return {
      host: [host],
      'x-forwarded-for': ['127.0.0.1'],
      'x-forwarded-proto': ['https'],
      'x-forwarded-host': [host],
      'x-ninka-proxy-secret': [secret],
      ...(certificate ? { [header]: [new X509Certificate(certificate.cert).raw.toString('hex')] } : {}),
    }
  }
})
