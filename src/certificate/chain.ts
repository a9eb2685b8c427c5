/**
 * Whether a certificate descends from the institution's roots (RFC 5280, section 6). Ours rather than the validation engine
 * of pkijs, which by its source and by trial looks at no path length, at no purpose of an authority and at no directory
 * name beside the subject, takes two permitted subtrees of two authorities as their union, lets an unknown critical
 * extension pass if only its value is ASN.1, and compares names so that `a` equals `a\u0001`. Signatures are checked by
 * OpenSSL. All that does not depend on the customer's certificate is settled once, at the start: the authorities are those
 * of one file, and nobody can send another.
 */
import type { Result } from '../errors.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { reading } from './der.ts'
import { extensionTypes, purposes } from './extensions.ts'
import { breaksConstraints } from './name-constraints.ts'
import { writeName } from './names.ts'
import { readPem } from './pem.ts'
import { isStrongKey, isStrongSignature } from './strength.ts'

/** From the authority that signed the certificate up to a root. */
export type Path = readonly [Certificate, ...Certificate[]]

export type Authorities = {
  readonly all: readonly Certificate[]
  readonly paths: readonly { readonly path: Path; readonly fault: PathFault | undefined }[]
  /** those by whom no certificate counts, whatever the time */
  readonly unusable: readonly { readonly authority: Certificate; readonly why: AuthorityFault }[]
}

export type PathFault =
  | 'authority-critical-extension'
  | 'authority-key-usage'
  | 'authority-purpose'
  | 'path-length'
  | 'authority-name-constraints'

export type AuthorityFault = PathFault | 'no-path-to-a-root'

/**
 * @param pem roots and intermediates in any order; a root is trusted because it signed itself and is in this file
 * @throws Error when the file holds no root, something unreadable, what is no authority, or a weak one
 */
export function readAuthorities(pem: string): Authorities {
  const blocks = reading(() => readPem(pem, 'CERTIFICATE'))
  if (!blocks) throw new Error('the authorities file is damaged')
  const all = blocks.map(readAuthority)
  if (!all.some(isRoot))
    throw new Error('the authorities file holds no root: no certificate in it signed itself')
  const paths = all
    .flatMap((authority) => pathsFrom(authority, all))
    .map((path) => ({ path, fault: faultOf(path) }))
  const unusable = all.flatMap((authority) => {
    const own = paths.filter(({ path }) => path[0] === authority)
    if (own.some(({ fault }) => !fault)) return []
    return [{ authority, why: own[0]?.fault ?? ('no-path-to-a-root' as const) }]
  })
  return { all, paths, unusable }
}

/** The authorities that may have signed a customer's certificate of today: usable, in date, and above no other one. */
export function issuersNow({ all, paths }: Authorities, now: number): readonly Certificate[] {
  const inDate = paths.filter(
    ({ path, fault }) => !fault && path.every(({ startsAt, endsAt }) => startsAt <= now && now <= endsAt),
  )
  const issuers = inDate.map(({ path }) => path[0]).filter((one) => !isAboveOthers(one, all))
  return issuers.filter((one, at) => issuers.findIndex((other) => isSameAuthority(one, other)) === at)
}

const isAboveOthers = (one: Certificate, all: readonly Certificate[]): boolean =>
  all.some((other) => !isSameAuthority(one, other) && isIssuedBy(other, one))

/** A renewed certificate of an authority has the same name and key. */
const isSameAuthority = (one: Certificate, other: Certificate): boolean =>
  one.subject.der.equals(other.subject.der) && one.keyBits.equals(other.keyBits)

function readAuthority(der: Buffer, index: number): Certificate {
  const authority = readCertificate(der)
  if (!authority) throw new Error(`the authorities file: certificate ${index + 1} cannot be read`)
  const called = `the authorities file: ${writeName(authority.subject)}`
  if (authority.version !== 3 || authority.extensions.pathLength === undefined) {
    throw new Error(`${called} is not the certificate of an authority`)
  }
  // What a root's own signature is made with does not matter: it is trusted because it is in the file.
  if (
    !isStrongKey(authority.key) ||
    !(isRoot(authority) || isStrongSignature(authority.signatureAlgorithm))
  ) {
    throw new Error(`${called} has a weak key or signature`)
  }
  return authority
}

const isRoot = (one: Certificate): boolean => isSelfIssued(one) && one.x509.verify(one.key)

const isSelfIssued = ({ subject, issuer }: Certificate): boolean => subject.der.equals(issuer.der)

