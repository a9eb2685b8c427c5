/** Reading a certificate: the same as openssl does, or not at all. */
import { type KeyObject, sign, X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificate, readCertificate } from '../../src/certificate/certificate.ts'
import { type Der, elements, readDer, tags } from '../../src/certificate/der.ts'
import { writeDer } from '../../src/certificate/der-writing.ts'
import { authority, client, type Issued, openWorkshop } from '../support/openssl.ts'
import { type Judging, judging } from './judging.ts'

let workshop: ReturnType<typeof openWorkshop>
let root: Issued
let leaf: Issued
let judged: Judging
beforeAll(async () => {
  workshop = openWorkshop()
  root = workshop.issue({ subject: '/C=JP/CN=Root', extensions: authority })
  leaf = workshop.issue({ subject: '/C=JP/CN=汐崎 渚', issuer: root, extensions: client })
  judged = await judging({ authorities: workshop.pem(root) })
})
afterAll(() => workshop.remove())

function read({ der }: { readonly der: Buffer }): Certificate {
  const found = readCertificate(der)
  if (!found) throw new Error('unreadable')
  return found
}

describe('a certificate', () => {
  it('says what openssl reads in it', () => {
    const { version, subject, issuer, startsAt, endsAt, extensions } = read(leaf)
    const { validFromDate, validToDate } = new X509Certificate(leaf.pem)
    expect([startsAt, endsAt]).toEqual([validFromDate.getTime(), validToDate.getTime()])
    expect(issuer.der.equals(read(root).subject.der)).toBe(true)
    expect([version, subject.parts.length]).toEqual([3, 2])
    expect([...(extensions.keyUsage ?? [])]).toEqual(['digitalSignature'])
    expect([...(extensions.purposes ?? [])]).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(extensions.critical).toEqual(['2.5.29.15'])
    expect(extensions.pathLength).toBeUndefined()
    expect(read(root).extensions.pathLength).toBe(Infinity)
    expect([...(read(root).extensions.keyUsage ?? [])]).toEqual(['keyCertSign', 'cRLSign'])
  })

  it.each([
    ['00', '0'],
    ['0a', 'a'],
    ['80', '80'],
    ['7fffffffffffffffffffffffffffffffffffffff', '7fffffffffffffffffffffffffffffffffffffff'],
  ])('has its serial number %s without leading zeros: %s', (serial, expected) => {
    const { der } = workshop.issue({ subject: '/CN=x', serial })
    expect(readCertificate(der)?.serialNumber).toBe(expected)
  })

  it('has no serial number in common with that of another sign', () => {
    const negative = resign((fields) => fields.with(1, writeDer(tags.integer, Buffer.from('ff', 'hex'))))
    expect(readCertificate(negative)?.serialNumber).toBe('-1')
  })

  it('has the places of its revocation lists', () => {
    const extensions = ['crlDistributionPoints=URI:http://a.jp/1,URI:http://a.jp/2']
    const places = read(workshop.issue({ subject: '/CN=x', extensions })).extensions.distributionPoints
    expect(places.map((place) => Buffer.from(place, 'hex').subarray(2).toString())).toEqual([
      'http://a.jp/1',
      'http://a.jp/2',
    ])
  })
})

/** The leaf with other fields, signed by its true issuer: what a careless authority could make. */
function resign(
  edit: (fields: readonly Buffer[]) => readonly Buffer[],
  { key = root.privateKey, algorithm = undefined as Buffer | undefined } = {},
): Buffer {
  const [inner, own] = elements(readDer(leaf.der)) as [Der, Der]
  const fields = edit(elements(inner).map(({ whole }) => whole))
  return signed(writeDer(tags.sequence, ...fields), algorithm ?? own.whole, key)
}

const signed = (content: Buffer, algorithm: Buffer, key: KeyObject): Buffer =>
  writeDer(
    tags.sequence,
    content,
    algorithm,
    writeDer(tags.bitString, Buffer.from([0]), sign('sha256', content, key)),
  )

describe('not one certificate exactly, although its authority signed it', () => {
  const unreadable = 'unsuitable: unreadable'
  const last = (fields: readonly Buffer[]) => fields.length - 1
  /** The list of extensions, edited. */
  const withExtensions = (edit: (list: readonly Buffer[]) => readonly Buffer[]) =>
    resign((fields) => {
      const [list] = elements(readDer(fields[last(fields)] ?? Buffer.alloc(0)), 0xa3)
      const all = list ? elements(list).map(({ whole }) => whole) : []
      return fields.with(last(fields), writeDer(0xa3, writeDer(tags.sequence, ...edit(all))))
    })

  it('is otherwise good', async () => {
    expect(await judged.judge({ der: resign((fields) => fields) })).toBe('ok')
    expect(await judged.judge({ der: withExtensions((list) => list) })).toBe('ok')
  })

  it('an extension twice', async () => {
    expect(await judged.judge({ der: withExtensions((list) => [...list, ...list.slice(0, 1)]) })).toBe(
      unreadable,
    )
  })

  it('an extension whose value is something else', async () => {
    const usage = Buffer.from('300e0603551d0f0101ff040430020500', 'hex')
    expect(await judged.judge({ der: withExtensions((list) => list.with(0, usage)) })).toBe(unreadable)
  })

  it('another signature algorithm outside than inside', async () => {
    const outside = Buffer.from('300a06082a8648ce3d040303', 'hex')
    expect(await judged.judge({ der: resign((fields) => fields, { algorithm: outside }) })).toBe(unreadable)
  })

  it('a field too many', async () => {
    const more = resign((fields) => [...fields, Buffer.from('0500', 'hex')])
    expect(readCertificate(more)).toBeUndefined()
  })

  it('bytes after its end', async () => {
    expect(await judged.judge({ der: Buffer.concat([leaf.der, Buffer.from([0])]) })).toBe(unreadable)
  })

  it('is shown to nobody as if it were known', async () => {
    const verdict = await judged.verifier.verify(Buffer.concat([leaf.der, Buffer.from([0])]))
    expect(verdict).toMatchObject({ ok: false, reason: 'unsuitable', received: null })
  })
})

describe('tampering', () => {
  it('with any byte leaves nothing that counts', async () => {
    expect(await judged.judge(leaf)).toBe('ok')
    await fc.assert(
      fc.asyncProperty(fc.nat(leaf.der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const der = Buffer.from(leaf.der)
        der[at] = (der[at] ?? 0) ^ change
        expect(await judged.judge({ der })).not.toBe('ok')
      }),
      { numRuns: 500 },
    )
  })

  it('with arbitrary bytes is refused, not an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        expect(await judged.judge({ der: Buffer.from(bytes) })).toBe('unsuitable: unreadable')
      }),
    )
  })
})
