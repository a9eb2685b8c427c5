/** The demo's TLS proxy: what arrives behind it is what it saw itself, whatever a client sends, and no client stops it. */
import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect as connectPlain, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { connect, type ConnectionOptions, getCiphers, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { days, systemClock } from '../../src/clock.ts'
import { issue, makeRoot } from '../../src/demo/authority/authority.ts'
import { keyPem, type Keys, makeKeys } from '../../src/demo/authority/keys.ts'
import type { Name } from '../../src/demo/authority/names.ts'
import { type DemoCertificates, prepareDemoCertificates } from '../../src/demo/certificates.ts'
import { startTlsFront, type TlsFront } from '../../src/demo/tls-front.ts'

vi.mock(import('node:https'), { spy: true })

const secret = 'of-the-proxy'
const scratch = mkdtempSync(join(tmpdir(), 'ninka-tls-front-'))
afterAll(() => rmSync(scratch, { recursive: true }))

let made: DemoCertificates
beforeAll(async () => {
  const hosts = ['localhost', '*.cert.localhost']
  made = await prepareDemoCertificates({ folder: scratch, clock: systemClock, hosts })
})

type Arrived = {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

let arrived: Arrived[]
let upstream: Server
let front: TlsFront
/** How the application behind answers; a test may put its own in. */
let answerWith: (incoming: IncomingMessage, answer: ServerResponse) => unknown

beforeEach(async () => {
  arrived = []
  answerWith = (_, answer) => answer.end('welcome')
  const serve = async (incoming: IncomingMessage, answer: ServerResponse) => {
    const body = await text(incoming)
    const { method = '', url = '', rawHeaders } = incoming
    const headers = rawHeaders.flatMap((name, n) =>
      n % 2 === 0 ? [[name.toLowerCase(), rawHeaders[n + 1] ?? ''] as const] : [],
    )
    arrived.push({ method, url, headers, body })
    answerWith(incoming, answer)
  }
  // a request that breaks off has no text
  upstream = createServer((incoming, answer) => void serve(incoming, answer).catch(() => {}))
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  front = await openFront((upstream.address() as AddressInfo).port)
})

const openFront = (port: number): Promise<TlsFront> =>
  startTlsFront({
    host: '127.0.0.1',
    port: 0,
    ...made.server,
    upstream: { host: '127.0.0.1', port },
    secret,
  })

afterEach(async () => {
  await front.close()
  upstream.closeAllConnections()
  upstream.close()
})

const credentials = (file: string) => ({
  cert: readFileSync(join(scratch, `${file}.pem`)),
  key: readFileSync(join(scratch, `${file}.key`)),
})

async function shakeHands(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    port: front.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: readFileSync(made.authorities),
    ...options,
  })
  await once(socket, 'secureConnect')
  return socket
}

/** Sends the bytes and gives everything that came until the connection was closed. */
async function send(bytes: string | Buffer, options: ConnectionOptions = {}): Promise<string> {
  const socket = await shakeHands(options)
  socket.write(bytes)
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString()
  })
  // A reset after the answer is the end as well.
  socket.on('error', () => {})
  await once(socket, 'close')
  return received
}

const get = (...headers: readonly string[]) =>
  ['GET /certificate?a=1 HTTP/1.1', 'Host: localhost', ...headers, '', ''].join('\r\n')

const sent = (name: string, one = arrived[0]): readonly string[] =>
  (one?.headers ?? []).filter(([given]) => given === name).map(([, value]) => value)

