/** Prepares what signing in by certificate needs in the demo: authorities, a server's certificate, and customers' in every state. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { demoCustomers } from '../bank/simulator/customers.ts'
import { type Clock, days } from '../clock.ts'
import type { CertificateRules } from '../institution.ts'
import {
  type Authority,
  customerAuthority,
  customerSubject,
  isNamed,
  issue,
  type KeyKind,
  keyPem,
  limitedTo,
  makeKeys,
  makeRevocationList,
  makeRoot,
  type Name,
  readRevocationList,
  revocationListPem,
} from './authority.ts'
import { makePkcs12 } from './pkcs12.ts'

/** Of every .p12 file. */
export const pkcs12Password = 'mihon'

export type DemoCertificates = {
  readonly folder: string
  /** PEM file with the root and the customers' authority */
  readonly authorities: string
  /** PEM file with the list of the customers' authority */
  readonly revocationList: string
  readonly server: { readonly certFile: string; readonly keyFile: string }
  /** as an institution file would have them */
  readonly rules: CertificateRules
  /** the .p12 files; beside each lie its certificate with the issuer's (.pem) and its key (.key) */
  readonly files: readonly string[]
}

/**
 * Makes what is missing in the folder or no longer is what its name says; keys and authorities stay.
 * The revocation list is made anew each time and ends a year later.
 * @param options.hosts DNS names and IPv4 addresses for the server's certificate
 */
