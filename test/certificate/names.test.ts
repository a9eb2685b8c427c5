/** Distinguished names as strings: one string for one name, and what the customer is shown of them. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCertificate } from '../../src/certificate/certificate.ts'
import { readDer, reading, tags } from '../../src/certificate/der.ts'
import { writeDer } from '../../src/certificate/der-writing.ts'
import {
  describe as describeCertificate,
  type Name,
  readName,
  writeName,
} from '../../src/certificate/names.ts'
import { openWorkshop, type Wanted } from '../support/openssl.ts'

let workshop: ReturnType<typeof openWorkshop>
beforeAll(() => {
  workshop = openWorkshop()
})
afterAll(() => workshop.remove())

function subjectOf(subject: string, strings?: Wanted['strings']): Name {
  const { der } = workshop.issue({ subject, ...(strings ? { strings } : {}) })
  const read = readCertificate(der)
  if (!read) throw new Error('unreadable')
  return read.subject
}

/** Types of attributes and their encodings. */
const known = {
  CN: '550403',
  L: '550407',
  O: '55040a',
  UID: '0992268993f22c640101',
  DC: '0992268993f22c640119',
} as const
const unknown = { '2.5.4.5': '550405', '1.2.840.113549.1.9.1': '2a864886f70d010901' } as const
const encoded: Readonly<Record<string, string>> = { ...known, ...unknown }

type Plain = { readonly type: string; readonly tag: number; readonly content: Buffer }

const nameOf = (parts: readonly (readonly Plain[])[]): Name =>
  readName(readDer(writeDer(tags.sequence, ...parts.map((part) => writeDer(tags.set, ...part.map(write))))))
const write = ({ type, tag, content }: Plain): Buffer =>
  writeDer(
    tags.sequence,
    writeDer(tags.objectIdentifier, Buffer.from(encoded[type] ?? '', 'hex')),
    writeDer(tag, content),
  )
const utf8 = (type: string, text: string): Plain => ({
  type,
  tag: tags.utf8String,
  content: Buffer.from(text),
})
const one = (text: string): string => writeName(nameOf([[utf8('CN', text)]]))

