/**
 * What ninka needs from a bank, in the bank's words. The simulator implements it for the demo and HTTP for a real bank.
 * Every call may answer `unavailable`, which is never the same as "wrong": it counts nothing and can be tried again.
 */
import type { BankScope } from '../consent/services.ts'
import type { Result } from '../errors.ts'

export type Unavailable = {
  readonly reason: 'unavailable'
  /** ms; where the bank knows when it answers again */
  readonly resumesAt?: number
}

/** Why a customer with the right password still may not go on. Told only after the password was right. */
export type NotAllowed = {
  readonly reason:
    | 'locked-by-bank'
    | 'password-expired'
    | 'certificate-required'
    | 'password-required'
    | 'may-not-connect'
    | 'first-login'
    | 'contract-closed'
}

/** One user of one contract. */
export type Customer = {
  /** the bank's stable, opaque id of this user; at most 64 characters */
  readonly id: string
  readonly companyName: string
  readonly userName: string
  /** what the bank itself noticed about this sign-in, for the risk rules */
  readonly signals: readonly BankSignal[]
  /** the services that this user may allow to fintechs; absent where he may allow all, empty where none */
  readonly services?: readonly BankScope[] | undefined
}

/** A client certificate whose chain, dates and revocation were checked. */
export type PresentedCertificate = {
  /** RFC 4514 string of the whole distinguished name; two different names never give the same string */
  readonly subject: string
  readonly issuer: string
  /** lower-case hexadecimal without leading zeros */
  readonly serialNumber: string
  /** SHA-256 of the certificate's DER, lower-case hexadecimal */
  readonly fingerprint: string
}

/** The user whom a certificate names; `id` is the same as the customer's. */
export type CertificateUser = Pick<Customer, 'id' | 'userName'>

export type BankSignal = 'unusual-environment'

export type InquiryAccount = {
  /** the bank's stable, opaque id; at most 64 characters; never shown and never given to a fintech */
  readonly id: string
  readonly branchName: string
  /** three digits; two branches may share a name, so this is the identity */
  readonly branchCode: string
  /** 普通 or 当座 */
  readonly kind: string
  readonly number: string
  /** 口座メモ, up to 20 characters; empty when there is none */
  readonly memo: string
  /** 登録状態 without the mark: is a PIN registered and in force? */
  readonly registered: boolean
  /** a PIN entered in this journey waits for 「許可」 (登録済み*) */
  readonly held: boolean
  /** the customer's company has it, but this user may not inquire it: it is shown and never offered */
  readonly barred?: 'no-right' | undefined
}

export type PinAnswer = 'held' | 'wrong' | 'locked' | 'unknown-account'

/** The account is closed, or its inquiry PIN is no longer the registered one: nothing may be told of it. */
export type NoInquiry = { readonly reason: 'account-closed' } | { readonly reason: 'pin-not-registered' }

/** The bank answers no inquiries now and says why; whatever it said before still holds. */
export type InquiryClosed = {
  readonly reason: 'maintenance' | 'outside-hours'
  /** ms; absent when the bank does not know */
  readonly resumesAt?: number
}

/** Amounts are whole yen as strings, because a sum may exceed what a JavaScript number holds. */
export type Balances = {
  readonly balance: string
  readonly withdrawable: string
  readonly previousDay: string
  readonly previousMonth: string
}

export type BankTransaction = {
  /** 勘定日, yyyy-mm-dd */
  readonly date: string
  /** 起算日, yyyy-mm-dd */
  readonly valueDate: string
  readonly direction: 'in' | 'out'
  readonly amount: string
  readonly balance: string
  /** 摘要, half-width kana */
  readonly remarks?: string
  /** names it within its account for good; at most 64 characters, and no secret */
  readonly key: string
}

export type TransactionPage = {
  readonly transactions: readonly BankTransaction[]
  /** there are others in the range behind the last of these */
  readonly more: boolean
}

