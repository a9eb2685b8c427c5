/** What happens at the demo bank while connections live, and whether it answers inquiries just now. */
import type { Clock } from '../../clock.ts'
import type { Failure } from '../../errors.ts'
import type { Database } from '../../store/open.ts'
import { transact } from '../../store/transaction.ts'
import type { BankControls } from '../controls.ts'
import type { InquiryClosed } from '../port.ts'
import type { CustomerChanges, CustomerState } from './customers.ts'
import { byId, byLoginId } from './directory.ts'
import { stateOf } from './standing.ts'

type State = CustomerState & CustomerChanges

/** Inquiries about one customer or about all, made by one fintech or by anybody (the customer's own journeys included). */
export type Whose = { readonly loginId?: string; readonly client?: string }

export const changeCustomer = (
  db: Database,
  loginId: string,
  changed: (before: State) => Partial<State>,
): Promise<void> =>
  transact(db, async (transaction) => {
    const customer = byLoginId.get(loginId)
    if (!customer) throw new Error(`no such customer: ${loginId}`)
    const before = await stateOf(transaction, customer)
    await transaction
      .updateTable('simulator_customers')
      .set({ state: JSON.stringify({ ...before, ...changed(before) }) })
      .where('login_id', '=', loginId)
      .execute()
  })

/** @param closed undefined: they are answered again */
export async function closeInquiries(
  db: Database,
  { loginId, client }: Whose,
  closed: InquiryClosed | undefined,
): Promise<void> {
  for (const one of loginId === undefined ? byLoginId.keys() : [loginId]) {
    await changeCustomer(db, one, ({ inquiriesClosed }) => ({
      inquiriesClosed: [
        ...inquiriesClosed.filter((other) => other.client !== client),
        ...(closed ? [{ ...closed, ...(client === undefined ? {} : { client }) }] : []),
      ],
    }))
  }
}

/** Undefined where an inquiry of this fintech, or of nobody's, is answered now. */
export function closedNow(
  { inquiriesClosed }: Pick<State, 'inquiriesClosed'>,
  { client, now }: { readonly client: string | undefined; readonly now: number },
): Failure<InquiryClosed> | undefined {
  const closed = inquiriesClosed.find(
    (one) =>
      (one.client === undefined || one.client === client) &&
      (one.resumesAt === undefined || one.resumesAt > now),
  )
  if (!closed) return undefined
  const { reason, resumesAt } = closed
  return { ok: false, reason, ...(resumesAt === undefined ? {} : { resumesAt }) }
}

/** What a developer may do, beside those of the simulator's own that can do it to everybody. */
export function bankControls({
  db,
  clock,
}: {
  readonly db: Database
  readonly clock: Clock
}): Omit<BankControls, 'takeDown' | 'bringUp'> {
  const register = async (account: string, registered: 0 | 1): Promise<void> => {
    await db.updateTable('simulator_accounts').set({ registered }).where('id', '=', account).execute()
  }
  const close = (customer: string, changed: (closed: readonly string[]) => readonly string[]) => {
    const loginId = byId.get(customer)?.loginId
    if (loginId === undefined) throw new Error(`no such customer: ${customer}`)
    return changeCustomer(db, loginId, ({ closedAccounts }) => ({ closedAccounts: changed(closedAccounts) }))
  }
  return {
    changePin: (account) => register(account, 0),
    registerPin: (account) => register(account, 1),
    closeAccount: ({ customer, account }) => close(customer, (closed) => [...new Set([...closed, account])]),
    reopenAccount: ({ customer, account }) =>
      close(customer, (closed) => closed.filter((one) => one !== account)),
    async downFor(client) {
      // It is taken down for all customers alike, so the first one tells.
      const [customer] = byLoginId.values()
      if (!customer) return undefined
      const { inquiriesClosed } = await stateOf(db, customer)
      const own = inquiriesClosed.filter((one) => one.client === client)
      const closed = closedNow({ inquiriesClosed: own }, { client, now: clock() })
      if (!closed) return undefined
      const { ok: _ok, ...why } = closed
      return why
    },
  }
}
