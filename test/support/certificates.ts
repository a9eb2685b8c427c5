/** Client certificates in tests: as proxies forward them, and as the certificate origin's ticket brings them back. */
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { CertificateParts } from '../../src/app.ts'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import type { CertificateOrigin } from '../../src/certificate/origin.ts'
import type { CertificateAnswer } from '../../src/certificate/tickets.ts'
import { createVerifier } from '../../src/certificate/verify.ts'
import { prepareDemoCertificates } from '../../src/demo/certificates.ts'
import type { CertificateRules } from '../../src/institution.ts'
import type { TestBank } from './bank.ts'
import type { Page } from './browser.ts'
import type { Walk } from './walk.ts'

/** The bank's id of a demo customer. */
export function customerId(loginId: string): string {
  const known = demoCustomers.find((customer) => customer.loginId === loginId)
  if (!known) throw new Error(`no demo customer signs in as ${loginId}`)
  return known.id
}

/** A good certificate of a demo customer; of mihon07 unless told. */
export function goodCertificate({
  loginId = 'mihon07',
  name = '汐崎 渚',
  endsAt = Date.parse('2027-06-30T12:00:00+09:00'),
}: {
  readonly loginId?: string
  readonly name?: string
  readonly endsAt?: number
} = {}): Extract<CertificateAnswer, { holder: unknown }> {
  const startsAt = Date.parse('2026-06-30T12:00:00+09:00')
  return {
    holder: { user: customerId(loginId), name, endsAt },
    received: { holder: name, company: '', issuer: 'Mihon Demo Customer CA', startsAt, endsAt },
    fingerprint: 'f'.repeat(64),
  }
}

/** As nginx's `$ssl_client_escaped_cert` and Envoy write it. */
function escaped(der: Buffer): string {
  const body = der.toString('base64').replace(/.{1,64}/g, '$&\n')
  return encodeURIComponent(`-----BEGIN CERTIFICATE-----\n${body}-----END CERTIFICATE-----\n`)
}

const hashOf = (der: Buffer): string => createHash('sha256').update(der).digest('hex')

/** The header of each format, written as the proxies write it. */
export const forwardedAs = {
  nginx: { name: 'X-SSL-Client-Cert', write: escaped },
  rfc9440: { name: 'Client-Cert', write: (der: Buffer) => `:${der.toString('base64')}:` },
  envoy: {
    name: 'X-Forwarded-Client-Cert',
    write: (der: Buffer) => `Hash=${hashOf(der)};Cert="${escaped(der)}"`,
    escaped,
  },
}

export type Authority = {
  readonly folder: string
  readonly rules: CertificateRules
  /** the certificate in one of the demo's files, such as `mihon07-good` */
  readonly der: (name: string) => Buffer
  /** what an application needs to believe them: our own verification, at the time that `Date` says */
  readonly parts: (origin?: Partial<CertificateOrigin>) => Promise<CertificateParts>
  readonly remove: () => void
}

/** The demo's authority with all its certificates, made anew in a temporary folder. */
export async function makeAuthority(): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'ninka-certificates-'))
  const clock = () => Date.now()
  const { rules } = await prepareDemoCertificates({
    folder,
    clock,
    hosts: ['localhost', '*.cert.localhost', 'api.localhost'],
  })
  return {
    folder,
    rules,
    der: (name) => new X509Certificate(readFileSync(join(folder, `${name}.pem`))).raw,
    async parts(origin) {
      return {
        origin: {
          url: 'https://*.cert.localhost:3002',
          format: 'rfc9440',
          trustedProxies: ['127.0.0.1'],
          secret: undefined,
          ...origin,
        },
        verifier: await createVerifier({ rules, clock, log: pino({ level: 'silent' }) }),
      }
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/**
 * What a browser and the proxy do when the customer presses 「電子証明書ログイン」: to the certificate origin with what he
 * chose, and with its answer back to the journey.
 */
export async function presentCertificate(bank: TestBank, walk: Walk, der: Buffer | null): Promise<Page> {
  const { leftTo } = await walk.browser.get(`${walk.base}/certificate-login`)
  if (!leftTo || !bank.certificateServer) throw new Error('the button did not lead to the certificate origin')
  const answer = await bank.certificateServer.inject({
    url: leftTo.pathname,
    headers: {
      host: leftTo.host,
      ...(der ? { [forwardedAs.rfc9440.name]: forwardedAs.rfc9440.write(der) } : {}),
    },
  })
  const back = new URL(String(answer.headers.location))
  return walk.browser.get(back.pathname + back.search)
}
