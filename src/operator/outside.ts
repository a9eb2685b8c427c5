/** What the doctor sees through the proxy, as customers and attackers do. */
import { randomBytes } from 'node:crypto'
import { forwardingHeaders } from '../certificate/forwarded.ts'
import { certificateAddress, hasFreshHosts } from '../certificate/hosts.ts'
import type { CertificateTickets } from '../certificate/tickets.ts'
import { type Clock, days } from '../clock.ts'
import type { Settings } from '../settings.ts'
import { type Check, failure, ok, type Outcome, skipped, warning } from './check.ts'
import type { Probe } from './probe.ts'

export type Outside = {
  readonly settings: Settings
  readonly probe: Probe
  /** to read what the certificate origin made of a forged header */
  readonly tickets: CertificateTickets
  /** a certificate that is public, such as an authority's, to forge headers with */
  readonly publicCertificate: Buffer | undefined
  readonly clock: Clock
}

export function outsideChecks(parts: Outside): readonly Check[] {
  return [
    { name: 'issuer', run: () => issuer(parts) },
    { name: 'clock', run: () => serviceClock(parts) },
    { name: 'tls', run: () => tls(parts, parts.settings.publicUrl) },
    { name: 'tls certificate', run: () => tlsCertificate(parts, parts.settings.publicUrl) },
    { name: 'headers', run: () => headers(parts) },
    { name: 'cookies', run: () => cookies(parts) },
    { name: 'main origin asks', run: () => mainOriginAsks(parts) },
    { name: 'main origin forged', run: () => mainOriginForged(parts) },
    { name: 'certificate origin', run: () => certificateOrigin(parts) },
    { name: 'certificate tls', run: () => onCertificateOrigin(parts, (origin) => tls(parts, origin)) },
    {
      name: 'certificate tls name',
      run: () => onCertificateOrigin(parts, (origin) => tlsCertificate(parts, origin)),
    },
    { name: 'certificate forged', run: () => certificateOriginForged(parts) },
  ]
}

async function issuer({ settings: { publicUrl }, probe }: Outside): Promise<Outcome> {
  const { status, body } = await probe.get(publicUrl, '/.well-known/openid-configuration')
  if (status !== 200) return failure(`discovery answers ${status}`)
  const named = (JSON.parse(body) as { issuer?: unknown }).issuer
  return named === publicUrl
    ? ok(publicUrl)
    : failure(`discovery says ${String(named)}, PUBLIC_URL is ${publicUrl}`)
}

async function serviceClock({ settings: { publicUrl }, probe, clock }: Outside): Promise<Outcome> {
  const { headers: got } = await probe.get(publicUrl, '/healthz')
  if (!got.date) return skipped('the answer carries no Date')
  const skew = Date.parse(got.date) - clock()
  // The header has whole seconds.
  return Math.abs(skew) > 3000
    ? failure(
        `differs from this machine's by ${Math.round(skew / 1000)} s: tokens and tickets will be refused`,
      )
    : ok('within 3 s of this machine')
}

export async function tls({ probe }: Outside, origin: string): Promise<Outcome> {
  if (!origin.startsWith('https:')) return plain(origin)
  const old = await probe.handshake(origin, {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT:@SECLEVEL=0',
  })
  if (old) return failure(`accepts ${old.protocol}`)
  const weak = await probe.handshake(origin, { maxVersion: 'TLSv1.2', ciphers: allButRecommended })
  if (weak) return failure('accepts TLS 1.2 with suites other than ECDHE and GCM: CBC, or no forward secrecy')
  const modern = await probe.handshake(origin)
  if (!modern) return failure('no TLS handshake succeeds')
  return modern.protocol === 'TLSv1.3'
    ? ok('TLS 1.3; 1.1 and weak suites are refused')
    : warning(`speaks ${modern.protocol}, not TLS 1.3`)
}

/** Whatever OpenSSL knows except what is recommended for TLS 1.2 (RFC 9325, section 4.2). */
const allButRecommended = [
  'ALL:COMPLEMENTOFALL',
  '!ECDHE-ECDSA-AES128-GCM-SHA256:!ECDHE-RSA-AES128-GCM-SHA256',
  '!ECDHE-ECDSA-AES256-GCM-SHA384:!ECDHE-RSA-AES256-GCM-SHA384',
  '@SECLEVEL=0',
].join(':')

export async function tlsCertificate({ probe, clock }: Outside, origin: string): Promise<Outcome> {
  if (!origin.startsWith('https:')) return plain(origin)
  const shaken = await probe.handshake(origin)
  if (!shaken) return failure('no TLS handshake succeeds')
  if (!shaken.trusted) return failure('its certificate is not trusted for this name (see --ca)')
  const left = Math.floor((Date.parse(shaken.certificate.valid_to) - clock()) / days(1))
  return left < 14
    ? warning(`its certificate ends in ${left} days`)
    : ok(`its certificate ends in ${left} days`)
}

const plain = (origin: string) =>
  new URL(origin).hostname === 'localhost' ? skipped('plain http on this machine') : failure('is not https')

