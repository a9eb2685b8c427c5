/** What happens at the demo bank while connections live, and whether it answers inquiries just now. */
import type { Failure } from '../../errors.ts'
import type { Database } from '../../store/open.ts'
import { transact } from '../../store/transaction.ts'
import type { InquiryClosed } from '../port.ts'
import type { CustomerChanges, CustomerState } from './customers.ts'
import { byLoginId } from './directory.ts'
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
