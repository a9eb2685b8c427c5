/** 更新: what a customer need not enter again, and what would be different from the former consent. */
import type { InquiryAccount } from '../bank/port.ts'
import { type Past, sharedBefore } from '../consent/past.ts'
import type { Changes } from '../consent/renewal-wording.ts'
import { stateAt } from '../consent/state.ts'
import type { Learned } from './journey.ts'
import { accountName } from './register-pins.ts'
import { canBeGranted, type StepContext } from './step.ts'

/** The services of the former consent stand until the customer changes them: never more than is asked for now. */
export function servicesOfFormer(
  { former }: Past,
  { client, offered }: Pick<StepContext, 'client' | 'offered'>,
): Learned {
  const services = offered.filter((name) => former?.services.includes(name))
  return client.customerChooses && services.length > 0 ? { services, servicesFrom: 'former' } : {}
}

/** How an account stands to what this fintech had before; null where there is nothing to say. */
export type Standing = 'new' | 'stopped' | null

export function standingOf({ former, stopped }: Past, { id }: InquiryAccount): Standing {
  if (stopped.has(id)) return 'stopped'
  return former && !sharedBefore(former).has(id) ? 'new' : null
}

/**
 * Against the former consent; null in a first registration.
 * @param accounts all that the bank lists, also those that cannot be granted
 */
export function changesOf(
  { past: { former }, client, offered, institution, now }: StepContext,
  { services, accounts }: { services: readonly string[]; accounts: readonly InquiryAccount[] },
): Changes | null {
  if (!former) return null
  const shared = sharedBefore(former)
  const listed = accounts.filter(({ id }) => shared.has(id))
  const name = clientName(client)
  return {
    former: {
      number: former.number,
      until: former.endedAt ?? former.endsAt,
      isOver: !['active', 'expiring'].includes(stateAt(former, now)),
    },
    services: {
      added: offered.filter((one) => services.includes(one) && !former.services.includes(one)),
      removed: former.services.filter((one) => !services.includes(one)),
      asked: offered.filter((one) => !services.includes(one) && !former.services.includes(one)),
    },
    accounts: {
      unregistered: listed.filter((account) => !canBeGranted(account)).map(accountName),
      closed: shared.size - listed.length,
      available: accounts.filter((account) => canBeGranted(account) && !shared.has(account.id)).length,
    },
    formerName: former.clientName !== '' && former.clientName !== name ? former.clientName : null,
    terms: {
      client: former.clientTermsVersion !== client.termsVersion,
      bank: former.bankTermsVersion !== institution.termsVersion,
    },
  }
}

/** サービス名（提供会社名）, as every page writes it. */
export const clientName = ({ serviceName, companyName }: StepContext['client']): string =>
  `${serviceName}（${companyName}）`