async function headers({ settings: { publicUrl }, probe }: Outside): Promise<Outcome> {
  const { headers: got } = await probe.get(publicUrl, '/journey/doctor/sign-in')
  const missing = [
    'content-security-policy',
    'x-content-type-options',
    'cache-control',
    'referrer-policy',
  ].filter((name) => !got[name])
  if (missing.length > 0) return failure(`the proxy takes away: ${missing.join(', ')}`)
  if (!publicUrl.startsWith('https:')) return ok('complete; no HSTS on plain http')
  const hsts = got['strict-transport-security'] ?? ''
  if (hsts.includes(',')) return warning('Strict-Transport-Security is sent twice')
  return hsts ? ok('complete, with HSTS') : failure('Strict-Transport-Security is missing')
}

/** The language cookie is set on every journey's address, whether the journey is known or not. */
async function cookies({ settings: { publicUrl }, probe }: Outside): Promise<Outcome> {
  const { headers: got } = await probe.get(publicUrl, '/journey/doctor/sign-in?lang=ja')
  const [cookie = ''] = got['set-cookie'] ?? []
  if (!/; *httponly/i.test(cookie) || !/; *samesite=lax/i.test(cookie))
    return failure('a cookie lost HttpOnly or SameSite on its way')
  if (!publicUrl.startsWith('https:')) return ok('HttpOnly and SameSite; no Secure on plain http')
  return /; *secure/i.test(cookie) ? ok('Secure, HttpOnly, SameSite') : failure('cookies are not Secure')
}

async function mainOriginAsks({ settings: { publicUrl }, probe }: Outside): Promise<Outcome> {
  if (!publicUrl.startsWith('https:')) return plain(publicUrl)
  const asks = await probe.asksForCertificate(publicUrl)
  if (asks === undefined) return skipped('TLS 1.2 is off, so it cannot be seen')
  return asks
    ? failure('asks every customer for a certificate; ask on the certificate origin only')
    : ok('asks nobody for a certificate')
}

/** Stripped by the proxy (200) or refused by the application (403): both are right; what counts is that it says nothing else. */
async function mainOriginForged(parts: Outside): Promise<Outcome> {
  const { settings, probe } = parts
  const statuses = await Promise.all(
    forged(parts).map(async (header) => (await probe.get(settings.publicUrl, '/healthz', header)).status),
  )
  const odd = statuses.filter((status) => status !== 200 && status !== 403)
  return odd.length > 0
    ? warning(`a forged header is answered with ${odd[0]}`)
    : ok('forged headers do not get through')
}

async function onCertificateOrigin(
  { settings: { certificate } }: Outside,
  check: (origin: string) => Promise<Outcome>,
): Promise<Outcome> {
  if (!certificate) return skipped('no sign-in by certificate')
  return check(new URL(certificateAddress(certificate, 'doctor')).origin)
}

async function certificateOrigin(parts: Outside): Promise<Outcome> {
  return onCertificateOrigin(parts, async (origin) => {
    const { probe, settings } = parts
    const asks = await probe.asksForCertificate(origin)
    if (asks === false) return failure('does not ask for a certificate')
    const shaken = await probe.handshake(origin, { ALPNProtocols: ['h2', 'http/1.1'] })
    if (shaken?.alpn === 'h2')
      return failure('offers HTTP/2: browsers reuse such a connection for other hosts and do not ask again')
    const { status, headers: got } = await probe.get(origin, `/certificate/${anyUid()}`)
    if (status !== 303)
      return failure(`answers ${status}: is the proxy listed, with its secret and the right Host?`)
    if (!got.location?.startsWith(`${settings.publicUrl}/journey/`)) return failure('leads somewhere else')
    return settings.certificate && hasFreshHosts(settings.certificate)
      ? ok('asks, answers without one, and has a fresh host for every attempt')
      : warning('has one host only: a customer who chose wrongly must close his browser to choose again')
  })
}

/** The certificate of somebody, sent by somebody who has not got its key. */
async function certificateOriginForged(parts: Outside): Promise<Outcome> {
  return onCertificateOrigin(parts, async (origin) => {
    if (!parts.publicCertificate) return skipped('no certificate to forge with')
    for (const header of forged(parts)) {
      const uid = anyUid()
      const { status, headers: got } = await parts.probe.get(origin, `/certificate/${uid}`, header)
      if (status === 403) continue
      const ticket = new URL(got.location ?? '/', origin).searchParams.get('ticket') ?? ''
      const answer = await parts.tickets.redeem(ticket, uid)
      if (!answer) return failure('the answer cannot be read: is this the same MASTER_KEY_FILE and database?')
      if (!('problem' in answer) || answer.problem !== 'certificate-missing')
        return failure(
          `${Object.keys(header)[0]} from outside is believed: the proxy must overwrite or remove it`,
        )
    }
    return ok('forged headers do not get through')
  })
}

const anyUid = (): string => `doctor-${randomBytes(9).toString('base64url')}`

function forged({ publicCertificate }: Outside): Readonly<Record<string, string>>[] {
  return forwardingHeaders(publicCertificate ?? Buffer.from('x')).flatMap(([name, value]) => [
    { [name]: value },
    { [name.replaceAll('-', '_')]: value },
  ])
}
