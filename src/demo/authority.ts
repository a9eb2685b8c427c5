/** Makes keys, certificates and revocation lists (RFC 5280) for the demo and for tests; a real institution has its own authority. */
import { createHash, generateKeyPair, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { promisify } from 'node:util'
import { readCertificate } from '../certificate/certificate.ts'
import {
  elements,
  fields,
  only,
  readDer,
  reading,
  readInteger,
  readTime,
  tags,
  Unreadable,
  writeBits,
  writeDer,
  writeInteger,
  writeObjectIdentifier,
  writeOctets,
  writeSequence,
  writeTime,
  writeTyped,
} from '../certificate/der.ts'
import { readExtensionList } from '../certificate/extensions.ts'
import { readPem } from '../certificate/pem.ts'

/** A distinguished name in the order of its DER, the reverse of its RFC 4514 string. */
export type Name = readonly (readonly [keyof typeof attributes, string])[]

export type Keys = { readonly privateKey: KeyObject; readonly publicKey: KeyObject }

export type Authority = { readonly certificate: X509Certificate; readonly keys: Keys }

/** From when until when, in ms; fractions of a second are dropped. */
type Life = { readonly from: number; readonly until: number }

/** Who signs the certificates of the demo bank's customers. */
export const customerAuthority: Name = [
  ['C', 'JP'],
  ['O', 'Mihon Credit Union (demo)'],
  ['CN', 'Mihon Demo Customer CA'],
]

/** Whom a customer's certificate names; as RFC 4514 string `UID=mihon07,CN=汐崎 渚,O=株式会社しおさい水産,C=JP`. */
export const customerSubject = (customer: {
  readonly companyName: string
  readonly userName: string
  readonly loginId: string
}): Name => [
  ['C', 'JP'],
  ['O', customer.companyName],
  ['CN', customer.userName],
  ['UID', customer.loginId],
]

export type KeyKind = 'rsa-2048' | 'ec-p256'

export async function makeKeys(kind: KeyKind): Promise<Keys> {
  const generate = promisify(generateKeyPair)
  return kind === 'rsa-2048'
    ? await generate('rsa', { modulusLength: 2048 })
    : await generate('ec', { namedCurve: 'P-256' })
}

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

const listNumber = '2.5.29.20'

/** `serialNumber` in hexadecimal, `at` in ms. */
export type Revoked = { readonly serialNumber: string; readonly at: number }

/** @returns DER; times are in ms, and `number` must grow from list to list of one issuer */
export function makeRevocationList(list: {
  readonly issuer: Authority
  readonly revoked: readonly Revoked[]
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly number: number
}): Buffer {
  const { certificate, keys } = list.issuer
  const revoked = list.revoked.map(({ serialNumber, at }) =>
    writeSequence(writeInteger(BigInt(`0x${serialNumber}`)), writeTime(at)),
  )
  return signed(keys, (algorithm) => [
    writeInteger(1),
    algorithm,
    subjectOf(certificate),
    writeTime(list.thisUpdate),
    writeTime(list.nextUpdate),
    // a list of nobody has to leave the field out
    ...(revoked.length > 0 ? [writeSequence(...revoked)] : []),
    writeDer(0xa0, writeSequence(authorityKeyId(keys), extension(listNumber, writeInteger(list.number)))),
  ])
}

/**
 * Reads what `makeRevocationList` wrote. The reader that sign-in goes by does not fit: it takes no list that has ended, and
 * does not tell since when somebody is on it.
 * @throws Unreadable
 */
export function readRevocationList(pem: Buffer): {
  readonly number: number
  readonly revoked: readonly Revoked[]
} {
  const [list] = readPem(pem.toString(), 'X509 CRL')
  if (!list) throw new Unreadable('no list')
  const content = fields(fields(readDer(list)).next())
  // version, algorithm, issuer and two times
  for (let skipped = 0; skipped < 5; skipped++) content.next()
  const entries = content.optional(tags.sequence)
  const extensions = readExtensionList(only(content.next(0xa0)))
  const number = extensions.find(({ type }) => type === listNumber)
  return {
    number: number ? Number(readInteger(readDer(number.value.content))) : 0,
    revoked: (entries ? elements(entries) : []).map((entry) => {
      const field = fields(entry)
      return { serialNumber: readInteger(field.next()).toString(16), at: readTime(field.next()) }
    }),
  }
}

export const keyPem = ({ privateKey }: Keys): string =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

export const revocationListPem = (der: Buffer): string =>
  `-----BEGIN X509 CRL-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END X509 CRL-----\n`

const endEntity = (purpose: string): readonly Buffer[] => [
  extension('2.5.29.19', writeSequence(), 'critical'),
  // digitalSignature
  extension('2.5.29.15', writeBits(Uint8Array.of(0x80), 7), 'critical'),
  extension('2.5.29.37', writeSequence(writeObjectIdentifier(purpose))),
]

/** What a certificate is for, in extensions. */
const purposes = {
  customer: () => endEntity('1.3.6.1.5.5.7.3.2'),
  server: () => endEntity('1.3.6.1.5.5.7.3.1'),
  authority(pathLength: number | undefined) {
    const limit = pathLength === undefined ? [] : [writeInteger(pathLength)]
    return [
      extension('2.5.29.19', writeSequence(yes, ...limit), 'critical'),
      // keyCertSign and cRLSign
      extension('2.5.29.15', writeBits(Uint8Array.of(0x06), 1), 'critical'),
    ]
  },
} as const satisfies Record<string, (pathLength: number | undefined) => readonly Buffer[]>

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

/** A signature with SHA-256 over the fields, in the frame that certificates and lists share. */
function signed({ privateKey }: Keys, contents: (algorithm: Buffer) => readonly Buffer[]): Buffer {
  const algorithm =
    privateKey.asymmetricKeyType === 'rsa'
      ? writeTyped('1.2.840.113549.1.1.11', writeDer(tags.null))
      : writeTyped('1.2.840.10045.4.3.2')
  const content = writeSequence(...contents(algorithm))
  return writeSequence(content, algorithm, writeBits(sign('sha256', content, privateKey)))
}

/** Positive, and of 16 bytes always. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return writeDer(tags.integer, bytes)
}

const attributes = {
  C: '2.5.4.6',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  CN: '2.5.4.3',
  UID: '0.9.2342.19200300.100.1.1',
} as const

const nameOf = (name: Name): Buffer =>
  writeSequence(
    ...name.map(([attribute, value]) => {
      const text = writeDer(attribute === 'C' ? tags.printableString : tags.utf8String, Buffer.from(value))
      return writeDer(tags.set, writeTyped(attributes[attribute], text))
    }),
  )

export const isNamed = (certificate: X509Certificate, name: Name): boolean =>
  reading(() => subjectOf(certificate))?.equals(nameOf(name)) ?? false

/** Byte for byte as the certificate has it. @throws Unreadable */
function subjectOf({ raw }: X509Certificate): Buffer {
  const certificate = readCertificate(raw)
  if (!certificate) throw new Unreadable('certificate')
  return certificate.subject.der
}

const yes = writeDer(tags.boolean, Uint8Array.of(0xff))

const extension = (id: string, value: Buffer, critical?: 'critical'): Buffer =>
  writeTyped(id, ...(critical ? [yes] : []), writeOctets(value))

const subjectKeyId = (keys: Pick<Keys, 'publicKey'>): Buffer =>
  extension('2.5.29.14', writeOctets(keyId(keys)))

const authorityKeyId = (keys: Keys): Buffer =>
  extension('2.5.29.35', writeSequence(writeDer(0x80, keyId(keys))))

/** 160 bits of a hash of the key: no more is asked of it than to be different (RFC 5280, section 4.2.1.2). */
const keyId = ({ publicKey }: Pick<Keys, 'publicKey'>): Buffer =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)

const alternativeName = (name: string): Buffer =>
  isIPv4(name) ? writeDer(0x87, Uint8Array.from(name.split('.'), Number)) : writeDer(0x82, Buffer.from(name))

const distributionPoint = (url: string): Buffer =>
  writeSequence(writeDer(0xa0, writeDer(0xa0, writeDer(0x86, Buffer.from(url)))))
