/** What a customer and a fintech had with each other before: whether 許可 is a first registration or a renewal, and of what. */
import type { Consent } from '../store/consents.ts'
import { isRenewable } from './state.ts'

/** 利用登録 or 更新. */
export type Mode = 'first' | 'renewal'

export type Past = {
  /** the consent that a new one renews */
  readonly former: Consent | undefined
  /** the bank's ids of accounts that somebody stopped for this fintech, and the customer has not shared with it again */
  readonly stopped: ReadonlySet<string>
  /** those that ended because the bank said that their inquiry PIN has changed, whichever fintech asked when it did */
  readonly stale: ReadonlySet<string>
}

/** @param all the consents of one customer, the newest first */
export function pastOf(all: readonly Consent[], client: string, now: number): Past {
  const consents = all.filter((consent) => consent.client === client)
  const lastWord = new Map<string, 'shared' | 'stopped'>()
  const note = (account: string, word: 'shared' | 'stopped') => {
    if (!lastWord.has(account)) lastWord.set(account, word)
  }
  for (const { accounts, stoppedAccounts } of consents) {
    for (const { bankAccount } of accounts) note(bankAccount, 'shared')
    // What ended by itself was nobody's wish.
    for (const { bankAccount, by } of stoppedAccounts)
      note(bankAccount, by === 'system' ? 'shared' : 'stopped')
  }
  return {
    former: consents.find((consent) => isRenewable(consent, now)),
    stale: new Set(
      all
        .flatMap(({ stoppedAccounts }) => stoppedAccounts)
        .filter(({ reason }) => reason === 'pin-changed')
        .map(({ bankAccount }) => bankAccount),
    ),
    stopped: new Set([...lastWord].filter(([, word]) => word === 'stopped').map(([account]) => account)),
  }
}

/** Nobody has signed in yet. */
export const noPast: Past = { former: undefined, stopped: new Set(), stale: new Set() }

export const modeOf = ({ former }: Past): Mode => (former ? 'renewal' : 'first')

/** The bank's ids of what the customer shared last: also what ended by itself since, such as by a changed PIN. */
export function sharedBefore({ accounts, stoppedAccounts }: Consent): ReadonlySet<string> {
  const ended = stoppedAccounts.filter(({ by }) => by === 'system')
  return new Set([...accounts, ...ended].map(({ bankAccount }) => bankAccount))
}
