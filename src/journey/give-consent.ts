/**
 * 手順 6 情報アクセス許可: what is shared, from which accounts, for how long; the tick 「認可手続きを継続する」 and 「許可」.
 * The tick is checked here, on the server, in a renewal as well; nothing is ticked beforehand but accounts: in a first
 * registration all, in a renewal those of the former consent, and never one that was stopped for this fintech.
 */
import { z } from 'zod'
import type { InquiryAccount } from '../bank/port.ts'
import { endOfDayInJapan } from '../clock.ts'
import { type RenewalWording, renewalWording } from '../consent/renewal-wording.ts'
import { consentWording, wordingHash } from '../consent/wording.ts'
import type { FieldError } from '../errors.ts'
import { text, texts } from './fields.ts'
import { accountHandle } from './journey.ts'
import { accountName, barredNames, shown } from './register-pins.ts'
import { changesOf, standingOf } from './renewal.ts'
import { canBeGranted, defineStep, mayInquire, keptList, signedIn, type StepContext } from './step.ts'
import { unanswered } from './turn.ts'

export const giveConsent = defineStep({
  fields: z
    .object({
      proceed: text(8),
      accounts: texts(16, 500),
      receipt: text(8),
      shown: text(64),
      language: text(2),
    })
    .catch({ proceed: '', accounts: [], receipt: '', shown: '', language: '' }),

  keep: ({ accounts, receipt }) => ({ again: 'yes', accounts, ...(receipt === 'yes' ? { receipt } : {}) }),

  async page(context, kept) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: unanswered(answer) }
    const listed = answer.value.filter(mayInquire)
    if (listed.length === 0) return { problem: { code: 'no-accounts' } }
    const accounts = listed.filter(canBeGranted)
    // What was held may have been released meanwhile: back to where PINs are entered.
    if (accounts.length === 0) return { learned: { pins: 'adding' } }
    const services = servicesOf(context)
    if (services.length === 0) return { problem: { code: 'client-suspended' } }
    // Shown again after an error, a box that was unticked stays unticked, whatever else was too much for the cookie.
    const keptAccounts = kept.again === 'yes' ? (keptList(kept, 'accounts') ?? []) : undefined
    const period = periodFromNow(context)
    return {
      view: {
        wording: consentWording({ ...context, services }),
        accounts: accounts.map((account) => {
          const handle = accountHandle(context.uid, account.id)
          const standing = standingOf(context.past, account)
          const ticked = keptAccounts ? keptAccounts.includes(handle) : standing === null
          return { ...shown(account, context.past), handle, standing, ticked }
        }),
        period,
        renewal: renewalOf(context, listed),
        barred: barredNames(answer.value),
        barredServices: context.barredServices,
        shown: hashOfPage(context, listed),
        links: linksOf(context),
        receipt: kept.receipt === 'yes',
        customerChooses: context.client.customerChooses,
      },
    }
  },

  async submit(context, fields) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: unanswered(answer) }
    const accounts = answer.value.filter(canBeGranted)
    const chosen = accounts.filter((account) =>
      fields.accounts.includes(accountHandle(context.uid, account.id)),
    )
    const language = fields.language === 'en' ? 'en' : 'ja'
    const hash = hashOfPage({ ...context, language }, answer.value.filter(mayInquire))
    const errors: FieldError[] = []
    if (chosen.length === 0) errors.push({ code: 'consent-accounts-missing', field: 'accounts' })
    if (fields.proceed !== 'yes') errors.push({ code: 'tick-missing', field: 'proceed' })
    // Services, accounts, the end date or a warning are no longer what the page showed.
    if (fields.shown !== hash) errors.push({ code: 'stale-form', field: 'proceed' })
    if (errors.length > 0) return { errors }
    const given = chosen.map((account) => account.id)
    const receipt = fields.receipt === 'yes'
    return { learned: { consent: { accounts: given, language, wordingHash: hash, receipt } } }
  },
})

/** What the page says of the former consent and of what changes; null in a first registration. */
function renewalOf(context: StepContext, accounts: readonly InquiryAccount[]): RenewalWording | null {
  const changes = changesOf(context, { services: servicesOf(context), accounts })
  return changes && renewalWording({ ...context, changes })
}

/** @param accounts all that the bank lists and he may inquire */
function hashOfPage(context: StepContext, accounts: readonly InquiryAccount[]): string {
  const offered = accounts.filter(canBeGranted)
  return wordingHash(
    { ...context, services: servicesOf(context) },
    {
      mode: context.mode,
      endsAt: periodFromNow(context).endsAt,
      accounts: offered.map((account) => [accountName(account), standingOf(context.past, account)]),
      renewal: renewalOf(context, accounts),
    },
  )
}

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
