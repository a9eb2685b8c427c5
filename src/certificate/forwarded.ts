/**
 * The client certificate as a TLS-terminating proxy forwards it: one header, in the one format that is configured, read
 * strictly. Who may send it, and where, is decided by `trust.ts`; whether the certificate counts, by `verify.ts`.
 */
import { createHash, X509Certificate } from 'node:crypto'
import type { Result } from '../errors.ts'

export const certificateFormats = ['nginx', 'rfc9440', 'envoy'] as const
export type CertificateFormat = (typeof certificateFormats)[number]

/** The header of each format, in lower case. */
export const headerOf: Readonly<Record<CertificateFormat, string>> = {
  nginx: 'x-ssl-client-cert',
  rfc9440: 'client-cert',
  envoy: 'x-forwarded-client-cert',
}

/** Every header that says something about a client certificate: what does not belong where it stands is refused. */
const allHeaders: ReadonlySet<string> = new Set([...Object.values(headerOf), 'client-cert-chain'])

/** What somebody would send who has a certificate but not its key: a header of each format, for the doctor. */
export function forwardingHeaders(der: Buffer): readonly (readonly [name: string, value: string])[] {
  const body = der.toString('base64').replace(/.{1,64}/g, '$&\n')
  const pem = encodeURIComponent(`-----BEGIN CERTIFICATE-----\n${body}-----END CERTIFICATE-----\n`)
  return [
    [headerOf.nginx, pem],
    [headerOf.rfc9440, `:${der.toString('base64')}:`],
    [headerOf.envoy, `Hash=${sha256Hex(der)};Cert="${pem}"`],
  ]
}

export type ForwardingFault =
  | 'header-repeated'
  | 'header-of-another-format'
  | 'header-too-long'
  | 'header-malformed'
  | 'not-a-certificate'

/**
 * The headers about client certificates in a request, names in lower case. Some programs take `_` for `-`, so a proxy may
 * have let such a name through: it is listed as it was written, and is never the configured one.
 * @param rawHeaders names and values in turn, as Node gives them
 */
export function certificateHeaders(
  rawHeaders: readonly string[],
): readonly { readonly name: string; readonly value: string }[] {
  const found: { name: string; value: string }[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    if (allHeaders.has(name.replaceAll('_', '-'))) found.push({ name, value: rawHeaders[at + 1] ?? '' })
  }
  return found
}

/** Of one header; a certificate of 6 kB still fits in the longest of the formats. */
const mostCharacters = 12_000

/**
 * @returns the certificate's DER, or null when the customer presented none
 */
export function readForwarded(
  rawHeaders: readonly string[],
  format: CertificateFormat,
): Result<Buffer | null, { readonly reason: ForwardingFault }> {
  const [header, ...more] = certificateHeaders(rawHeaders)
  if (!header) return { ok: true, value: null }
  if ([header, ...more].some(({ name }) => name !== headerOf[format]))
    return fault('header-of-another-format')
  if (more.length > 0) return fault('header-repeated')
  const { value } = header
  if (value.length > mostCharacters) return fault('header-too-long')
  const der = readers[format](value)
  if (!der) return fault('header-malformed')
  return isCertificate(der) ? { ok: true, value: der } : fault('not-a-certificate')
}

const readers: Readonly<Record<CertificateFormat, (value: string) => Buffer | undefined>> = {
  nginx: fromEscapedPem,
  rfc9440: fromByteSequence,
  envoy: fromXfcc,
}

const fault = (reason: ForwardingFault) => ({ ok: false, reason }) as const

/** `$ssl_client_escaped_cert` of nginx: one PEM block, percent-encoded. */
function fromEscapedPem(value: string): Buffer | undefined {
  if (!/^[\w.~%-]+$/.test(value)) return undefined
  const pem = decoded(value)
  const body = /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)\n-----END CERTIFICATE-----\n?$/.exec(
    pem,
  )?.[1]
  return body === undefined ? undefined : fromBase64(body.replaceAll('\n', ''))
}

/** A Byte Sequence item without parameters (RFC 9440, section 2.1; RFC 8941, section 3.3.5). */
function fromByteSequence(value: string): Buffer | undefined {
  const body = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(value)?.[1]
  return body === undefined ? undefined : fromBase64(body)
}

/**
 * `x-forwarded-client-cert` of Envoy, written with SANITIZE_SET and `cert: true`: one element, because a second one would
 * be another proxy's word, with the certificate as percent-encoded PEM and, when it is there, a hash that must fit.
 */
function fromXfcc(value: string): Buffer | undefined {
  const pairs = value.match(/[A-Za-z]+=(?:"(?:[^"\\]|\\.)*"|[^",;]*)/g) ?? []
  if (pairs.join(';') !== value) return undefined
  const fields = new Map<string, string>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).toLowerCase()
    // One certificate may have several names of a kind; everything else stands once.
    if (fields.has(name) && name !== 'uri' && name !== 'dns') return undefined
    if (!knownFields.has(name)) return undefined
    fields.set(name, pair.slice(at + 1).replace(/^"(.*)"$/, '$1'))
  }
  const der = fromEscapedPem(fields.get('cert') ?? '')
  const hash = fields.get('hash')
  if (!der || (hash !== undefined && hash.toLowerCase() !== sha256Hex(der))) return undefined
  return der
}

const knownFields: ReadonlySet<string> = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns'])

const sha256Hex = (der: Buffer): string => createHash('sha256').update(der).digest('hex')

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** Node skips what is not base64; only what it writes the same way again was base64. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined
}

/** One whole certificate and nothing behind it. */
function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.equals(der)
  } catch {
    return false
  }
}
