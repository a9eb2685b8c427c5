/** Prepares what signing in by certificate needs in the demo: authorities, a server's certificate, and customers' in every state. */
import { chmodSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { demoCustomers } from '../bank/simulator/customers.ts'
import type { Clock } from '../clock.ts'
import type { CertificateRules } from '../institution.ts'
import { alone, type Place, write } from './authority/folder.ts'
import { keep, writeRevocationList } from './authority/kept.ts'
import { customerAuthority, customerSubject, type Name } from './authority/names.ts'

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
