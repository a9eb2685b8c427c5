/** 画面番号: what a customer reads out on the phone, so numbers and not English words. A number never gets another meaning. */
import type { ProblemCode } from '../errors.ts'
import type { Ending } from '../journey/journey.ts'
import type { HelpPageName } from './help.ts'

/** The manual's own screens have 1 to 6 (frame.ts). */
export const endingScreens: Readonly<Record<Ending, string>> = {
  allowed: 'NK-7',
  refused: 'NK-71',
  cancelled: 'NK-72',
  'timed-out': 'NK-73',
  unavailable: 'NK-74',
}

export const receiptScreen = 'NK-70'

export const helpScreens: Readonly<Record<HelpPageName, string>> = {
  index: 'NK-H',
  certificates: 'NK-H1',
  'inquiry-pin': 'NK-H2',
  stop: 'NK-H3',
  safety: 'NK-H4',
  accessibility: 'NK-H5',
}

/** The customer's own connections. */
export const connectionsScreens = {
  list: 'NK-80',
  'sign-in': 'NK-81',
  'certificate-password': 'NK-82',
  'answer-challenge': 'NK-83',
  detail: 'NK-84',
  stop: 'NK-85',
  'stop-everything': 'NK-86',
  stopped: 'NK-87',
  'signed-out': 'NK-88',
} as const

export const problemScreens: Readonly<Record<ProblemCode, string>> = {
  'bank-unavailable': 'NK-11',
  'locked-for-a-while': 'NK-12',
  'locked-for-good': 'NK-13',
  'locked-by-bank': 'NK-14',
  'password-expired': 'NK-15',
  'password-required': 'NK-16',
  'may-not-connect': 'NK-17',
  'no-accounts': 'NK-18',
  'risk-refused': 'NK-19',
  'customer-of-another': 'NK-20',
  'outside-hours': 'NK-21',
  maintenance: 'NK-22',
  'first-login': 'NK-23',
  'contract-closed': 'NK-24',
  'certificates-off': 'NK-30',
  'certificate-required': 'NK-31',
  'certificate-missing': 'NK-32',
  'certificate-expired': 'NK-33',
  'certificate-not-yet-valid': 'NK-34',
  'certificate-revoked': 'NK-35',
  'certificate-other-issuer': 'NK-36',
  'certificate-unsuitable': 'NK-37',
  'certificate-unverifiable': 'NK-38',
  'certificate-too-old': 'NK-39',
  'certificate-not-tied': 'NK-40',
  'certificate-of-another': 'NK-41',
  'ticket-refused': 'NK-42',
  'forwarding-refused': 'NK-43',
  'already-finished': 'NK-50',
  'journey-unknown': 'NK-51',
  'request-already-used': 'NK-52',
  'client-suspended': 'NK-53',
  'authorization-refused': 'NK-54',
  'renewal-over': 'NK-55',
  'stale-form': 'NK-60',
  'foreign-origin': 'NK-61',
  'bad-request': 'NK-62',
  'not-found': 'NK-63',
  'too-many-requests': 'NK-64',
  'system-unavailable': 'NK-65',
  incident: 'NK-69',
}
