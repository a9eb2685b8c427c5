/** Each setting by itself, as the environment has it. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { certificateFormats } from './certificate/forwarded.ts'

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

export const givenSchema = z.object({
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
export type Given = z.infer<typeof givenSchema>

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const most = isIP(address) === 6 ? 128 : 32
  return (
    isIP(address) > 0 &&
    rest.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
  )
}