describe('the string of a name', () => {
  it('begins with what is most specific and leaves Japanese as it is, in every kind of string', () => {
    const subject = '/C=JP/O=株式会社しおさい水産/CN=汐崎 渚/UID=mihon07'
    const expected = 'UID=mihon07,CN=汐崎 渚,O=株式会社しおさい水産,C=JP'
    expect(writeName(subjectOf(subject))).toBe(expected)
    expect(writeName(subjectOf(subject, 'MASK:0x0800'))).toBe(expected)
    const plain = '/C=JP/O=Shiosai/CN=Nagisa'
    expect(writeName(subjectOf(plain, 'nombstr'))).toBe('CN=Nagisa,O=Shiosai,C=JP')
    expect(subjectOf(plain, 'nombstr').der.equals(subjectOf(plain).der)).toBe(false)
  })

  it('has several attributes of one part side by side, whatever their order', () => {
    const expected = 'CN=汐崎 渚+UID=mihon07,C=JP'
    expect(writeName(subjectOf('/C=JP/UID=mihon07+CN=汐崎 渚'))).toBe(expected)
    expect(writeName(nameOf([[utf8('UID', 'a'), utf8('CN', 'b')]]))).toBe('CN=b+UID=a')
    expect(writeName(nameOf([[utf8('CN', 'b'), utf8('UID', 'a')]]))).toBe('CN=b+UID=a')
  })

  it('names other types by their number, with the value in hexadecimal', () => {
    const email = '1.2.840.113549.1.9.1=#160461406263'
    expect(writeName(subjectOf('/CN=x/emailAddress=a@bc'))).toBe(`${email},CN=x`)
  })

  it.each([
    [' x', '\\ x'],
    ['x ', 'x\\ '],
    [' ', '\\ '],
    ['  ', '\\ \\ '],
    ['a  b', 'a  b'],
    ['#x', '\\#x'],
    ['x#', 'x#'],
    ['a,b+c"d\\e<f>g;h=i', 'a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h=i'],
    ['a\0b\n\x7f', 'a\\00b\\0A\\7F'],
    ['\u0085', '\\C2\\85'],
    ['', ''],
    ['👪', '👪'],
    ['\ufeffx', '\ufeffx'],
  ])('escapes %j as %j', (text, expected) => {
    expect(one(text)).toBe(`CN=${expected}`)
  })

  it('is what openssl says of the same name', () => {
    const subject = '/C=JP/O= a,b\\+c/OU=#x"y/L=<z>;\\\\/CN=汐崎 渚 /DC=q=r'
    const { certificate } = workshop.issue({ subject })
    const said = workshop.run([
      'x509',
      '-in',
      certificate,
      '-noout',
      '-subject',
      '-nameopt',
      'RFC2253,-esc_msb,utf8',
    ])
    expect(`subject=${writeName(subjectOf(subject))}\n`).toBe(said.toString())
  })

  it('has the value in hexadecimal where its characters are not certain', () => {
    const odd: readonly Plain[] = [
      { type: 'CN', tag: tags.utf8String, content: Buffer.from('c328', 'hex') },
      { type: 'CN', tag: tags.printableString, content: Buffer.from('e9', 'hex') },
      { type: 'CN', tag: tags.bmpString, content: Buffer.from('d800', 'hex') },
      { type: 'CN', tag: tags.bmpString, content: Buffer.from('006100', 'hex') },
      { type: 'CN', tag: 0x14, content: Buffer.from('a') },
    ]
    for (const attribute of odd) {
      const value = writeDer(attribute.tag, attribute.content).toString('hex')
      expect(writeName(nameOf([[attribute]]))).toBe(`CN=#${value}`)
    }
  })

  it('can be read back to the one name that it is of', () => {
    const awkward = fc.string({
      unit: fc.constantFrom(...Array.from(' #,+"\\<>;=aC\0\n0é汐👪')),
      maxLength: 6,
    })
    const text = fc.tuple(
      fc.constantFrom(...Object.keys(encoded)),
      fc.oneof(
        awkward,
        fc.string({ unit: 'binary', maxLength: 6 }).map((some) => some.toWellFormed()),
      ),
    )
    const raw = fc.record({
      type: fc.constantFrom(...Object.keys(encoded)),
      tag: fc.constantFrom(tags.utf8String, tags.bmpString, tags.printableString, 0x14, tags.null),
      content: fc.uint8Array({ maxLength: 4 }).map((some) => Buffer.from(some)),
    })
    const attribute = fc.oneof(
      text.map(([type, some]) => utf8(type, some)),
      raw,
    )
    const name = fc.array(fc.array(attribute, { minLength: 1, maxLength: 3 }), { maxLength: 3 })
    fc.assert(
      fc.property(name, (parts) => {
        const read = nameOf(parts)
        expect(parse(writeName(read))).toEqual(meant(parts))
      }),
      { numRuns: 3000 },
    )
  })

  it('is not made of what is no name', () => {
    expect(reading(() => nameOf([[]]))).toBeUndefined()
    expect(reading(() => readName(readDer(writeDer(tags.set))))).toBeUndefined()
  })
})

/** What a name says, without the kinds of its strings: for each part its attributes, sorted. */
function meant(parts: readonly (readonly Plain[])[]): readonly (readonly string[])[] {
  return parts.map((part) =>
    part
      .map(({ type, tag, content }) => {
        const text = type in known ? textOf(tag, content) : undefined
        return text === undefined ? `${type}=#${writeDer(tag, content).toString('hex')}` : `${type}:${text}`
      })
      .toSorted(),
  )
}

