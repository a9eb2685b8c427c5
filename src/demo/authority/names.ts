/** Distinguished names (X.501), and those of the demo bank's customers. */
import { tags } from '../../certificate/der.ts'
import { writeDer, writeSequence, writeTyped } from '../../certificate/der-writing.ts'

/** A distinguished name in the order of its DER, the reverse of its RFC 4514 string. */
export type Name = readonly (readonly [keyof typeof attributes, string])[]

const attributes = {
  C: '2.5.4.6',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  CN: '2.5.4.3',
  UID: '0.9.2342.19200300.100.1.1',
} as const

/** DER */
export const nameOf = (name: Name): Buffer =>
  writeSequence(
    ...name.map(([attribute, value]) => {
      const text = writeDer(attribute === 'C' ? tags.printableString : tags.utf8String, Buffer.from(value))
      return writeDer(tags.set, writeTyped(attributes[attribute], text))
    }),
  )

/** Who signs the certificates of the demo bank's customers. */
export const customerAuthority: Name = [
  ['C', 'JP'],
  ['O', 'Mihon Credit Union (demo)'],
  ['CN', 'Mihon Demo Customer CA'],
]

/** Whom a customer's certificate names; as RFC 4514 string `UID=mihon07,CN=汐崎 渚,O=株式会社しおさい水産,C=JP`. */
export const customerSubject = (customer: {
  readonly companyName: string
  readonly userName: string
  readonly loginId: string
}): Name => [
  ['C', 'JP'],
  ['O', customer.companyName],
  ['CN', customer.userName],
  ['UID', customer.loginId],
]
