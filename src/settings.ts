/** The settings of a process: read from the environment once, in main.ts, and wrong ones all named at once. */
import { isIP } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'

const origin = z.url({ protocol: /^https?$/ }).refine((text) => new URL(text).origin === text, {
  message: 'must be an origin without path, such as https://login.bank.example',
})

const schema = z.object({
  NINKA_MODE: z.enum(['demo', 'production']),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(1).max(65_530).default(3000),
  PUBLIC_URL: origin.optional(),
  FINTECH_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  DATABASE_URL: z
    .string()
    .regex(/^(sqlite:|postgres(ql)?:\/\/)/, 'must start with sqlite: or postgres://')
    .optional(),
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
  BANK: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).optional(),
})

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
  readonly host: string
  readonly port: number
  /** origin of the customer's pages and of the issuer */
  readonly publicUrl: string
  /** origin of the demo fintechs; only in demo mode */
  readonly fintechUrl: string
  readonly databaseUrl: string
  readonly dataDir: string
  readonly masterKeyFile: string
  readonly institutionFile: string | undefined
  /** addresses or CIDR ranges whose X-Forwarded-For is believed */
  readonly trustedProxies: readonly string[]
  readonly bank: string
  readonly logLevel: string
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
  const settings: Settings = {
    mode: s.NINKA_MODE,
    host: s.HOST,
    port: s.PORT,
    publicUrl: s.PUBLIC_URL ?? `http://localhost:${s.PORT}`,
    fintechUrl: `http://127.0.0.1:${s.FINTECH_PORT ?? s.PORT + 1}`,
    databaseUrl: s.DATABASE_URL ?? `sqlite:${join(s.DATA_DIR, 'ninka.db')}`,
    dataDir: s.DATA_DIR,
    masterKeyFile: s.MASTER_KEY_FILE ?? join(s.DATA_DIR, 'master.key'),
    institutionFile: s.INSTITUTION_FILE,
    trustedProxies: s.TRUSTED_PROXIES,
    bank: s.BANK ?? 'simulator',
    logLevel: s.LOG_LEVEL ?? (s.NINKA_MODE === 'demo' ? 'warn' : 'info'),
  }
  const wrong = settings.mode === 'production' ? demoDefaults(s) : []
  if (wrong.length > 0) throw new SettingsError(wrong.join('\n'))
  return settings
}

/** What would be convenient in a demo and dangerous in production. */
function demoDefaults(s: z.infer<typeof schema>): string[] {
  return [
    s.PUBLIC_URL?.startsWith('https://') ? '' : 'PUBLIC_URL: must be set and start with https://',
    s.MASTER_KEY_FILE ? '' : 'MASTER_KEY_FILE: must name a file with the master key (see README)',
    s.INSTITUTION_FILE ? '' : 'INSTITUTION_FILE: must name the institution file',
    !s.BANK || s.BANK === 'simulator' ? 'BANK: the simulated bank is for the demo only' : '',
    s.DATABASE_URL ? '' : 'DATABASE_URL: must be set',
    // Without it every customer behind the TLS proxy would be one address to the flood limits and the locks.
    s.TRUSTED_PROXIES.length > 0 ? '' : 'TRUSTED_PROXIES: must name the proxies that terminate TLS',
  ].filter(Boolean)
}
