/** Inquiry PINs of the demo: checked, held for a journey, put in force or forgotten. Which one was entered is never kept. */
import type { Database } from '../../store/open.ts'
import { transact } from '../../store/transaction.ts'
import type { Bank, InJourney, PinAnswer } from '../port.ts'
import type { DemoAccount } from './customers.ts'
import { byId } from './directory.ts'
import { foldPin } from './fold.ts'
import { stateOf } from './standing.ts'

const right = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value })

/** A held row says that the right PIN was entered and not which one. A wrong entry takes nothing back that is held. */
export async function holdPins(
  db: Database,
  { customer, journey, pins }: Parameters<Bank['holdPins']>[0],
): ReturnType<Bank['holdPins']> {
  const known = byId.get(customer)
  if (!known) return right(pins.map(({ account }) => ({ account, answer: 'unknown-account' })))
  const { loginId } = known
  if ((await stateOf(db, known)).coreSystem === 'down') return { ok: false, reason: 'unavailable' }
  const answers = pins.map(({ account, pin }) => ({
    account,
    answer: check(accountOf(customer, account), pin),
  }))
  const held = answers
    .filter(({ answer }) => answer === 'held')
    .map(({ account }) => ({ journey, account_id: account, login_id: loginId }))
  if (held.length > 0) {
    await db
      .insertInto('simulator_held_pins')
      .values(held)
      .onConflict((c) => c.doNothing())
      .execute()
  }
  return right(answers)
}

function check(account: DemoAccount | undefined, pin: string): PinAnswer {
  if (!account || account.barred) return 'unknown-account'
  return foldPin(pin) === account.pin ? 'held' : 'wrong'
}

const accountOf = (customer: string, account: string): DemoAccount | undefined =>
  byId.get(customer)?.accounts.find(({ id }) => id === account)

/** Registers exactly the rows it deletes: a PIN held a moment later by another request stays held. */
export async function commitPins(db: Database, who: InJourney): ReturnType<Bank['commitPins']> {
  await transact(db, async (transaction) => {
    const held = await forgetHeld(transaction, who).returning('account_id').execute()
    if (held.length === 0) return
    const ids = held.map((row) => row.account_id)
    await transaction
      .updateTable('simulator_accounts')
      .set({ registered: 1 })
      .where('id', 'in', ids)
      .execute()
  })
  return right('committed')
}

/** Deletes what is held; somebody unknown holds nothing. */
export function forgetHeld(db: Database, { customer, journey }: InJourney) {
  return db
    .deleteFrom('simulator_held_pins')
    .where('journey', '=', journey)
    .where('login_id', '=', byId.get(customer)?.loginId ?? '')
}
