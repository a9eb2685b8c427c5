/** The settings of a process: read from the environment once, in main.ts, and wrong ones all named at once. */
import { join } from 'node:path'
import type { BankSettings } from './bank/http/gateway.ts'
import type { CertificateFormat } from './certificate/forwarded.ts'
import { seconds } from './clock.ts'
import { faultsOf } from './settings-faults.ts'
import { type Given, givenSchema } from './settings-given.ts'
import type { Retention } from './store/retention.ts'

export type Settings = {
  readonly mode: 'demo' | 'production'
  /** how many share the work on this machine, at the same addresses */
  readonly processes: number
  /** ms between the signal to stop, when `/readyz` says so, and the first refused connection */
  readonly stopAfter: number
  readonly host: string
  readonly port: number
  /** origin of the customer's pages and of the issuer */
  readonly publicUrl: string
  /** origin of the demo fintechs; only in demo mode */
  readonly fintechUrl: string
  readonly fintechPort: number
  /** the demo fintechs are another process's business (FINTECH_URL is set) */
  readonly fintechsElsewhere: boolean
  readonly databaseUrl: string
  /** file with the password of the database's user, where the address has none */
  readonly databasePasswordFile: string | undefined
  /** connections to PostgreSQL that this process holds at the most */
  readonly databaseConnections: number
  readonly dataDir: string
  readonly masterKeyFile: string
  readonly institutionFile: string | undefined
  /** addresses or CIDR ranges whose X-Forwarded-For is believed */
  readonly trustedProxies: readonly string[]
  /** sign-in by client certificate; undefined when it is not offered */
  readonly certificate: CertificateSettings | undefined
  /** file with what a proxy must send with a forwarded certificate */
  readonly proxySecretFile: string | undefined
  /** how long what is over is kept */
  readonly retention: Retention
  /** the desk of the bank's staff; undefined when there is none */
  readonly operator: OperatorSettings | undefined
  /** where fintechs call with their client certificates; undefined when none can */
  readonly mutualTls: MutualTlsSettings | undefined
  /** the bank's mail system, and the file with its secret; undefined when customers are not written to */
  readonly notices: { readonly url: string; readonly secretFile: string } | undefined
  readonly bank: 'simulator' | BankSettings
  /** where our own people's programs read the figures and ask how we are; undefined where nobody does */
  readonly metrics: { readonly host: string; readonly port: number } | undefined
  readonly logLevel: string
}

export type CertificateSettings = {
  /** origin that asks for a certificate, with `*` where every attempt gets a fresh host */
  readonly url: string
  /** port of our own listener behind the proxy; 0 for any free one */
  readonly port: number
  readonly format: CertificateFormat
  /** port of the demo's own TLS front, which takes the place of a proxy */
  readonly frontPort: number | undefined
}

export type MutualTlsSettings = {
  readonly url: string
  /** port of our own listener behind the proxy; 0 for any free one */
  readonly port: number
  readonly format: CertificateFormat
  /** port of the demo's own TLS front, which takes the place of a proxy */
  readonly frontPort: number | undefined
}

export type OperatorSettings = {
  readonly url: string
  /** port of our own listener */
  readonly port: number
  /** who may come in, and how his certificate is forwarded; undefined for the demo's choice of invented staff */
  readonly staff: { readonly file: string; readonly format: CertificateFormat } | undefined
}

export class SettingsError extends Error {
  override name = 'SettingsError'
}

