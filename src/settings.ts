/** The settings of a process: read from the environment once, in main.ts, and wrong ones all named at once. */
import { isIP } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import type { BankSettings } from './bank/http/gateway.ts'
import { type CertificateFormat, certificateFormats } from './certificate/forwarded.ts'
import { seconds } from './clock.ts'
import { faultsOf } from './settings-faults.ts'
import type { Retention } from './store/retention.ts'

const origin = z
  .url({ protocol: /^https?$/ })
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, {
    message: 'must be an origin without path, such as https://login.bank.example',
  })

/** An origin whose first label may be `*`: then every attempt of a certificate gets a host of its own. */
const certificateOrigin = z
  .string()
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, {
    message: 'must be an origin in its shortest form: no path, and no port where it is 443',
  })
  .regex(/^https:\/\/(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/, {
    message: 'must be an https origin, such as https://cert.bank.example or https://*.cert.bank.example',
  })

/** Days; a consent can be renewed, and told of, for weeks after its end. */
const kept = (days: number) => z.coerce.number().int().min(60).max(36_525).default(days)

const schema = z.object({
  NINKA_MODE: z.enum(['demo', 'production']),
  NINKA_PROCESSES: z.coerce.number().int().min(1).max(64).default(1),
  STOP_AFTER_SECONDS: z.coerce.number().int().min(0).max(300).optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(1).max(65_530).default(3000),
  PUBLIC_URL: origin.optional(),
  FINTECH_URL: origin.optional(),
  FINTECH_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  DATABASE_URL: z
    .string()
    .regex(/^(sqlite:|postgres(ql)?:\/\/)/, 'must start with sqlite: or postgres://')
    .optional(),
  DATABASE_PASSWORD_FILE: z.string().min(1).optional(),
  DATABASE_POOL: z.coerce.number().int().min(1).max(500).default(10),
  DATA_DIR: z.string().min(1).default('./data'),
  MASTER_KEY_FILE: z.string().min(1).optional(),
  INSTITUTION_FILE: z.string().min(1).optional(),
  TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .refine((all) => all.every(isNetwork), 'must be addresses or CIDR ranges, separated by commas'),
  CERTIFICATE_URL: certificateOrigin.optional(),
  CERTIFICATE_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  CERTIFICATE_FORMAT: z.enum(certificateFormats).optional(),
  PROXY_SECRET_FILE: z.string().min(1).optional(),
  RETENTION_AUDIT_DAYS: kept(3653),
  RETENTION_CONSENTS_DAYS: kept(3653),
  RETENTION_OUTBOX_DAYS: kept(400),
  OPERATOR_URL: origin.optional(),
  OPERATOR_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  STAFF_FILE: z.string().min(1).optional(),
  API_MTLS_URL: origin.optional(),
  API_MTLS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  NOTICES_URL: z.url().refine(isSafeToSendTo, 'must be https, or http on 127.0.0.1').optional(),
  NOTICES_SECRET_FILE: z.string().min(1).optional(),
  BANK: z
    .union([z.literal('simulator'), origin.refine(isSafeToSendTo, 'must be https, or http on 127.0.0.1')])
    .optional(),
  BANK_CERTIFICATE_FILE: z.string().min(1).optional(),
  BANK_KEY_FILE: z.string().min(1).optional(),
  BANK_AUTHORITIES_FILE: z.string().min(1).optional(),
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  METRICS_PORT: z
    .union([z.literal('off'), z.coerce.number().int().min(1).max(65_535)], {
      error: 'must be a port, or off',
    })
    .optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).optional(),
})

/** Names of customers go there, and their passwords, or our secrets. */
function isSafeToSendTo(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]'].includes(hostname))
}

/** What the environment says, each setting by itself in its right form. */
export type Given = z.infer<typeof schema>

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const most = isIP(address) === 6 ? 128 : 32
  return (
    isIP(address) > 0 &&
    rest.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
  )
}

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
  const parsed = schema.safeParse(given)
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
