/** One consent of a sandbox client as its developer sees it: dates, accounts, and every message about it as it is sent. */
import { demoCustomers } from '../bank/simulator/customers.ts'
import type { BankControls } from '../bank/controls.ts'
import { dateInJapan, timeInJapan } from '../clock.ts'
import { stateAt } from '../consent/state.ts'
import { accountName } from '../journey/register-pins.ts'
import { noticeText } from '../outbox/notices.ts'
import { type Consent, isLive } from '../store/consents.ts'
import { type ReadDelivery, readMessages } from '../store/deliveries.ts'
import type { ConsentLine, ConsentView, ControlledAccount, Down, MessageView } from './control-views.ts'
import { jumpsOf } from './controls.ts'
import type { DeveloperParts, OwnVisit, Said } from './visit.ts'

const mostMessages = 50

/** `2026-11-22 15:04:05`, in Japan. */
const stamp = (at: number): string => `${dateInJapan(at)} ${timeInJapan(at).slice(0, 8)}`
const stampOr = (at: number | null): string | null => (at === null ? null : stamp(at))

export function lineOf(consent: Consent, { now }: Pick<OwnVisit, 'now'>): ConsentLine {
  return {
    number: consent.number,
    customer: demoCustomers.find(({ id }) => id === consent.customer)?.loginId ?? consent.userName,
    state: stateAt(consent, now),
    since: stamp(consent.startsAt),
    until: stamp(consent.endsAt),
    lastUsed: stampOr(consent.lastUsedAt),
  }
}

export async function downView(bank: BankControls, client: string): Promise<Down | null> {
  const down = await bank.downFor(client)
  return down ? { reason: down.reason, until: stampOr(down.resumesAt ?? null) } : null
}

export async function consentView(
  parts: DeveloperParts,
  visit: OwnVisit,
  { consent, said }: { readonly consent: Consent; readonly said: Said },
): Promise<ConsentView> {
  const { client, now } = visit
  const messages = await readMessages(parts.db, consent.id, mostMessages)
  return {
    ...lineOf(consent, visit),
    scopes: consent.services.join(' '),
    grantId: consent.arrangementId,
    ended:
      consent.endedAt === null ? null : { at: stamp(consent.endedAt), reason: consent.endedReason ?? '' },
    mayStop: isLive(consent, now),
    now: stamp(now),
    jumps: jumpsOf(consent, now),
    days: said.kept.days ?? '',
    accounts: await accountsOf(parts, consent, now),
    hasEventsUrl: client.eventsUrl !== undefined,
    messages: messages.map((one) => messageView(parts, visit, one)),
  }
}

/** Those of the consent, beside what the bank says about each. */
async function accountsOf(
  { bank }: Pick<DeveloperParts, 'bank'>,
  { id, customer, accounts, stoppedAccounts, ...consent }: Consent,
  now: number,
): Promise<readonly ControlledAccount[]> {
  const all = [
    ...accounts.map((one) => ({ ...one, stopped: null })),
    ...stoppedAccounts.map((one) => ({ ...one, stopped: one.reason })),
  ]
  const [named, standing] = await Promise.all([
    bank.accounts({ customer, journey: `sandbox ${id}` }),
    bank.standing({ customer, accounts: all.map(({ bankAccount }) => bankAccount) }),
  ])
  return all.map(({ bankAccount, id: known, stopped }) => {
    const account = named.ok ? named.value.find((one) => one.id === bankAccount) : undefined
    const atBank = standing.ok
      ? standing.value.accounts.find((one) => one.account === bankAccount)
      : undefined
    return {
      id: known,
      name: account ? accountName(account) : null,
      atBank: atBank?.state ?? 'open',
      stopped,
      mayStop: stopped === null && isLive(consent, now),
    }
  })
}

/** As it left or, while it waits, as it would leave now. */
function messageView(
  { institution, readEvent }: Pick<DeveloperParts, 'institution' | 'readEvent'>,
  { client, now }: OwnVisit,
  { id, kind, type, message, createdAt, state, tries, lastError, settledAt }: ReadDelivery,
): MessageView {
  const at = settledAt ?? now
  const about = { kind, type, at: stamp(createdAt), state, tries, lastError: lastError ?? '' }
  if (message.kind === 'event') {
    const { header, claims } = readEvent(message, { id, client: client.id, at })
    return { ...about, text: [header, claims].map((part) => JSON.stringify(part, null, 2)).join('\n.\n') }
  }
  const { subject, text } = noticeText(message, { registered: client, institution, now: at })
  return { ...about, text: `${subject}\n\n${text}` }
}
