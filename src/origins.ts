/** The two origins that ask for client certificates, as settings and institution have them: who forwards, how, and whose count. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { CertificateParts, MutualTlsParts } from './app.ts'
import type { CertificateOrigin } from './certificate/origin.ts'
import { createVerifier } from './certificate/verify.ts'
import { systemClock } from './clock.ts'
import type { Institution } from './institution.ts'
import type { Log } from './log.ts'
import { readSecret, type Secrets } from './secrets.ts'
import { type CertificateSettings, type MutualTlsSettings, type Settings, SettingsError } from './settings.ts'

/** Nobody but this machine's own user and programs. */
export const loopback = '127.0.0.1'

type OriginParts = { readonly log: Log; readonly secrets: Secrets }

/** @throws SettingsError when certificates are asked for and nobody says whose count */
export async function certificateParts(
  { certificate, trustedProxies, proxySecretFile }: Settings,
  { certificates: rules }: Institution,
  parts: OriginParts,
): Promise<CertificateParts | undefined> {
  if (!certificate) return undefined
  if (!rules)
    throw new SettingsError('INSTITUTION_FILE: CERTIFICATE_URL is set, but the file has no "certificates"')
  const origin = originOf(certificate, { trustedProxies, proxySecretFile }, parts)
  return { origin, verifier: await createVerifier({ rules, clock: systemClock, log: parts.log }) }
}

export async function mutualTlsParts(
  { mutualTls, ...settings }: Settings,
  { fintechCertificates: rules }: Institution,
  parts: OriginParts,
): Promise<MutualTlsParts | undefined> {
  if (!mutualTls) return undefined
  return {
    origin: originOf(mutualTls, settings, parts),
    verifier: rules && (await createVerifier({ rules, clock: systemClock, log: parts.log })),
  }
}

/** Who forwards certificates to this origin, and how: a proxy, or the demo's own front, which may be another process's. */
function originOf(
  { url, format, frontPort }: CertificateSettings | MutualTlsSettings,
  { trustedProxies, proxySecretFile }: Pick<Settings, 'trustedProxies' | 'proxySecretFile'>,
  { secrets }: OriginParts,
): CertificateOrigin {
  return frontPort === undefined
    ? { url, format, trustedProxies, secret: proxySecretFile ? readSecret(proxySecretFile) : undefined }
    : {
        url,
        format,
        trustedProxies: [loopback],
        secret: secrets.derive('demo-front')[0].toString('base64url'),
      }
}

type Behind = {
  readonly at: CertificateSettings | MutualTlsSettings | undefined
  readonly server: FastifyInstance | undefined
  readonly origin: CertificateOrigin | undefined
}

/** A listener behind a proxy; where no proxy stands before it, behind the demo's own TLS front. */
export async function listenBehind(
  { host }: Settings,
  /** the demo's own front's; undefined where that is another process's */
  frontCertificate: { readonly certFile: string; readonly keyFile: string } | undefined,
  { at, server, origin }: Behind,
): Promise<{ close: () => Promise<void> } | undefined> {
  if (!at || !server) return undefined
  const { port, frontPort } = at
  // Behind the demo's own front nobody but it has a business here.
  await server.listen({ host: frontPort === undefined ? host : loopback, port })
  if (!frontCertificate || frontPort === undefined || !origin?.secret) return undefined
  const { startTlsFront } = await import('./demo/tls-front.ts')
  return startTlsFront({
    host,
    port: frontPort,
    ...frontCertificate,
    upstream: { host: loopback, port: (server.server.address() as AddressInfo).port },
    secret: origin.secret,
  })
}
