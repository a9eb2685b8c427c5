/** What a check of the doctor is, and what it finds. */

export type Verdict = 'ok' | 'warning' | 'failure' | 'skipped'

/** `says` is a sentence for the operator; never a secret. */
export type Outcome = { readonly verdict: Verdict; readonly says: string }

export type Check = { readonly name: string; readonly run: () => Promise<Outcome> }

export type Finding = Outcome & { readonly check: string }

export const ok = (says: string): Outcome => ({ verdict: 'ok', says })
export const warning = (says: string): Outcome => ({ verdict: 'warning', says })
export const failure = (says: string): Outcome => ({ verdict: 'failure', says })
export const skipped = (says: string): Outcome => ({ verdict: 'skipped', says })
