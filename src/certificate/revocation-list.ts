/** One certificate revocation list (RFC 5280, section 5): who signed it, when it counts, what it is about, who is on it. */
import { minutes } from '../clock.ts'
import type { Result } from '../errors.ts'
import type { Certificate } from './certificate.ts'
import {
  type Cursor,
  type Der,
  expectInteger,
  fields,
  only,
  readBits,
  readBoolean,
  readDer,
  reading,
  readInteger,
  readTime,
  step,
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
  /** who is on it, by `serialKey` */
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

/** A list that counted once: its dates alone can have changed what it is worth. */
export const judgeAgain = (list: RevocationList, now: number): ReturnType<typeof readRevocationList> => {
  const problem = outOfTime(list, now)
  return problem ? refused(problem) : { ok: true, value: list }
}

/** What stands for a serial number: its bytes, one a character, because hundreds of thousands are kept. */
export const serialKey = ({ content }: Der): string => content.toString('latin1')

const refused = (problem: ListProblem) => ({ ok: false, problem }) as const

/** The entries come last: whoever may not sign a list shall not have us read a long one. */
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

  if (nextUpdate === undefined) return refused('no-next-update')
  const untimely = outOfTime({ thisUpdate, nextUpdate }, now)
  if (untimely) return refused(untimely)

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

  const revoked = entries ? readEntries(entries) : new Set<string>()
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

function outOfTime(
  { thisUpdate, nextUpdate }: Pick<RevocationList, 'thisUpdate' | 'nextUpdate'>,
  now: number,
): ListProblem | undefined {
  if (thisUpdate > now + clockSkew) return 'from-the-future'
  return nextUpdate < now ? 'stale' : undefined
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
  /** undefined when nobody is on it */
  readonly entries: Der | undefined
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
    entries,
    extensions: extensions ? readExtensionList(only(extensions)) : [],
  }
}

const cursorAt = (place: number): Cursor => ({ tag: 0, start: place, end: place })

/**
 * An entry counts whatever its reason: a certificate on hold may not sign in either.
 * @returns undefined when one of them has a critical extension
 */
function readEntries({ content }: Der): ReadonlySet<string> | undefined {
  const serials = new Set<string>()
  const entry = cursorAt(0)
  const field = cursorAt(0)
  while (entry.end < content.length) {
    step(content, entry, content.length, tags.sequence)
    field.end = entry.start
    step(content, field, entry.end, tags.integer)
    expectInteger(content, field.start, field.end)
    serials.add(content.toString('latin1', field.start, field.end))
    const { tag } = step(content, field, entry.end)
    if (tag !== tags.utcTime && tag !== tags.generalizedTime) throw new Unreadable('time of an entry')
    if (field.end === entry.end) continue
    step(content, field, entry.end, tags.sequence)
    if (field.end < entry.end) throw new Unreadable('entry')
    if (hasCritical(content, field)) return undefined
  }
  return serials
}

function hasCritical(content: Buffer, list: Cursor): boolean {
  const extension = cursorAt(list.start)
  const field = cursorAt(list.start)
  while (extension.end < list.end) {
    step(content, extension, list.end, tags.sequence)
    field.end = extension.start
    step(content, field, extension.end, tags.objectIdentifier)
    if (step(content, field, extension.end).tag === tags.boolean) {
      // Some write down that it is not, although in DER it goes without saying.
      if (field.end - field.start !== 1 || content[field.start] !== 0) return true
      step(content, field, extension.end)
    }
    if (field.tag !== tags.octetString || field.end < extension.end) throw new Unreadable('entry')
  }
  return false
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
