/**
 * Reads DER (X.690), the form of certificates, revocation lists and OCSP messages. Strict: one encoding for each
 * value, nothing after it. Ours rather than asn1js, which also takes BER, has no list of more than 10,000 nodes, and needs
 * 2.4 s of the event loop for a revocation list of 20,000 entries. No cryptography is in here.
 */

/** Not the DER that was expected; whoever reads what others wrote catches this by `reading`. */
export class Unreadable extends Error {}

/** The value, or undefined when `read` found something unreadable. A defect of ours goes on as an exception. */
export function reading<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof Unreadable) return undefined
    throw error
  }
}

/** Identifier octets; a constructed context tag `[n]` is `0xa0 + n`, a primitive one `0x80 + n`. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

export type Der = {
  readonly tag: number
  /** the whole encoding, with tag and length */
  readonly whole: Buffer
  readonly content: Buffer
}

/** The one value that `bytes` are the encoding of. @throws Unreadable */
export function readDer(bytes: Buffer, tag?: number): Der {
  const der = readAt(bytes, 0)
  if (der.whole.length !== bytes.length) throw new Unreadable('bytes after the end')
  return tag === undefined ? der : expectTag(der, tag)
}

function readAt(bytes: Buffer, at: number): Der {
  const { tag, start, end } = step(bytes, { tag: 0, start: at, end: at }, bytes.length)
  return { tag, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) }
}

/** A value by the place of its content; the next one begins at its end. */
export type Cursor = { tag: number; start: number; end: number }

/**
 * Moves the cursor to the value that begins at its end, and gives it back. What reads hundreds of thousands of values makes
 * no object for each: a revocation list of 10 MB would need 500 MB.
 * @param limit where whatever is around the value ends
 * @param wanted the tag that it must have
 * @throws Unreadable
 */
export function step(bytes: Buffer, cursor: Cursor, limit: number, wanted?: number): Cursor {
  let at = cursor.end
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || at + 2 > limit) throw new Unreadable('too short')
  if (wanted !== undefined && tag !== wanted) throw new Unreadable(`tag ${tag} instead of ${wanted}`)
  if ((tag & 0x1f) === 0x1f) throw new Unreadable('tag of several bytes')
  at += 2
  let length = first
  if (first >= 0x80) {
    const count = first - 0x80
    if (count < 1 || count > 4 || at + count > limit) throw new Unreadable('length')
    length = bytes.readUIntBE(at, count)
    if (length < 0x80 || length < 256 ** (count - 1)) throw new Unreadable('length is not minimal')
    at += count
  }
  if (at + length > limit) throw new Unreadable('too short')
  cursor.tag = tag
  cursor.start = at
  cursor.end = at + length
  return cursor
}

function expectTag(der: Der, tag: number): Der {
  if (der.tag !== tag) throw new Unreadable(`tag ${der.tag} instead of ${tag}`)
  return der
}

/** The values inside a constructed one, such as a SEQUENCE OF. @throws Unreadable */
export function elements(der: Der, tag: number = tags.sequence): readonly Der[] {
  const { content } = expectTag(der, tag)
  const found: Der[] = []
  for (let at = 0; at < content.length; ) {
    const one = readAt(content, at)
    found.push(one)
    at += one.whole.length
  }
  return found
}

/** The fields of a SEQUENCE in their order. */
export type Fields = {
  /** @throws Unreadable when there is none, or none with this tag */
  readonly next: (tag?: number) => Der
  readonly optional: (...tags: readonly number[]) => Der | undefined
  /** @throws Unreadable when a field is left that nobody asked for */
  readonly end: () => void
}

/** @throws Unreadable */
export function fields(der: Der, tag: number = tags.sequence): Fields {
  const all = elements(der, tag)
  let at = 0
  return {
    next(wanted) {
      const one = all[at++]
      if (!one) throw new Unreadable('a field is missing')
      return wanted === undefined ? one : expectTag(one, wanted)
    },
    optional(...wanted) {
      const one = all[at]
      if (!one || !wanted.includes(one.tag)) return undefined
      at += 1
      return one
    },
    end() {
      if (at < all.length) throw new Unreadable('a field too many')
    },
  }
}

/** The one value inside an EXPLICIT tag. @throws Unreadable */
export function only(der: Der): Der {
  const [one, ...more] = elements(der, der.tag)
  if (!one || more.length > 0 || (der.tag & 0x20) === 0) throw new Unreadable('not one value')
  return one
}

/** @throws Unreadable */
export function readBoolean(der: Der): boolean {
  const { content } = expectTag(der, tags.boolean)
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new Unreadable('boolean')
  return content[0] === 0xff
}

/** @throws Unreadable */
export function readInteger(der: Der, tag: number = tags.integer): bigint {
  const { content } = expectTag(der, tag)
  expectInteger(content, 0, content.length)
  return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`))
}

/** That these bytes are the content of an INTEGER: there is one way to write each, so equal bytes are equal numbers. @throws Unreadable */
export function expectInteger(bytes: Buffer, start: number, end: number): void {
  const first = bytes[start]
  if (first === undefined || start >= end) throw new Unreadable('empty integer')
  const second = bytes[start + 1] ?? 0
  if (end - start > 1 && (first === 0 || first === 0xff) && first >> 7 === second >> 7) {
    throw new Unreadable('integer is not minimal')
  }
}

/** Dotted. @throws Unreadable */
export function readObjectIdentifier(der: Der): string {
  const { content } = expectTag(der, tags.objectIdentifier)
  const arcs: bigint[] = []
  let arc = 0n
  let inside = false
  for (const byte of content) {
    if (!inside && byte === 0x80) throw new Unreadable('object identifier is not minimal')
    arc = (arc << 7n) | BigInt(byte & 0x7f)
    inside = byte >= 0x80
    if (inside) continue
    arcs.push(arc)
    arc = 0n
  }
  const [first, ...others] = arcs
  if (first === undefined || inside) throw new Unreadable('object identifier')
  const top = first < 80n ? first / 40n : 2n
  return [top, first - top * 40n, ...others].join('.')
}

/** The bytes of a BIT STRING. @param whole true where a number of bits that is no multiple of 8 makes no sense */
export function readBits(der: Der, { whole }: { readonly whole: boolean }): Buffer {
  const { content } = expectTag(der, tags.bitString)
  const [unused] = content
  if (unused === undefined || unused > (whole ? 0 : 7)) throw new Unreadable('bit string')
  if (unused > 0 && ((content.at(-1) ?? 0) & ((1 << unused) - 1)) !== 0) throw new Unreadable('unused bits')
  return content.subarray(1)
}

/** ms. UTCTime or GeneralizedTime as RFC 5280, section 4.1.2.5 wants them: to the second, in UTC. @throws Unreadable */
export function readTime({ tag, content }: Der): number {
  const text = content.toString('latin1')
  const parts =
    tag === tags.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : tag === tags.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null
  if (!parts) throw new Unreadable('time')
  const [written = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  const year = tag === tags.generalizedTime ? written : written < 50 ? 2000 + written : 1900 + written
  const time = new Date(0)
  time.setUTCFullYear(year, month - 1, day)
  time.setUTCHours(hour, minute, second)
  // A 31st of February would have become a day in March.
  if (time.getUTCMonth() !== month - 1 || time.getUTCHours() !== hour || time.getUTCMinutes() !== minute) {
    throw new Unreadable('no such time')
  }
  return time.getTime()
}
