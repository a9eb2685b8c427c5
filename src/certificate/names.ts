/**
 * Distinguished names: as a string that says exactly one name (RFC 4514), for the bank's register of certificates; and as
 * a few short texts for the customer's eyes.
 */
import { type Der, elements, fields, readObjectIdentifier, tags, Unreadable } from './der.ts'
import type { ReceivedCertificate } from './verdict.ts'

export type Attribute = {
  /** dotted */
  readonly type: string
  /** undefined where the value is no string, or one whose characters are not certain (T.61 among them) */
  readonly text: string | undefined
  readonly value: Der
}

export type Name = {
  readonly der: Buffer
  /** as encoded: the country first; more than one attribute where the part is multi-valued */
  readonly parts: readonly (readonly Attribute[])[]
}

export const types = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  emailAddress: '1.2.840.113549.1.9.1',
} as const

/** RFC 4514, section 3. Every other type is written as its number, with its value in hexadecimal. */
const shortNames: ReadonlyMap<string, string> = new Map([
  [types.commonName, 'CN'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  [types.organization, 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.6', 'C'],
  ['2.5.4.9', 'STREET'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
])

/**
 * The name as an RFC 4514 string, most specific part first, such as `UID=mihon07,CN=汐崎 渚,O=株式会社しおさい水産,C=JP`.
 * Names with other types, texts or order have other strings. Only the kind of string (PrintableString, UTF8String,
 * BMPString) makes no difference, as RFC 5280, section 7.1 has it.
 */
export function writeName({ parts }: Name): string {
  return parts
    .toReversed()
    .map((part) => part.map(writeAttribute).toSorted().join('+'))
    .join(',')
}

function writeAttribute({ type, text, value }: Attribute): string {
  const short = shortNames.get(type)
  return short !== undefined && text !== undefined
    ? `${short}=${escape(text)}`
    : `${short ?? type}=#${value.whole.toString('hex')}`
}

/** RFC 4514, section 2.4; control characters too, so that no string breaks a line of a log or a table. */
function escape(text: string): string {
  return text.replace(/^[ #]| $|[\\"+,;<>]|\p{Cc}/gu, (one) =>
    /\p{Cc}/u.test(one)
      ? [...Buffer.from(one)].map((byte) => `\\${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')
      : `\\${one}`,
  )
}

/** @throws Unreadable */
export function readName(der: Der): Name {
  return { der: der.whole, parts: elements(der).map(readPart) }
}

function readPart(der: Der): readonly Attribute[] {
  const attributes = elements(der, tags.set).map((one) => {
    const field = fields(one)
    const type = readObjectIdentifier(field.next(tags.objectIdentifier))
    const value = field.next()
    field.end()
    return { type, text: readText(value), value }
  })
  if (attributes.length === 0) throw new Unreadable('empty part of a name')
  return attributes
}

/** Never a text with replacement characters or without its byte order mark: two names would become one. */
function readText({ tag, content }: Der): string | undefined {
  switch (tag) {
    case tags.utf8String:
      return decode('utf-8', content)
    case tags.bmpString:
      return decode('utf-16be', content)
    case tags.printableString:
    case tags.numericString:
    case tags.ia5String:
    case tags.visibleString:
      return content.every((byte) => byte < 0x80) ? content.toString('latin1') : undefined
    default:
      return undefined
  }
}

function decode(encoding: string, bytes: Buffer): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

type Described = {
  readonly subject: Name
  readonly issuer: Name
  readonly startsAt: number
  readonly endsAt: number
}

/** What the customer is shown of his certificate, whoever issued it: short texts without control characters. */
export function describe({ subject, issuer, startsAt, endsAt }: Described): ReceivedCertificate {
  const issuedBy = textOf(issuer, types.commonName) ?? textOf(issuer, types.organization) ?? writeName(issuer)
  return {
    holder: shorten(textOf(subject, types.commonName) ?? writeName(subject)),
    company: shorten(textOf(subject, types.organization) ?? ''),
    issuer: shorten(issuedBy),
    startsAt,
    endsAt,
  }
}

/** The most specific one that is a text with something to see. */
function textOf({ parts }: Name, type: string): string | undefined {
  return parts.flat().findLast((one) => one.type === type && visible(one.text ?? '') !== '')?.text
}

/** Without control and formatting characters: one of the latter could turn the order of a line around. */
const visible = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '').trim()

const mostCharacters = 64

function shorten(text: string): string {
  const clean = visible(text)
  if (clean.length <= mostCharacters) return clean
  let kept = ''
  for (const character of clean) {
    if (kept.length + character.length >= mostCharacters) break
    kept += character
  }
  return `${kept}…`
}
