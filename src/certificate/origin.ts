/**
 * The certificate origin (手順 1-1①): the only one whose TLS asks for a client certificate. It shows no page. Whatever came,
 * even nothing, it answers with a redirect that carries a sealed ticket to the journey, where every page stands.
 */
import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Bank } from '../bank/port.ts'
import { type CertificateFormat, readForwarded } from './forwarded.ts'
import type { CertificateAnswer, CertificateProblem, CertificateTickets } from './tickets.ts'
import { hasSecret, refuseForwarding, trustedPeers } from './trust.ts'
import type { CertificateRefusal, Verifier } from './verdict.ts'

export type CertificateOrigin = {
  /** such as https://cert.bank.example, or https://*.cert.bank.example where every attempt gets a host of its own */
  readonly url: string
  readonly format: CertificateFormat
  /** addresses and CIDR ranges of the proxies */
  readonly trustedProxies: readonly string[]
  /** what the proxy proves itself with, where one is set */
  readonly secret: string | undefined
}

export type CertificateOriginParts = {
  readonly origin: CertificateOrigin
  readonly publicUrl: string
  readonly verifier: Verifier
  readonly bank: Bank
  readonly tickets: CertificateTickets
}

/** Nobody but a listed proxy gets any answer from the certificate origin, and only for its own hosts. */
export function refuseStrangers(
  app: FastifyInstance,
  { trustedProxies, secret, url }: CertificateOrigin,
): void {
  const isProxy = trustedPeers(trustedProxies)
  const isOurHost = hostsOf(url)
  app.addHook('onRequest', async (request) => {
    if (!isProxy(request.socket.remoteAddress)) refuseForwarding(request, 'peer-not-listed')
    if (!hasSecret(request, secret)) refuseForwarding(request, 'secret-missing-or-wrong')
    if (!isOurHost(request.headers.host)) refuseForwarding(request, 'host-not-ours')
  })
}

export async function certificateRoutes(app: FastifyInstance, parts: CertificateOriginParts): Promise<void> {
  const { publicUrl, tickets } = parts
  app.get<{ Params: { uid: string } }>('/certificate/:uid', async (request, reply) => {
    const { uid } = request.params
    if (!/^[\w-]{1,64}$/.test(uid)) return reply.callNotFound()
    const ticket = tickets.issue(await examine(parts, request), uid)
    // The next attempt is a new connection, so that the proxy asks again.
    reply.header('connection', 'close')
    return reply.redirect(`${publicUrl}/journey/${uid}/certificate?ticket=${encodeURIComponent(ticket)}`, 303)
  })
}

/** Our own judgement of what the proxy forwarded, then the bank's word on whose it is. */
async function examine(
  { origin, verifier, bank }: CertificateOriginParts,
  request: FastifyRequest,
): Promise<CertificateAnswer> {
  const forwarded = readForwarded(request.raw.rawHeaders, origin.format)
  if (!forwarded.ok) return refuseForwarding(request, forwarded.reason)
  if (!forwarded.value) return { problem: 'certificate-missing', received: null, fingerprint: null }

  const verdict = await verifier.verify(forwarded.value)
  const { received, fingerprint } = verdict.ok ? verdict.value : verdict
  if (!verdict.ok) return { problem: problemOf[verdict.reason], received, fingerprint }

  const { subject, issuer, serialNumber } = verdict.value
  const known = await bank.identifyCertificate({ subject, issuer, serialNumber, fingerprint })
  if (!known.ok) {
    const problem = known.reason === 'unavailable' ? 'bank-unavailable' : 'certificate-not-tied'
    return { problem, received, fingerprint }
  }
  const { id, userName } = known.value
  return { holder: { user: id, name: userName, endsAt: received.endsAt }, received, fingerprint }
}

const problemOf: Readonly<Record<CertificateRefusal, CertificateProblem>> = {
  'other-issuer': 'certificate-other-issuer',
  expired: 'certificate-expired',
  'not-yet-valid': 'certificate-not-yet-valid',
  revoked: 'certificate-revoked',
  unsuitable: 'certificate-unsuitable',
  'revocation-unknown': 'certificate-unverifiable',
}

/**
 * Where 「電子証明書ログイン」 leads. Browsers remember the choice of a certificate per host and port, "none" included, so a
 * fresh host brings the chooser back.
 */
export function certificateAddress({ url }: Pick<CertificateOrigin, 'url'>, uid: string): string {
  return `${url.replace('*', `c${randomBytes(5).toString('hex')}`)}/certificate/${uid}`
}

export const hasFreshHosts = ({ url }: Pick<CertificateOrigin, 'url'>): boolean => url.includes('*')

/** The hosts of the origin, by the Host header, port included where it is not the scheme's own. */
function hostsOf(url: string): (host: string | undefined) => boolean {
  const [before = '', after] = url.replace(/^https?:\/\//, '').split('*')
  return (host = '') => {
    const asked = host.toLowerCase()
    if (after === undefined) return asked === before
    return asked.endsWith(after) && /^[a-z0-9-]{1,63}$/.test(asked.slice(0, -after.length))
  }
}
