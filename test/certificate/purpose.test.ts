/** Certificates of the institution's that are not for signing in, or not strong enough for it. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authority, client, type Issued, openWorkshop, type Wanted } from '../support/openssl.ts'
import { type Judging, judging } from './judging.ts'

let workshop: ReturnType<typeof openWorkshop>
let root: Issued
let rsaRoot: Issued
let judged: Judging
beforeAll(async () => {
  workshop = openWorkshop()
  root = workshop.issue({ subject: '/CN=Root', extensions: authority })
  rsaRoot = workshop.issue({ subject: '/CN=RSA Root', extensions: authority, key: 'rsa-2048' })
  judged = await judging({ authorities: workshop.pem(root, rsaRoot) })
})
afterAll(() => workshop.remove())

const judge = (wanted: Partial<Wanted>) =>
  judged.judge(workshop.issue({ subject: '/CN=x', issuer: root, extensions: client, ...wanted }))

const usage = 'keyUsage=critical,digitalSignature'
const purpose = 'extendedKeyUsage=clientAuth'

describe('for another purpose', () => {
  it.each([
    ['a certificate for a client', [usage, purpose], 'ok'],
    ['one without key usage', [purpose], 'ok'],
    ['one for servers and clients', [usage, 'extendedKeyUsage=serverAuth,clientAuth'], 'ok'],
    ['one that says it is no authority', ['basicConstraints=critical,CA:FALSE', usage, purpose], 'ok'],
    [
      'one that says so in more bytes than needed',
      ['basicConstraints=critical,DER:3003010100', usage, purpose],
      'ok',
    ],
    ['one whose purpose is critical', [usage, 'extendedKeyUsage=critical,clientAuth'], 'ok'],
    ['one for servers', [usage, 'extendedKeyUsage=serverAuth'], 'unsuitable: purpose'],
    ['one for mail', [usage, 'extendedKeyUsage=emailProtection'], 'unsuitable: purpose'],
    ['one for anything', [usage, 'extendedKeyUsage=anyExtendedKeyUsage'], 'unsuitable: purpose'],
    ['one without purpose', [usage], 'unsuitable: purpose'],
    ['one for encryption', ['keyUsage=keyEncipherment', purpose], 'unsuitable: key-usage'],
    ['one for signing contracts only', ['keyUsage=nonRepudiation', purpose], 'unsuitable: key-usage'],
    ['an authority', [...authority, purpose], 'unsuitable: authority'],
    [
      'an authority by its basic constraints alone',
      ['basicConstraints=CA:TRUE', usage, purpose],
      'unsuitable: authority',
    ],
    ['one of version 1', [], 'unsuitable: version'],
    [
      'a critical extension we never heard of',
      [...client, '1.2.3.4=critical,DER:0500'],
      'unsuitable: critical-extension',
    ],
    ['one we never heard of that is not critical', [...client, '1.2.3.4=DER:0500'], 'ok'],
    [
      'name constraints, which only an authority has',
      [...client, 'nameConstraints=critical,permitted;email:a.jp'],
      'unsuitable: critical-extension',
    ],
  ])('%s', async (_, extensions, expected) => {
    expect(await judge({ extensions })).toBe(expected)
  })

  it('the root itself, shown as a customer’s', async () => {
    expect(await judged.judge(root)).toBe('unsuitable: authority')
  })
})

describe('too weak', () => {
  it.each([
    ['rsa-2048', 'ok'],
    ['rsa-pss', 'ok'],
    ['P-384', 'ok'],
    ['rsa-1024', 'unsuitable: weak-key'],
    ['rsa-2040', 'unsuitable: weak-key'],
    ['secp256k1', 'unsuitable: weak-key'],
    ['ed25519', 'unsuitable: weak-key'],
  ] as const)('a key of %s: %s', async (key, expected) => {
    expect(await judge({ key })).toBe(expected)
  })

  it.each(['sha1', 'sha224'])('a signature with %s', async (digest) => {
    expect(await judge({ digest })).toBe('unsuitable: weak-signature')
    expect(await judge({ digest, issuer: rsaRoot })).toBe('unsuitable: weak-signature')
  })

  it('a signature by RSA-PSS with SHA-1, which its name does not tell', async () => {
    const pss = ['rsa_padding_mode:pss']
    expect(await judge({ issuer: rsaRoot, signature: pss, digest: 'sha1' })).toBe(
      'unsuitable: weak-signature',
    )
    expect(await judge({ issuer: rsaRoot, signature: pss })).toBe('ok')
  })

  it.each([1, 2, 65_536])('an RSA key with the exponent %i', async (exponent) => {
    const { der } = workshop.issueOver(withExponent(exponent), { subject: '/CN=x', issuer: root })
    expect(await judged.judge({ der })).toBe('unsuitable: weak-key')
  })

  it('the exponent 3 is not refused', async () => {
    const { der } = workshop.issueOver(withExponent(3), { subject: '/CN=x', issuer: root })
    expect(await judged.judge({ der })).toBe('ok')
  })

  function withExponent(exponent: number): KeyObject {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const digits = exponent.toString(16)
    const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
    return createPublicKey({
      key: { ...publicKey.export({ format: 'jwk' }), e: bytes.toString('base64url') },
      format: 'jwk',
    })
  }
})

it('a certificate without a subject names nobody', async () => {
  const extensions = [...client, 'subjectAltName=critical,email:a@b.jp']
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { der } = workshop.issueOver(publicKey, { subject: '/', issuer: root, extensions })
  expect(await judged.judge({ der })).toBe('unsuitable: no-subject')
})
