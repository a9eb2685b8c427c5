/** The closed lists of the desk: why something is done, how the caller was checked, what a form may answer. */

/** Why the staff end a connection or release a lock; `EndReason` has the first three. */
export const stopReasons = ['customer-asked', 'suspected-fraud', 'bank-decision'] as const
export type StopReason = (typeof stopReasons)[number]

/** 本人確認: how somebody made sure that the caller is who he says. */
export const callerChecks = ['questions', 'callback', 'branch', 'no-caller'] as const
export type CallerCheck = (typeof callerChecks)[number]

export const deskErrorCodes = [
  'reason-missing',
  'check-missing',
  'check-impossible',
  'note-missing',
  'note-too-long',
  'note-has-number',
  'confirm-missing',
  'scope-missing',
  'query-missing',
  'client-id',
  'client-id-taken',
  'client-service-name',
  'client-company-name',
  'client-registration-number',
  'client-contact',
  'client-url',
  'client-terms-version',
  'client-scopes',
  'client-days',
  'client-redirect-uris',
  'client-events-url',
  'client-keys',
  'client-profile',
  'client-subject',
] as const
export type DeskErrorCode = (typeof deskErrorCodes)[number]

export const deskDone = [
  'stopped',
  'account-stopped',
  'all-stopped',
  'already-ended',
  'released',
  'not-locked',
  'retried',
  'nothing-dead',
  'client-registered',
  'client-changed',
  'client-unchanged',
  'client-suspended',
  'client-resumed',
  'status-unchanged',
  'secret-rotated',
] as const
export type DeskDone = (typeof deskDone)[number]