/** Names are compared byte by byte: RFC 5280, section 4.1.2.6 has the issuer written as the authority writes its subject. */
const isIssuedBy = (one: Certificate, authority: Certificate): boolean =>
  one.issuer.der.equals(authority.subject.der) && one.x509.verify(authority.key)

function pathsFrom(
  authority: Certificate,
  all: readonly Certificate[],
  below: readonly Certificate[] = [],
): Path[] {
  if (isRoot(authority)) return [[authority]]
  const seen = [...below, authority]
  return all
    .filter((one) => !seen.includes(one) && isIssuedBy(authority, one))
    .flatMap((one) => pathsFrom(one, all, seen))
    .map((path): Path => [authority, ...path])
}

/**
 * Policies may be critical: we ask for none, so that any will do (RFC 5280, section 6.1.1). An authority that demands one
 * says so in policyConstraints, which are critical and not among these.
 */
const known: ReadonlySet<string> = new Set([
  extensionTypes.keyUsage,
  extensionTypes.alternativeNames,
  extensionTypes.basicConstraints,
  extensionTypes.policies,
  extensionTypes.purposes,
])

/** Also for certificates that are no authority's. */
export const hasUnknownCritical = ({ extensions }: Certificate, more?: string): boolean =>
  extensions.critical.some((type) => !known.has(type) && type !== more)

/** RFC 5280, sections 6.1.3 and 6.1.4; the limits of a root bind as well, as in OpenSSL. */
function faultOf(path: Path): PathFault | undefined {
  for (const [index, authority] of path.entries()) {
    const { keyUsage, purposes: own, pathLength = 0, nameConstraints } = authority.extensions
    const below = path.slice(0, index)
    if (hasUnknownCritical(authority, extensionTypes.nameConstraints)) return 'authority-critical-extension'
    if (keyUsage && !keyUsage.has('keyCertSign')) return 'authority-key-usage'
    if (own && !own.has(purposes.clientAuthentication) && !own.has(purposes.any)) return 'authority-purpose'
    if (below.filter((one) => !isSelfIssued(one)).length > pathLength) return 'path-length'
    if (nameConstraints && below.some((one) => breaksConstraints(one, nameConstraints)))
      return 'authority-name-constraints'
  }
  return undefined
}

export type ChainFault =
  | AuthorityFault
  | 'issuer-unknown'
  | 'wrong-signature'
  | 'name-constraints'
  | 'authority-not-in-date'

/**
 * The paths by which a certificate counts, or the first thing that leaves none. For a certificate in date its authorities
 * must be in date now. For one that has ended, or has not begun, some moment of its time will do: the customer shall read
 * that it has expired although its authority has expired as well.
 */
export function findPaths(
  leaf: Certificate,
  { all, paths }: Authorities,
  now: number,
): Result<readonly Path[], { readonly why: ChainFault }> {
  const named = all.filter(({ subject }) => subject.der.equals(leaf.issuer.der))
  if (named.length === 0) return { ok: false, why: 'issuer-unknown' }
  const signers = named.filter(({ key }) => leaf.x509.verify(key))
  if (signers.length === 0) return { ok: false, why: 'wrong-signature' }
  const known = paths.filter(({ path: [issuer] }) => signers.includes(issuer))
  const sound = known.filter(({ fault }) => !fault)
  if (sound.length === 0) return { ok: false, why: known[0]?.fault ?? 'no-path-to-a-root' }
  const allowed = sound.filter(({ path }) =>
    path.every(
      ({ extensions: { nameConstraints } }) => !nameConstraints || !breaksConstraints(leaf, nameConstraints),
    ),
  )
  if (allowed.length === 0) return { ok: false, why: 'name-constraints' }
  const inDate = allowed.filter(({ path }) => overlap(path, leaf, now))
  if (inDate.length === 0) return { ok: false, why: 'authority-not-in-date' }
  return { ok: true, value: inDate.map(({ path }) => path) }
}

/** Whether all were in date at one moment: now, or for a leaf that is out of date at any moment of its time. */
function overlap(path: Path, leaf: Certificate, now: number): boolean {
  const current = leaf.startsAt <= now && now <= leaf.endsAt
  const moments = current ? { startsAt: now, endsAt: now } : leaf
  const start = Math.max(moments.startsAt, ...path.map(({ startsAt }) => startsAt))
  const end = Math.min(moments.endsAt, ...path.map(({ endsAt }) => endsAt))
  return start <= end
}
