/** Reading what a proxy forwards: the one format exactly, and nothing that only looks like it. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { certificateFormats, certificateHeaders, readForwarded } from '../../src/certificate/forwarded.ts'
import { makeRoot } from '../../src/demo/authority/authority.ts'
import { makeKeys } from '../../src/demo/authority/keys.ts'
import { forwardedAs } from '../support/certificates.ts'

let rsa: Buffer
let ec: Buffer
/** ends with `==`, so that its last letter has four bits to spare */
let padded: Buffer
beforeAll(async () => {
  const life = { from: Date.parse('2026-01-01'), until: Date.parse('2027-01-01') }
  const name = [
    ['C', 'JP'],
    ['CN', '見本 太郎'],
  ] as const
  rsa = makeRoot({ ...life, name, keys: await makeKeys('rsa-2048') }).certificate.raw
  const keys = await makeKeys('ec-p256')
  ec = makeRoot({ ...life, name, keys }).certificate.raw
  do padded = makeRoot({ ...life, name, keys }).certificate.raw
  while (padded.length % 3 !== 1)
})

const hashOf = (der: Buffer) => createHash('sha256').update(der).digest('hex')
const refused = (reason: string) => ({ ok: false, reason })

describe.each(certificateFormats)('the format %s', (format) => {
  const { name, write } = forwardedAs[format]
  const read = (...headers: readonly string[]) => readForwarded(headers, format)

  it('gives the bytes of RSA and EC certificates back, whatever the case of the header’s name', () => {
    expect(read('Host', 'x', name, write(rsa))).toEqual({ ok: true, value: rsa })
    expect(read(name.toLowerCase(), write(ec), 'Accept', '*/*')).toEqual({ ok: true, value: ec })
    expect(read(name.toUpperCase(), write(ec))).toEqual({ ok: true, value: ec })
  })

  it('is no certificate where there is no header', () => {
    expect(read('Host', 'x', 'Accept', name)).toEqual({ ok: true, value: null })
  })

  it('refuses a second copy, even an equal one', () => {
    expect(read(name, write(rsa), name.toLowerCase(), write(rsa))).toEqual(refused('header-repeated'))
    expect(read(name, write(rsa), name, write(ec))).toEqual(refused('header-repeated'))
  })

  it.each(Object.entries(forwardedAs).filter(([other]) => other !== format))(
    'refuses the header of %s, alone and beside its own',
    (_other, form) => {
      expect(read(form.name, form.write(rsa))).toEqual(refused('header-of-another-format'))
      expect(read(name, write(rsa), form.name, form.write(rsa))).toEqual(refused('header-of-another-format'))
    },
  )

  it('refuses its own name written with underscores, and a chain that somebody sends along', () => {
    expect(read(name.replaceAll('-', '_'), write(rsa))).toEqual(refused('header-of-another-format'))
    expect(read(name, write(rsa), 'Client-Cert-Chain', write(rsa))).toEqual(
      refused('header-of-another-format'),
    )
  })

  it.each<readonly [string, (der: Buffer) => string]>([
    ['nothing', () => ''],
    ['a blank', () => ' '],
    ['(null), as Apache writes it', () => '(null)'],
    [
      'the value of another format',
      (der) => forwardedAs[format === 'nginx' ? 'rfc9440' : 'nginx'].write(der),
    ],
    ['a value with something before it', (der) => `x${write(der)}`],
    ['a value with something behind it', (der) => `${write(der)}x`],
    ['two values in one header', (der) => `${write(der)}, ${write(der)}`],
    ['a value cut off', (der) => write(der).slice(0, -9)],
    ['bare base64', (der) => der.toString('base64')],
    ['a percent sign that says nothing', (der) => `${write(der).replace('%', '%zz%')}%`],
    ['bytes that are no certificate', () => write(Buffer.from('not a certificate'))],
    ['a certificate with a byte behind it', (der) => write(Buffer.concat([der, Buffer.from([0])]))],
    ['a certificate without its last byte', (der) => write(der.subarray(0, -1))],
    ['two certificates', (der) => write(Buffer.concat([der, der]))],
  ])('refuses %s', (_what, make) => {
    const answer = read(name, make(rsa))
    expect(['header-malformed', 'not-a-certificate']).toContain(answer.ok ? 'taken' : answer.reason)
  })

  it('refuses a header longer than any certificate of ours before it looks at it', () => {
    expect(read(name, `${write(rsa)}${'A'.repeat(12_000)}`)).toEqual(refused('header-too-long'))
  })

  it('never fails and never invents a certificate, whatever is sent', () => {
    const header = fc.tuple(fc.constantFrom(name, 'Host', 'X', name.replaceAll('-', '_')), fc.string())
    fc.assert(
      fc.property(fc.array(header, { maxLength: 4 }), (headers) => {
        const answer = readForwarded(headers.flat(), format)
        return !answer.ok || answer.value === null
      }),
    )
  })

  describe('with any one character changed', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const inner = () => {
      const text = padded.toString('base64')
      return format === 'rfc9440' ? text : encodeURIComponent(text.match(/.{1,64}/g)?.join('\n') ?? '')
    }

    /** Every change of one character, by whether it is in the base64, with what was read. */
    function changes(inside: boolean): { changed: string; read: Buffer | null | undefined }[] {
      const good = write(padded)
      const from = good.indexOf(inner())
      expect(from).toBeGreaterThan(0)
      const until = from + inner().length
      const ones = (at: number) => `aZ9F=+/%:;", \n\0é${until - at < 9 ? alphabet : ''}`.split('')
      return good.split('').flatMap((before, at) =>
        ones(at)
          .filter((one) => one !== before && (at >= from && at < until) === inside)
          .map((one) => {
            const changed = good.slice(0, at) + one + good.slice(at + 1)
            const answer = read(name, changed)
            return { changed, read: answer.ok ? answer.value : undefined }
          }),
      )
    }

    it('outside the base64 it gives no other certificate, and never none at all', () => {
      const others = changes(false).filter(({ read: got }) => got !== undefined && !got?.equals(padded))
      expect(others).toEqual([])
    })

    it('inside the base64 it never gives the holder’s', () => {
      const all = changes(true)
      // `%2b` says the same as `%2B`.
      const holders = all.filter(
        ({ changed, read: got }) => got?.equals(padded) && !sameText(changed, write(padded)),
      )
      expect(holders).toEqual([])
      expect(all.some(({ read: got }) => got === null)).toBe(false)
      // Another letter may still be a certificate: then its signature fails later.
      expect(all.some(({ read: got }) => got)).toBe(true)
    })
  })
})

