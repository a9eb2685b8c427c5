/** The public keys of a client (RFC 7517): readable, strong, each with its own name, and nothing private among them. */
import { createPublicKey, type JsonWebKeyInput, X509Certificate } from 'node:crypto'

type Jwk = Readonly<Record<string, unknown>>

/** The parts of a private key, or a key that is one altogether (RFC 7518, section 6). */
const privateParts = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** What is wrong with a set of keys, in words for whoever registers it; undefined when nothing is. */
export function faultOfKeys(keys: readonly Jwk[]): string | undefined {
  if (keys.some((key) => privateParts.some((part) => Object.hasOwn(key, part))))
    return 'must be public keys only'
  const names = keys.map(({ kid }) => kid)
  if (keys.length > 1 && (names.includes(undefined) || new Set(names).size < keys.length))
    return 'must have a kid of its own for every key'
  if (!keys.every(isWellNamed)) return 'must have text in kid, alg and use, and no use but sig'
  if (!keys.every(isStrong))
    return 'must be EC keys (P-256, P-384, P-521), Ed25519 keys or RSA keys of 2048 bits or more'
  if (!keys.every(hasOwnCertificate)) return 'must have in x5c the certificate of the very key'
  return undefined
}

/** Whether one of the keys can authenticate a client by its self-signed certificate (RFC 8705, section 2.2.2). */
export const haveCertificate = (keys: readonly Jwk[]): boolean => keys.some(({ x5c }) => x5c !== undefined)

function isWellNamed({ kid, alg, use }: Jwk): boolean {
  const isTextOrMissing = (one: unknown) => one === undefined || typeof one === 'string'
  return [kid, alg, use].every(isTextOrMissing) && (use === undefined || use === 'sig')
}

/** The curves of RFC 7518, section 6.2.1.1. */
const curves = ['prime256v1', 'secp384r1', 'secp521r1']

function isStrong(key: Jwk): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey(key) ?? {}
  if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
  if (asymmetricKeyType === 'ec') return curves.includes(asymmetricKeyDetails?.namedCurve ?? '')
  return asymmetricKeyType === 'ed25519'
}

function hasOwnCertificate(key: Jwk): boolean {
  const { x5c } = key
  if (x5c === undefined) return true
  const first: unknown = Array.isArray(x5c) ? x5c[0] : undefined
  if (typeof first !== 'string') return false
  try {
    const ofCertificate = new X509Certificate(Buffer.from(first, 'base64')).publicKey
    return publicKey(key)?.equals(ofCertificate) ?? false
  } catch {
    return false
  }
}

function publicKey(key: Jwk) {
  try {
    return createPublicKey({ key: key as JsonWebKeyInput['key'], format: 'jwk' })
  } catch {
    return undefined
  }
}
