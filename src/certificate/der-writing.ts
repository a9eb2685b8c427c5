/** Writes DER (X.690): the questions to an OCSP responder, and all that the demo's authority makes. */
import { tags } from './der.ts'

/** The encoding of a value; a constructed one is given the encodings inside it. */
export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const digits = length.toString(16)
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 + bytes.length]), bytes, content])
}

/** @param contents the encodings inside it */
export const writeSequence = (...contents: readonly Buffer[]): Buffer => writeDer(tags.sequence, ...contents)

/** A SEQUENCE that begins with what it is: algorithms, attributes and extensions are such. @param type dotted */
export const writeTyped = (type: string, ...contents: readonly Buffer[]): Buffer =>
  writeSequence(writeObjectIdentifier(type), ...contents)

export const writeOctets = (content: Uint8Array): Buffer => writeDer(tags.octetString, content)

export function writeInteger(value: number | bigint): Buffer {
  const wanted = BigInt(value)
  let size = 1
  while (BigInt.asIntN(size * 8, wanted) !== wanted) size += 1
  const digits = BigInt.asUintN(size * 8, wanted).toString(16)
  return writeDer(tags.integer, Buffer.from(digits.padStart(size * 2, '0'), 'hex'))
}

/** @param dotted of two numbers at least */
export function writeObjectIdentifier(dotted: string): Buffer {
  const [top = 0n, second = 0n, ...others] = dotted.split('.').map(BigInt)
  return writeDer(tags.objectIdentifier, Buffer.from([top * 40n + second, ...others].flatMap(writeArc)))
}

/** Seven bits a byte; the eighth says that more follow. */
function writeArc(arc: bigint): readonly number[] {
  const bytes = [Number(arc & 0x7fn)]
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) bytes.unshift(Number(rest & 0x7fn) | 0x80)
  return bytes
}

/** @param unused how many bits at the end do not count; they must be 0 */
export const writeBits = (bytes: Uint8Array, unused = 0): Buffer =>
  writeDer(tags.bitString, Buffer.of(unused), bytes)

/**
 * UTCTime from 1950 to 2049, otherwise GeneralizedTime (RFC 5280, section 4.1.2.5).
 * @param at ms; fractions of a second are dropped
 */
export function writeTime(at: number): Buffer {
  const text = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '')
  return text >= '1950' && text < '2050'
    ? writeDer(tags.utcTime, Buffer.from(text.slice(2)))
    : writeDer(tags.generalizedTime, Buffer.from(text))
}
