/** The registration of a fintech as a form: what the staff typed becomes a registration, or errors at its fields. */
import { z } from 'zod'
import { text, texts } from '../../journey/fields.ts'
import type { Client } from '../../store/clients.ts'
import { type WrittenRegistration, writtenRegistration } from '../../store/registration.ts'
import type { DeskError } from './said.ts'
import type { ClientFields } from './views.ts'
import type { DeskErrorCode } from './words.ts'

const long = text(8000)

const form = z.object({
  id: text(64),
  serviceName: text(200),
  companyName: text(200),
  registrationNumber: text(200),
  contact: text(400),
  liabilityUrl: text(1000),
  termsUrl: text(1000),
  termsVersion: text(100),
  privacyUrl: text(1000),
  customerChooses: text(8).transform((value) => value === 'yes'),
  scopes: texts(40, 10),
  consentDays: text(8),
  redirectUris: long,
  eventsUrl: text(1000),
  profile: text(40),
  senderConstraint: text(10),
  method: text(40),
  subjectKind: text(20),
  subject: text(600),
  jwks: long,
  jwksUri: text(1000),
  signingAlg: text(10),
  note: text(1000),
})

/** As it was typed, without the space around it. */
export function readClientFields(body: unknown): ClientFields {
  const typed = form.parse(body ?? {})
  const trimmed = Object.entries(typed).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.trim() : value,
  ])
  return Object.fromEntries(trimmed) as ClientFields
}

export const noFields: ClientFields = {
  id: '',
  serviceName: '',
  companyName: '',
  registrationNumber: '',
  contact: '',
  liabilityUrl: '',
  termsUrl: '',
  termsVersion: '',
  privacyUrl: '',
  customerChooses: true,
  scopes: ['balances', 'transactions'],
  consentDays: '90',
  redirectUris: '',
  eventsUrl: '',
  profile: 'standard',
  senderConstraint: 'none',
  method: 'client_secret_basic',
  subjectKind: 'subject_dn',
  subject: '',
  jwks: '',
  jwksUri: '',
  signingAlg: 'ES256',
  note: '',
}

/** What is registered, as it stands in the form. */
export function fieldsOf(client: Client): ClientFields {
  const { authentication, keys } = client
  const subject = authentication.method === 'tls_client_auth' ? authentication.subject : undefined
  return {
    ...client,
    consentDays: String(client.consentDays),
    redirectUris: client.redirectUris.join('\n'),
    eventsUrl: client.eventsUrl ?? '',
    method: authentication.method,
    subjectKind: subject?.kind ?? 'subject_dn',
    subject: subject?.value ?? '',
    jwks: keys && 'jwks' in keys ? JSON.stringify(keys.jwks, null, 1) : '',
    jwksUri: keys && 'jwksUri' in keys ? keys.jwksUri : '',
    signingAlg:
      authentication.method === 'private_key_jwt' ? authentication.signingAlg : client.requestSigningAlg,
    note: '',
  }
}

/** What was kept of a form that was not right. */
export const keptFields = (kept: Readonly<Record<string, string | readonly string[]>>): ClientFields =>
  readClientFields({ ...kept })

/** As a sealed cookie keeps it: texts and lists of texts. */
export const toKeep = ({ customerChooses, ...fields }: ClientFields): Record<string, string | string[]> => ({
  ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value as string | string[]])),
  customerChooses: customerChooses ? 'yes' : 'no',
})

export type ReadRegistration =
  | { readonly ok: true; readonly value: WrittenRegistration }
  | { readonly ok: false; readonly errors: readonly DeskError[] }

/** @param id of a registration that is changed; it cannot be */
export function readRegistration(fields: ClientFields, id = fields.id): ReadRegistration {
  const { method, subjectKind, subject, jwks, jwksUri, signingAlg, note: _note, ...rest } = fields
  const { eventsUrl, redirectUris, consentDays, ...plain } = rest
  const parsed = writtenRegistration.safeParse({
    ...plain,
    id,
    consentDays: /^\d{1,4}$/.test(consentDays.normalize('NFKC')) ? Number(consentDays.normalize('NFKC')) : 0,
    redirectUris: redirectUris.split(/\s+/).filter(Boolean),
    ...(eventsUrl === '' ? {} : { eventsUrl }),
    authentication: {
      method,
      ...(method === 'private_key_jwt' ? { signingAlg } : {}),
      ...(method === 'tls_client_auth' ? { subject: { kind: subjectKind, value: subject } } : {}),
    },
    requestSigningAlg: signingAlg,
    // Both at once are refused: which one counts would be anybody's guess.
    ...(jwks === '' && jwksUri === ''
      ? {}
      : { keys: { ...(jwks === '' ? {} : { jwks: keysIn(jwks) }), ...(jwksUri === '' ? {} : { jwksUri }) } }),
  })
  const termsMissing = fields.termsVersion === '' ? ['termsVersion'] : []
  if (parsed.success && termsMissing.length === 0) return { ok: true, value: parsed.data }
  const wrong = parsed.success
    ? []
    : parsed.error.issues.map(({ path: [name, part] }) => (part === 'subject' ? 'subject' : String(name)))
  const names = [...new Set([...wrong, ...termsMissing])]
  return { ok: false, errors: names.map((name) => errorAt(name)) }
}

const codes: Readonly<Record<string, { readonly code: DeskErrorCode; readonly field?: string }>> = {
  id: { code: 'client-id' },
  serviceName: { code: 'client-service-name' },
  companyName: { code: 'client-company-name' },
  registrationNumber: { code: 'client-registration-number' },
  contact: { code: 'client-contact' },
  liabilityUrl: { code: 'client-url' },
  termsUrl: { code: 'client-url' },
  privacyUrl: { code: 'client-url' },
  termsVersion: { code: 'client-terms-version' },
  scopes: { code: 'client-scopes', field: 'scopes-balances' },
  consentDays: { code: 'client-days' },
  redirectUris: { code: 'client-redirect-uris' },
  eventsUrl: { code: 'client-events-url' },
  authentication: { code: 'client-profile', field: 'profile-standard' },
  senderConstraint: { code: 'client-profile', field: 'profile-standard' },
  subject: { code: 'client-subject' },
}

const errorAt = (name: string): DeskError => ({
  code: codes[name]?.code ?? 'client-keys',
  field: codes[name]?.field ?? (codes[name] ? name : 'jwks'),
})

/** A set of keys; undefined, and so an error, when it is none. */
function keysIn(jwks: string): unknown {
  try {
    return z
      .object({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(10) })
      .parse(JSON.parse(jwks))
  } catch {
    return undefined
  }
}
