/** One certificate revocation list (RFC 5280, section 5): who signed it, when it counts, what it is about, who is on it. */
import { minutes } from '../clock.ts'
import type { Result } from '../errors.ts'
import type { Certificate } from './certificate.ts'
import {
  type Der,
  elements,
  fields,
  only,
  readBits,
  readBoolean,
  readDer,
  reading,
  readInteger,
  readTime,
  tags,
  Unreadable,
} from './der.ts'
import { type Extension, readExtensionList, readPlaces } from './extensions.ts'
import { type Name, readName } from './names.ts'
import { readPem } from './pem.ts'
import { isSignedBy, isStrongSignature, readAlgorithm, type Signed } from './strength.ts'

export type RevocationList = {
  readonly signer: Certificate
  /** ms */
  readonly thisUpdate: number
  /** ms; from here on it says nothing good of anybody */
  readonly nextUpdate: number
  readonly number: bigint | undefined
  readonly scope: Scope
  /** serial numbers, lower-case hexadecimal without leading zeros */
  readonly revoked: ReadonlySet<string>
}

export type Scope = {
  readonly covers: 'all' | 'users' | 'authorities'
  /** Where it is one part of several: only certificates that name one of these places are in it. */
  readonly places: readonly string[] | undefined
}

export type ListProblem =
  | 'unreadable'
  | 'unknown-issuer'
  | 'wrong-signature'
  | 'weak-signature'
  | 'from-the-future'
  | 'no-next-update'
  | 'stale'
  | 'delta'
  | 'partial'
  | 'critical-extension'

/** How far the clock of whoever signed may be ahead of ours. */
export const clockSkew = minutes(5)

/** Whether the list counts at `now`; anything about it that we do not know for sure means that it does not. */
export function readRevocationList(
  bytes: Buffer,
  authorities: readonly Certificate[],
  now: number,
): Result<RevocationList, { readonly problem: ListProblem }> {
  return reading(() => judge(bytes, authorities, now)) ?? refused('unreadable')
}

const refused = (problem: ListProblem) => ({ ok: false, problem }) as const

function judge(
  bytes: Buffer,
  authorities: readonly Certificate[],
  now: number,
): ReturnType<typeof readRevocationList> {
  const { signed, issuer, thisUpdate, nextUpdate, entries, extensions } = readParts(derOf(bytes))
  const named = authorities.filter(({ subject }) => subject.der.equals(issuer.der))
  if (named.length === 0) return refused('unknown-issuer')
  if (!isStrongSignature(signed.algorithm)) return refused('weak-signature')
  const signer = named.filter(maySignLists).find(({ key }) => isSignedBy(signed, key))
  if (!signer) return refused('wrong-signature')

  if (thisUpdate > now + clockSkew) return refused('from-the-future')
  if (nextUpdate === undefined) return refused('no-next-update')
  if (nextUpdate < now) return refused('stale')

  const find = (wanted: string) => extensions.find(({ type }) => type === wanted)?.value.content
  if (find(types.deltaIndicator)) return refused('delta')
  if (extensions.some(({ type, critical }) => critical && type !== types.distribution)) {
    return refused('critical-extension')
  }
  const distribution = find(types.distribution)
  const scope: Scope | undefined = distribution
    ? readScope(readDer(distribution))
    : { covers: 'all', places: undefined }
  if (!scope) return refused('partial')

  const revoked = readEntries(entries)
  // A critical one belongs to lists about other issuers' certificates (section 5.3.3).
  if (!revoked) return refused('critical-extension')
  const number = find(types.number)
  return {
    ok: true,
    value: {
      signer,
      thisUpdate,
      nextUpdate,
      number: number && readInteger(readDer(number)),
      scope,
      revoked,
    },
  }
}

const types = {
  number: '2.5.29.20',
  deltaIndicator: '2.5.29.27',
  distribution: '2.5.29.28',
} as const

const maySignLists = ({ extensions: { keyUsage } }: Certificate): boolean =>
  !keyUsage || keyUsage.has('cRLSign')

function derOf(bytes: Buffer): Der {
  if (bytes[0] === tags.sequence) return readDer(bytes)
  const [list, ...more] = readPem(bytes.toString('latin1'), 'X509 CRL')
  if (!list || more.length > 0) throw new Unreadable('not one list')
  return readDer(list)
}

type Parts = {
  readonly signed: Signed
  readonly issuer: Name
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  readonly entries: readonly Der[]
  readonly extensions: readonly Extension[]
}

function readParts(der: Der): Parts {
  const outer = fields(der)
  const content = outer.next(tags.sequence)
  const algorithm = readAlgorithm(outer.next())
  const signature = readBits(outer.next(), { whole: true })
  outer.end()
  const inner = fields(content)
  const version = inner.optional(tags.integer)
  if (version && readInteger(version) !== 1n) throw new Unreadable('version')
  if (!inner.next().whole.equals(algorithm.der)) throw new Unreadable('two signature algorithms')
  const issuer = readName(inner.next())
  const thisUpdate = readTime(inner.next())
  const nextUpdate = inner.optional(tags.utcTime, tags.generalizedTime)
  const entries = inner.optional(tags.sequence)
  const extensions = inner.optional(0xa0)
  inner.end()
  return {
    signed: { content: content.whole, algorithm, signature },
    issuer,
    thisUpdate,
    nextUpdate: nextUpdate && readTime(nextUpdate),
    entries: entries ? elements(entries) : [],
    extensions: extensions ? readExtensionList(only(extensions)) : [],
  }
}

/** An entry counts whatever its reason: a certificate on hold may not sign in either. */
function readEntries(entries: readonly Der[]): ReadonlySet<string> | undefined {
  const serials = new Set<string>()
  for (const entry of entries) {
    const [serial, time, extensions, ...more] = elements(entry)
    if (!serial || !time || more.length > 0) throw new Unreadable('entry')
    if (extensions && readExtensionList(extensions).some(({ critical }) => critical)) return undefined
    serials.add(readInteger(serial).toString(16))
  }
  return serials
}

/** Section 5.2.5; undefined where the list leaves out some of what it is about, or speaks for other issuers. */
function readScope(der: Der): Scope | undefined {
  const field = fields(der)
  const place = field.optional(0xa0)
  const isSet = (tag: number): boolean => {
    const found = field.optional(tag)
    return found !== undefined && readBoolean({ ...found, tag: tags.boolean })
  }
  const users = isSet(0x81)
  const authorities = isSet(0x82)
  const someReasons = field.optional(0x83)
  const indirect = isSet(0x84)
  const attributes = isSet(0x85)
  field.end()
  if (someReasons || indirect || attributes || (users && authorities)) return undefined
  const places = place && readPlaces(only(place))
  // A place relative to the issuer's name cannot be matched with a certificate's.
  if (places?.length === 0) return undefined
  return { covers: users ? 'users' : authorities ? 'authorities' : 'all', places }
}
