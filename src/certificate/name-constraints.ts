/**
 * Which names an authority may put into certificates below it (RFC 5280, section 4.2.1.10). Closed: a name of a form that
 * we cannot compare breaks any constraint on that form.
 */
import type { Certificate } from './certificate.ts'
import { type Der, elements, fields, only, readDer, reading } from './der.ts'
import { writeDer } from './der-writing.ts'
import { type Name, readName, types } from './names.ts'

/** Bases of subtrees, as GeneralName. */
export type NameConstraints = { readonly permitted: readonly Der[]; readonly excluded: readonly Der[] }

/** @throws Unreadable */
export function readConstraints(der: Der): NameConstraints {
  const field = fields(der)
  const permitted = field.optional(0xa0)
  const excluded = field.optional(0xa1)
  field.end()
  return { permitted: readBases(permitted), excluded: readBases(excluded) }
}

/** A minimum or maximum beside the base is not used in this profile: such a subtree is not readable. */
function readBases(der: Der | undefined): readonly Der[] {
  return der ? elements(der, der.tag).map(only) : []
}

/** Tags of GeneralName (RFC 5280, section 4.2.1.6). */
const forms = { email: 0x81, domain: 0x82, directory: 0xa4, address: 0x87 } as const

/**
 * Every name of the certificate must be below one of the permitted bases of its form, if there are any, and below none
 * of the excluded. Certificates that an authority issued to itself are not exempt: stricter than section 6.1.3 (b).
 */
export function breaksConstraints(
  certificate: Certificate,
  { permitted, excluded }: NameConstraints,
): boolean {
  return namesOf(certificate).some((name) => {
    const isBelow = (base: Der) => reading(() => below(name, base)) ?? 'unclear'
    const allowed = permitted.filter(({ tag }) => tag === name.tag).map(isBelow)
    const forbidden = excluded.filter(({ tag }) => tag === name.tag).map(isBelow)
    return forbidden.some((one) => one !== 'no') || (allowed.length > 0 && !allowed.includes('yes'))
  })
}

/** The subject counts as a directory name, even an empty one, and addresses in it as addresses of mail. */
function namesOf({ subject, extensions }: Certificate): readonly Der[] {
  const { parts, der } = subject
  const addresses = parts.flat().filter(({ type }) => type === types.emailAddress)
  return [
    readDer(writeDer(forms.directory, der)),
    ...addresses.map(({ value }) => readDer(writeDer(forms.email, value.content))),
    ...extensions.alternativeNames,
  ]
}

type Answer = 'yes' | 'no' | 'unclear'

function below(name: Der, base: Der): Answer {
  switch (name.tag) {
    case forms.directory:
      return directoryBelow(readName(only(name)), readName(only(base)))
    case forms.email:
      return emailBelow(textOf(name), textOf(base))
    case forms.domain:
      return domainBelow(textOf(name), textOf(base))
    case forms.address:
      return addressBelow(name.content, base.content)
    default:
      return 'unclear'
  }
}

const answer = (yes: boolean): Answer => (yes ? 'yes' : 'no')

/** Upper and lower case are one even before the `@`: an excluded mailbox must not come back as another spelling. */
const textOf = ({ content }: Der): string => content.toString('latin1').toLowerCase()

function directoryBelow(name: Name, base: Name): Answer {
  const parts = comparable(name)
  const wanted = comparable(base)
  if (!parts || !wanted) return 'unclear'
  return answer(wanted.every((part, at) => parts[at] === part))
}

/** RFC 5280, section 7.1: no difference of case, of spaces or of the kind of string. */
function comparable({ parts }: Name): readonly string[] | undefined {
  if (parts.flat().some(({ text }) => text === undefined)) return undefined
  return parts.map((part) => {
    const attributes = part.map(({ type, text = '' }) => [
      type,
      text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim(),
    ])
    return JSON.stringify(attributes.map((one) => JSON.stringify(one)).toSorted())
  })
}

const isDomain = (name: string): boolean => name.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label))

function domainBelow(name: string, base: string): Answer {
  if (!isDomain(name)) return 'unclear'
  if (base === '') return 'yes'
  return answer(base.startsWith('.') ? name.endsWith(base) : name === base || name.endsWith(`.${base}`))
}

/** The base is a mailbox, a host, or with a dot before it everything below a domain. */
function emailBelow(name: string, base: string): Answer {
  const [mailbox, host, ...more] = name.split('@')
  if (!mailbox || !host || more.length > 0 || !isDomain(host)) return 'unclear'
  if (base.includes('@')) return answer(name === base)
  return answer(base === '' || (base.startsWith('.') ? host.endsWith(base) : host === base))
}

/** The base is an address and a mask of the same length. */
function addressBelow(name: Buffer, base: Buffer): Answer {
  if (![4, 16].includes(name.length) || ![8, 32].includes(base.length)) return 'unclear'
  if (base.length !== name.length * 2) return 'no'
  const mask = base.subarray(name.length)
  return answer(name.every((byte, at) => ((byte ^ (base[at] ?? 0)) & (mask[at] ?? 0)) === 0))
}
