/** Certificates and lists that are kept in a folder as long as they are what they are called, and else made anew. */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { days } from '../../clock.ts'
import { type Authority, isNamed, issue, limitedTo, makeRoot } from './authority.ts'
import { type Place, read, write } from './folder.ts'
import { type KeyKind, keyPem, makeKeys, readKeys } from './keys.ts'
import type { Name } from './names.ts'
import { makePkcs12 } from './pkcs12.ts'
import { makeRevocationList, readRevocationList, revocationListPem } from './revocation-list.ts'

/** Of every .p12 file. */
export const pkcs12Password = 'mihon'

/** In days from now: the life that a new one gets, and with which life left an old one still is what it is called. */
const states = {
  good: { from: -1, until: 365, holds: (from: number, until: number) => from <= 0 && until >= 60 },
  'renewing-soon': { from: -345, until: 20, holds: (_: number, until: number) => until >= 5 && until <= 29 },
  expired: { from: -375, until: -10, holds: (_: number, until: number) => until < 0 },
  'not-yet-valid': { from: 30, until: 395, holds: (from: number) => from >= 1 },
  // outlives what it signs
  authority: { from: -730, until: 3650, holds: (from: number, until: number) => from <= 0 && until >= 400 },
} as const

type Wanted = {
  /** without its ending */
  readonly file: string
  readonly subject: Name
  readonly state: keyof typeof states
  readonly keyKind: KeyKind
  readonly kind: 'authority' | 'server' | 'customer'
  /** left out for a root */
  readonly issuer?: Authority
  readonly names?: readonly string[]
  readonly pathLength?: number
  /** of a root: for no other servers */
  readonly vouchesFor?: readonly string[]
}

/** The certificate in the folder if it is still what is wanted, else a new one for the same key. */
export async function keep(place: Place, wanted: Wanted): Promise<Authority> {
  const { file, subject, issuer, kind, state, vouchesFor } = wanted
  const old = read(place, `${file}.pem`, (pem) => new X509Certificate(pem))
  // Whoever imported a root without limits trusts its key for the whole web: that key must go.
  const unlimited = old && vouchesFor && limitedTo(old, vouchesFor) === 'none'
  const kept = unlimited ? undefined : read(place, `${file}.key`, readKeys)
  const keys = kept ?? (await makeKeys(wanted.keyKind))
  if (old && isStill(place, wanted, { certificate: old, keys })) return { certificate: old, keys }
  const life = { from: place.now + days(states[state].from), until: place.now + days(states[state].until) }
  const certificate = issuer
    ? issue({ ...wanted, ...life, issuer, keys })
    : makeRoot({ ...life, name: subject, keys, ...(vouchesFor ? { servers: vouchesFor } : {}) }).certificate
  const chain = kind === 'customer' && issuer ? [issuer.certificate] : []
  write(place, `${file}.key`, keyPem(keys))
  if (kind === 'customer') {
    write(
      place,
      `${file}.p12`,
      makePkcs12({ keys, certificate, chain, friendlyName: file, password: pkcs12Password }),
    )
  }
  // The last one, because its being there says that the others are.
  write(place, `${file}.pem`, [certificate, ...chain].join(''))
  return { certificate, keys }
}

function isStill({ folder, now }: Place, wanted: Wanted, { certificate, keys }: Authority): boolean {
  const { publicKey } = (wanted.issuer ?? { keys }).keys
  const daysTo = (date: Date) => (date.getTime() - now) / days(1)
  return (
    states[wanted.state].holds(daysTo(certificate.validFromDate), daysTo(certificate.validToDate)) &&
    isNamed(certificate, wanted.subject) &&
    certificate.checkPrivateKey(keys.privateKey) &&
    certificate.verify(publicKey) &&
    certificate.subjectAltName === alternativeNames(wanted.names) &&
    (!wanted.vouchesFor || limitedTo(certificate, wanted.vouchesFor) === 'these') &&
    (wanted.kind !== 'customer' || hasFiles(folder, wanted))
  )
}

/** With the issuer as it is now: its certificate may have been made anew for the same key. */
const hasFiles = (folder: string, { file, issuer }: Wanted): boolean =>
  existsSync(join(folder, `${file}.p12`)) &&
  readFileSync(join(folder, `${file}.pem`), 'utf8').endsWith(issuer?.certificate.toString() ?? '')

/** As Node shows them. */
const alternativeNames = (names: readonly string[] | undefined): string | undefined =>
  names?.map((name) => `${isIPv4(name) ? 'IP Address' : 'DNS'}:${name}`).join(', ')

/** Who was on the last list stays on it: his certificate may have been made anew since. */
export function writeRevocationList(place: Place, issuer: Authority, revoked: readonly Authority[]): void {
  const file = 'revocation-list.pem'
  const last = read(place, file, readRevocationList) ?? { number: 0, revoked: [] }
  const added = revoked
    .map(({ certificate }) => ({ serialNumber: certificate.serialNumber.toLowerCase(), at: place.now }))
    .filter(({ serialNumber }) => last.revoked.every((one) => one.serialNumber !== serialNumber))
  const list = makeRevocationList({
    issuer,
    revoked: [...last.revoked, ...added],
    thisUpdate: place.now,
    nextUpdate: place.now + days(365),
    // grows even after the last list was deleted
    number: Math.max(last.number + 1, Math.floor(place.now / 1000)),
  })
  write(place, file, revocationListPem(list))
}
