/** How a consent, or one account of it, ends: its row, the audit and the outbox together, so that nobody is told of what did not happen. */
import type { Clock } from '../clock.ts'
import { type Actor, record } from '../store/audit.ts'
import {
  type Consent,
  findConsent,
  isLive,
  listConsents,
  listLiveOfArrangement,
  type StoppedAccount,
} from '../store/consents.ts'
import { type Ending, markAccountStopped, markEnded } from '../store/consent-changes.ts'
import type { Database } from '../store/open.ts'
import { post } from '../store/outbox.ts'
import { transact } from '../store/transaction.ts'

/** Who ends it, why, and what the staff noted about it. */
export type End = Omit<Ending, 'at'> & { readonly note?: string }
export type AccountEnd = Omit<End, 'status'>

/**
 * Ends a consent within a transaction. False when it had ended already: the first end stands.
 * @param now where it ended before anybody noticed: whoever is told has all his time from now on
 */
export async function endConsent(
  db: Database,
  id: string,
  at: number,
  ending: End,
  now = at,
): Promise<boolean> {
  const { status, by, reason, note } = ending
  if (!(await markEnded(db, id, { status, by, reason, at }))) return false
  const consent = await findConsent(db, id)
  if (!consent) throw new Error('a consent just ended is not there')
  const { number, customer, client } = consent
  await record(db, at, null, {
    event: 'consent-ended',
    consent: id,
    number,
    customer,
    client,
    status,
    by,
    reason,
    ...(note ? { note } : {}),
  })
  if (isTold(status)) await tell(db, consent, { at, now, by, reason, status, account: null })
  if (status === 'stopped' && consent.activatedAt !== null && isOfPeople(by))
    await endRenewalUnderWay(db, consent, at, { by, reason, ...(note ? { note } : {}) })
  return true
}

/** Whoever stops a connection means the fintech: a renewal that it has not come for yet must not bring it back. */
async function endRenewalUnderWay(
  db: Database,
  { customer, client }: Consent,
  at: number,
  ending: Omit<End, 'status'>,
): Promise<void> {
  for (const { id, status } of await listConsents(db, customer, client)) {
    if (status === 'granted') await endConsent(db, id, at, { ...ending, status: 'unused' })
  }
}

const isOfPeople = (by: Actor): boolean => by === 'customer' || by.startsWith('staff:')

/**
 * The fintech gives an arrangement back: its active consent ends, and a renewal that it has not come for is not to bring it
 * back. False when nothing of it lives, or it is another fintech's.
 */
export function endArrangement(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  arrangementId: string,
  client: string,
): Promise<boolean> {
  return transact(db, async (transaction) => {
    const at = clock()
    const live = await listLiveOfArrangement(transaction, arrangementId)
    const ended: boolean[] = []
    for (const { id, client: owner } of live) {
      // Read again: ending the one before may have waited for the exchange that made this one active.
      const consent = await findConsent(transaction, id)
      if (owner !== client || !consent || !isLive(consent, at)) continue
      const status = consent.status === 'active' ? 'stopped' : 'unused'
      ended.push(await endConsent(transaction, id, at, { status, by: 'client', reason: 'grant-revoked' }))
    }
    return ended.includes(true)
  })
}

/** Ends one account of a live consent; with the last one the whole consent ends. False when there is nothing to end. */
export function stopAccountOf(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  id: string,
  account: string,
  ending: AccountEnd,
): Promise<boolean> {
  return transact(db, async (transaction) => {
    const at = clock()
    const { by, reason } = ending
    const consent = await stopAccount(transaction, id, account, { ...ending, at })
    if (!consent) return false
    if (consent.accounts.length === 0)
      return endConsent(transaction, id, at, { status: 'stopped', by, reason: 'no-accounts-left' })
    await tell(transaction, consent, { at, now: at, by, reason, status: consent.status, account })
    if (consent.activatedAt !== null && isOfPeople(by))
      await stopInRenewalUnderWay(transaction, consent, account, { ...ending, at })
    return true
  })
}

type AccountEndAt = AccountEnd & { readonly at: number }

/** The consent without the account; undefined, and nothing done, when there is nothing to end. */
async function stopAccount(
  db: Database,
  id: string,
  account: string,
  { by, reason, note, at }: AccountEndAt,
): Promise<Consent | undefined> {
  if (!(await markAccountStopped(db, id, account, { by, reason, at }))) return undefined
  const consent = await findConsent(db, id)
  if (!consent) throw new Error('a consent just changed is not there')
  const { number, customer, client } = consent
  await record(db, at, null, {
    event: 'account-stopped',
    consent: id,
    number,
    customer,
    client,
    account,
    by,
    reason,
    ...(note ? { note } : {}),
  })
  return consent
}

/** The last word about an account counts: a renewal that the fintech has not come for yet must not share it again. */
async function stopInRenewalUnderWay(
  db: Database,
  { customer, client }: Consent,
  account: string,
  ending: AccountEndAt,
): Promise<void> {
  for (const { id, status } of await listConsents(db, customer, client)) {
    if (status !== 'granted') continue
    const renewal = await stopAccount(db, id, account, ending)
    const { by, at } = ending
    if (renewal?.accounts.length === 0)
      await endConsent(db, id, at, { status: 'unused', by, reason: 'no-accounts-left' })
  }
}

/** A consent that was replaced or never used leaves nobody in the dark: the fintech caused the one and never had the other. */
const isTold = (status: Ending['status']): boolean => status === 'stopped' || status === 'expired'

type Told = {
  readonly at: number
  readonly now: number
  readonly by: Actor
  readonly reason: string
  readonly status: string
  readonly account: StoppedAccount['id'] | null
}

/** The fintech that asked for the end itself needs no event; the customer is always told. */
async function tell(
  db: Database,
  { id, number, arrangementId, customer, client, language, endsAt }: Consent,
  { at, now, by, reason, status, account }: Told,
): Promise<void> {
  const about = { consent: id, client, at: now }
  if (by !== 'client') {
    await post(db, about, {
      kind: 'event',
      type: account === null ? 'consent-ended' : 'account-stopped',
      number,
      arrangementId,
      status,
      reason,
      at,
      account,
    })
  }
  await post(db, about, {
    kind: 'notice',
    type: account !== null ? 'account-stopped' : status === 'expired' ? 'ended' : 'stopped',
    number,
    customer,
    client,
    language,
    endsAt,
    daysLeft: null,
    reason,
    at,
  })
}
