/** Which keys and signatures are strong enough, and whether a signature is right. The arithmetic is OpenSSL's. */
import { constants, type KeyObject, verify } from 'node:crypto'
import { type Der, fields, only, readObjectIdentifier, tags } from './der.ts'

/** An AlgorithmIdentifier. */
export type Algorithm = {
  /** dotted */
  readonly type: string
  readonly parameters: Der | undefined
  readonly der: Buffer
}

/** @throws Unreadable */
export function readAlgorithm(der: Der): Algorithm {
  const field = fields(der)
  const type = readObjectIdentifier(field.next(tags.objectIdentifier))
  const parameters = field.optional(tags.null, tags.sequence)
  field.end()
  return { type, parameters, der: der.whole }
}

const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/** RSA from 2048 bits with an odd exponent above 1, or ECDSA on P-256, P-384 or P-521. */
export function isStrongKey({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = asymmetricKeyDetails
  switch (asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return modulusLength >= 2048 && publicExponent > 1n && publicExponent % 2n === 1n
    case 'ec':
      return curves.has(namedCurve)
    default:
      return false
  }
}

type Scheme = { readonly key: 'rsa' | 'ec'; readonly hash: string; readonly padding?: number }

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants

/** RFC 4055, section 5, and RFC 5758, section 3.2: those with SHA-256 or longer. Others do not count. */
const schemes: ReadonlyMap<string, Scheme> = new Map([
  ['1.2.840.113549.1.1.11', { key: 'rsa', hash: 'sha256', padding: RSA_PKCS1_PADDING }],
  ['1.2.840.113549.1.1.12', { key: 'rsa', hash: 'sha384', padding: RSA_PKCS1_PADDING }],
  ['1.2.840.113549.1.1.13', { key: 'rsa', hash: 'sha512', padding: RSA_PKCS1_PADDING }],
  ['1.2.840.10045.4.3.2', { key: 'ec', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { key: 'ec', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { key: 'ec', hash: 'sha512' }],
])

const rsaPss = '1.2.840.113549.1.1.10'

const hashes: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])

export const isStrongSignature = (algorithm: Algorithm): boolean => schemeOf(algorithm) !== undefined

function schemeOf({ type, parameters }: Algorithm): Scheme | undefined {
  if (type !== rsaPss) return schemes.get(type)
  // RFC 4055, section 3.1: where no hash is named it is SHA-1.
  const named = parameters && fields(parameters).optional(0xa0)
  const hash = named && hashes.get(readAlgorithm(only(named)).type)
  return hash === undefined ? undefined : { key: 'rsa', hash, padding: RSA_PKCS1_PSS_PADDING }
}

export type Signed = {
  /** what was signed */
  readonly content: Buffer
  readonly algorithm: Algorithm
  readonly signature: Buffer
}

/** False for a right signature of a weak kind as well. @throws Unreadable */
export function isSignedBy({ content, algorithm, signature }: Signed, key: KeyObject): boolean {
  const scheme = schemeOf(algorithm)
  const kind = key.asymmetricKeyType === 'rsa-pss' ? 'rsa' : key.asymmetricKeyType
  if (!scheme || kind !== scheme.key) return false
  const { hash, padding } = scheme
  return verify(hash, content, padding === undefined ? key : { key, padding }, signature)
}
