/** A sandbox client as a form: what the developer typed becomes a registration, or errors at its fields. */
import { z } from 'zod'
import { text } from '../journey/fields.ts'
import type { Client } from '../store/clients.ts'
import { type WrittenRegistration, writtenRegistration } from '../store/registration.ts'
import { type Chosen, imitates, longestName, nameOf, writtenAs } from './sandbox.ts'
import type { FieldFault } from './visit.ts'
import type { DeveloperError } from './words.ts'

const form = z.object({
  name: text(200),
  redirectUris: text(2000),
  profile: text(40),
  method: text(40),
  senderConstraint: text(10),
  signingAlg: text(10),
  subject: text(500),
  eventsUrl: text(1000),
  jwksUri: text(1000),
  jwks: text(8000),
})

export type ClientFields = Readonly<z.infer<typeof form>>

/** As it was typed, without the space around it. */
export function readFields(body: unknown): ClientFields {
  const typed = form.parse(body ?? {})
  return Object.fromEntries(
    Object.entries(typed).map(([name, value]) => [name, value.trim()]),
  ) as ClientFields
}

/** With which the form can be sent at once. */
export const firstFields = (subject: string): ClientFields => ({
  name: '',
  redirectUris: 'http://127.0.0.1:8765/callback',
  profile: 'standard',
  method: 'client_secret_basic',
  senderConstraint: 'none',
  signingAlg: 'ES256',
  subject,
  eventsUrl: '',
  jwksUri: '',
  jwks: '',
})

/** What is registered, as it stands in the form. */
export function fieldsOf(client: Client, subject: string): ClientFields {
  const { authentication, keys } = client
  const { method } = authentication
  return {
    name: nameOf(client),
    redirectUris: client.redirectUris.join('\n'),
    profile: client.profile,
    method,
    senderConstraint: client.senderConstraint,
    signingAlg: method === 'private_key_jwt' ? authentication.signingAlg : client.requestSigningAlg,
    subject: method === 'tls_client_auth' ? authentication.subject.value : subject,
    eventsUrl: client.eventsUrl ?? '',
    jwksUri: keys && 'jwksUri' in keys ? keys.jwksUri : '',
    jwks: keys && 'jwks' in keys ? JSON.stringify(keys.jwks, null, 1) : '',
  }
}

/** What stands in the form again; a private key that somebody pasted by mistake does not. */
export const keptOf = (fields: ClientFields, errors: readonly FieldFault[]): ClientFields =>
  errors.some(({ code }) => code === 'keys-private') ? { ...fields, jwks: '' } : fields

type Read =
  | { readonly ok: true; readonly value: WrittenRegistration }
  | { readonly ok: false; readonly errors: readonly FieldFault[] }

/** @param others names that the client may not sound like */
export function readClient(id: string, fields: ClientFields, others: readonly string[]): Read {
  const keys = keysOf(fields)
  const parsed = writtenRegistration.safeParse(writtenAs(id, chosenOf(fields, keys)))
  const own = [...nameFaults(fields.name, others), ...('code' in keys ? [keys] : [])]
  const wrong = parsed.success ? [] : parsed.error.issues.map(faultAt)
  // What is said of a field already is not said again in other words.
  const errors = [...own, ...wrong.filter(({ field }) => own.every((one) => one.field !== field))]
  const distinct = errors.filter((one, n) => errors.findIndex(({ field }) => field === one.field) === n)
  if (parsed.success && distinct.length === 0) return { ok: true, value: parsed.data }
  return { ok: false, errors: distinct }
}

function nameFaults(name: string, others: readonly string[]): FieldFault[] {
  const at = (code: DeveloperError) => [{ code, field: 'name' }]
  if (name === '') return at('name-missing')
  if (name.length > longestName) return at('name-form')
  return imitates(name, others) ? at('name-imitates') : []
}

type Keys = { readonly keys?: WrittenRegistration['keys'] } | FieldFault

function keysOf({ jwks, jwksUri }: ClientFields): Keys {
  if (jwks !== '' && jwksUri !== '') return { code: 'keys-both', field: 'jwks' }
  if (jwksUri !== '') return { keys: { jwksUri } }
  if (jwks === '') return {}
  const parsed = jwksShape.safeParse(jsonIn(jwks))
  return parsed.success ? { keys: { jwks: parsed.data } } : { code: 'keys-wrong', field: 'jwks' }
}

const jwksShape = z.object({
  keys: z
    .array(
      z.looseObject({ kty: z.enum(['EC', 'RSA']) }).transform((key): Record<string, unknown> => ({ ...key })),
    )
    .min(1)
    .max(10),
})

function jsonIn(typed: string): unknown {
  try {
    return JSON.parse(typed)
  } catch {
    return undefined
  }
}

/** What is none of the choices becomes an error of the registration's own rules. */
function chosenOf(fields: ClientFields, keys: Keys): Chosen {
  const { name, redirectUris, profile, senderConstraint, signingAlg, eventsUrl } = fields
  return {
    name: name === '' ? '-' : name,
    redirectUris: redirectUris.split(/\s+/).filter(Boolean),
    profile: profile as 'standard',
    senderConstraint: senderConstraint as 'none',
    authentication: authenticationOf(fields),
    requestSigningAlg: signingAlg as 'ES256',
    ...(eventsUrl === '' ? {} : { eventsUrl }),
    ...('keys' in keys && keys.keys ? { keys: keys.keys } : {}),
  }
}

function authenticationOf({ method, signingAlg, subject }: ClientFields): Chosen['authentication'] {
  switch (method) {
    case 'private_key_jwt':
      return { method, signingAlg: signingAlg as 'ES256' }
    case 'tls_client_auth':
      return { method, subject: { kind: 'subject_dn', value: subject } }
    default:
      return { method: method as 'client_secret_basic' }
  }
}

function faultAt({ path, code, message }: z.core.$ZodIssue): FieldFault {
  const [name, inner] = path.map(String)
  const isOurs = code === 'custom'
  switch (name) {
    case 'serviceName':
      return { code: 'name-form', field: 'name' }
    case 'redirectUris':
      return { code: 'redirect-uris', field: 'redirectUris' }
    case 'eventsUrl':
      return { code: 'events-url', field: 'eventsUrl' }
    case 'senderConstraint':
      return { code: 'profile-constraint', field: 'senderConstraint-none' }
    case 'authentication':
      if (inner === 'subject') return { code: 'subject', field: 'subject' }
      return { code: isOurs ? 'profile-secret' : 'method-missing', field: 'method-client_secret_basic' }
    case 'keys':
      if (inner === 'jwksUri') return { code: 'keys-address', field: 'jwksUri' }
      if (message.includes('public keys only')) return { code: 'keys-private', field: 'jwks' }
      return { code: isOurs ? 'keys-missing' : 'keys-wrong', field: 'jwks' }
    default:
      // a choice that no button of the form makes
      return { code: 'method-missing', field: 'method-client_secret_basic' }
  }
}
