/** Whether a certificate of the institution's is one to sign in with, by what it says and by how strong it is. */
import type { Certificate } from './certificate.ts'
import { hasUnknownCritical } from './chain.ts'
import { purposes } from './extensions.ts'
import { isStrongKey, isStrongSignature } from './strength.ts'

export type Unfitness =
  | 'version'
  | 'authority'
  | 'key-usage'
  | 'purpose'
  | 'weak-key'
  | 'weak-signature'
  | 'critical-extension'
  | 'no-subject'

/**
 * RFC 5280, sections 4.2.1.3 and 4.2.1.12. The purpose must be named, although the RFC lets one without any serve for all:
 * the same authority may issue certificates for servers or for mail, and those are kept with less care.
 */
export function unfitnessOf(certificate: Certificate): Unfitness | undefined {
  const { version, subject, key, signatureAlgorithm, extensions } = certificate
  const { pathLength, keyUsage, purposes: own } = extensions
  if (version !== 3) return 'version'
  if (pathLength !== undefined) return 'authority'
  if (keyUsage && !keyUsage.has('digitalSignature')) return 'key-usage'
  if (!own?.has(purposes.clientAuthentication)) return 'purpose'
  if (!isStrongKey(key)) return 'weak-key'
  if (!isStrongSignature(signatureAlgorithm)) return 'weak-signature'
  if (hasUnknownCritical(certificate)) return 'critical-extension'
  // To the bank all of those would be one and the same customer.
  if (subject.parts.length === 0) return 'no-subject'
  return undefined
}
