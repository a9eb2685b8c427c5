/** The demo's TLS-terminating proxy before the certificate listener and that of the fintechs. It asks for a certificate and judges none: the application does. */
import { constants } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { seconds } from '../clock.ts'

type Address = { readonly host: string; readonly port: number }

/** `secret` tells the application that this proxy wrote the headers. */
type Behind = { readonly upstream: Address; readonly secret: string }

export type TlsFront = { readonly port: number; readonly close: () => Promise<void> }

/** @param options certificate and key are PEM files; port 0 takes any free one */
export async function startTlsFront({
  host,
  port,
  certFile,
  keyFile,
  ...behind
}: Address & Behind & { readonly certFile: string; readonly keyFile: string }): Promise<TlsFront> {
  const server = createServer(
    {
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
      // Without a list of authorities the browser offers every certificate that the customer has.
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ciphers,
      // Over HTTP/2 Chromium would use one connection, with its certificate, for several hosts of the wildcard.
      ALPNProtocols: ['http/1.1'],
      // Every attempt is a whole handshake: Node keeps no sessions of itself, and without tickets nobody does.
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
      // Firefox lets the customer choose a certificate while the handshake waits.
      handshakeTimeout: seconds(120),
      maxHeaderSize: 16 * 1024,
      headersTimeout: seconds(10),
      requestTimeout: seconds(30),
    },
    (incoming, answer) => forward(incoming, answer, behind),
  )
  server.maxRequestsPerSocket = 1
  const sockets = new Map<string, Socket>()
  const atWork = new Set<string>()
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    sockets.set(peer, socket)
    socket.once('close', () => sockets.delete(peer))
  })
  server.on('request', ({ socket }, answer) => {
    const peer = peerOf(socket)
    atWork.add(peer)
    answer.once('close', () => atWork.delete(peer))
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      // Node itself would wait for those who are shaking hands or have not asked anything yet.
      for (const [peer, socket] of sockets) if (!atWork.has(peer)) socket.destroy()
      const impatience = setTimeout(() => {
        for (const socket of sockets.values()) socket.destroy()
      }, seconds(5))
      await closed
      clearTimeout(impatience)
    },
  }
}

/** No others of TLS 1.2 (FAPI 2.0 Security Profile, section 5.2.2): Node offers weaker ones too. */
const ciphers = [
  ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
]
  .flat()
  .join(':')

/** The same for a connection and for the TLS that is spoken on it. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

function forward(incoming: IncomingMessage, answer: ServerResponse, { upstream, secret }: Behind): void {
  const { method = '', url = '' } = incoming
  if (!['GET', 'HEAD', 'POST', 'DELETE'].includes(method)) return say(answer, 405)
  // A whole URL would name a second host, and so would a second Host.
  if (!url.startsWith('/') || incoming.headersDistinct.host?.length !== 1) return say(answer, 400)
  const outgoing = request({
    ...upstream,
    method,
    path: url,
    headers: headersFor(incoming, secret),
    agent: false,
    timeout: seconds(30),
  })
  outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
  outgoing.on('error', () => (answer.headersSent ? answer.destroy() : say(answer, 502)))
  outgoing.on('response', (response) => {
    const headers = headersOf(response, (name) => !hopByHop.test(name))
    answer.writeHead(response.statusCode ?? 502, response.statusMessage, { ...headers, connection: 'close' })
    pipeline(response, answer, () => outgoing.destroy())
  })
  answer.on('close', () => outgoing.destroy())
  // Of a GET, Node would send the body without saying where it ends: a request of its own for whoever reads on.
  if (method === 'POST') incoming.pipe(outgoing)
  else outgoing.end()
}

const hopByHop =
  /^(connection|proxy-connection|keep-alive|proxy-authenticat(e|ion-info)|proxy-authorization|te|trailer|transfer-encoding|upgrade|expect)$/

/** What only we may say; servers that make variables of headers take `_` for `-`. */
const ours = /^(client-cert|client-cert-chain|forwarded|x-(forwarded|ssl-client|ninka)-.*)$/

function headersFor(incoming: IncomingMessage, secret: string): OutgoingHttpHeaders {
  const { socket, method, headers } = incoming
  const perHop = (headers.connection ?? '').toLowerCase().split(/[\s,]+/)
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  return {
    ...headersOf(
      incoming,
      (name) =>
        !hopByHop.test(name) &&
        !perHop.includes(name) &&
        !ours.test(name.replaceAll('_', '-')) &&
        (method === 'POST' || name !== 'content-length'),
    ),
    host: headers.host,
    'x-forwarded-host': headers.host,
    'x-forwarded-proto': 'https',
    'x-forwarded-for': socket.remoteAddress ?? 'unknown',
    'x-ninka-proxy-secret': secret,
    // RFC 9440
    ...(certificate ? { 'client-cert': `:${certificate.raw.toString('base64')}:` } : {}),
  }
}

const headersOf = (message: IncomingMessage, wanted: (name: string) => boolean): OutgoingHttpHeaders =>
  Object.fromEntries(
    Object.entries(message.headersDistinct)
      .filter(([name]) => wanted(name))
      .map(([name, values = []]) => [name, values.length === 1 ? values[0] : values]),
  )

const texts = {
  400: '正しくないリクエストです。\nThe request is not valid.\n',
  405: 'このページではご利用いただけません。\nThis cannot be done here.\n',
  502: '銀行のサーバーに接続できません。しばらくしてから、もう一度お試しください。\nThe bank cannot be reached. Please try again in a while.\n',
} as const

function say(answer: ServerResponse, status: keyof typeof texts): void {
  answer.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    connection: 'close',
  })
  answer.end(texts[status])
}
