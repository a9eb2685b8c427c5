/** A consent as its owner sees it: what he allowed to whom, how it stands, and what became of it. Facts only, no words. */
import type { Bank, InquiryAccount } from '../bank/port.ts'
import type { Consents } from '../consent/consents.ts'
import type { BankScope } from '../consent/services.ts'
import { type ConsentState, daysLeft, stateAt } from '../consent/state.ts'
import { accountHandle } from '../journey/journey.ts'
import type { Clients } from '../store/clients.ts'
import type { Consent, ConsentAccount } from '../store/consents.ts'

export type Connection = {
  /** 認可番号 */
  readonly number: string
  readonly service: Service
  readonly state: ConsentState
  readonly services: readonly BankScope[]
  readonly accountCount: number
  readonly startsAt: number
  readonly endsAt: number
  /** calendar days in Japan */
  readonly daysLeft: number
  readonly lastUsedAt: number | null
  readonly end: End | null
}

/** As the bank registered it. `contact` is empty, and the name the client's id, when the registration is gone. */
export type Service = {
  readonly name: string
  readonly company: string
  readonly contact: string
  /** the bank has stopped this fintech: nothing is shared although the consent stands */
  readonly isSuspended: boolean
}

/** When, by whom and why something ended, as the store says it. */
export type End = { readonly at: number; readonly by: string; readonly reason: string }

export type Detail = Connection & {
  readonly companyName: string
  readonly userName: string
  readonly signedInBy: 'password' | 'certificate'
  readonly accounts: readonly Account[]
  /** false when the bank does not name the accounts at the moment */
  readonly areNamed: boolean
  /** from now back to the first 許可 of this arrangement */
  readonly history: readonly Happening[]
}

export type Account = {
  /** the id that the fintech knows it by; not shown */
  readonly id: string
  /** within this visit */
  readonly handle: string
  /** null when the bank does not name it: at the moment, or to this user any more */
  readonly name: Pick<InquiryAccount, 'branchName' | 'branchCode' | 'kind' | 'number'> | null
  readonly stopped: End | null
}

export type Happening = { readonly at: number; readonly number: string } & (
  | { readonly what: 'granted' | 'renewed'; readonly until: number }
  | { readonly what: 'activated' }
  | { readonly what: 'account-stopped'; readonly account: Account['name']; readonly end: End }
  | { readonly what: 'ended'; readonly end: End }
)

export const isLiveState = (state: ConsentState): boolean =>
  state === 'active' || state === 'expiring' || state === 'granted'

type Parts = { readonly clients: Clients; readonly consents: Consents; readonly bank: Bank }
type Asking = { readonly customer: string; readonly now: number }

/** Every connection of a customer, the newest first. What was renewed is told in the history of what replaced it. */
export async function listConnections(parts: Parts, { customer, now }: Asking): Promise<Connection[]> {
  const consents = await parts.consents.listOf(customer)
  const shown = consents.filter(({ status }) => status !== 'replaced')
  return Promise.all(shown.map((consent) => connectionOf(parts, consent, now)))
}

/** The customer's own consent of this number; another's is as unknown as none. */
export async function findOwn({ consents }: Parts, number: string, customer: string) {
  const consent = await consents.findByNumber(number)
  return consent?.customer === customer ? consent : undefined
}

export async function detailOf(
  parts: Parts,
  consent: Consent,
  { now, uid, journeyHash }: { now: number; uid: string; journeyHash: string },
): Promise<Detail> {
  const { customer, companyName, userName, signedInBy } = consent
  const all = await parts.consents.listOf(customer)
  const chain = all.filter(({ arrangementId }) => arrangementId === consent.arrangementId)
  const answer = await parts.bank.accounts({ customer, journey: journeyHash })
  const names = new Map(answer.ok ? answer.value.map((account) => [account.id, account]) : [])
  const named = ({ id, bankAccount }: ConsentAccount, stopped: End | null): Account => ({
    id,
    handle: accountHandle(uid, bankAccount),
    name: names.get(bankAccount) ?? null,
    stopped,
  })
  return {
    ...(await connectionOf(parts, consent, now)),
    companyName,
    userName,
    signedInBy,
    accounts: [
      ...consent.accounts.map((account) => named(account, null)),
      ...consent.stoppedAccounts.map(({ at, by, reason, ...account }) => named(account, { at, by, reason })),
    ],
    areNamed: answer.ok,
    history: chain
      .flatMap((one) => happeningsOf(one, now, (account) => names.get(account) ?? null))
      .toSorted((a, b) => b.at - a.at),
  }
}

export async function connectionOf({ clients }: Parts, consent: Consent, now: number): Promise<Connection> {
  const client = await clients.find(consent.client)
  return {
    number: consent.number,
    service: {
      name: client?.serviceName ?? consent.client,
      company: client?.companyName ?? '',
      contact: client?.contact ?? '',
      isSuspended: client?.status === 'suspended',
    },
    state: stateAt(consent, now),
    services: consent.services,
    accountCount: consent.accounts.length,
    startsAt: consent.startsAt,
    endsAt: consent.endsAt,
    daysLeft: Math.max(0, daysLeft(consent.endsAt, now)),
    lastUsedAt: consent.lastUsedAt,
    end: endOf(consent, now),
  }
}

/** A period ends by itself, also before somebody has swept. */
function endOf({ status, endsAt, endedAt, endedBy, endedReason }: Consent, now: number): End | null {
  if (endedAt !== null) return { at: endedAt, by: endedBy ?? 'system', reason: endedReason ?? '' }
  if (now <= endsAt) return null
  return { at: endsAt, by: 'system', reason: status === 'active' ? 'period-ended' : 'code-never-exchanged' }
}

/** The last first, also of what happened in the same moment. */
function happeningsOf(
  consent: Consent,
  now: number,
  nameOf: (bankAccount: string) => Account['name'],
): Happening[] {
  const { number, startsAt, activatedAt, renews, endsAt: until } = consent
  const end = endOf(consent, now)
  return [
    ...(end ? [{ what: 'ended', at: end.at, number, end } as const] : []),
    ...consent.stoppedAccounts
      .map(({ bankAccount, at, by, reason }) => {
        const account = nameOf(bankAccount)
        return { what: 'account-stopped', at, number, account, end: { at, by, reason } } as const
      })
      .toReversed(),
    ...(activatedAt === null ? [] : [{ what: 'activated', at: activatedAt, number } as const]),
    { what: renews === null ? 'granted' : 'renewed', at: startsAt, number, until },
  ]
}
