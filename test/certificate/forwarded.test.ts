/** Reading what a proxy forwards: the one format exactly, and nothing that only looks like it. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { certificateFormats, certificateHeaders, readForwarded } from '../../src/certificate/forwarded.ts'
import { makeKeys, makeRoot } from '../../src/demo/authority.ts'
import { forwardedAs } from '../support/certificates.ts'

let rsa: Buffer
let ec: Buffer
beforeAll(async () => {
  const life = { from: Date.parse('2026-01-01'), until: Date.parse('2027-01-01') }
  const name = [
    ['C', 'JP'],
    ['CN', '見本 太郎'],
  ] as const
  rsa = makeRoot({ ...life, name, keys: await makeKeys('rsa-2048') }).certificate.raw
  ec = makeRoot({ ...life, name, keys: await makeKeys('ec-p256') }).certificate.raw
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

  it('reads either the same certificate or none after any one character was changed', () => {
    const good = write(ec)
    fc.assert(
      fc.property(
        fc.nat({ max: good.length - 1 }),
        fc.constantFrom('a', 'Z', '9', '%', ':', ';', '"', ',', ' ', '\n', '\0', 'é'),
        (at, one) => {
          const answer = read(name, good.slice(0, at) + one + good.slice(at + 1))
          // A letter of the base64 may be another one and still be a certificate: then its signature fails later.
          return !answer.ok || answer.value !== null
        },
      ),
      { numRuns: 500 },
    )
  })
})

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
