/** What the bank verified about a fintech and how it authenticates: the shape of a registration, whoever writes it. */
import { z } from 'zod'
import { bankScopes } from '../consent/services.ts'

export const clientId = /^[a-z0-9-]{3,64}$/

/** What customers read: no character that nobody sees, breaks the line or turns the text around. */
const shownText = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'must have visible characters only')

const httpsUrl = z.url({ protocol: /^https$/ })

/** Asked of whatever was written, also of what is no address at all. */
function isCallable(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]'].includes(hostname))
}

const onOneHost = (addresses: readonly string[]): boolean =>
  new Set(addresses.map((address) => (URL.canParse(address) ? new URL(address).host : address))).size === 1

const callableUrl = z.url().refine(isCallable, 'must be https, or http on 127.0.0.1')

const byPrivateKey = z.object({
  method: z.literal('private_key_jwt'),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
  signingAlg: z.enum(['ES256', 'PS256']).default('ES256'),
})

const bySecret = z.object({ method: z.literal('client_secret_basic') })

/** A client secret as it is kept; the former one counts until its time, so that a fintech can change over. */
const byKeptSecret = bySecret.extend({
  secretHash: z.string(),
  former: z.object({ secretHash: z.string(), until: z.number() }).optional(),
})

export const registration = z.object({
  id: z.string().regex(clientId),
  /** サービス名 and 提供会社名, as registered with the bank; never from a request */
  serviceName: shownText(60),
  companyName: shownText(60),
  /** 電子決済等代行業者 registration, such as 関東財務局長（電代）第N号 */
  registrationNumber: shownText(60),
  contact: shownText(120),
  liabilityUrl: httpsUrl,
  termsUrl: httpsUrl,
  termsVersion: z.string(),
  privacyUrl: httpsUrl,
  /** 認可業務選択 is shown only for fintechs whose customers choose */
  customerChooses: z.boolean(),
  scopes: z.array(z.enum(bankScopes)).min(1),
  /** 認可期間 in calendar days */
  consentDays: z.number().int().min(1).max(366),
  /** exact; https, or http on this machine's loopback address; all on one host, which names the sector of the subject */
  redirectUris: z.array(callableUrl).min(1).refine(onOneHost, 'must be on one host'),
  /** where it is told of consents that ended; it asks by itself when there is none */
  eventsUrl: callableUrl.optional(),
  authentication: z.discriminatedUnion('method', [byKeptSecret, byPrivateKey]),
})

/** The parts of a private key, or a key that is one altogether (RFC 7518, section 6). */
const privateParts = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

const isPublic = (key: Readonly<Record<string, unknown>>): boolean =>
  !privateParts.some((part) => Object.hasOwn(key, part))

/** As the bank's staff write it: a secret is never chosen by anybody, so there is none in it, and no private key either. */
export const writtenRegistration = registration.extend({
  // The engine knows no client that has an address with a fragment (RFC 6749, section 3.1.2).
  redirectUris: registration.shape.redirectUris.refine(
    (all) => !all.some((one) => one.includes('#')),
    'must have no fragment',
  ),
  authentication: z.discriminatedUnion('method', [
    bySecret,
    byPrivateKey.extend({
      jwks: byPrivateKey.shape.jwks.refine(({ keys }) => keys.every(isPublic), 'must be public keys only'),
    }),
  ]),
})

export type Registration = z.infer<typeof registration>
export type WrittenRegistration = z.infer<typeof writtenRegistration>

/** The names of what two registrations say differently. */
export const fieldsThatDiffer = (one: Registration, other: Registration): string[] =>
  Object.keys(registration.shape).filter(
    (field) =>
      JSON.stringify(one[field as keyof Registration]) !== JSON.stringify(other[field as keyof Registration]),
  )