function textOf(tag: number, content: Buffer): string | undefined {
  const label = { [tags.utf8String]: 'utf-8', [tags.bmpString]: 'utf-16be', [tags.printableString]: 'ascii' }[
    tag
  ]
  if (label === 'ascii') return content.some((byte) => byte > 0x7f) ? undefined : content.toString('latin1')
  try {
    return label && new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return undefined
  }
}

/** An RFC 4514 reader of its own, most specific part last again. */
function parse(text: string): readonly (readonly string[])[] {
  if (text === '') return []
  const token = /\\([0-9A-F]{2})|\\([ #,+"\\<>;=])|([,+])|([^\\,+]+?(?=[\\,+]|$))/gsu
  const parts: string[][] = [[]]
  let current: Buffer[] = []
  let plain = ''
  const close = () => {
    const [type, first] = [plain.slice(0, plain.indexOf('=')), plain.slice(plain.indexOf('=') + 1)]
    const value = Buffer.concat(current).toString('utf8')
    parts
      .at(-1)
      ?.push(
        first.startsWith('#')
          ? `${type}=${value.slice(type.length + 1)}`
          : `${type}:${value.slice(type.length + 1)}`,
      )
    current = []
    plain = ''
  }
  for (const [, hexadecimal, escaped, separator, other] of text.matchAll(token)) {
    if (separator) {
      close()
      if (separator === ',') parts.push([])
      continue
    }
    if (current.length === 0) plain = other ?? ''
    current.push(hexadecimal ? Buffer.from(hexadecimal, 'hex') : Buffer.from(escaped ?? other ?? ''))
  }
  close()
  return parts.map((part) => part.toSorted()).toReversed()
}

describe('what the customer is shown', () => {
  const shown = (subject: readonly (readonly Plain[])[], issuer: readonly (readonly Plain[])[] = []) =>
    describeCertificate({ subject: nameOf(subject), issuer: nameOf(issuer), startsAt: 1, endsAt: 2 })

  it('is holder, company, issuer and dates', () => {
    const issuer = [[utf8('O', '見本')], [utf8('CN', 'Mihon CA')]]
    expect(shown([[utf8('O', '株式会社しおさい水産')], [utf8('CN', '汐崎 渚')]], issuer)).toEqual({
      holder: '汐崎 渚',
      company: '株式会社しおさい水産',
      issuer: 'Mihon CA',
      startsAt: 1,
      endsAt: 2,
    })
  })

  it('is the most specific of several, the whole name without a common one, the issuer’s organization without one', () => {
    expect(shown([[utf8('CN', 'a')], [utf8('CN', 'b')]]).holder).toBe('b')
    expect(shown([[utf8('UID', 'a')], [utf8('L', 'b')]])).toMatchObject({ holder: 'L=b,UID=a', company: '' })
    expect(shown([[utf8('CN', '\u202e\0 ')], [utf8('UID', 'a')]]).holder).toContain('UID=a')
    expect(shown([], [[utf8('O', 'o')]]).issuer).toBe('o')
    expect(shown([], [[utf8('L', 'l')]]).issuer).toBe('L=l')
  })

  it('has neither control nor formatting characters', () => {
    expect(shown([[utf8('CN', ' a\n\0\u202eb\u2028c\u0085 ')]]).holder).toBe('abc')
  })

  it('has at most 64 characters, and none cut in two', () => {
    expect(shown([[utf8('CN', 'x'.repeat(64))]]).holder).toBe('x'.repeat(64))
    expect(shown([[utf8('CN', 'x'.repeat(65))]]).holder).toBe(`${'x'.repeat(63)}…`)
    const { holder } = shown([[utf8('CN', '👪'.repeat(40))]])
    expect(holder).toBe(`${'👪'.repeat(31)}…`)
    const long = shown([[utf8('O', 'x'.repeat(99))]], [[utf8('CN', 'x'.repeat(99))]])
    expect([long.holder.length, long.company.length, long.issuer.length]).toEqual([64, 64, 64])
  })
})
