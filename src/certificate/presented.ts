/**
 * The certificates of fintechs' servers: on the origin for them (RFC 8705) a listed proxy forwards what the connection
 * presented, and whoever asks later finds it with the request. Not to be mixed with customers' certificates.
 */
import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { readForwarded } from './forwarded.ts'
import { type CertificateOrigin, refuseStrangers } from './origin.ts'
import { refuseForwarding } from './trust.ts'
import type { VerifiedCertificate, Verifier } from './verdict.ts'

export type Presented = {
  readonly certificate: X509Certificate
  /** undefined for one that no authority of the file vouches for, such as a self-signed one */
  readonly verified: VerifiedCertificate | undefined
}

const presented = new WeakMap<IncomingMessage, Presented>()

/** The certificate of the connection that a request came by; undefined where none was presented, or on another origin. */
export const presentedCertificate = (request: IncomingMessage): Presented | undefined =>
  presented.get(request)

/**
 * Everything on this listener comes from a proxy; a request with a certificate that it forwards has it noted.
 * @param verifier by the authorities that the bank trusts for fintechs; without one no certificate is verified
 */
export function acceptPresented(
  app: FastifyInstance,
  { origin, verifier }: { readonly origin: CertificateOrigin; readonly verifier: Verifier | undefined },
): void {
  refuseStrangers(app, origin)
  app.addHook('onRequest', async (request) => {
    const forwarded = readForwarded(request.raw.rawHeaders, origin.format)
    if (!forwarded.ok) refuseForwarding(request, forwarded.reason)
    if (!forwarded.value) return
    const verdict = await verifier?.verify(forwarded.value)
    presented.set(request.raw, {
      certificate: new X509Certificate(forwarded.value),
      verified: verdict?.ok ? verdict.value : undefined,
    })
  })
}
