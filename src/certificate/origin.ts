/**
 * The certificate origin (手順 1-1①): the only one whose TLS asks for a client certificate. It shows no page. Whatever came,
 * even nothing, it answers with a redirect that carries a sealed ticket to where the customer came from, where every page stands.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Bank } from '../bank/port.ts'
import { type CertificateFormat, readForwarded } from './forwarded.ts'
import { isHostOf } from './hosts.ts'
import {
  type CertificateAnswer,
  type CertificateProblem,
  type CertificateTickets,
  ofConnections,
} from './tickets.ts'
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
  const isOurHost = isHostOf(url)
  app.addHook('onRequest', async (request) => {
    if (!isProxy(request.socket.remoteAddress)) refuseForwarding(request, 'peer-not-listed')
    if (!hasSecret(request, secret)) refuseForwarding(request, 'secret-missing-or-wrong')
    if (!isOurHost(request.headers.host)) refuseForwarding(request, 'host-not-ours')
  })
}

export async function certificateRoutes(app: FastifyInstance, parts: CertificateOriginParts): Promise<void> {
  const { publicUrl, tickets } = parts
  for (const { route, boundTo, leadsTo } of visits) {
    app.get<{ Params: { uid: string } }>(route, async (request, reply) => {
      const { uid } = request.params
      if (!/^[\w-]{1,64}$/.test(uid)) return reply.callNotFound()
      const ticket = tickets.issue(await examine(parts, request), boundTo(uid))
      // The next attempt is a new connection, so that the proxy asks again.
      reply.header('connection', 'close')
      return reply.redirect(`${publicUrl}${leadsTo(uid)}?ticket=${encodeURIComponent(ticket)}`, 303)
    })
  }
}

/** What a customer may sign in for: a journey, or his own connections. */
const visits = [
  {
    route: '/certificate/:uid',
    boundTo: (uid: string) => uid,
    leadsTo: (uid: string) => `/journey/${uid}/certificate`,
  },
  {
    route: '/certificate/connections/:uid',
    boundTo: ofConnections,
    leadsTo: () => '/connections/certificate',
  },
]

/** Our own judgement of what the proxy forwarded, then the bank's word on whose it is. */
async function examine(
  { origin, verifier, bank }: CertificateOriginParts,
  request: FastifyRequest,
): Promise<CertificateAnswer> {
  const forwarded = readForwarded(request.raw.rawHeaders, origin.format)
  if (!forwarded.ok) {
    // The proxy's word, and what it forwarded is nothing we read: the customer's certificate is to blame, not the way.
    if (forwarded.reason !== 'not-a-certificate' && forwarded.reason !== 'header-too-long')
      refuseForwarding(request, forwarded.reason)
    request.log.warn({ event: 'certificate-refused', reason: forwarded.reason }, 'it cannot be read')
    return { problem: 'certificate-unsuitable', received: null, fingerprint: null }
  }
  if (!forwarded.value) return { problem: 'certificate-missing', received: null, fingerprint: null }

  const verdict = await verifier.verify(forwarded.value)
  if (!verdict.ok) {
    const { reason, received, fingerprint } = verdict
    return { problem: problemOf[reason], received, fingerprint }
  }
  const { subject, issuer, serialNumber, fingerprint, received } = verdict.value
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
  'authority-unusable': 'certificate-unverifiable',
}
