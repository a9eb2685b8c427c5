/** How a responder is asked about a certificate (RFC 6960, section 4.1), and how certificates are named in it. */
import { createHash } from 'node:crypto'
import type { Certificate } from './certificate.ts'
import { type Der, fields, tags } from './der.ts'
import { writeDer } from './der-writing.ts'
import { readAlgorithm } from './strength.ts'

/** By SHA-1: it is what every responder knows (RFC 5019, section 2.1.1), and nothing is proven by it. */
export type CertificateId = {
  readonly issuerNameHash: Buffer
  readonly issuerKeyHash: Buffer
  /** content of the INTEGER */
  readonly serial: Buffer
}

export const sha1 = (bytes: Buffer): Buffer => createHash('sha1').update(bytes).digest()

const sha1Type = '1.3.14.3.2.26'
const encodedSha1 = Buffer.from('300906052b0e03021a0500', 'hex')

export const nonceType = '1.3.6.1.5.5.7.48.1.2'
const encodedNonceType = Buffer.from('06092b0601050507300102', 'hex')

/** @param serial content of the INTEGER */
export const idOf = (serial: Buffer, issuer: Certificate): CertificateId => ({
  issuerNameHash: sha1(issuer.subject.der),
  issuerKeyHash: sha1(issuer.keyBits),
  serial,
})

/** @param nonce an encoded OCTET STRING (RFC 8954) */
export function writeQuestion(
  { issuerNameHash, issuerKeyHash, serial }: CertificateId,
  nonce: Buffer,
): Buffer {
  const sequence = (...contents: readonly Buffer[]) => writeDer(tags.sequence, ...contents)
  const octets = (content: Buffer) => writeDer(tags.octetString, content)
  const integer = writeDer(tags.integer, serial)
  const request = sequence(sequence(encodedSha1, octets(issuerNameHash), octets(issuerKeyHash), integer))
  const extensions = sequence(sequence(encodedNonceType, octets(nonce)))
  return sequence(sequence(sequence(request), writeDer(0xa2, extensions)))
}

/** @returns undefined where another hash is used than the one we asked with */
export function readId(der: Der): CertificateId | undefined {
  const field = fields(der)
  const { type } = readAlgorithm(field.next())
  const issuerNameHash = field.next(tags.octetString).content
  const issuerKeyHash = field.next(tags.octetString).content
  const serial = field.next(tags.integer).content
  field.end()
  return type === sha1Type ? { issuerNameHash, issuerKeyHash, serial } : undefined
}

export const writeId = ({ issuerNameHash, issuerKeyHash, serial }: CertificateId): string =>
  [issuerNameHash, issuerKeyHash, serial].map((part) => part.toString('hex')).join(' ')
