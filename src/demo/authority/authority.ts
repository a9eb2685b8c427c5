/** Makes authorities and certificates (RFC 5280) for the demo and for tests; a real institution has its own authority. */
import { randomBytes, X509Certificate } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { readCertificate } from '../../certificate/certificate.ts'
import { reading, tags, Unreadable } from '../../certificate/der.ts'
import { writeDer, writeInteger, writeSequence, writeTime } from '../../certificate/der-writing.ts'
import {
  alternativeName,
  authorityKeyId,
  distributionPoint,
  extension,
  purposes,
  subjectKeyId,
} from './extensions.ts'
import { type Keys, signed } from './keys.ts'
import { type Name, nameOf } from './names.ts'

export type Authority = { readonly certificate: X509Certificate; readonly keys: Keys }

/** From when until when, in ms; fractions of a second are dropped. */
type Life = { readonly from: number; readonly until: number }

/**
 * An authority that vouches for itself.
 * @param root.servers where it shall vouch for no others: DNS names, with all below them, and IPv4 addresses
 */
export function makeRoot(
  root: Life & { readonly name: Name; readonly keys: Keys; readonly servers?: readonly string[] },
): Authority {
  const { keys, servers } = root
  const name = nameOf(root.name)
  const extensions = [
    ...purposes.authority(undefined),
    ...(servers ? [extension(nameConstraints, limitsOf(servers), 'critical')] : []),
    subjectKeyId(keys),
  ]
  return { keys, certificate: certify({ ...root, issuer: name, subject: name, signer: keys, extensions }) }
}

const nameConstraints = '2.5.29.30'

/**
 * RFC 5280, section 4.2.1.10: what has no entry is free, so there is one for every kind of name that browsers and mail
 * programs go by. Whoever is named, customers and servers, is in Japan.
 */
function limitsOf(servers: readonly string[]): Buffer {
  const named = servers.map((name) => (isIPv4(name) ? alternativeAddress(name) : alternativeName(name)))
  const bases = [
    ...named,
    alternativeAddress('127.0.0.1'),
    writeDer(0x81, Buffer.from('localhost')),
    writeDer(0xa4, nameOf([['C', 'JP']])),
  ]
  return writeSequence(writeDer(0xa0, ...bases.map((base) => writeSequence(base))))
}

/** One address: all of its bits count. */
const alternativeAddress = (name: string): Buffer =>
  writeDer(0x87, Uint8Array.from(name.split('.'), Number), Buffer.alloc(4, 0xff))

/** What the root vouches for: `none` was said, or exactly these servers, or others. */
export function limitedTo(root: X509Certificate, servers: readonly string[]): 'none' | 'these' | 'others' {
  const limits = readCertificate(root.raw)?.extensions.nameConstraints
  if (!limits) return 'none'
  const found = writeSequence(writeDer(0xa0, ...limits.permitted.map(({ whole }) => writeSequence(whole))))
  return limits.excluded.length === 0 && found.equals(limitsOf(servers)) ? 'these' : 'others'
}

export function issue({
  issuer,
  ...wish
}: Life & {
  readonly issuer: Authority
  readonly subject: Name
  readonly keys: Pick<Keys, 'publicKey'>
  readonly kind: keyof typeof purposes
  /** DNS names and IPv4 addresses, of servers */
  readonly names?: readonly string[]
  /** how many authorities may stand below this one */
  readonly pathLength?: number
  /** where the issuer publishes its revocation list */
  readonly crlUrl?: string
}): X509Certificate {
  const { names, crlUrl } = wish
  return certify({
    ...wish,
    issuer: subjectOf(issuer.certificate),
    subject: nameOf(wish.subject),
    signer: issuer.keys,
    extensions: [
      ...purposes[wish.kind](wish.pathLength),
      subjectKeyId(wish.keys),
      authorityKeyId(issuer.keys),
      ...(names ? [extension('2.5.29.17', writeSequence(...names.map(alternativeName)))] : []),
      ...(crlUrl ? [extension('2.5.29.31', writeSequence(distributionPoint(crlUrl)))] : []),
    ],
  })
}

/** The fields in the order of RFC 5280, section 4.1. */
function certify(
  one: Life & {
    readonly issuer: Buffer
    readonly subject: Buffer
    readonly keys: Pick<Keys, 'publicKey'>
    readonly signer: Keys
    readonly extensions: readonly Buffer[]
  },
): X509Certificate {
  const der = signed(one.signer, (algorithm) => [
    writeDer(0xa0, writeInteger(2)),
    serialNumber(),
    algorithm,
    one.issuer,
    writeSequence(writeTime(one.from), writeTime(one.until)),
    one.subject,
    one.keys.publicKey.export({ type: 'spki', format: 'der' }),
    writeDer(0xa3, writeSequence(...one.extensions)),
  ])
  return new X509Certificate(der)
}

/** Positive, and of 16 bytes always. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return writeDer(tags.integer, bytes)
}

export const isNamed = (certificate: X509Certificate, name: Name): boolean =>
  reading(() => subjectOf(certificate))?.equals(nameOf(name)) ?? false

/** Byte for byte as the certificate has it. @throws Unreadable */
export function subjectOf({ raw }: X509Certificate): Buffer {
  const certificate = readCertificate(raw)
  if (!certificate) throw new Unreadable('certificate')
  return certificate.subject.der
}
