/**
 * Ends again what had ended after a backup that was put back, by the lines that the log has of it. What began after the
 * backup is lost, and what the staff changed is theirs to do again: both are named.
 */
import { endConsent, stopAccountOf } from '../consent/ending.ts'
import type { Clock } from '../clock.ts'
import { type Echo, readEcho } from '../store/audit-echo.ts'
import { findConsentByNumber } from '../store/consents.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'

export type Reconciled = {
  /** lines of the log that this database had not known */
  readonly consents: readonly string[]
  readonly accounts: readonly string[]
  /** numbers of connections that began after the backup, and by which fintech they are missed */
  readonly lost: readonly { readonly number: string; readonly client: string }[]
  /** what the staff did after the backup */
  readonly byHand: readonly { readonly what: string; readonly of: string; readonly at: number }[]
}

export async function reconcile(
  parts: { readonly db: Database; readonly clock: Clock },
  lines: AsyncIterable<string>,
  note: string,
): Promise<Reconciled> {
  const consents = new Set<string>()
  const accounts = new Set<string>()
  const begun = new Map<string, string>()
  const over = new Set<string>()
  const byHand = new Map<string, Reconciled['byHand'][number]>()
  for await (const line of lines) {
    const echo = readEcho(line)
    if (!echo) continue
    if (echo.what === 'consent-ended') {
      over.add(echo.number)
      if (await endAgain(parts, echo, note)) consents.add(echo.number)
    } else if (echo.what === 'account-stopped') {
      if (await stopAgain(parts, echo, note)) accounts.add(`${echo.number} ${echo.account}`)
    } else if (echo.what === 'consent-activated') {
      const consent = await findConsentByNumber(parts.db, echo.number)
      if (consent?.activatedAt === undefined || consent.activatedAt === null)
        begun.set(echo.number, echo.client)
    } else if (!(await isKnown(parts.db, echo))) {
      const { what, at, client, key } = echo
      byHand.set(`${what} ${client ?? key} ${at}`, { what, of: client ?? key ?? '', at })
    }
  }
  return {
    consents: [...consents],
    accounts: [...accounts],
    // What had ended, too, is missed by nobody.
    lost: [...begun].flatMap(([number, client]) => (over.has(number) ? [] : [{ number, client }])),
    byHand: [...byHand.values()],
  }
}

type Parts = Parameters<typeof reconcile>[0]
type ByHand = Extract<Echo, { readonly key?: unknown }>
type Of<What extends Echo['what']> = Extract<Echo, { readonly what: What }>

/** By whom, why and when, as it was the first time. */
async function endAgain({ db, clock }: Parts, echo: Of<'consent-ended'>, note: string): Promise<boolean> {
  const { number, status, by, reason, at } = echo
  const consent = await findConsentByNumber(db, number)
  if (!consent) return false
  return transact(db, (transaction) =>
    endConsent(transaction, consent.id, at, { status, by, reason, note }, clock()),
  )
}

async function stopAgain(parts: Parts, echo: Of<'account-stopped'>, note: string): Promise<boolean> {
  const { number, account, by, reason } = echo
  const consent = await findConsentByNumber(parts.db, number)
  return consent !== undefined && stopAccountOf(parts, consent.id, account, { by, reason, note })
}

/** Whether the audit has it: then it was before the backup. */
async function isKnown(db: Database, { what, at, client }: ByHand): Promise<boolean> {
  const same = db.selectFrom('audit').select('seq').where('event', '=', what).where('at', '=', at)
  const row = await (client ? same.where('client', '=', client) : same).executeTakeFirst()
  return row !== undefined
}
