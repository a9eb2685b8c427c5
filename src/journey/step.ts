/** What a step is: the fields of its form, what its page shows, and what a submit learns. */
import type { z } from 'zod'
import type { Bank, InquiryAccount } from '../bank/port.ts'
import type { HeldPins } from '../bank/held-pins.ts'
import type { FieldError, Problem } from '../errors.ts'
import type { Institution } from '../institution.ts'
import type { Language } from '../web/language.ts'
import type { Locks } from '../risk/locks.ts'
import type { SignInRisk } from '../risk/sign-ins.ts'
import type { Mode, Past } from '../consent/past.ts'
import type { BankScope } from '../consent/services.ts'
import type { Client } from '../store/clients.ts'
import type { Facts, Learned, Notice } from './journey.ts'

/**
 * What the steps of sign-in may look at or ask, whatever the customer came for: a journey for a fintech, or his own
 * connections.
 */
export type VisitContext = {
  readonly uid: string
  /** what the bank and our tables know this visit by */
  readonly journeyHash: string
  readonly facts: Learned
  readonly bank: Bank
  readonly locks: Locks
  readonly risk: SignInRisk
  readonly institution: Institution
  readonly language: Language
  readonly now: number
  /** when the customer came, ms: the absolute limit counts from here */
  readonly startedAt: number
  /** the client's address, as trusted proxies vouch for it */
  readonly address: string
  /** false when the fintech's request names another customer (`id_token_hint`, `grant_id`): a connection is renewed by its owner only */
  readonly isExpected: (customer: string) => boolean
  readonly audit: (entry: StepAudit) => Promise<void>
}

/** Everything a step of a journey may look at or ask. It is handed in, so that a step reads like its section of the manual. */
export type StepContext = VisitContext & {
  readonly facts: Facts
  readonly client: Client
  /** the bank scopes of the request that this fintech is registered for, and this user may allow once it is known who he is */
  readonly offered: readonly BankScope[]
  /** those that this user may not allow: named with the reason, and never offered */
  readonly barredServices: readonly BankScope[]
  readonly pins: HeldPins
  /**
   * 利用登録 or 更新, and what this customer and this fintech had with each other before: read anew at every click and never
   * out of the cookie, which can be replayed.
   */
  readonly mode: Mode
  readonly past: Past
}

export type StepAudit =
  | {
      readonly event: 'signed-in'
      readonly customer: string
      readonly method: 'password' | 'certificate'
      readonly challenge: 'ask' | 'allow'
      readonly score: number
      readonly reasons: readonly string[]
    }
  | {
      readonly event: 'sign-in-refused'
      readonly customer: string
      readonly method: 'password' | 'certificate'
      readonly score: number
      readonly reasons: readonly string[]
    }
  | {
      readonly event: 'sign-in-failed'
      readonly subject: string
      readonly method: 'password' | 'certificate'
      readonly reason: string
    }
  | { readonly event: 'certificate-accepted'; readonly customer: string; readonly fingerprint: string }
  | { readonly event: 'certificate-refused'; readonly reason: string; readonly fingerprint: string | null }

/** What was typed before an error or a dead end, to be shown again; never a secret. */
export type Kept = Notice['kept']

export type PageOutcome<View> =
  | {
      readonly view: View
      /** what the messages of errors at a control name, by the control's id */
      readonly describe?: (field: string) => Readonly<Record<string, string>>
    }
  /** nothing to show: the step is not due after all */
  | { readonly learned: Learned }
  | DeadEnd

export type SubmitOutcome =
  | { readonly learned: Learned }
  | { readonly errors: readonly FieldError[] }
  | DeadEnd

/** `forget`: a fact that led here and would lead here again. */
type DeadEnd = { readonly problem: Problem; readonly forget?: 'certificate' }

export type Step<Fields, View, Context = StepContext> = {
  /** Never rejects: what is missing or malformed becomes an empty value, and submit says it in the customer's words. */
  readonly fields: z.ZodType<Fields>
  /** what of it the page shows again when it was not taken */
  readonly keep?: (fields: Fields) => Kept
  readonly page: (context: Context, kept: Kept) => Promise<PageOutcome<View>>
  readonly submit: (context: Context, fields: Fields) => Promise<SubmitOutcome>
}

/** The type of a step is inferred from its parts. */
export const defineStep = <Fields, View>(step: Step<Fields, View>): Step<Fields, View> => step

/** A step of sign-in: the same for every kind of visit. */
export const defineSignInStep = <Fields, View>(
  step: Step<Fields, View, VisitContext>,
): Step<Fields, View, VisitContext> => step

/** The customer of a step that is only due when somebody has signed in. */
export function signedIn({ facts, journeyHash }: VisitContext): { customer: string; journey: string } {
  if (!facts.customer) throw new Error('a step after sign-in was reached without a customer')
  return { customer: facts.customer.id, journey: journeyHash }
}

/** 登録済み or 登録済み*: only such accounts can be inquired, so only they can be granted. */
export const canBeGranted = (account: InquiryAccount): boolean =>
  mayInquire(account) && (account.registered || account.held)

/** An account of the company that this user may not inquire is shown, and never offered. */
export const mayInquire = ({ barred }: InquiryAccount): boolean => barred === undefined

/** What a user may allow of what is asked; before it is known who he is, all. */
export const mayAllow = (asked: readonly BankScope[], customer: Facts['customer']): readonly BankScope[] =>
  asked.filter((name) => customer?.services?.includes(name) ?? true)

export const keptList = (kept: Kept, name: string): readonly string[] | undefined => {
  const value = kept[name]
  return typeof value === 'string' ? [value] : value
}