describe('the certificate', () => {
  it.each(['mihon07-good', 'mihon07-expired', 'mihon07-not-yet-valid', 'mihon07-revoked', 'foreign'])(
    'of %s arrives as it is: to judge it is the application’s',
    async (file) => {
      expect(await send(get(), credentials(file))).toContain('welcome')
      const { raw } = new X509Certificate(credentials(file).cert)
      expect(sent('client-cert')).toEqual([`:${raw.toString('base64')}:`])
    },
  )

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('arrives over %s', async (version) => {
    await send(get(), { ...credentials('mihon07-good'), minVersion: version, maxVersion: version })
    expect(sent('client-cert')).toHaveLength(1)
  })

  it('that nobody has makes no header', async () => {
    expect(await send(get())).toContain('welcome')
    expect(sent('client-cert')).toEqual([])
    expect(sent('x-ninka-proxy-secret')).toEqual([secret])
  })

  it('of a server, of oneself and with a weak key arrives too', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
    for (const one of [credentials('server'), selfMade(await makeKeys('ec-p256')), selfMade(weak)]) {
      // the client itself would not use a key that weak
      await send(get(), { ...one, ciphers: 'DEFAULT@SECLEVEL=0' })
    }
    expect(arrived.map((one) => sent('client-cert', one).length)).toEqual([1, 1, 1])
  })

  it('of nine thousand bytes arrives whole', async () => {
    const name: Name = Array.from({ length: 140 }, (_, n) => ['OU', `${n} ${'x'.repeat(50)}`])
    const big = selfMade(await makeKeys('rsa-2048'), name)
    await send(get(), big)
    const { raw } = new X509Certificate(big.cert)
    expect(raw.length).toBeGreaterThan(9000)
    expect(sent('client-cert')).toEqual([`:${raw.toString('base64')}:`])
  })

  it('is asked for without naming authorities, so that the browser offers all', async () => {
    const asked = ['s_client', '-connect', `127.0.0.1:${front.port}`]
    const client = execFile('openssl', asked)
    client.stdin?.end()
    const said = await text(client.stdout as Readable)
    expect(said).toContain('No client certificate CA names sent')
    expect(said).toContain('Requested Signature Algorithms')
  })

  it('is that of its connection, when two customers come at once', async () => {
    answerWith = async (_, answer) => {
      await setTimeout(20)
      answer.end()
    }
    const files = ['mihon07-good', 'mihon11-good', 'mihon07-good', 'mihon11-good']
    await Promise.all(files.map((file, n) => send(get(`X-Sent: ${n}`), credentials(file))))
    for (const [n, file] of files.entries()) {
      const one = arrived.find((it) => sent('x-sent', it)[0] === String(n))
      const { raw } = new X509Certificate(credentials(file).cert)
      expect(sent('client-cert', one)).toEqual([`:${raw.toString('base64')}:`])
    }
  })
})

function selfMade(keys: Keys, name: Name = [['CN', 'Anybody']]): { cert: string; key: string } {
  const life = { from: systemClock() - days(1), until: systemClock() + days(1) }
  const issuer = makeRoot({ ...life, name: [['CN', 'x']], keys })
  return {
    cert: issue({ ...life, issuer, subject: name, keys, kind: 'customer' }).toString(),
    key: keyPem(keys),
  }
}

const believed = [
  'client-cert',
  'client-cert-chain',
  'x-forwarded-client-cert',
  'x-ssl-client-cert',
  'x-ninka-proxy-secret',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
]

const spellings: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  (name) => name.replaceAll('-', '_'),
  (name) => name.toUpperCase().replace('-', '_'),
]

