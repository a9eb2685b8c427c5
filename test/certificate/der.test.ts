/** DER: each value in its one encoding, and nothing that only a lenient reader would take. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  elements,
  fields,
  only,
  readBits,
  readBoolean,
  readDer,
  reading,
  readInteger,
  readObjectIdentifier,
  readTime,
  tags,
  Unreadable,
} from '../../src/certificate/der.ts'
import {
  writeBits,
  writeDer,
  writeInteger,
  writeObjectIdentifier,
  writeOctets,
  writeSequence,
  writeTime,
  writeTyped,
} from '../../src/certificate/der-writing.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const der = (text: string) => readDer(hex(text))
const bytes = (size: fc.IntArrayConstraints | { maxLength: number }) =>
  fc.uint8Array(size).map((one) => Buffer.from(one))

describe('values', () => {
  it('come back as they were written, whatever their length', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const content = Buffer.alloc(length, 7)
      expect(readDer(writeDer(tags.octetString, content)).content.equals(content)).toBe(true)
    }
  })

  it('are found inside a sequence in their order', () => {
    const sequence = der('30 09 02 01 05 80 01 ff 04 01 61')
    expect(elements(sequence).map(({ tag }) => tag)).toEqual([2, 0x80, 4])
    const field = fields(sequence)
    expect(readInteger(field.next(tags.integer))).toBe(5n)
    expect(field.optional(0x81)).toBeUndefined()
    expect(field.optional(0x80, 0x81)?.content[0]).toBe(0xff)
    expect(() => field.end()).toThrow(Unreadable)
    expect(field.next().content.toString()).toBe('a')
    field.end()
    expect(() => field.next()).toThrow(Unreadable)
  })

  it('integers of any size and sign', () => {
    for (const [text, value] of [
      ['02 01 00', 0n],
      ['02 01 7f', 127n],
      ['02 02 00 80', 128n],
      ['02 01 80', -128n],
      ['02 01 ff', -1n],
      ['02 09 00 ff ff ff ff ff ff ff ff', 2n ** 64n - 1n],
    ] as const) {
      expect(readInteger(der(text))).toBe(value)
    }
  })

  it('object identifiers, also with large numbers', () => {
    expect(readObjectIdentifier(der('06 03 55 04 03'))).toBe('2.5.4.3')
    expect(readObjectIdentifier(der('06 09 2a 86 48 86 f7 0d 01 01 0b'))).toBe('1.2.840.113549.1.1.11')
    expect(readObjectIdentifier(der('06 03 88 37 03'))).toBe('2.999.3')
    expect(readObjectIdentifier(der('06 01 27'))).toBe('0.39')
    expect(readObjectIdentifier(der('06 0b 2a 83 ff ff ff ff ff ff ff ff 7f'))).toBe(`1.2.${2n ** 65n - 1n}`)
  })

  it('times of both kinds', () => {
    const at = (tag: number, text: string) => readTime(readDer(writeDer(tag, Buffer.from(text))))
    expect(at(tags.utcTime, '491231235959Z')).toBe(Date.UTC(2049, 11, 31, 23, 59, 59))
    expect(at(tags.utcTime, '500101000000Z')).toBe(Date.UTC(1950, 0, 1))
    expect(at(tags.generalizedTime, '20280229120000Z')).toBe(Date.UTC(2028, 1, 29, 12))
    expect(at(tags.generalizedTime, '99991231235959Z')).toBe(253_402_300_799_000)
    expect(new Date(at(tags.generalizedTime, '00500101000000Z')).getUTCFullYear()).toBe(50)
    for (const wrong of [
      '20270229000000Z',
      '20271301000000Z',
      '20270101240000Z',
      '20270101000060Z',
      '20270101000000',
    ]) {
      expect(() => at(tags.generalizedTime, wrong), wrong).toThrow(Unreadable)
    }
    for (const wrong of ['2701010000Z', '270101000000+0900', '27010100000 Z', '20270101000000Z']) {
      expect(() => at(tags.utcTime, wrong), wrong).toThrow(Unreadable)
    }
    expect(() => at(tags.printableString, '270101000000Z')).toThrow(Unreadable)
  })
})

describe('what is written', () => {
  const written = (one: Buffer) => one.toString('hex')
  const dotted = fc
    .tuple(
      fc.oneof(
        fc.tuple(fc.constantFrom(0n, 1n), fc.bigInt(0n, 39n)),
        fc.tuple(fc.constant(2n), fc.bigInt(0n, 2n ** 70n)),
      ),
      fc.array(fc.bigInt(0n, 2n ** 70n), { maxLength: 6 }),
    )
    .map(([top, others]) => [...top, ...others].join('.'))

  it('is what X.690 says', () => {
    expect(written(writeInteger(0))).toBe('020100')
    expect(written(writeInteger(128))).toBe('02020080')
    expect(written(writeInteger(-128))).toBe('020180')
    expect(written(writeInteger(-129n))).toBe('0202ff7f')
    expect(written(writeObjectIdentifier('1.2.840.113549.1.1.11'))).toBe('06092a864886f70d01010b')
    expect(written(writeObjectIdentifier('2.999.3'))).toBe('0603883703')
    expect(written(writeBits(Uint8Array.of(0x06), 1))).toBe('03020106')
    expect(written(writeBits(Buffer.alloc(0)))).toBe('030100')
    expect(written(writeSequence())).toBe('3000')
    expect(written(writeTyped('2.5.4.3', writeOctets(Buffer.from('a'))))).toBe('30080603550403040161')
  })

  it('integers and object identifiers come back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 170n), max: 2n ** 170n }), dotted, (value, type) => {
        expect(readInteger(readDer(writeInteger(value)))).toBe(value)
        expect(readObjectIdentifier(readDer(writeObjectIdentifier(type)))).toBe(type)
      }),
    )
  })

  it('bits come back', () => {
    expect(readBits(readDer(writeBits(Buffer.from('ab'))), { whole: true }).toString()).toBe('ab')
    expect(readBits(readDer(writeBits(Uint8Array.of(0x80), 7)), { whole: false })[0]).toBe(0x80)
  })

  it('times come back to the second, in the form that their year has', () => {
    const [first, last] = [new Date(0).setUTCFullYear(0, 0, 1), Date.UTC(9999, 11, 31, 23, 59, 59, 999)]
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (at) => {
        expect(readTime(readDer(writeTime(at)))).toBe(Math.floor(at / 1000) * 1000)
      }),
    )
    for (const [at, text] of [
      ['1949-12-31T23:59:59Z', '19491231235959Z'],
      ['1950-01-01T00:00:00Z', '500101000000Z'],
      ['2049-12-31T23:59:59.999Z', '491231235959Z'],
      ['2050-01-01T00:00:00Z', '20500101000000Z'],
    ] as const) {
      expect(readDer(writeTime(Date.parse(at))).content.toString()).toBe(text)
    }
  })
})

describe('what is not DER is not read', () => {
  it.each([
    ['nothing', ''],
    ['a tag alone', '02'],
    ['a length of its own choosing (BER)', '30 80 00 00'],
    ['a length in more bytes than needed', '04 81 01 61'],
    ['a length with a zero before it', `04 82 00 80 ${'00'.repeat(128)}`],
    ['a length in five bytes', '04 85 00 00 00 00 01 61'],
    ['a length that is cut off', '04 82 01'],
    ['less than the length says', '04 02 61'],
    ['more than the length says', '04 01 61 00'],
    ['a tag of several bytes', '1f 01 00'],
  ])('%s', (_, text) => {
    expect(() => der(text)).toThrow(Unreadable)
  })

  it.each([
    ['a boolean of another value', () => readBoolean(der('01 01 01'))],
    ['a boolean of two bytes', () => readBoolean(der('01 02 ff ff'))],
    ['an empty integer', () => readInteger(der('02 00'))],
    ['an integer with a zero before it', () => readInteger(der('02 02 00 7f'))],
    ['a negative one with a byte before it', () => readInteger(der('02 02 ff 80'))],
    ['an empty object identifier', () => readObjectIdentifier(der('06 00'))],
    ['one that is cut off', () => readObjectIdentifier(der('06 02 55 84'))],
    ['one with a zero before a number', () => readObjectIdentifier(der('06 03 55 80 03'))],
    ['bits without their count', () => readBits(der('03 00'), { whole: false })],
    ['bits with a count of eight', () => readBits(der('03 02 08 00'), { whole: false })],
    ['unused bits that are set', () => readBits(der('03 02 04 ff'), { whole: false })],
    ['unused bits where bytes are meant', () => readBits(der('03 02 04 f0'), { whole: true })],
    ['another tag than expected', () => readInteger(der('04 01 05'))],
    ['two values where one is meant', () => only(der('a0 06 02 01 05 02 01 05'))],
    ['none where one is meant', () => only(der('a0 00'))],
    ['a simple value for a constructed one', () => only(der('80 03 02 01 05'))],
    ['a part that is longer than the whole', () => elements(der('30 03 02 02 05'))],
  ])('%s', (_, read) => {
    expect(read).toThrow(Unreadable)
  })

  it('any bytes at all are read or unreadable, and what is read is written the same', () => {
    fc.assert(
      fc.property(bytes({ maxLength: 40 }), (one) => {
        const read = reading(() => readDer(one))
        if (read) expect(writeDer(read.tag, read.content).equals(one)).toBe(true)
        for (const reader of [elements, readInteger, readObjectIdentifier, readTime, readBoolean, only]) {
          if (read) reading<unknown>(() => reader(read))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('a defect of ours is not taken for something unreadable', () => {
    expect(() =>
      reading(() => {
        throw new TypeError('ours')
      }),
    ).toThrow(TypeError)
  })
})
