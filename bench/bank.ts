/**
 * A bank with as many customers as a measurement asks for, behind the same contract over HTTPS as a real one. It remembers
 * the PINs that were registered and held, and nothing else: everything about a customer follows from his number.
 */
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Bank, InquiryAccount } from '../src/bank/port.ts'
import { serveBank } from '../src/bank/served.ts'
import { hashSecret, secretMatches } from '../src/bank/simulator/secret-hash.ts'

export const password = 'Tsubame2026'
export const pin = '4649'
export const answer = 'さくら'

export const loginIdOf = (customer: number): string => `crowd${customer}`
/** As the bank, and so our database, knows him. */
export const customerIdOf = (customer: number): string => `c-${customer}`
/** Opaque to everybody else; the first one of a customer is registered from the start. */
export const accountIdOf = (customer: number, account: number): string => `a-${customer}-${account}`

const accountsEach = 3

export type CrowdBank = {
  readonly url: string
  /** calls since the start */
  readonly calls: () => number
  /** bank ids of the accounts whose PIN is in force */
  readonly registeredOf: (customer: number) => readonly string[]
  /** how many accounts wait for commit or release */
  readonly waiting: () => number
  /** From now on passwords are compared as a bank would, with argon2id; or again in no time, as at the start. */
  readonly setArgon2: (on: boolean) => void
  readonly close: () => Promise<void>
}

export type CrowdOptions = {
  /** PEM: what the gateway shows, and whose client certificates it takes */
  readonly tls: ServerOptions & { readonly cert: string; readonly key: string; readonly ca: string }
  /** every so-manieth customer is asked the extra question; nobody unless given */
  readonly asksEvery?: number
}

export async function openCrowdBank({ tls, asksEvery = 0 }: CrowdOptions): Promise<CrowdBank> {
  const registered = new Map<string, Set<string>>()
  const held = new Map<string, Set<string>>()
  const hash = await hashSecret(password)
  let argon2 = false
  let calls = 0

  const inForce = (customer: number, account: number): boolean =>
    account === 0 || (registered.get(customerIdOf(customer))?.has(accountIdOf(customer, account)) ?? false)
  const isRight = async (given: string): Promise<boolean> =>
    argon2 ? secretMatches(given, hash) : given === password
  const accountsOf = (customer: number, journey = ''): InquiryAccount[] =>
    Array.from({ length: accountsEach }, (_, n) => ({
      id: accountIdOf(customer, n),
      branchName: '本店営業部',
      branchCode: '100',
      kind: '普通',
      number: String(1_000_000 + ((customer * accountsEach + n) % 9_000_000)),
      memo: n === 1 ? '売上入金用' : '',
      registered: inForce(customer, n),
      held: held.get(`${customerIdOf(customer)} ${journey}`)?.has(accountIdOf(customer, n)) ?? false,
    }))
  const refuseInquiry = (account: string) => {
    const [, customer = '', n = ''] = account.split('-')
    return inForce(Number(customer), Number(n)) ? undefined : no('pin-not-registered')
  }

  const bank: Bank = {
    reach: async () => yes('reached'),
    async signIn({ loginId, password: given }) {
      const customer = numberOf(loginId)
      if (customer === undefined || !(await isRight(given))) return no('wrong')
      const asks = asksEvery > 0 && customer % asksEvery === 0
      return yes({
        id: customerIdOf(customer),
        companyName: `株式会社${customer}商店`,
        userName: `見本 ${customer}`,
        signals: asks ? (['unusual-environment'] as const) : [],
      })
    },
    identifyCertificate: async () => no('not-tied'),
    signInWithCertificate: async () => no('wrong'),
    question: async () => yes({ id: 'q-flower', text: '好きな花は何ですか' }),
    answer: async ({ answer: given }) => (given === answer ? yes('right' as const) : no('wrong')),
    accounts: async ({ customer, journey }) => yes(accountsOf(numberOf(customer) ?? 0, journey)),
    async holdPins({ customer, journey, pins }) {
      const mine = held.get(`${customer} ${journey}`) ?? new Set()
      held.set(`${customer} ${journey}`, mine)
      return yes(
        pins.map(({ account, pin: given }) => {
          if (given === pin) mine.add(account)
          return { account, answer: given === pin ? ('held' as const) : ('wrong' as const) }
        }),
      )
    },
    async commitPins({ customer, journey }) {
      const waiting = held.get(`${customer} ${journey}`)
      if (waiting) registered.set(customer, new Set([...(registered.get(customer) ?? []), ...waiting]))
      held.delete(`${customer} ${journey}`)
      return yes('committed' as const)
    },
    async releasePins({ customer, journey }) {
      held.delete(`${customer} ${journey}`)
      return yes('released' as const)
    },
    standing: async ({ accounts }) =>
      yes({
        contract: 'open',
        certificate: 'none',
        passwordResetAt: null,
        accounts: accounts.map((account) => ({ account, state: 'open' as const })),
      }),
    findCustomers: async () => yes([]),
    balances: async ({ account }) =>
      refuseInquiry(account) ??
      yes({ balance: '1204500', withdrawable: '1204500', previousDay: '1200000', previousMonth: '980000' }),
    transactions: async ({ account, from, limit }) =>
      refuseInquiry(account) ?? yes({ transactions: bookings(from).slice(0, limit), more: false }),
  }

  const app = serveBank({ bank, clock: () => Date.now() })
  app.addHook('onRequest', (_request, _reply, done) => {
    calls += 1
    done()
  })
  await app.ready()
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, app.routing)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    calls: () => calls,
    registeredOf: (customer) => accountsOf(customer).flatMap((one) => (one.registered ? [one.id] : [])),
    waiting: () => [...held.values()].reduce((sum, mine) => sum + mine.size, 0),
    setArgon2(on) {
      argon2 = on
    },
    async close() {
      const closed = new Promise((done) => server.close(done))
      server.closeAllConnections()
      await closed
      await app.close()
    },
  }
}

const yes = <Value>(value: Value) => ({ ok: true, value }) as const
const no = <Reason extends string>(reason: Reason) => ({ ok: false, reason }) as const

/** The number in a login ID or in a customer's id. */
function numberOf(name: string): number | undefined {
  const digits = /^(?:crowd|c-)(\d{1,9})$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Twenty on the first day of whatever is asked for. */
const bookings = (date: string) =>
  Array.from({ length: 20 }, (_, n) => ({
    date,
    valueDate: date,
    direction: 'in' as const,
    amount: '3000',
    balance: String(500_000 + n * 3000),
    remarks: 'ﾌﾘｺﾐ',
    key: `b${n}`,
  }))