describe('a forged header', () => {
  it.each(believed)('%s never arrives, in whatever spelling', async (name) => {
    const forged = spellings.map((spell) => `${spell(name)}: forged`)
    expect(await send(get(...forged))).toContain('welcome')
    await send(get(...forged), credentials('mihon07-good'))
    expect(arrived).toHaveLength(2)
    for (const { headers } of arrived) {
      expect(headers.filter(([, value]) => value.includes('forged'))).toEqual([])
      expect(headers.filter(([given]) => given.includes('_'))).toEqual([])
    }
  })

  it('cannot be smuggled in folded, with a space before the colon or after a bare line end', async () => {
    for (const line of [
      'X: y\r\n Client-Cert: forged',
      'Client-Cert : forged',
      'X: y\nClient-Cert: forged',
      'X: y\rClient-Cert: forged',
      'Client-Cert\0: forged',
    ]) {
      await send(get(line))
    }
    for (const one of arrived) expect(sent('client-cert', one)).toEqual([])
  })

  it('cannot come as trailer', async () => {
    const body = '3\r\nabc\r\n0\r\nClient-Cert: forged\r\n\r\n'
    const head = ['POST / HTTP/1.1', 'Host: localhost', 'Trailer: Client-Cert', 'Transfer-Encoding: chunked']
    await send([...head, '', body].join('\r\n'))
    expect(arrived[0]?.body).toBe('abc')
    expect(JSON.stringify(arrived)).not.toContain('forged')
  })

  it('cannot come in the body of a GET, as a request of its own', async () => {
    let bytes = ''
    const listener = createTcpServer((socket) => {
      socket.on('data', (chunk) => {
        bytes += chunk.toString()
      })
      void setTimeout(100).then(() => socket.end('HTTP/1.1 204 No Content\r\n\r\n'))
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const other = await openFront((listener.address() as AddressInfo).port)
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\nClient-Cert: forged\r\n\r\n'
    const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`
    for (const request of [
      `${get(`Content-Length: ${smuggled.length}`)}${smuggled}`,
      `${get('Transfer-Encoding: chunked')}${chunk}`,
      `${get('Connection: content-length', `Content-Length: ${smuggled.length}`)}${smuggled}`,
    ]) {
      bytes = ''
      expect(await send(request, { port: other.port })).toContain('204')
      expect(bytes).toMatch(/^GET \/certificate\?a=1 [^]*\r\n\r\n$/)
      expect(bytes).not.toMatch(/smuggled|forged|content-length|transfer-encoding/i)
    }
    await other.close()
    listener.close()
  })

  it('cannot come behind the first request on the same connection', async () => {
    await send(`${get()}${get('Client-Cert: forged')}`)
    expect(JSON.stringify(arrived)).not.toContain('forged')
  })

  it.each([
    ['content-length and chunked', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\nGET'],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 'abcdef'],
  ])('cannot hide behind a body of two measures: %s', async (_, headers, body) => {
    const answer = await send(['POST / HTTP/1.1', 'Host: localhost', ...headers, '', body].join('\r\n'))
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(arrived).toEqual([])
  })

  it('cannot have ours removed by naming them in Connection', async () => {
    const named = 'Client-Cert, X-Ninka-Proxy-Secret, X-Forwarded-For, Host'
    await send(get(`Connection: ${named}`), credentials('mihon07-good'))
    expect(sent('client-cert')).toHaveLength(1)
    expect(sent('x-ninka-proxy-secret')).toEqual([secret])
    expect(sent('x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(sent('host')).toEqual(['localhost'])
  })
})

describe('a request', () => {
  it('arrives as it was sent, but without what concerns one connection only', async () => {
    const headers = ['Cookie: a=1; b=2', 'Accept-Language: ja', 'Keep-Alive: 5', 'TE: trailers', 'X-Hop: 1']
    const more = ['Connection: keep-alive, x-hop', 'Upgrade: websocket', 'Proxy-Authorization: Basic eA==']
    await send(get(...headers, ...more))
    expect(arrived[0]).toMatchObject({ method: 'GET', url: '/certificate?a=1', body: '' })
    expect(Object.fromEntries(arrived[0]?.headers ?? [])).toEqual({
      host: 'localhost',
      cookie: 'a=1; b=2',
      'accept-language': 'ja',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'localhost',
      'x-forwarded-proto': 'https',
      'x-ninka-proxy-secret': secret,
      connection: 'close',
    })
  })

  it('of a form arrives with its body, sent with a length or in chunks', async () => {
    const head = ['POST /x HTTP/1.1', 'Host: localhost']
    await send([...head, 'Content-Length: 3', '', 'a=1'].join('\r\n'))
    await send([...head, 'Transfer-Encoding: chunked', '', '3\r\na=1\r\n0\r\n\r\n'].join('\r\n'))
    await send([...head, 'Content-Length: 3', 'Expect: 100-continue', '', 'a=1'].join('\r\n'))
    expect(arrived.map(({ body }) => body)).toEqual(['a=1', 'a=1', 'a=1'])
  })

  it('keeps the host that it was sent to', async () => {
    for (const host of ['localhost:3002', 'a1b2c3.cert.localhost:3002']) {
      await send(get().replace('Host: localhost', `Host: ${host}`), { servername: host.replace(/:\d+/, '') })
    }
    expect(arrived.map((one) => [...sent('host', one), ...sent('x-forwarded-host', one)])).toEqual([
      ['localhost:3002', 'localhost:3002'],
      ['a1b2c3.cert.localhost:3002', 'a1b2c3.cert.localhost:3002'],
    ])
  })

  it.each([
    ['two hosts', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: bank.example\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['a second host in the target', 'GET http://bank.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['another method', 'PUT / HTTP/1.1\r\nHost: localhost\r\n\r\n', 405],
    ['more than 16 kB of headers', get(`X: ${'x'.repeat(17_000)}`), 431],
    ['something that is not HTTP', 'EHLO mail.example\r\n\r\n', 400],
  ])('with %s does not arrive', async (_, bytes, status) => {
    expect(await send(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(arrived).toEqual([])
  })
})

describe('an answer', () => {
  it('comes back with its status, its headers and all its cookies, and closes the connection', async () => {
    answerWith = (_, answer) => {
      answer.setHeader('set-cookie', ['a=1', 'b=2'])
      answer.writeHead(303, { location: '/next', 'keep-alive': 'timeout=5' }).end()
    }
    const answer = await send(get())
    expect(answer).toMatch(/^HTTP\/1\.1 303 See Other\r\n/)
    expect(answer.match(/^(set-cookie|location|connection|keep-alive): .*$/gim)?.sort()).toEqual(
      ['connection: close', 'location: /next', 'set-cookie: a=1', 'set-cookie: b=2'].sort(),
    )
  })

  it('to HEAD has the length and no body', async () => {
    answerWith = (_, answer) => answer.setHeader('content-length', 7).end()
    const answer = await send(get().replace('GET', 'HEAD'))
    expect(answer).toMatch(/content-length: 7\r\n/i)
    expect(answer).toMatch(/\r\n\r\n$/)
  })

  it('is 502 in two languages while the application is away', async () => {
    upstream.close()
    const answer = await send(get())
    expect(answer).toMatch(/^HTTP\/1\.1 502 /)
    expect(answer).toContain('text/plain; charset=utf-8')
    expect(answer).toContain('銀行のサーバーに接続できません')
    expect(answer).toContain('The bank cannot be reached')
    const posted = await send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na=1')
    expect(posted).toMatch(/^HTTP\/1\.1 502 /)
  })

  it('that breaks off breaks off for the client too, and is not an answer that looks whole', async () => {
    answerWith = (incoming, answer) => {
      answer.writeHead(200, { 'content-length': 100 }).write('half')
      setImmediate(() => incoming.socket.destroy())
    }
    expect(await send(get())).toMatch(/^HTTP\/1\.1 200 .*content-length: 100\r\n.*\r\n\r\n(half)?$/is)
  })
})

describe('the handshake', () => {
  it('does not offer HTTP/2, over which one certificate would serve several hosts', async () => {
    const socket = await shakeHands({ ALPNProtocols: ['h2', 'http/1.1'] })
    expect(socket.alpnProtocol).toBe('http/1.1')
    socket.destroy()
    await expect(shakeHands({ ALPNProtocols: ['h2'] })).rejects.toThrow()
  })

  it('may last two minutes: Firefox has its customer choose a certificate before it goes on', () => {
    const [options] = vi.mocked(createTlsServer).mock.lastCall ?? []
    expect(options).toMatchObject({ requestCert: true, handshakeTimeout: 120_000 })
  })

  it('1. takes four suites of TLS 1.2, of all that Node knows, with its certificate two of them', async () => {
    const accepted: string[] = []
    for (const suite of getCiphers().map((known) => known.toUpperCase())) {
      const terms = { ciphers: `${suite}:@SECLEVEL=0`, maxVersion: 'TLSv1.2' } as const
      const socket = suite.startsWith('TLS_') ? undefined : await shakeHands(terms).catch(() => undefined)
      if (socket) accepted.push(suite)
      socket?.destroy()
    }
    expect(accepted.toSorted()).toEqual(['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'])
    const [options] = vi.mocked(createTlsServer).mock.lastCall ?? []
    const offered = String((options as { ciphers?: string } | undefined)?.ciphers).split(':')
    expect(offered.filter((suite) => !/^(TLS_|ECDHE-(RSA|ECDSA)-AES(128|256)-GCM-SHA)/.test(suite))).toEqual(
      [],
    )
    const modern = await shakeHands()
    expect(modern.getProtocol()).toBe('TLSv1.3')
    modern.destroy()
  })

  it('1. refuses TLS 1.1', async () => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(shakeHands(old)).rejects.toThrow()
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s resumes no session', async (version) => {
    const options = { minVersion: version, maxVersion: version, ...credentials('mihon07-good') } as const
    const first = await shakeHands(options)
    const sessions = [first.getSession()]
    first.on('session', (later) => sessions.push(later))
    first.on('data', () => {})
    first.write(get())
    await once(first, 'close')
    const session = sessions.at(-1)
    const second = await shakeHands({ ...options, ...(session ? { session } : {}) })
    expect(second.isSessionReused()).toBe(false)
    second.destroy()
    // Nor does a session bring the certificate back for who has none.
    await send(get('X-Second: 1'), {
      ...(session ? { session } : {}),
      minVersion: version,
      maxVersion: version,
    })
    const without = arrived.find((one) => sent('x-second', one).length > 0)
    expect(sent('client-cert', without)).toEqual([])
  })

  it('is whole again for each attempt: one connection carries one request', async () => {
    const answers = await send(`${get()}${get()}`)
    expect(answers.match(/welcome/g)).toHaveLength(1)
    expect(arrived).toHaveLength(1)
  })
})

describe('whoever breaks off', () => {
  const alive = async () => expect(await send(get())).toContain('welcome')

  it('in the handshake, in a request, in an answer or without a word, stops nobody else', async () => {
    const plain = connectPlain(front.port, '127.0.0.1')
    await once(plain, 'connect')
    plain.resetAndDestroy()
    const rubbish = connectPlain(front.port, '127.0.0.1', () => rubbish.end('GET / HTTP/1.1\r\n\r\n'))
    await once(rubbish, 'close')
    for (const bytes of [
      '',
      'GET / HT',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf',
    ]) {
      const raw = connectPlain(front.port, '127.0.0.1')
      const socket = await shakeHands({ socket: raw })
      socket.on('error', () => {})
      socket.write(bytes)
      await setTimeout(50)
      raw.resetAndDestroy()
    }
    answerWith = (_, answer) => {
      answer.write('x'.repeat(100_000))
    }
    const raw = connectPlain(front.port, '127.0.0.1')
    const socket = await shakeHands({ socket: raw })
    socket.on('error', () => {})
    socket.write(get())
    await once(socket, 'data')
    raw.resetAndDestroy()
    await setTimeout(50)
    answerWith = (_, answer) => answer.end('welcome')
    await alive()
  })

  it('is not waited for: the request behind ends too', async () => {
    const ended = new Promise<void>((done) => {
      answerWith = (_, answer) => void answer.on('close', done)
    })
    const socket = await shakeHands()
    socket.write(get())
    while (arrived.length === 0) await setTimeout(5)
    socket.destroy()
    await ended
    answerWith = (_, answer) => answer.end('welcome')
    await alive()
  })

  it('nor does any byte in path, name or value', async () => {
    const around = (before: string, byte: number, after: string) =>
      Buffer.concat([Buffer.from(before), Buffer.of(byte), Buffer.from(after)])
    const end = ' HTTP/1.1\r\nHost: localhost\r\n'
    for (let byte = 0; byte < 256; byte++) {
      await Promise.all([
        send(around('GET /', byte, `${end}\r\n`)),
        send(around(`GET /${end}X`, byte, ': a\r\n\r\n')),
        send(around(`GET /${end}X: a`, byte, 'b\r\n\r\n')),
      ])
    }
    await alive()
  })

  it('nor do random bytes inside TLS', async () => {
    await Promise.all(
      Array.from({ length: 20 }, () => send(Buffer.concat([randomBytes(500), Buffer.from('\r\n\r\n')]))),
    )
    await alive()
  })
})

describe('closing', () => {
  it('ends at once those who only shook hands, or not even that', async () => {
    const silent = connectPlain(front.port, '127.0.0.1')
    await once(silent, 'connect')
    const idle = await shakeHands()
    const ends = Promise.all([once(silent, 'close'), once(idle, 'close')])
    const before = performance.now()
    await front.close()
    await ends
    expect(performance.now() - before).toBeLessThan(500)
  })

  it('lets an answer that is under way finish, and takes no new ones', async () => {
    let finish = () => {}
    answerWith = (_, answer) => {
      finish = () => void answer.end('late')
    }
    const answer = send(get())
    while (arrived.length === 0) await setTimeout(5)
    const closed = front.close()
    await expect(shakeHands()).rejects.toThrow()
    finish()
    expect(await answer).toContain('late')
    await closed
  })
})