export async function prepareDemoCertificates(options: {
  readonly folder: string
  readonly clock: Clock
  readonly hosts: readonly string[]
}): Promise<DemoCertificates> {
  const folder = resolve(options.folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  await alone(folder, () => prepare({ folder, now: options.clock() }, options.hosts))
  const authorities = join(folder, 'authorities.pem')
  const revocationList = join(folder, 'revocation-list.pem')
  return {
    folder,
    authorities,
    revocationList,
    server: { certFile: join(folder, 'server.pem'), keyFile: join(folder, 'server.key') },
    rules: demoRules(folder),
    files: customers.map(({ file }) => join(folder, `${file}.p12`)),
  }
}

/** As an institution file would have them. */
export const demoRules = (folder: string): CertificateRules => ({
  authorities: join(folder, 'authorities.pem'),
  noticeDays: 30,
  revocation: {
    crl: { sources: [join(folder, 'revocation-list.pem')], refreshMinutes: 60, whenUnknown: 'refuse' },
  },
})

/** In days from now: the life that a new one gets, and with which life left an old one still is what it is called. */
const states = {
  good: { from: -1, until: 365, holds: (from: number, until: number) => from <= 0 && until >= 60 },
  'renewing-soon': { from: -345, until: 20, holds: (_: number, until: number) => until >= 5 && until <= 29 },
  expired: { from: -375, until: -10, holds: (_: number, until: number) => until < 0 },
  'not-yet-valid': { from: 30, until: 395, holds: (from: number) => from >= 1 },
  // outlives what it signs
  authority: { from: -730, until: 3650, holds: (from: number, until: number) => from <= 0 && until >= 400 },
} as const

const customers = [
  { file: 'mihon07-good', loginId: 'mihon07', state: 'good', keyKind: 'rsa-2048' },
  { file: 'mihon07-renewing-soon', loginId: 'mihon07', state: 'renewing-soon', keyKind: 'ec-p256' },
  { file: 'mihon07-expired', loginId: 'mihon07', state: 'expired', keyKind: 'ec-p256' },
  { file: 'mihon07-not-yet-valid', loginId: 'mihon07', state: 'not-yet-valid', keyKind: 'ec-p256' },
  { file: 'mihon07-revoked', loginId: 'mihon07', state: 'good', keyKind: 'ec-p256' },
  { file: 'mihon11-good', loginId: 'mihon11', state: 'good', keyKind: 'ec-p256' },
  { file: 'not-tied', loginId: 'mihon99', state: 'good', keyKind: 'ec-p256' },
  // names a customer of ours, but another institution says so
  { file: 'foreign', loginId: 'mihon07', state: 'good', keyKind: 'ec-p256' },
] as const

/** Those whom the bank need not know. */
const strangers = [
  { loginId: 'mihon11', companyName: '株式会社はまなす商会', userName: '浜梨 恵' },
  { loginId: 'mihon99', companyName: '株式会社とおりすがり', userName: '遠里 進' },
]

function subjectOf(loginId: string): Name {
  const customer = [...demoCustomers, ...strangers].find((one) => one.loginId === loginId)
  if (!customer) throw new Error(`the demo has no customer ${loginId}`)
  return customerSubject(customer)
}

type Place = { readonly folder: string; readonly now: number }

async function prepare(place: Place, hosts: readonly string[]): Promise<void> {
  const authority = { state: 'authority', keyKind: 'ec-p256', kind: 'authority', pathLength: 0 } as const
  const root = await keep(place, {
    ...authority,
    file: 'root',
    subject: [
      ['C', 'JP'],
      ['O', 'Mihon Credit Union (demo)'],
      ['CN', 'Mihon Demo Root CA'],
    ],
    vouchesFor: domainsOf(hosts),
  })
  // Some systems take the root in a .p12 file for a trusted one.
  const foreignRoot = await keep(place, {
    ...authority,
    file: 'foreign-root',
    subject: [
      ['C', 'JP'],
      ['O', 'Yoso Credit Union (demo)'],
      ['CN', 'Yoso Demo CA'],
    ],
    vouchesFor: domainsOf([]),
  })
  const issuer = await keep(place, {
    ...authority,
    file: 'customer-authority',
    subject: customerAuthority,
    issuer: root,
  })
  write(place, 'authorities.pem', [root.certificate, issuer.certificate].join(''))
  await keep(place, {
    file: 'server',
    subject: [
      ['C', 'JP'],
      ['CN', 'Mihon Demo Server'],
    ],
    state: 'good',
    keyKind: 'ec-p256',
    kind: 'server',
    names: hosts,
    issuer: root,
  })
  const kept = await Promise.all(
    customers.map(({ loginId, ...one }) =>
      keep(place, {
        ...one,
        kind: 'customer',
        subject: subjectOf(loginId),
        issuer: one.file === 'foreign' ? foreignRoot : issuer,
      }),
    ),
  )
  const revoked = kept.filter((_, n) => customers[n]?.file === 'mihon07-revoked')
  writeRevocationList(place, issuer, revoked)
}

/** The root is imported into browsers, so it vouches for what the demo needs, and not for the web. */
function domainsOf(hosts: readonly string[]): readonly string[] {
  const others = hosts
    .map((host) => host.replace(/^\*\./, ''))
    .filter((host) => !/(^|\.)localhost$/.test(host))
  return ['localhost', ...new Set(others)]
}

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
  const kept = unlimited ? undefined : read(place, `${file}.key`, keysOf)
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

function keysOf(pem: Buffer): Authority['keys'] {
  const privateKey = createPrivateKey(pem)
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** What the file says; nothing when it is missing or spoilt, and then it is made anew. */
function read<Value>({ folder }: Place, file: string, parse: (content: Buffer) => Value): Value | undefined {
  try {
    return parse(readFileSync(join(folder, file)))
  } catch {
    return undefined
  }
}

/** Whole or not at all, and for its owner only. */
export function write({ folder }: Place, file: string, content: string | Buffer): void {
  const unfinished = join(folder, `${file}.new`)
  writeFileSync(unfinished, content, { mode: 0o600 })
  renameSync(unfinished, join(folder, file))
}

/** Processes that start at once take turns. The lock is a transaction of SQLite's: unlike a file, it ends with its process. */
export async function alone<Value>(folder: string, work: () => Promise<Value>): Promise<Value> {
  const lock = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    for (let tries = 0; !taken(lock); tries++) {
      if (tries === 500) throw new Error(`another process has been busy in ${folder} for ten seconds`)
      await setTimeout(20)
    }
    return await work()
  } finally {
    lock.close()
  }
}

function taken(lock: DatabaseSync): boolean {
  try {
    lock.exec('begin exclusive')
    return true
  } catch (error) {
    if (error instanceof Error && /locked/.test(error.message)) return false
    throw error
  }
}
