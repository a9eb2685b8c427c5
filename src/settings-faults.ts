/** What is wrong with settings that are right one by one: halves of a whole, and a demo's conveniences in production. */
import { certificateFormats } from './certificate/forwarded.ts'
import { isHostOf } from './certificate/hosts.ts'
import type { Given } from './settings-given.ts'

/** A line for every fault; none when the settings go together. */
export const faultsOf = (s: Given): readonly string[] => [
  ...halfCertificates(s),
  ...halfDesk(s),
  ...halfMutualTls(s).filter(Boolean),
  ...halfNotices(s),
  ...halfBank(s),
  ...processesOnOneFile(s),
  ...(s.NINKA_MODE === 'production' ? demoDefaults(s) : []),
]

/** Writers of one SQLite file take turns; a transaction that met another's would fail where PostgreSQL lets both stand. */
function processesOnOneFile({ NINKA_PROCESSES, DATABASE_URL }: Given): string[] {
  return NINKA_PROCESSES === 1 || DATABASE_URL?.startsWith('postgres')
    ? []
    : ['NINKA_PROCESSES: more than one process needs PostgreSQL (DATABASE_URL); SQLite is for one']
}

function halfDesk(s: Given): string[] {
  if (!s.OPERATOR_URL) return s.STAFF_FILE ? ['STAFF_FILE: says nothing without OPERATOR_URL'] : []
  return [
    ...elsewhere(s, 'OPERATOR_URL'),
    s.STAFF_FILE ? '' : 'STAFF_FILE: must name the file that says who may use the desk',
    ...forwarding(s),
  ].filter(Boolean)
}

const halfMutualTls = (s: Given): string[] =>
  s.API_MTLS_URL ? [...elsewhere(s, 'API_MTLS_URL'), ...forwarding(s)] : []

/** An origin that asks for certificates must not share connections with one that does not, or asks for others. */
function elsewhere(s: Given, name: 'OPERATOR_URL' | 'API_MTLS_URL'): string[] {
  const url = s[name] ?? ''
  const other = name === 'OPERATOR_URL' ? s.API_MTLS_URL : s.OPERATOR_URL
  const isShared =
    url === s.PUBLIC_URL ||
    url === other ||
    (s.CERTIFICATE_URL !== undefined && isHostOf(s.CERTIFICATE_URL)(new URL(url).host))
  return [
    url.startsWith('https://') ? '' : `${name}: must start with https://`,
    isShared ? `${name}: must be another origin than PUBLIC_URL, CERTIFICATE_URL and the like` : '',
  ]
}

/** Which header to believe from whom has no safe default. */
function forwarding(s: Given): string[] {
  return [
    s.CERTIFICATE_FORMAT ? '' : `CERTIFICATE_FORMAT: must be one of ${certificateFormats.join(', ')}`,
    s.TRUSTED_PROXIES.length > 0
      ? ''
      : 'TRUSTED_PROXIES: must name the proxies that forward client certificates',
  ]
}

function halfCertificates(s: Given): string[] {
  if (!s.CERTIFICATE_URL) {
    const useless =
      s.OPERATOR_URL || s.API_MTLS_URL ? [] : (['CERTIFICATE_FORMAT', 'PROXY_SECRET_FILE'] as const)
    return useless
      .filter((name) => s[name] !== undefined)
      .map((name) => `${name}: says nothing without CERTIFICATE_URL, OPERATOR_URL or API_MTLS_URL`)
  }
  return [
    ...forwarding(s),
    s.PUBLIC_URL && isHostOf(s.CERTIFICATE_URL)(new URL(s.PUBLIC_URL).host)
      ? 'CERTIFICATE_URL: must be another origin than PUBLIC_URL, or every customer would be asked for a certificate'
      : '',
  ].filter(Boolean)
}

function halfNotices({ NOTICES_URL, NOTICES_SECRET_FILE }: Given): string[] {
  if (NOTICES_URL && !NOTICES_SECRET_FILE)
    return ['NOTICES_SECRET_FILE: must name the file with the secret for NOTICES_URL']
  return NOTICES_SECRET_FILE && !NOTICES_URL ? ['NOTICES_SECRET_FILE: says nothing without NOTICES_URL'] : []
}

/** A certificate and its key are one thing, and both are for a gateway on https. */
function halfBank(s: Given): string[] {
  const names = ['BANK_CERTIFICATE_FILE', 'BANK_KEY_FILE', 'BANK_AUTHORITIES_FILE'] as const
  if (!s.BANK?.startsWith('https://'))
    return names
      .filter((name) => s[name] !== undefined)
      .map((name) => `${name}: says nothing without an https BANK`)
  const pair = names.slice(0, 2)
  if (s.NINKA_MODE === 'demo' && pair.every((name) => s[name] === undefined)) return []
  return pair
    .filter((name) => s[name] === undefined)
    .map((name) => `${name}: must name the file by which the gateway of BANK knows us`)
}

/** What would be convenient in a demo and dangerous in production. */
function demoDefaults(s: Given): string[] {
  return [
    s.PUBLIC_URL?.startsWith('https://') ? '' : 'PUBLIC_URL: must be set and start with https://',
    s.MASTER_KEY_FILE ? '' : 'MASTER_KEY_FILE: must name a file with the master key (see README)',
    s.INSTITUTION_FILE ? '' : 'INSTITUTION_FILE: must name the institution file',
    !s.BANK || s.BANK === 'simulator' ? 'BANK: the simulated bank is for the demo only' : '',
    s.BANK?.startsWith('http:') ? 'BANK: must start with https://' : '',
    s.DATABASE_URL ? '' : 'DATABASE_URL: must be set',
    // Without it every customer behind the TLS proxy would be one address to the flood limits and the locks.
    s.TRUSTED_PROXIES.length > 0 ? '' : 'TRUSTED_PROXIES: must name the proxies that terminate TLS',
  ].filter(Boolean)
}
