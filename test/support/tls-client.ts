/** A browser's and an attacker's end of TLS: HTTP/1.1 as bytes, any name in the handshake, any certificate, any spelling. */
import { type Socket, connect as connectPlain } from 'node:net'
import { Duplex } from 'node:stream'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { authority, client, type Issued, openWorkshop } from './openssl.ts'

export type Certificate = { readonly cert: string; readonly key: string }

export type Target = {
  readonly port: number
  /** the name in the TLS handshake; none when left out */
  readonly sni?: string | undefined
  readonly certificate?: Certificate | undefined
} & Pick<ConnectionOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'ALPNProtocols' | 'session'>

export type Asked = {
  readonly method?: string | undefined
  readonly path?: string | undefined
  /** the Host header; the name in the handshake when left out, none at all when empty */
  readonly host?: string | undefined
  /** as they go over the wire: duplicates and odd spellings stay */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined
  readonly body?: string | undefined
}

export type Answer = {
  readonly status: number
  /** in the order and spelling that came */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export type TlsConnection = {
  readonly socket: TLSSocket
  /** one request after the other on this connection */
  readonly request: (asked: Asked) => Promise<Answer>
  /** any bytes, and the first answer to them */
  readonly send: (bytes: string) => Promise<Answer>
  readonly close: () => void
}

/** One request on a connection of its own. Rejects when the handshake fails or the connection ends without an answer. */
export async function request(asked: Target & Asked): Promise<Answer> {
  const connection = await connectTls(asked)
  return connection.request(asked).finally(connection.close)
}

/** The values of a header, however it is spelt. */
export const valuesOf = (headers: Answer['headers'], name: string): string[] =>
  headers.flatMap(([given, value]) => (given.toLowerCase() === name ? [value] : []))

export async function connectTls(target: Target): Promise<TlsConnection> {
  const socket = connect(optionsOf(target))
  await handshake(socket)
  const read = reader(socket)
  const send = (bytes: string, method = 'GET') => {
    socket.write(bytes)
    return read(method)
  }
  return {
    socket,
    send: (bytes) => send(bytes),
    request: (asked) => send(written({ ...asked, host: asked.host ?? target.sni }), asked.method),
    close: () => socket.destroy(),
  }
}

/** Types of the handshake messages that a server sends in the open, so of TLS 1.2 (RFC 5246, section 7.4): 13 asks for a certificate. */
export async function handshakeMessages(target: Target): Promise<number[]> {
  const { tap, seen } = tapped(connectPlain(target.port, '127.0.0.1'))
  const socket = connect({ ...optionsOf({ ...target, maxVersion: 'TLSv1.2' }), socket: tap })
  await handshake(socket)
  socket.destroy()
  return messageTypes(Buffer.concat(seen))
}

function optionsOf(target: Target): ConnectionOptions {
  const { port, sni = '', certificate, minVersion, maxVersion, ciphers, ALPNProtocols, session } = target
  const negotiated = { minVersion, maxVersion, ciphers, ALPNProtocols, session }
  return {
    ...Object.fromEntries(Object.entries(negotiated).filter(([, value]) => value !== undefined)),
    ...certificate,
    host: '127.0.0.1',
    port,
    servername: sni,
    rejectUnauthorized: false,
  }
}

function handshake(socket: TLSSocket): Promise<void> {
  socket.setTimeout(8000, () => socket.destroy(new Error('the server neither answered nor hung up')))
  return new Promise((done, fail) => {
    socket.once('secureConnect', done)
    socket.once('error', fail)
    socket.once('close', () => fail(new Error('the connection ended in the handshake')))
  })
}

function written({ method = 'GET', path = '/', host, headers = [], body = '' }: Asked): string {
  const length = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
    ? []
    : body
      ? [`Content-Length: ${Buffer.byteLength(body)}`]
      : []
  const lines = [
    ...(host ? [`Host: ${host}`] : []),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...length,
  ]
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`
}

/** Reads answers one by one, interim ones (1xx) left out. */
function reader(socket: TLSSocket): (method: string) => Promise<Answer> {
  let received = Buffer.alloc(0)
  let ended = false
  let failure: Error | undefined
  let wake = () => {}
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    wake()
  })
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => {
    ended = true
    wake()
  })
  return async (method) => {
    for (;;) {
      const found = parseAnswer(received.toString('latin1'), { ended, method })
      if (found) {
        received = received.subarray(found.length)
        if (found.answer.status >= 200) return found.answer
      } else if (ended) {
        throw new Error('the connection ended without an answer', { cause: failure })
      } else {
        await new Promise<void>((done) => {
          wake = done
        })
      }
    }
  }
}

/** @returns undefined as long as something of the answer is missing */
function parseAnswer(
  text: string,
  { ended, method }: { ended: boolean; method: string },
): { answer: Answer; length: number } | undefined {
  const start = text.indexOf('\r\n\r\n') + 4
  if (start < 4) return undefined
  const [first = '', ...lines] = text.slice(0, start - 4).split('\r\n')
  const headers = lines.map(
    (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
  )
  const status = Number(first.split(' ')[1])
  const answer = (body: string, length: number) => ({
    answer: { status, headers, body: Buffer.from(body, 'latin1').toString() },
    length: start + length,
  })
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return answer('', 0)
  if (valuesOf(headers, 'transfer-encoding').length > 0) {
    const chunked = readChunks(text.slice(start))
    return chunked && answer(chunked.body, chunked.length)
  }
  const [announced] = valuesOf(headers, 'content-length')
  const length = announced === undefined ? text.length - start : Number(announced)
  if (announced === undefined ? !ended : text.length < start + length) return undefined
  return answer(text.slice(start, start + length), length)
}

function readChunks(text: string): { body: string; length: number } | undefined {
  let body = ''
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (line === -1 || text.length < line + 2 + size + 2) return undefined
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
    if (size === 0) return { body, length: at }
  }
}

/** A stream that passes everything on and keeps what the server said. */
function tapped(raw: Socket): { tap: Duplex; seen: Buffer[] } {
  const seen: Buffer[] = []
  const tap = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => raw.write(chunk, () => done()),
    destroy: (error, done) => {
      raw.destroy()
      done(error)
    },
  })
  raw.on('data', (chunk: Buffer) => {
    seen.push(chunk)
    tap.push(chunk)
  })
  raw.on('end', () => tap.push(null))
  raw.on('error', (error) => tap.destroy(error))
  return { tap, seen }
}

/** Records of type 22 up to the change of cipher (type 20), and in them messages: type, three bytes of length, content. */
function messageTypes(bytes: Buffer): number[] {
  const messages: Buffer[] = []
  for (let at = 0; at + 5 <= bytes.length && bytes[at] === 22; at += 5 + bytes.readUInt16BE(at + 3)) {
    messages.push(bytes.subarray(at + 5, at + 5 + bytes.readUInt16BE(at + 3)))
  }
  const all = Buffer.concat(messages)
  const types: number[] = []
  for (let at = 0; at + 4 <= all.length; at += 4 + all.readUIntBE(at + 1, 3)) types.push(all.readUInt8(at))
  return types
}

/** An institution's root and issuing authority, a client certificate for every case, and the proxy's own. */
export function makeCertificates() {
  const { issue, pem, remove } = openWorkshop()
  const days = (count: number) => Date.now() + count * 86_400_000
  const names = ['subjectAltName=DNS:ninka.localhost,DNS:*.cert.ninka.localhost,DNS:api.ninka.localhost']
  const filesOf = ({ certificate, key }: Issued) => ({ certFile: certificate, keyFile: key })
  const shown = ({ pem: cert, privateKey }: Issued, ...chain: Issued[]): Certificate => ({
    cert: [cert, ...chain.map((more) => more.pem)].join(''),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  })
  const root = issue({ subject: '/CN=root', extensions: authority })
  const issuer = issue({ subject: '/CN=issuing', issuer: root, extensions: authority })
  const foreignRoot = issue({ subject: '/CN=foreign root', extensions: authority })
  const customer = { subject: '/CN=customer', issuer, extensions: client }
  const foreign = issue({ ...customer, issuer: foreignRoot })
  return {
    proxy: {
      ec: filesOf(issue({ subject: '/CN=proxy', extensions: names })),
      rsa: filesOf(issue({ subject: '/CN=proxy', extensions: names, key: 'rsa-2048' })),
    },
    authoritiesFile: pem(root, issuer),
    clients: {
      good: shown(issue(customer)),
      'good (RSA)': shown(issue({ ...customer, key: 'rsa-2048' })),
      expired: shown(issue({ ...customer, from: days(-20), until: days(-10) })),
      'not yet valid': shown(issue({ ...customer, from: days(10), until: days(20) })),
      foreign: shown(foreign),
      'foreign and sent with its chain': shown(foreign, foreignRoot),
      'self-signed': shown(issue({ subject: '/CN=customer', extensions: client })),
    },
    /** larger than the headers of any server */
    huge: shown(issue({ ...customer, extensions: [`nsComment=${'x'.repeat(40_000)}`] })),
    remove,
  }
}
