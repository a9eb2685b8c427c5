/**
 * 手順 6 情報アクセス許可: what is shared, from which accounts, for how long; the tick 「認可手続きを継続する」 and 「許可」.
 * The tick is checked here, on the server; nothing is ticked beforehand but the accounts.
 */
import { z } from 'zod'
import { dateInJapan, endOfDayInJapan } from '../clock.ts'
import { consentWording } from '../consent/wording.ts'
import type { FieldError } from '../errors.ts'
import { text, texts } from './fields.ts'
import { accountHandle } from './journey.ts'
import { shown } from './register-pins.ts'
import { canBeGranted, defineStep, keptList, signedIn, type StepContext } from './step.ts'

export const giveConsent = defineStep({
  fields: z
    .object({ proceed: text(8), accounts: texts(16, 500), endsOn: text(10) })
    .catch({ proceed: '', accounts: [], endsOn: '' }),

  async page(context, kept) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: { code: 'bank-unavailable' } }
    const accounts = answer.value.filter(canBeGranted)
    if (accounts.length === 0) return { problem: { code: 'no-accounts' } }
    const keptAccounts = keptList(kept, 'accounts')
    const period = periodFromNow(context)
    return {
      view: {
        wording: consentWording({ ...context, services: servicesOf(context) }),
        accounts: accounts.map((account) => {
          const handle = accountHandle(context.uid, account.id)
          return { ...shown(account), handle, ticked: keptAccounts ? keptAccounts.includes(handle) : true }
        }),
        period,
        endsOn: dateInJapan(period.endsAt),
        former: (await context.formerConnection()) ?? null,
        links: linksOf(context),
        customerChooses: context.client.customerChooses,
      },
    }
  },

  async submit(context, { proceed, accounts, endsOn }) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: { code: 'bank-unavailable' } }
    const chosen = answer.value
      .filter(canBeGranted)
      .filter((account) => accounts.includes(accountHandle(context.uid, account.id)))
    const errors: FieldError[] = []
    if (chosen.length === 0) errors.push({ code: 'consent-accounts-missing', field: 'accounts' })
    if (proceed !== 'yes') errors.push({ code: 'tick-missing', field: 'proceed' })
    // Midnight passed since the page was shown: the end date it named is no longer the one he would get.
    if (endsOn !== dateInJapan(periodFromNow(context).endsAt))
      errors.push({ code: 'stale-form', field: 'proceed' })
    if (errors.length > 0) return { errors, kept: { accounts: [...accounts] } }
    return { learned: { consent: { accounts: chosen.map((account) => account.id), endsOn } } }
  },
})

/** The services this 許可 is about: chosen, or all that were asked for. Never more than the request. */
export function servicesOf({ client, facts, offered }: Pick<StepContext, 'client' | 'facts' | 'offered'>) {
  return client.customerChooses ? offered.filter((name) => facts.services?.includes(name)) : offered
}

export function periodFromNow({ now, client }: Pick<StepContext, 'now' | 'client'>) {
  return { days: client.consentDays, startsAt: now, endsAt: endOfDayInJapan(now, client.consentDays) }
}

/** Terms and privacy policy of both parties, the fintech's first: it is the one the customer may not know. */
function linksOf({ client, institution, language }: StepContext) {
  const service = { name: client.serviceName, terms: client.termsUrl, privacy: client.privacyUrl }
  const bank = {
    name: institution.name[language],
    terms: institution.links.terms,
    privacy: institution.links.privacy,
  }
  return [service, bank].flatMap(({ name, terms, privacy }) => [
    { kind: 'terms' as const, name, url: terms },
    { kind: 'privacy' as const, name, url: privacy },
  ])
}
