/**
 * What a certificate says (RFC 5280, section 4). All of it is read at once: one that cannot be read to its end counts as
 * nothing. Whether any of it is true is for `chain.ts` and `verify.ts` to say.
 */
import { type KeyObject, X509Certificate } from 'node:crypto'
import {
  type Der,
  type Fields,
  fields,
  only,
  readBits,
  readDer,
  reading,
  readInteger,
  readTime,
  tags,
  Unreadable,
} from './der.ts'
import { type Extensions, readExtensionList, readExtensions } from './extensions.ts'
import { type Name, readName } from './names.ts'
import { type Algorithm, readAlgorithm } from './strength.ts'

export type Certificate = {
  readonly der: Buffer
  readonly x509: X509Certificate
  readonly key: KeyObject
  /** the subject's public key as OCSP takes its hash: without algorithm */
  readonly keyBits: Buffer
  /** 1, 2 or 3 */
  readonly version: number
  /** lower-case hexadecimal, without leading zeros */
  readonly serialNumber: string
  readonly serial: Der
  readonly subject: Name
  readonly issuer: Name
  /** ms, included */
  readonly startsAt: number
  /** ms, included */
  readonly endsAt: number
  readonly signatureAlgorithm: Algorithm
  readonly extensions: Extensions
}

/** @returns undefined for what is not exactly one certificate in DER */
export function readCertificate(der: Buffer): Certificate | undefined {
  const x509 = parseX509(der)
  return x509 && reading(() => readParts(der, x509))
}

/** OpenSSL reads it too: its key and the check of its signature are from there. */
function parseX509(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

function readParts(der: Buffer, x509: X509Certificate): Certificate {
  const outer = fields(readDer(der))
  const inner = fields(outer.next(tags.sequence))
  const signatureAlgorithm = readAlgorithm(outer.next())
  readBits(outer.next(), { whole: true })
  outer.end()

  const version = readVersion(inner)
  const serial = inner.next(tags.integer)
  // RFC 5280, section 4.1.1.2: only the inner one is covered by the signature.
  if (!inner.next().whole.equals(signatureAlgorithm.der)) throw new Unreadable('two signature algorithms')
  const issuer = readName(inner.next())
  const validity = fields(inner.next())
  const startsAt = readTime(validity.next())
  const endsAt = readTime(validity.next())
  validity.end()
  const subject = readName(inner.next())
  const keyInfo = fields(inner.next())
  keyInfo.next(tags.sequence)
  const keyBits = readBits(keyInfo.next(), { whole: true })
  keyInfo.end()
  inner.optional(0x81)
  inner.optional(0x82)
  const found = inner.optional(0xa3)
  inner.end()

  return {
    der,
    x509,
    key: readKey(x509),
    keyBits,
    version,
    serialNumber: readInteger(serial).toString(16),
    serial,
    subject,
    issuer,
    startsAt,
    endsAt,
    signatureAlgorithm,
    extensions: readExtensions(found ? readExtensionList(only(found)) : []),
  }
}

function readVersion(inner: Fields): number {
  const tagged = inner.optional(0xa0)
  return tagged ? Number(readInteger(only(tagged))) + 1 : 1
}

/** OpenSSL reads a key only when it is asked for, and knows fewer than there are. */
function readKey(x509: X509Certificate): KeyObject {
  try {
    return x509.publicKey
  } catch {
    throw new Unreadable('key')
  }
}
