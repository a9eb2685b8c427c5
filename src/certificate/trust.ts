/**
 * Who is believed about a client certificate: a listed proxy, on the certificate origin, with the shared secret where one
 * is set. A header from anybody else or anywhere else is refused, never ignored: it is an attack or a broken set-up.
 */
import { timingSafeEqual } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sha256 } from '../secrets.ts'
import { certificateHeaders, type ForwardingFault } from './forwarded.ts'

/** What the proxy proves itself with, where the institution has set a secret. */
const secretHeader = 'x-ninka-proxy-secret'

export type TrustFault = 'peer-not-listed' | 'secret-missing-or-wrong' | 'host-not-ours'

class ForwardingRefused extends Error {
  readonly code = 'NINKA_FORWARDING_REFUSED'
  readonly statusCode = 403
}

export function refuseForwarding(
  request: FastifyRequest,
  reason: TrustFault | ForwardingFault | 'wrong-origin',
): never {
  request.log.warn(
    { event: 'forwarded-certificate-refused', reason, peer: request.socket.remoteAddress ?? '' },
    'a forwarded client certificate was refused',
  )
  throw new ForwardingRefused(reason)
}

/** For every origin but the certificate origin. */
export function refuseCertificateHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (certificateHeaders(request.raw.rawHeaders).length > 0) refuseForwarding(request, 'wrong-origin')
  })
}

/** Whether a connection comes from one of these addresses or CIDR ranges; the connection itself, never a header. */
export function trustedPeers(networks: readonly string[]): (address: string | undefined) => boolean {
  const listed = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) listed.addAddress(address, family)
    else listed.addSubnet(address, Number(bits), family)
  }
  return (address = '') => {
    const family = isIP(address)
    return family !== 0 && listed.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/** True where no secret is set; otherwise the header must carry it, once. */
export function hasSecret(request: FastifyRequest, secret: string | undefined): boolean {
  if (secret === undefined) return true
  const given = request.headers[secretHeader]
  return typeof given === 'string' && timingSafeEqual(Buffer.from(sha256(given)), Buffer.from(sha256(secret)))
}
