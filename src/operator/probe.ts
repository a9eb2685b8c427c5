/** Looks at an https origin from outside: requests with any header, and what its TLS handshake offers and asks for. */
import { type IncomingHttpHeaders, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { connect as connectPlain, isIP } from 'node:net'
import { Duplex } from 'node:stream'
import { connect, type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls'
import { seconds } from '../clock.ts'

export type ProbeOptions = {
  /** connect here instead of to the origin's own host and port: before its name is known to the world */
  readonly connectTo: { readonly host: string; readonly port: number | undefined } | undefined
  /** PEM of authorities to trust besides the system's */
  readonly ca: string | undefined
}

export type Answer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Probe = {
  /** A GET of path and query on this origin, with more headers. Rejects when there is no answer within 5 s. */
  readonly get: (origin: string, path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  /** The handshake with an origin; `undefined` when the server refuses it. */
  readonly handshake: (origin: string, options?: ConnectionOptions) => Promise<Handshake | undefined>
  /** Whether the server asks for a client certificate; undefined when TLS 1.2 is off and it cannot be seen. */
  readonly asksForCertificate: (origin: string) => Promise<boolean | undefined>
}

export type Handshake = {
  readonly protocol: string | null
  readonly alpn: string | false | null
  /** false when the server's certificate does not hold for this name */
  readonly trusted: boolean
  readonly certificate: PeerCertificate
}

const patience = seconds(5)

export function createProbe({ connectTo, ca }: ProbeOptions): Probe {
  const target = (origin: string) => {
    const { hostname, port, protocol, host } = new URL(origin)
    const own = {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || (protocol === 'https:' ? 443 : 80)),
    }
    const { host: there, port: at } = connectTo ?? own
    return { host: there, port: at ?? own.port, name: hostname, hostHeader: host, tls: protocol === 'https:' }
  }
  const tlsOptions = (origin: string): ConnectionOptions => {
    const { host, port, name } = target(origin)
    return { host, port, ...(isIP(name) ? {} : { servername: name }), ...(ca ? { ca } : {}) }
  }
  return {
    get(origin, path, headers = {}) {
      const { host, port, name, hostHeader, tls } = target(origin)
      const options = {
        host,
        port,
        path,
        ...(isIP(name) ? {} : { servername: name }),
        agent: false,
        headers: { ...headers, host: hostHeader },
        ...(ca ? { ca } : {}),
      }
      return new Promise((done, fail) => {
        const sent = (tls ? tlsRequest : plainRequest)(options, (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (text: string) => {
            if (body.length < 100_000) body += text
          })
          response.on('end', () =>
            done({ status: response.statusCode ?? 0, headers: response.headers, body }),
          )
        })
        sent.setTimeout(patience, () => sent.destroy(new Error('no answer within 5 seconds')))
        sent.on('error', fail)
        sent.end()
      })
    },
    async handshake(origin, options = {}) {
      const socket = connect({ ...tlsOptions(origin), rejectUnauthorized: false, ...options })
      return shaken(socket)
    },
    async asksForCertificate(origin) {
      const { host, port } = target(origin)
      const seen: Buffer[] = []
      const socket = connect({
        ...tlsOptions(origin),
        rejectUnauthorized: false,
        maxVersion: 'TLSv1.2',
        socket: tapped(host, port, seen),
      })
      return (await shaken(socket)) && handshakeTypes(Buffer.concat(seen)).includes(certificateRequest)
    },
  }
}

/** RFC 5246, section 7.4: in TLS 1.2 the server's part of the handshake is in the open. */
const certificateRequest = 13

function shaken(socket: TLSSocket): Promise<Handshake | undefined> {
  return new Promise((done) => {
    const refused = () => {
      socket.destroy()
      done(undefined)
    }
    socket.setTimeout(patience, refused)
    socket.once('error', refused)
    socket.once('secureConnect', () => {
      done({
        protocol: socket.getProtocol(),
        alpn: socket.alpnProtocol,
        trusted: socket.authorized,
        certificate: socket.getPeerCertificate(),
      })
      socket.destroy()
    })
  })
}

/** A connection that keeps what the server said. */
function tapped(host: string, port: number, seen: Buffer[]): Duplex {
  const raw = connectPlain(port, host)
  const tap = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => raw.write(chunk, () => done()),
    destroy(error, done) {
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
  return tap
}

/** Records of type 22 until something else comes, and in them messages: a type, three bytes of length, the content. */
function handshakeTypes(bytes: Buffer): number[] {
  const parts: Buffer[] = []
  for (let at = 0; at + 5 <= bytes.length && bytes[at] === 22; at += 5 + bytes.readUInt16BE(at + 3))
    parts.push(bytes.subarray(at + 5, at + 5 + bytes.readUInt16BE(at + 3)))
  const all = Buffer.concat(parts)
  const types: number[] = []
  for (let at = 0; at + 4 <= all.length; at += 4 + all.readUIntBE(at + 1, 3)) types.push(all.readUInt8(at))
  return types
}