/**
 * @param environment names and values; empty values count as not set
 * @throws SettingsError naming every wrong setting, one a line
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = givenSchema.safeParse(given)
  if (!parsed.success) {
    throw new SettingsError(
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'),
    )
  }
  const s = parsed.data
  const fintechPort = s.FINTECH_PORT ?? s.PORT + 1
  const settings: Settings = {
    mode: s.NINKA_MODE,
    processes: s.NINKA_PROCESSES,
    stopAfter: seconds(s.STOP_AFTER_SECONDS ?? (s.NINKA_MODE === 'demo' ? 0 : 5)),
    host: s.HOST,
    port: s.PORT,
    publicUrl: s.PUBLIC_URL ?? `http://localhost:${s.PORT}`,
    fintechUrl: s.FINTECH_URL ?? `http://127.0.0.1:${fintechPort}`,
    fintechPort,
    fintechsElsewhere: s.FINTECH_URL !== undefined,
    databaseUrl: s.DATABASE_URL ?? `sqlite:${join(s.DATA_DIR, 'ninka.db')}`,
    databasePasswordFile: s.DATABASE_PASSWORD_FILE,
    databaseConnections: s.DATABASE_POOL,
    dataDir: s.DATA_DIR,
    masterKeyFile: s.MASTER_KEY_FILE ?? join(s.DATA_DIR, 'master.key'),
    institutionFile: s.INSTITUTION_FILE,
    trustedProxies: s.TRUSTED_PROXIES,
    certificate: certificateSettings(s),
    proxySecretFile: s.PROXY_SECRET_FILE,
    retention: {
      audit: s.RETENTION_AUDIT_DAYS,
      consents: s.RETENTION_CONSENTS_DAYS,
      outbox: s.RETENTION_OUTBOX_DAYS,
    },
    operator: operatorSettings(s),
    mutualTls: mutualTlsSettings(s),
    notices:
      s.NOTICES_URL && s.NOTICES_SECRET_FILE
        ? { url: s.NOTICES_URL, secretFile: s.NOTICES_SECRET_FILE }
        : undefined,
    bank:
      s.BANK === undefined || s.BANK === 'simulator'
        ? 'simulator'
        : {
            url: s.BANK,
            certificateFile: s.BANK_CERTIFICATE_FILE,
            keyFile: s.BANK_KEY_FILE,
            authoritiesFile: s.BANK_AUTHORITIES_FILE,
          },
    metrics:
      s.METRICS_PORT === 'off' ? undefined : { host: s.METRICS_HOST, port: s.METRICS_PORT ?? s.PORT + 5 },
    logLevel: s.LOG_LEVEL ?? (s.NINKA_MODE === 'demo' ? 'warn' : 'info'),
  }
  const wrong = faultsOf(s)
  if (wrong.length > 0) throw new SettingsError(wrong.join('\n'))
  return settings
}

/** The demo brings a TLS front of its own, unless it stands behind a proxy. */
function certificateSettings(s: Given): CertificateSettings | undefined {
  const port = s.CERTIFICATE_PORT ?? s.PORT + 2
  if (s.CERTIFICATE_URL && s.CERTIFICATE_FORMAT)
    return { url: s.CERTIFICATE_URL, port, format: s.CERTIFICATE_FORMAT, frontPort: undefined }
  if (s.NINKA_MODE === 'production') return undefined
  return { url: `https://*.cert.localhost:${port}`, port: 0, format: 'rfc9440', frontPort: port }
}

function mutualTlsSettings(s: Given): MutualTlsSettings | undefined {
  const port = s.API_MTLS_PORT ?? s.PORT + 3
  if (s.API_MTLS_URL && s.CERTIFICATE_FORMAT)
    return { url: s.API_MTLS_URL, port, format: s.CERTIFICATE_FORMAT, frontPort: undefined }
  // A demo whose bank stands behind a proxy has no front of its own for the fintechs either.
  if (s.NINKA_MODE === 'production' || s.CERTIFICATE_URL) return undefined
  return { url: `https://localhost:${port}`, port: 0, format: 'rfc9440', frontPort: port }
}

/** In production there is a desk only with everything that keeps strangers out of it. */
function operatorSettings(s: Given): OperatorSettings | undefined {
  const port = s.OPERATOR_PORT ?? s.PORT + 4
  if (s.OPERATOR_URL && s.STAFF_FILE && s.CERTIFICATE_FORMAT)
    return { url: s.OPERATOR_URL, port, staff: { file: s.STAFF_FILE, format: s.CERTIFICATE_FORMAT } }
  if (s.NINKA_MODE === 'production') return undefined
  return { url: `http://127.0.0.1:${port}`, port, staff: undefined }
}
