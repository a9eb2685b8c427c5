/** What the bank verified about a fintech and how it authenticates: the shape of a registration, whoever writes it. */
import { z } from 'zod'
import { bankScopes } from '../consent/services.ts'
import { faultOfKeys, haveCertificate } from './client-keys.ts'

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

/** ES256 or PS256, one of them for each use: whatever else a fintech signs with is refused (RFC 8725, section 3.1). */
const signingAlg = z.enum(['ES256', 'PS256'])

const bySecret = z.object({ method: z.literal('client_secret_basic') })

/** A client secret as it is kept; the former one counts until its time, so that a fintech can change over. */
const byKeptSecret = bySecret.extend({
  secretHash: z.string(),
  former: z.object({ secretHash: z.string(), until: z.number() }).optional(),
})

const byPrivateKey = z.object({
  method: z.literal('private_key_jwt'),
  signingAlg: signingAlg.default('ES256'),
})

/** A certificate of an authority that the bank trusts, by one of its names (RFC 8705, section 2.1.2). */
const byCertificate = z.object({
  method: z.literal('tls_client_auth'),
  subject: z.discriminatedUnion('kind', [
    // as RFC 4514 writes it, such as `CN=books,O=Books Inc.,C=JP`
    z.object({ kind: z.literal('subject_dn'), value: z.string().min(3).max(500) }),
    z.object({ kind: z.literal('san_dns'), value: z.string().min(1).max(253) }),
    z.object({ kind: z.literal('san_uri'), value: z.string().min(1).max(500) }),
  ]),
})

/** A certificate that stands in the client's own keys as `x5c` (RFC 8705, section 2.2). */
const bySelfSignedCertificate = z.object({ method: z.literal('self_signed_tls_client_auth') })

const jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(10) })

/** The client's public keys: themselves, or where they are published, so that the fintech changes them without us. */
const clientKeys = z.union([z.strictObject({ jwks }), z.strictObject({ jwksUri: callableUrl })])

const fields = z.object({
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
  /**
   * `fapi2`: FAPI 2.0 Security Profile; `fapi2-message-signing`: with signed requests and responses (JAR, JARM) too.
   * `standard` is what fintechs without either can do; it may be sender-constrained as well.
   */
  profile: z.enum(['standard', 'fapi2', 'fapi2-message-signing']).default('standard'),
  /** what a token is bound to, so that a stolen one opens nothing: a key (RFC 9449), a certificate (RFC 8705), nothing */
  senderConstraint: z.enum(['none', 'dpop', 'mtls']).default('none'),
  authentication: z.discriminatedUnion('method', [
    byKeptSecret,
    byPrivateKey,
    byCertificate,
    bySelfSignedCertificate,
  ]),
  keys: clientKeys.optional(),
  /** of signed requests, under `fapi2-message-signing` */
  requestSigningAlg: signingAlg.default('ES256'),
})

type Rules = Pick<z.infer<typeof fields>, 'profile' | 'senderConstraint' | 'keys'> & {
  readonly authentication: { readonly method: Registration['authentication']['method'] }
}

/** What a profile asks for, whoever writes the registration (FAPI 2.0 Security Profile, section 5.3.2; Message Signing, section 5). */
function checkProfile({ value, issues }: z.core.ParsePayload<Rules>): void {
  const { profile, senderConstraint, keys, authentication } = value
  const wrong = (path: string, message: string) =>
    issues.push({ code: 'custom', path: [path], message, input: value })
  if (profile !== 'standard') {
    if (authentication.method === 'client_secret_basic')
      wrong('authentication', 'FAPI 2.0 takes a private key or a certificate, never a secret')
    if (senderConstraint === 'none') wrong('senderConstraint', 'FAPI 2.0 binds tokens: dpop or mtls')
  }
  const needsKeys =
    profile === 'fapi2-message-signing' ||
    ['private_key_jwt', 'self_signed_tls_client_auth'].includes(authentication.method)
  if (needsKeys && !keys)
    wrong('keys', 'must have the client\u2019s public keys, or the address where it publishes them')
}

export const registration = fields.check(checkProfile)

/** As the bank's staff write it: a secret is never chosen by anybody, so there is none in it, and no private key either. */
export const writtenRegistration = z
  // A slip in the name of a field that may be left out must not count as left out.
  .strictObject({
    ...fields.shape,
    // The engine knows no client that has an address with a fragment (RFC 6749, section 3.1.2).
    redirectUris: fields.shape.redirectUris.refine(
      (all) => !all.some((one) => one.includes('#')),
      'must have no fragment',
    ),
    authentication: z.discriminatedUnion('method', [
      bySecret,
      byPrivateKey,
      byCertificate,
      bySelfSignedCertificate,
    ]),
  })
  .check(checkProfile)
  .check(({ value: { keys, authentication }, issues }) => {
    const wrong = (message: string) => issues.push({ code: 'custom', path: ['keys'], message, input: keys })
    if (!keys || !('jwks' in keys)) return
    const fault = faultOfKeys(keys.jwks.keys)
    if (fault) wrong(fault)
    else if (authentication.method === 'self_signed_tls_client_auth' && !haveCertificate(keys.jwks.keys))
      wrong('must have the certificate of the client in a key, as x5c')
  })

export type Registration = z.infer<typeof registration>
/** As it may be written: what has a default may be left out. */
export type WrittenRegistration = z.input<typeof writtenRegistration>

/** The names of what two registrations say differently. */
export const fieldsThatDiffer = (one: Registration, other: Registration): string[] =>
  Object.keys(fields.shape).filter(
    (field) =>
      JSON.stringify(one[field as keyof Registration]) !== JSON.stringify(other[field as keyof Registration]),
  )
