/** What a request may have: its token opens a live consent, and in that consent the account and service that it asks for. */
import type { FastifyRequest } from 'fastify'
import type { Consents } from '../consent/consents.ts'
import type { BankScope } from '../consent/services.ts'
import type { Clock } from '../clock.ts'
import { noteUse } from '../consent/use.ts'
import { type Calendar, openAt } from '../institution-hours.ts'
import type { Log } from '../log.ts'
import type { Consent } from '../store/consents.ts'
import { type ApiError, closedUntil, errors, stoppedBecause } from './errors.ts'

/** A live consent, and the scopes of the token that led to it. */
export type OpenConsent = { readonly consent: Consent; readonly scopes: readonly BankScope[] }

/** What the request's token opens, or why it opens nothing: the one thing that this API must know about tokens. */
export type AccessOf = (request: FastifyRequest) => Promise<OpenConsent | ApiError>

type OpenParts = {
  readonly accessOf: AccessOf
  readonly consents: Consents
  readonly log: Log
  readonly calendar: Calendar | undefined
  readonly clock: Clock
}

export type Opened = {
  readonly consent: Consent
  /** the bank's id of the account asked for; empty when none was */
  readonly account: string
}

/** With `wanted`, that account and that service of it (RFC 6750). */
export async function open(
  parts: OpenParts,
  request: FastifyRequest,
  wanted?: { readonly scope: BankScope; readonly account: string },
): Promise<Opened | ApiError> {
  const opened = await parts.accessOf(request)
  if ('status' in opened) return opened
  const { consent, scopes } = opened
  await noteUse(parts, consent)
  const refused = (error: ApiError): ApiError => ({ ...error, client: consent.client })
  const state = openAt(parts.calendar, parts.clock())
  if (!state.open) return refused(closedUntil(state.because, state.resumesAt))
  if (!wanted) return { consent, account: '' }
  if (!consent.services.includes(wanted.scope) || !scopes.includes(wanted.scope)) return refused(errors.scope)
  const account = consent.accounts.find(({ id }) => id === wanted.account)
  if (account) return { consent, account: account.bankAccount }
  const stopped = consent.stoppedAccounts.find(({ id }) => id === wanted.account)
  return refused(stopped ? stoppedBecause(stopped.reason) : errors.account)
}
