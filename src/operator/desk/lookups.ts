/** What several pages of the desk ask the bank and the store, and how they write it. */
import type { CustomerEntry, InquiryAccount } from '../../bank/port.ts'
import { dateInJapan } from '../../clock.ts'
import { type ConsentState, stateAt } from '../../consent/state.ts'
import { sha256 } from '../../secrets.ts'
import type { Client } from '../../store/clients.ts'
import type { Consent } from '../../store/consents.ts'
import type { Delivery } from '../../store/deliveries.ts'
import type { DeskMessages } from '../../web/messages/desk-ja.ts'
import type { Said } from './said.ts'
import { stamp } from './tell.ts'
import type { AccountLine, AccountName, ConsentLine, DeliveryLine, StopForm } from './views.ts'
import type { DeskParts } from './visit.ts'

/** The bank's entry of a customer; undefined when it has none, `unavailable` when it cannot be asked. */
export async function entryOf(
  { bank }: DeskParts,
  customer: string,
): Promise<CustomerEntry | undefined | 'unavailable'> {
  const answer = await bank.findCustomers(customer)
  if (!answer.ok) return 'unavailable'
  return answer.value.find(({ id }) => id === customer)
}

/** His accounts by the bank's ids; undefined when the bank cannot be asked. */
export async function accountsOf(
  { bank }: DeskParts,
  customer: string,
): Promise<ReadonlyMap<string, InquiryAccount> | undefined> {
  const answer = await bank.accounts({ customer, journey: `desk ${customer}` })
  return answer.ok ? new Map(answer.value.map((account) => [account.id, account])) : undefined
}

export function accountName(account: InquiryAccount | undefined): AccountName | null {
  if (!account) return null
  const { branchName, branchCode, kind, number } = account
  return { branchName, branchCode, kind, number }
}

/** Stands for a bank's account in a form of the desk: its own id is shown nowhere. */
export const handleOf = (bankAccount: string): string => sha256(`desk ${bankAccount}`).slice(0, 16)

/** Every service by its id; a page of a customer names several. */
export async function servicesOf({ clients }: DeskParts): Promise<ReadonlyMap<string, Client>> {
  return new Map((await clients.list()).map((client) => [client.id, client]))
}

export function consentLine(
  t: DeskMessages,
  consent: Consent,
  client: Client | undefined,
  now: number,
): ConsentLine {
  return {
    number: consent.number,
    service: client?.serviceName ?? consent.client,
    company: client?.companyName ?? '',
    state: t.states[stateAt(consent, now)],
    since: stamp(consent.startsAt),
    until: dateInJapan(consent.endsAt),
  }
}

const living: readonly ConsentState[] = ['granted', 'active', 'expiring']
export const isAlive = (consent: Consent, now: number): boolean => living.includes(stateAt(consent, now))

export const accountLines = (
  consent: Pick<Consent, 'accounts'>,
  names: ReadonlyMap<string, InquiryAccount> | undefined,
): readonly AccountLine[] =>
  consent.accounts.map(({ id, bankAccount }) => ({ id, name: accountName(names?.get(bankAccount)) }))

/** The form that stops a connection, with what was typed into it before. */
export function stopForm(number: string, accounts: readonly AccountLine[], said: Said): StopForm {
  return { number, accounts, kept: keptStop(said) }
}

export function keptStop({ kept }: Pick<Said, 'kept'>): StopForm['kept'] {
  const text = (name: string): string => (typeof kept[name] === 'string' ? kept[name] : '')
  return { scope: text('scope'), reason: text('reason'), check: text('check'), note: text('note') }
}

export const deliveryLine = (t: DeskMessages, one: Delivery): DeliveryLine => ({
  at: stamp(one.createdAt),
  kind: one.kind,
  type: Object.hasOwn(t.consent.types, one.type)
    ? t.consent.types[one.type as keyof typeof t.consent.types]
    : one.type,
  state: one.state,
  tries: one.tries,
  settled: one.settledAt === null ? null : stamp(one.settledAt),
  error: one.lastError,
})
