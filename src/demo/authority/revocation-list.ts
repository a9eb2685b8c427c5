/** Revocation lists (RFC 5280, section 5) of the demo's authorities, and the way back. */
import {
  elements,
  fields,
  only,
  readDer,
  readInteger,
  readTime,
  tags,
  Unreadable,
} from '../../certificate/der.ts'
import { writeDer, writeInteger, writeSequence, writeTime } from '../../certificate/der-writing.ts'
import { readExtensionList } from '../../certificate/extensions.ts'
import { readPem } from '../../certificate/pem.ts'
import { type Authority, subjectOf } from './authority.ts'
import { authorityKeyId, extension } from './extensions.ts'
import { signed } from './keys.ts'

const listNumber = '2.5.29.20'

/** `serialNumber` in hexadecimal, `at` in ms. */
export type Revoked = { readonly serialNumber: string; readonly at: number }

/** @returns DER; times are in ms, and `number` must grow from list to list of one issuer */
export function makeRevocationList(list: {
  readonly issuer: Authority
  readonly revoked: readonly Revoked[]
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly number: number
}): Buffer {
  const { certificate, keys } = list.issuer
  const revoked = list.revoked.map(({ serialNumber, at }) =>
    writeSequence(writeInteger(BigInt(`0x${serialNumber}`)), writeTime(at)),
  )
  return signed(keys, (algorithm) => [
    writeInteger(1),
    algorithm,
    subjectOf(certificate),
    writeTime(list.thisUpdate),
    writeTime(list.nextUpdate),
    // a list of nobody has to leave the field out
    ...(revoked.length > 0 ? [writeSequence(...revoked)] : []),
    writeDer(0xa0, writeSequence(authorityKeyId(keys), extension(listNumber, writeInteger(list.number)))),
  ])
}

/**
 * Reads what `makeRevocationList` wrote. The reader that sign-in goes by does not fit: it takes no list that has ended, and
 * does not tell since when somebody is on it.
 * @throws Unreadable
 */
export function readRevocationList(pem: Buffer): {
  readonly number: number
  readonly revoked: readonly Revoked[]
} {
  const [list] = readPem(pem.toString(), 'X509 CRL')
  if (!list) throw new Unreadable('no list')
  const content = fields(fields(readDer(list)).next())
  // version, algorithm, issuer and two times
  for (let skipped = 0; skipped < 5; skipped++) content.next()
  const entries = content.optional(tags.sequence)
  const extensions = readExtensionList(only(content.next(0xa0)))
  const number = extensions.find(({ type }) => type === listNumber)
  return {
    number: number ? Number(readInteger(readDer(number.value.content))) : 0,
    revoked: (entries ? elements(entries) : []).map((entry) => {
      const field = fields(entry)
      return { serialNumber: readInteger(field.next()).toString(16), at: readTime(field.next()) }
    }),
  }
}

export const revocationListPem = (der: Buffer): string =>
  `-----BEGIN X509 CRL-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END X509 CRL-----\n`
