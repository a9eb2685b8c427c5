/**
 * A bank that exists only in ninka's own tables, so that several processes see one bank. For demo mode and tests.
 * It keeps which accounts are registered and which PINs are held, and must never keep a PIN that somebody entered.
 */
import type { Clock } from '../../clock.ts'
import type { Result } from '../../errors.ts'
import type { Database } from '../../store/open.ts'
import { transact } from '../../store/transaction.ts'
import type { BankControls } from '../controls.ts'
import type {
  Bank,
  Customer,
  InJourney,
  Inquiry,
  InquiryAccount,
  InquiryClosed,
  NoInquiry,
  NotAllowed,
  Unavailable,
} from '../port.ts'
import { customerIssuer } from './certificate-names.ts'
import { bankControls, changeCustomer, closedNow, closeInquiries, type Whose } from './changes.ts'
import { type CustomerChanges, type CustomerState, type DemoCustomer, demoCustomers } from './customers.ts'
import { byId, byLoginId, bySubject, entriesFor } from './directory.ts'
import { foldAnswer } from './fold.ts'
import { commitPins, forgetHeld, holdPins } from './pins.ts'
import { questionFor } from './questions.ts'
import { createQueue, type Queue } from './queue.ts'
import { matchesNothing, secretMatches } from './secret-hash.ts'
import { standingOf, stateOf } from './standing.ts'
import { balancesOf, pageOf, transactionsOf } from './statement.ts'

export type Simulator = Bank &
  BankControls & {
    /** Puts every account back to what customers.ts says and forgets every held PIN. */
    reset(): Promise<void>
    /** What happens at the bank while connections live. */
    change(loginId: string, changes: Partial<CustomerState & CustomerChanges>): Promise<void>
    /** From now on the bank answers no inquiries, until `resumesAt` where it is given. */
    takeDown(whose: Whose, closed: InquiryClosed): Promise<void>
    /** Takes back the `takeDown` of the same customer and fintech. */
    bringUp(whose: Whose): Promise<void>
  }

export async function createSimulator({ db, clock }: { db: Database; clock: Clock }): Promise<Simulator> {
  await transact(db, seed)
  const hashing = createQueue(hashingLimits)
  return {
    async reach() {
      await db.selectFrom('simulator_customers').select('login_id').limit(1).execute()
      return right('reached')
    },
    signIn: ({ loginId, password }) =>
      enter({ db, hashing }, { by: 'password', customer: byLoginId.get(loginId), password }),
    async identifyCertificate({ issuer, subject }) {
      const known = issuer === customerIssuer ? bySubject.get(subject) : undefined
      return known ? right({ id: known.id, userName: known.userName }) : { ok: false, reason: 'not-tied' }
    },
    signInWithCertificate: ({ user, password }) =>
      enter({ db, hashing }, { by: 'certificate', customer: byId.get(user), password }),
    async question(who) {
      const known = questionFor(byId.get(who.customer)?.questions, who)
      return known ? right({ id: known.id, text: known.text }) : unavailable
    },
    async answer({ question, answer, ...who }) {
      const known = questionFor(byId.get(who.customer)?.questions, who)
      // Another of his questions may be easier to guess: only the one that was asked counts.
      const hash = known?.id === question ? known.answerHash : matchesNothing
      const matches = await hashing.run(() => secretMatches(foldAnswer(answer), hash))
      if (matches === undefined) return unavailable
      return matches ? right('right') : { ok: false, reason: 'wrong' }
    },
    accounts: (who) => inquiryAccounts(db, who, clock()),
    holdPins: (request) => holdPins(db, request),
    commitPins: (who) => commitPins(db, who),
    async releasePins(who) {
      await forgetHeld(db, who).execute()
      return right('released')
    },
    standing: async (who) => right(await standingOf(db, who)),
    findCustomers: async (query) => right(entriesFor(query)),
    async balances(inquiry) {
      const account = await inquirable(db, inquiry, clock())
      return account.ok ? right(balancesOf(account.value, clock())) : account
    },
    async transactions({ from, to, limit, after, ...inquiry }) {
      const account = await inquirable(db, inquiry, clock())
      return account.ok
        ? right(pageOf(transactionsOf(account.value, { from, to }, clock()), { limit, after }))
        : account
    },
    ...bankControls({ db, clock }),
    change: (loginId, changes) => changeCustomer(db, loginId, () => changes),
    takeDown: (whose, closed) => closeInquiries(db, whose, closed),
    bringUp: (whose) => closeInquiries(db, whose, undefined),
    reset: () =>
      transact(db, async (transaction) => {
        await transaction.deleteFrom('simulator_held_pins').execute()
        await transaction.deleteFrom('simulator_accounts').execute()
        await transaction.deleteFrom('simulator_customers').execute()
        await seed(transaction)
      }),
  }
}

