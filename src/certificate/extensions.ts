/** What the extensions of a certificate say (RFC 5280, section 4.2), as far as we go by them. */
import {
  type Der,
  elements,
  fields,
  only,
  readBits,
  readBoolean,
  readDer,
  readInteger,
  readObjectIdentifier,
  tags,
  Unreadable,
} from './der.ts'
import { type NameConstraints, readConstraints } from './name-constraints.ts'

export type Extension = { readonly type: string; readonly critical: boolean; readonly value: Der }

export type Extensions = {
  /** dotted types of all that are marked critical */
  readonly critical: readonly string[]
  /** how many authorities may be below this one, without limit `Infinity`; undefined when it is no authority */
  readonly pathLength: number | undefined
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined
  /** extended key usage, dotted */
  readonly purposes: ReadonlySet<string> | undefined
  readonly nameConstraints: NameConstraints | undefined
  readonly alternativeNames: readonly Der[]
  /** names of the places where revocation lists for it are, as hexadecimal DER of GeneralName */
  readonly distributionPoints: readonly string[]
}

export const extensionTypes = {
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  distributionPoints: '2.5.29.31',
  policies: '2.5.29.32',
  purposes: '2.5.29.37',
} as const

export const purposes = {
  clientAuthentication: '1.3.6.1.5.5.7.3.2',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  any: '2.5.29.37.0',
} as const

const keyUsageBits = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const
export type KeyUsage = keyof typeof keyUsageBits

/** Also of revocation lists and OCSP answers. @throws Unreadable when one comes twice (RFC 5280, section 4.2) */
export function readExtensionList(der: Der): readonly Extension[] {
  const list = elements(der).map((one) => {
    const field = fields(one)
    const type = readObjectIdentifier(field.next(tags.objectIdentifier))
    const marked = field.optional(tags.boolean)
    const value = field.next(tags.octetString)
    field.end()
    return { type, critical: marked !== undefined && readBoolean(marked), value }
  })
  if (new Set(list.map(({ type }) => type)).size < list.length) throw new Unreadable('extension twice')
  return list
}

export function readExtensions(list: readonly Extension[]): Extensions {
  const valueOf = (wanted: string): Der | undefined => {
    const found = list.find(({ type }) => type === wanted)
    return found && readDer(found.value.content)
  }
  const basic = valueOf(extensionTypes.basicConstraints)
  const usage = valueOf(extensionTypes.keyUsage)
  const purposeList = valueOf(extensionTypes.purposes)
  const constraints = valueOf(extensionTypes.nameConstraints)
  const names = valueOf(extensionTypes.alternativeNames)
  const points = valueOf(extensionTypes.distributionPoints)
  return {
    critical: list.filter(({ critical }) => critical).map(({ type }) => type),
    pathLength: basic && readPathLength(basic),
    keyUsage: usage && readKeyUsage(usage),
    purposes: purposeList && new Set(elements(purposeList).map(readObjectIdentifier)),
    nameConstraints: constraints && readConstraints(constraints),
    alternativeNames: names ? elements(names) : [],
    distributionPoints: points ? elements(points).flatMap(readDistributionPoint) : [],
  }
}

function readPathLength(der: Der): number | undefined {
  const field = fields(der)
  const authority = field.optional(tags.boolean)
  const limit = field.optional(tags.integer)
  field.end()
  if (!authority || !readBoolean(authority)) return undefined
  if (!limit) return Infinity
  return Number(readInteger(limit))
}

function readKeyUsage(der: Der): ReadonlySet<KeyUsage> {
  const [first = 0] = readBits(der, { whole: false })
  const names = Object.keys(keyUsageBits) as KeyUsage[]
  return new Set(names.filter((name) => (first & (0x80 >> keyUsageBits[name])) !== 0))
}

/** RFC 5280, section 4.2.1.13; names relative to the issuer match nothing. */
function readDistributionPoint(der: Der): readonly string[] {
  const place = fields(der).optional(0xa0)
  return place ? readPlaces(only(place)) : []
}

/** A DistributionPointName: its full names, in hexadecimal. */
export function readPlaces(der: Der): readonly string[] {
  return der.tag === 0xa0 ? elements(der, 0xa0).map(({ whole }) => whole.toString('hex')) : []
}
