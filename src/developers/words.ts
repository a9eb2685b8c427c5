/** The closed lists of the developers' pages: what a form may answer, and the steps of a try. */
import { controlDone, controlErrors } from './control-words.ts'

export const developerErrors = [
  'name-missing',
  'name-form',
  'name-imitates',
  'redirect-uris',
  'profile-secret',
  'profile-constraint',
  'method-missing',
  'keys-missing',
  'keys-wrong',
  'keys-private',
  'keys-both',
  'keys-address',
  'subject',
  'events-url',
  'full',
  'sign-in-wrong',
  'sign-in-locked',
  ...controlErrors,
] as const
export type DeveloperError = (typeof developerErrors)[number]

export const developerDone = [
  'changed',
  'unchanged',
  'secret-rotated',
  'secret-made',
  'signed-out',
  ...controlDone,
] as const
export type DeveloperDone = (typeof developerDone)[number]

/** What `/developers/try` does, in this order. */
export const trySteps = ['push', 'authorize', 'exchange', 'accounts', 'balances', 'refresh'] as const
export type TryStep = (typeof trySteps)[number]

/** The files of docs/samples. */
export const sampleNames = ['openid-client.js', 'oauth4webapi.js', 'python-authlib.py', 'curl.sh'] as const
export type SampleName = (typeof sampleNames)[number]

/** What the demo's authority made for fintechs that authenticate by certificate. */
export const certificateNames = ['fintech.pem', 'fintech.key', 'root.pem'] as const
export type CertificateName = (typeof certificateNames)[number]
