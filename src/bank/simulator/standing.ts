/** What has become of a customer and his accounts while the demo runs, in the simulator's own tables. */
import type { Database } from '../../store/open.ts'
import type { Standing } from '../port.ts'
import type { CustomerChanges, CustomerState, DemoCustomer } from './customers.ts'
import { byId } from './directory.ts'

const nothingChanged: CustomerChanges = {
  contract: 'open',
  certificate: 'valid',
  passwordResetAt: null,
  closedAccounts: [],
  inquiriesClosed: [],
}

export async function stateOf(
  db: Database,
  { loginId, services }: DemoCustomer,
): Promise<CustomerState & CustomerChanges> {
  const row = await db
    .selectFrom('simulator_customers')
    .select('state')
    .where('login_id', '=', loginId)
    .executeTakeFirstOrThrow()
  return {
    ...nothingChanged,
    ...(services ? { services } : {}),
    ...(JSON.parse(row.state) as CustomerState & Partial<CustomerChanges>),
  }
}

export async function standingOf(
  db: Database,
  { customer, accounts }: { readonly customer: string; readonly accounts: readonly string[] },
): Promise<Standing> {
  const known = byId.get(customer)
  if (!known)
    return {
      contract: 'closed',
      certificate: 'none',
      passwordResetAt: null,
      accounts: accounts.map((account) => ({ account, state: 'closed' })),
    }
  const { contract, certificate, passwordResetAt, closedAccounts, services } = await stateOf(db, known)
  const rows = await db
    .selectFrom('simulator_accounts')
    .select('id')
    .where('login_id', '=', known.loginId)
    .where('registered', '=', 1)
    .execute()
  const registered = new Set(rows.map(({ id }) => id))
  return {
    contract,
    certificate: known.signsInBy === 'certificate' ? certificate : 'none',
    passwordResetAt,
    ...(services ? { services } : {}),
    accounts: accounts.map((account) => {
      const isOpen =
        known.accounts.some(({ id, barred }) => id === account && !barred) &&
        !closedAccounts.includes(account)
      return { account, state: !isOpen ? 'closed' : registered.has(account) ? 'open' : 'pin-changed' }
    }),
  }
}