/** Two of the four threads that a process has for such work; the signatures of tokens need the others. */
const hashingLimits = { atOnce: 2, mostWaiting: 32 }

const unavailable = { ok: false, reason: 'unavailable' } as const

const right = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value })

/** Does nothing to what is there already: another process may have been first, and a restart keeps what was registered. */
async function seed(db: Database): Promise<void> {
  const customers = demoCustomers.map(({ loginId, standing, coreSystem }) => ({
    login_id: loginId,
    state: JSON.stringify({ standing, coreSystem } satisfies CustomerState),
  }))
  const accounts = demoCustomers.flatMap(({ loginId, accounts }) =>
    accounts.map(({ id, registered }) => ({ id, login_id: loginId, registered: registered ? 1 : 0 })),
  )
  await db
    .insertInto('simulator_customers')
    .values(customers)
    .onConflict((c) => c.doNothing())
    .execute()
  await db
    .insertInto('simulator_accounts')
    .values(accounts)
    .onConflict((c) => c.doNothing())
    .execute()
}

/** Nothing about a user is looked at before the password was right, so nothing can be learned without it. */
async function enter(
  { db, hashing }: { readonly db: Database; readonly hashing: Queue },
  {
    by,
    customer,
    password,
  }: {
    readonly by: DemoCustomer['signsInBy']
    readonly customer: DemoCustomer | undefined
    readonly password: string
  },
): Promise<Result<Customer, { readonly reason: 'wrong' } | NotAllowed | Unavailable>> {
  const hash = customer?.passwordHash ?? matchesNothing
  const matches = await hashing.run(() => secretMatches(password, hash))
  if (matches === undefined) return unavailable
  if (!customer || !matches) return { ok: false, reason: 'wrong' }
  if (customer.signsInBy !== by) {
    return {
      ok: false,
      reason: customer.signsInBy === 'certificate' ? 'certificate-required' : 'password-required',
    }
  }
  const { standing, contract, services } = await stateOf(db, customer)
  if (contract === 'closed') return { ok: false, reason: 'contract-closed' }
  if (standing !== 'good') return { ok: false, reason: standing }
  const { id, companyName, userName, signals } = customer
  return right({ id, companyName, userName, signals, ...(services ? { services } : {}) })
}

async function inquiryAccounts(
  db: Database,
  { customer, journey, client }: InJourney & { readonly client?: string },
  now: number,
): Promise<Result<readonly InquiryAccount[], InquiryClosed>> {
  const known = byId.get(customer)
  if (!known) return right([])
  const customerState = await stateOf(db, known)
  const closed = closedNow(customerState, { client, now })
  if (closed) return closed
  const rows = await db
    .selectFrom('simulator_accounts as account')
    .leftJoin('simulator_held_pins as held', (join) =>
      join
        .onRef('held.account_id', '=', 'account.id')
        .onRef('held.login_id', '=', 'account.login_id')
        .on('held.journey', '=', journey),
    )
    .select(['account.id', 'account.registered', 'held.journey as heldIn'])
    .where('account.login_id', '=', known.loginId)
    .execute()
  const states = new Map(rows.map((row) => [row.id, row]))
  const open = known.accounts.filter(({ id }) => !customerState.closedAccounts.includes(id))
  const told = open.map(({ id, branchName, branchCode, kind, number, memo, barred }) => {
    const state = states.get(id)
    const [registered, held] = [state?.registered === 1, typeof state?.heldIn === 'string']
    return {
      id,
      branchName,
      branchCode,
      kind,
      number,
      memo,
      registered,
      held,
      ...(barred ? { barred: 'no-right' as const } : {}),
    }
  })
  return right(told)
}

/** The account, when the bank answers, it is this customer's and its PIN is registered. */
async function inquirable(
  db: Database,
  { customer, account, client }: Inquiry,
  now: number,
): Promise<Result<string, NoInquiry | InquiryClosed>> {
  const owner = byId.get(customer)
  if (!owner?.accounts.some(({ id, barred }) => id === account && !barred))
    return { ok: false, reason: 'account-closed' }
  const state = await stateOf(db, owner)
  const closed = closedNow(state, { client, now })
  if (closed) return closed
  const { contract, closedAccounts } = state
  if (contract === 'closed' || closedAccounts.includes(account))
    return { ok: false, reason: 'account-closed' }
  const row = await db
    .selectFrom('simulator_accounts')
    .select('registered')
    .where('id', '=', account)
    .executeTakeFirst()
  return row?.registered === 1 ? right(account) : { ok: false, reason: 'pin-not-registered' }
}
