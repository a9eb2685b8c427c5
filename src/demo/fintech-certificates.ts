/** An authority for fintechs, beside the customers', and one certificate by it: what `tls_client_auth` needs in the demo. */
import { chmodSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Clock } from '../clock.ts'
import type { CertificateRules } from '../institution.ts'
import { alone, write } from './authority/folder.ts'
import { keep, writeRevocationList } from './authority/kept.ts'
import type { Name } from './authority/names.ts'
import { demoRules } from './certificates.ts'

const name: Name = [
  ['C', 'JP'],
  ['O', 'Mihon Demo Sandbox'],
  ['CN', 'sandbox-fintech'],
]

/** Whom the certificate names, as RFC 4514 writes it. */
export const fintechSubject = 'CN=sandbox-fintech,O=Mihon Demo Sandbox,C=JP'

const folderIn = (dataDir: string): string => resolve(dataDir, 'fintech-certificates')

/** What a sandbox client needs, by the names that it is handed out under; the root is that of the server's certificate. */
export const fintechFiles = (dataDir: string) => ({
  'fintech.pem': join(folderIn(dataDir), 'fintech.pem'),
  'fintech.key': join(folderIn(dataDir), 'fintech.key'),
  'root.pem': join(resolve(dataDir), 'certificates', 'root.pem'),
})

/** Makes what is missing; keys and authority stay. @returns the rules as an institution file would have them */
export async function prepareFintechCertificates(options: {
  readonly dataDir: string
  readonly clock: Clock
}): Promise<CertificateRules> {
  const folder = folderIn(options.dataDir)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  await alone(folder, async () => {
    const place = { folder, now: options.clock() }
    const issuer = await keep(place, {
      file: 'authority',
      subject: [
        ['C', 'JP'],
        ['O', 'Mihon Credit Union (demo)'],
        ['CN', 'Mihon Demo Fintech CA'],
      ],
      state: 'authority',
      keyKind: 'ec-p256',
      kind: 'authority',
    })
    write(place, 'authorities.pem', issuer.certificate.toString())
    await keep(place, {
      file: 'fintech',
      subject: name,
      state: 'good',
      keyKind: 'ec-p256',
      kind: 'customer',
      issuer,
    })
    writeRevocationList(place, issuer, [])
  })
  return demoRules(folder)
}