function sameText(one: string, other: string): boolean {
  try {
    return decodeURIComponent(one) === decodeURIComponent(other)
  } catch {
    return false
  }
}

describe('the format envoy', () => {
  const read = (value: string) => readForwarded(['x-forwarded-client-cert', value], 'envoy')
  const { escaped } = forwardedAs.envoy
  const cert = () => `Cert="${escaped(rsa)}"`

  it('takes Envoy’s other fields along, in any order', () => {
    const more = 'By=spiffe://a;URI=spiffe://b;URI=spiffe://c;DNS=d;Subject="CN=\\"x\\",O=a;b"'
    expect(read(`${more};${cert()};Hash=${hashOf(rsa)}`)).toEqual({ ok: true, value: rsa })
    expect(read(`${cert()};Chain="${escaped(rsa)}"`)).toEqual({ ok: true, value: rsa })
  })

  it.each<readonly [string, () => string]>([
    ['without a certificate', () => `Hash=${hashOf(rsa)};Subject="CN=x"`],
    ['with the hash of another', () => `Hash=${hashOf(ec)};${cert()}`],
    ['with two certificates', () => `${cert()};${cert()}`],
    ['with two hashes', () => `Hash=${hashOf(rsa)};Hash=${hashOf(rsa)};${cert()}`],
    ['of two proxies', () => `${cert()},${cert()}`],
    ['of two proxies, the nearer one without a certificate', () => `${cert()},By=x`],
    ['with a field that Envoy does not have', () => `${cert()};Trust=yes`],
    ['with an open quote', () => `Subject="CN=x;${cert()}`],
    ['with a certificate inside a subject', () => `Subject="x;Cert=${escaped(rsa)}"`],
  ])('refuses an element %s', (_what, make) => {
    expect(read(make())).toEqual(refused('header-malformed'))
  })
})

it('the headers that only the certificate origin may get are known by every spelling', () => {
  const spellings = ['client-cert', 'CLIENT-CERT', 'Client_Cert', 'x_ssl_client_cert', 'Client-Cert-Chain']
  const raw = spellings.flatMap((name) => [name, 'x'])
  expect(certificateHeaders(raw).map(({ name }) => name)).toEqual(spellings.map((name) => name.toLowerCase()))
  expect(
    certificateHeaders(['Cookie', 'client-cert', 'X-Client', 'x', 'Accept', 'x-ssl-client-cert']),
  ).toEqual([])
})
