/** The engine's cookies are signed as Keygrip signs them, so that a journey goes on over an upgrade and a new master key. */
import { createHmac, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { cookieSignatures } from '../../src/provider/cookie-signatures.ts'

const [newest, older, foreign] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const
const data = 'interaction=V1StGXR8_Z5jdHi6B-myT'

/** Keygrip's own recipe: SHA-1, base64, and the three letters that a cookie does not like replaced. */
const asKeygrip = (key: Buffer) =>
  createHmac('sha1', key.toString('base64url'))
    .update(data)
    .digest('base64')
    .replaceAll('/', '_')
    .replaceAll('+', '-')
    .replaceAll('=', '')

it('signs with the newest key, as a former version did', () => {
  expect(cookieSignatures([newest, older]).sign(data)).toBe(asKeygrip(newest))
})

it('says which key a cookie was signed with, so that one of an older key is signed anew', () => {
  const { index, verify } = cookieSignatures([newest, older])
  expect([index(data, asKeygrip(newest)), index(data, asKeygrip(older))]).toEqual([0, 1])
  expect(verify(data, asKeygrip(older))).toBe(true)
})

it.each([
  ['of a key that is not ours', asKeygrip(foreign)],
  ['of other data', cookieSignatures([newest]).sign(`${data}x`)],
  ['with a letter more', `${asKeygrip(newest)}A`],
  ['with a letter less', asKeygrip(newest).slice(0, -1)],
  ['that is empty', ''],
  ['of letters that are two bytes', 'é'.repeat(27)],
])('believes no signature %s', (_what, signature) => {
  const { index, verify } = cookieSignatures([newest, older])
  expect([index(data, signature), verify(data, signature)]).toEqual([-1, false])
})
