/** What a developer can let happen to a connection of his sandbox client, each with its row in the audit. Never of another client. */
import type { BankControls } from '../bank/controls.ts'
import { type Clock, minutes } from '../clock.ts'
import type { Consents } from '../consent/consents.ts'
import { remind } from '../consent/reminders.ts'
import { daysLeft, renewableDays } from '../consent/state.ts'
import { type Played, record } from '../store/audit.ts'
import { type Consent, isLive } from '../store/consents.ts'
import type { Database } from '../store/open.ts'
import { letDaysPass } from '../store/passing-time.ts'
import { transact } from '../store/transaction.ts'
import type { AccountControl, BankState, JumpName } from './control-words.ts'

type ControlParts = {
  readonly db: Database
  readonly clock: Clock
  readonly consents: Pick<Consents, 'end' | 'stopAccount' | 'sweep'>
  readonly bankControls: BankControls
}

/** As the sweeper takes them. */
const batch = 500

/** What time brings is done at once, as the sweeper's next round would, so that the page can show it. */
export async function passDays(parts: ControlParts, consent: Consent, days: number): Promise<void> {
  const { db, clock, consents } = parts
  await transact(db, async (transaction) => {
    await letDaysPass(transaction, consent, days)
    await note(transaction, clock(), consent, { what: 'days-passed', days })
  })
  await consents.sweep(batch)
  await remind({ db, clock }, batch)
}

/** By how many days to move to each point of a consent's life that still lies before it. */
export function jumpsOf(
  consent: Pick<Consent, 'status' | 'endsAt' | 'endedAt'>,
  now: number,
): readonly { readonly name: JumpName; readonly days: number }[] {
  const untilLastDay = daysLeft(consent.endedAt ?? consent.endsAt, now)
  const points = [
    ['before-30', untilLastDay - 30],
    ['before-7', untilLastDay - 7],
    ['before-1', untilLastDay - 1],
    ['after-end', untilLastDay + 1],
    ['after-renewal', untilLastDay + renewableDays + 1],
  ] as const
  const isOver = !isLive(consent, now)
  return points.flatMap(([name, days]) =>
    days < 1 || (isOver && name !== 'after-renewal') ? [] : [{ name, days }],
  )
}

/** As the customer does it on his own page; the audit says that he did not. False when it had ended already. */
export const stopAsCustomer = ({ consents }: ControlParts, { id }: Consent): Promise<boolean> =>
  consents.end(id, { ...byCustomer, status: 'stopped' })

const byCustomer = { by: 'customer', reason: 'customer-stopped', note: 'sandbox' } as const

/** @param account as the fintech knows it. False when the consent has no such account, or it cannot be stopped any more */
export async function controlAccount(
  parts: ControlParts,
  consent: Consent,
  { account, control }: { readonly account: string; readonly control: AccountControl },
): Promise<boolean> {
  const { db, clock, consents, bankControls: bank } = parts
  const named = [...consent.accounts, ...consent.stoppedAccounts].find(({ id }) => id === account)
  if (!named) return false
  if (control === 'stop-account') return consents.stopAccount(consent.id, account, byCustomer)
  const whose = { customer: consent.customer, account: named.bankAccount }
  await note(db, clock(), consent, { what: control, account })
  if (control === 'change-pin') await bank.changePin(named.bankAccount)
  if (control === 'register-pin') await bank.registerPin(named.bankAccount)
  if (control === 'close-account') await bank.closeAccount(whose)
  if (control === 'reopen-account') await bank.reopenAccount(whose)
  return true
}

/** @param duration minutes; 0 lasts until it is brought up again */
export async function controlBank(
  { db, clock, bankControls: bank }: ControlParts,
  client: string,
  { state, duration }: { readonly state: BankState; readonly duration: number },
): Promise<void> {
  const now = clock()
  await note(db, now, { client }, { what: `bank-${state}` })
  if (state === 'up') return bank.bringUp({ client })
  const resumes = duration > 0 ? { resumesAt: now + minutes(duration) } : {}
  await bank.takeDown({ client }, { reason: state, ...resumes })
}

const note = (
  db: Database,
  at: number,
  about: Pick<Consent, 'client'> | Consent,
  played: Omit<Played, 'event' | 'client' | 'consent' | 'number' | 'customer' | 'by'>,
): Promise<void> => {
  const { client } = about
  const [consent, number, customer] =
    'id' in about ? [about.id, about.number, about.customer] : [null, null, null]
  return record(db, at, null, {
    event: 'sandbox-played',
    client,
    consent,
    number,
    customer,
    by: 'client',
    ...played,
  })
}
