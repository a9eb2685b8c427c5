/**
 * What may go wrong as expected, as a closed set of codes, and the one place that says what each means
 * to HTTP, to the log, to the customer's page and to the fintech. What is not in here is a defect.
 */
import type { ReceivedCertificate } from './certificate/verdict.ts'
import type { Closed } from './institution-hours.ts'

/** An expected outcome: a value, never an exception. */
export type Result<Value, Reason> = { readonly ok: true; readonly value: Value } | Failure<Reason>
export type Failure<Reason> = { readonly ok: false } & Reason

/** Codes of OAuth errors that a journey may end with (RFC 6749, section 4.1.2.1). */
export type JourneyError = 'access_denied' | 'temporarily_unavailable'

type ProblemMeaning = {
  readonly status: number
  readonly log: 'info' | 'warn' | 'error'
  /** What the fintech is told when the customer gives up here. */
  readonly oauth: JourneyError
  /** Where to try again: at the step, with another certificate; false where trying again cannot help. */
  readonly retry: 'step' | 'certificate' | false
}

/** Dead ends: pages with two ways out, or with none where no fintech is known. */
export const problems = {
  'bank-unavailable': { status: 503, log: 'warn', oauth: 'temporarily_unavailable', retry: 'step' },
  'outside-hours': { status: 503, log: 'info', oauth: 'temporarily_unavailable', retry: 'step' },
  maintenance: { status: 503, log: 'info', oauth: 'temporarily_unavailable', retry: 'step' },
  'locked-for-a-while': { status: 403, log: 'info', oauth: 'access_denied', retry: 'step' },
  'locked-for-good': { status: 403, log: 'info', oauth: 'access_denied', retry: false },
  'locked-by-bank': { status: 403, log: 'info', oauth: 'access_denied', retry: false },
  'password-expired': { status: 403, log: 'info', oauth: 'access_denied', retry: 'step' },
  'first-login': { status: 403, log: 'info', oauth: 'access_denied', retry: 'step' },
  'contract-closed': { status: 403, log: 'info', oauth: 'access_denied', retry: false },
  'certificate-required': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'password-required': { status: 403, log: 'info', oauth: 'access_denied', retry: 'step' },
  'may-not-connect': { status: 403, log: 'info', oauth: 'access_denied', retry: false },
  'no-accounts': { status: 403, log: 'info', oauth: 'access_denied', retry: false },
  'risk-refused': { status: 403, log: 'warn', oauth: 'access_denied', retry: false },
  'request-already-used': { status: 409, log: 'info', oauth: 'access_denied', retry: false },
  'client-suspended': { status: 403, log: 'warn', oauth: 'access_denied', retry: false },
  'certificates-off': { status: 404, log: 'info', oauth: 'access_denied', retry: 'step' },
  'certificate-missing': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'certificate-expired': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'certificate-not-yet-valid': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'certificate-revoked': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'certificate-other-issuer': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'certificate-unsuitable': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'certificate-unverifiable': {
    status: 503,
    log: 'warn',
    oauth: 'temporarily_unavailable',
    retry: 'certificate',
  },
  'certificate-too-old': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'certificate-not-tied': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'certificate-of-another': { status: 403, log: 'info', oauth: 'access_denied', retry: 'certificate' },
  'customer-of-another': { status: 403, log: 'info', oauth: 'access_denied', retry: 'step' },
  'renewal-over': { status: 403, log: 'info', oauth: 'access_denied', retry: false },
  'forwarding-refused': { status: 403, log: 'warn', oauth: 'access_denied', retry: false },
  'ticket-refused': { status: 403, log: 'warn', oauth: 'access_denied', retry: 'certificate' },
  'already-finished': { status: 410, log: 'info', oauth: 'access_denied', retry: false },
  'journey-unknown': { status: 410, log: 'info', oauth: 'access_denied', retry: false },
  'stale-form': { status: 403, log: 'info', oauth: 'access_denied', retry: 'step' },
  'foreign-origin': { status: 403, log: 'warn', oauth: 'access_denied', retry: 'step' },
  'bad-request': { status: 400, log: 'info', oauth: 'access_denied', retry: false },
  'authorization-refused': { status: 400, log: 'info', oauth: 'access_denied', retry: false },
  'not-found': { status: 404, log: 'info', oauth: 'access_denied', retry: false },
  'too-many-requests': { status: 429, log: 'warn', oauth: 'temporarily_unavailable', retry: 'step' },
  /** our own database cannot serve just now */
  'system-unavailable': { status: 503, log: 'error', oauth: 'temporarily_unavailable', retry: 'step' },
  incident: { status: 500, log: 'error', oauth: 'temporarily_unavailable', retry: 'step' },
} as const satisfies Record<string, ProblemMeaning>

export type ProblemCode = keyof typeof problems

/** Seconds until it is worth trying again, where nobody knows better. */
export const retryAfter = 5

/** What a dead-end page may say beyond its fixed text. */
export type Problem = {
  readonly code: ProblemCode
  /** the client certificate that it is about */
  readonly received?: ReceivedCertificate | undefined
  /** until when it is closed, and why */
  readonly closed?: Pick<Closed, 'resumesAt' | 'reason'>
}

/** Errors at a field of a form: the step is shown again with the message beside the field. */
export type FieldErrorCode =
  | 'login-id-missing'
  | 'password-missing'
  | 'sign-in-wrong'
  | 'password-wrong'
  | 'answer-missing'
  | 'answer-wrong'
  | 'services-missing'
  | 'accounts-missing'
  | 'pin-missing'
  | 'pin-unticked'
  | 'pin-form'
  | 'pin-wrong'
  | 'pin-locked'
  | 'pin-impossible'
  | 'tick-missing'
  | 'stop-tick-missing'
  | 'consent-accounts-missing'
  | 'stale-form'
  | 'last-try'

export type FieldError = {
  readonly code: FieldErrorCode
  /** id of the control that the message belongs to */
  readonly field: string
  readonly values?: Readonly<Record<string, string>>
}