/** What has become, at the bank, of a customer and of the accounts he shares: whether a connection may live on. */
export type Standing = {
  /** of the user and his contract */
  readonly contract: 'open' | 'closed'
  /** for a contract that signs in by certificate: `revoked` when the user has no valid one left by revocation */
  readonly certificate: 'none' | 'valid' | 'revoked'
  /** when the bank last reset his login password, ms; null when it never did */
  readonly passwordResetAt: number | null
  /** the services that this user may allow now; absent where he may allow all */
  readonly services?: readonly BankScope[] | undefined
  readonly accounts: readonly {
    readonly account: string
    readonly state: 'open' | 'closed' | 'pin-changed'
  }[]
}

/** How the bank's staff finds whoever is on the phone. */
export type CustomerEntry = Pick<Customer, 'id' | 'companyName' | 'userName'> & {
  /** null for a contract that signs in by certificate */
  readonly loginId: string | null
}

/** A customer within one journey: what the bank needs to hold PINs apart from those of another journey. */
export type InJourney = { readonly customer: string; readonly journey: string }

/** An inquiry that a fintech makes with a customer's consent. */
export type Inquiry = {
  readonly customer: string
  readonly account: string
  /** the fintech, so that the bank can record and close by fintech */
  readonly client: string
}

export interface Bank {
  /** Whether the bank answers at all, without asking it for anything. */
  reach(): Promise<Result<'reached', Unavailable>>

  signIn(credentials: {
    readonly loginId: string
    readonly password: string
  }): Promise<Result<Customer, { readonly reason: 'wrong' } | NotAllowed | Unavailable>>

  /**
   * Whose certificate this is: a user of a contract that signs in by certificate. By issuer and subject, so that a renewed
   * certificate is the same user's. Only asked about certificates that we verified.
   */
  identifyCertificate(
    certificate: PresentedCertificate,
  ): Promise<Result<CertificateUser, { readonly reason: 'not-tied' } | Unavailable>>

  /** The password of the user whom a verified certificate names; never of anybody else. */
  signInWithCertificate(credentials: {
    /** the id that `identifyCertificate` gave */
    readonly user: string
    readonly password: string
  }): Promise<Result<Customer, { readonly reason: 'wrong' } | NotAllowed | Unavailable>>

  /** The registered question of 追加認証: the same one for the whole of a journey. */
  question(who: InJourney): Promise<Result<{ readonly id: string; readonly text: string }, Unavailable>>

  answer(
    attempt: InJourney & { readonly question: string; readonly answer: string },
  ): Promise<Result<'right', { readonly reason: 'wrong' } | Unavailable>>

  /** The accounts this user may inquire; empty when there are none. With `client`, for a call of this fintech. */
  accounts(
    who: InJourney & { readonly client?: string },
  ): Promise<Result<readonly InquiryAccount[], InquiryClosed | Unavailable>>

  /**
   * Checks PINs that the customer filed with the bank and holds the right ones until commit or release.
   * Each row has its own answer. Idempotent: the same PIN of the same journey may be held again, and a new one replaces it.
   */
  holdPins(
    request: InJourney & { readonly pins: readonly { readonly account: string; readonly pin: string }[] },
  ): Promise<Result<readonly { readonly account: string; readonly answer: PinAnswer }[], Unavailable>>

  /** Puts the held PINs of a journey in force. Idempotent: nothing held is success. */
  commitPins(who: InJourney): Promise<Result<'committed', Unavailable>>

  /** Forgets the held PINs of a journey. Idempotent. */
  releasePins(who: InJourney): Promise<Result<'released', Unavailable>>

  /** Asked from time to time about every live connection. */
  standing(who: {
    readonly customer: string
    readonly accounts: readonly string[]
  }): Promise<Result<Standing, Unavailable>>

  /** For the bank's desk: customers by id, login ID, account number (all exact) or part of the company's name; at most 20. */
  findCustomers(query: string): Promise<Result<readonly CustomerEntry[], Unavailable>>

  balances(inquiry: Inquiry): Promise<Result<Balances, NoInquiry | InquiryClosed | Unavailable>>

  /**
   * Between two days, both included (yyyy-mm-dd in Japan), oldest first, in an order that never changes: what is booked
   * later stands behind what was told already. At most `limit`, from behind the transaction with the key `after`.
   */
  transactions(
    range: Inquiry & {
      readonly from: string
      readonly to: string
      readonly limit: number
      readonly after?: string
    },
  ): Promise<Result<TransactionPage, NoInquiry | InquiryClosed | Unavailable>>
}
