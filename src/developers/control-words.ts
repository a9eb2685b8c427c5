/** The closed lists of the sandbox's controls: what a developer can let happen, and what the page says of it. */

/** What happens to a consent when days pass, in the order of its life. */
export const jumpNames = ['before-30', 'before-7', 'before-1', 'after-end', 'after-renewal'] as const
export type JumpName = (typeof jumpNames)[number]

/** What can be done to one account of a consent: the first by the customer, the others at the bank. */
export const accountControls = [
  'stop-account',
  'change-pin',
  'register-pin',
  'close-account',
  'reopen-account',
] as const
export type AccountControl = (typeof accountControls)[number]

export const bankStates = ['maintenance', 'outside-hours', 'up'] as const
export type BankState = (typeof bankStates)[number]

/** For how many minutes the bank is down; 0: until it is brought up. */
export const downMinutes = [1, 5, 30, 0] as const

export const controlErrors = ['days-form'] as const
export const controlDone = [
  'days-passed',
  'consent-stopped',
  'consent-over',
  'account-changed',
  'bank-changed',
] as const
