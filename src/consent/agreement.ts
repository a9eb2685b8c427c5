/** Everything that 「許可」 agreed to; durable before anything is done about it. */
import type { Mode } from './past.ts'
import type { BankScope } from './services.ts'

export type Agreement = {
  readonly journeyHash: string
  /** 受付番号 */
  readonly journeyNumber: string
  readonly customer: string
  readonly companyName: string
  readonly userName: string
  readonly signedInBy: 'password' | 'certificate'
  readonly client: string
  /** サービス名（提供会社名） as shown */
  readonly clientName: string
  /** as shown */
  readonly mode: Mode
  /** the fintech asked for a grant of its own, so the former arrangement is not continued */
  readonly freshGrant: boolean
  readonly services: readonly BankScope[]
  /** space-separated */
  readonly openidScope: string
  /** the bank's ids */
  readonly accounts: readonly string[]
  readonly grantedAt: number
  readonly endsAt: number
  readonly language: string
  readonly wordingVersion: string
  readonly wordingHash: string
  /** what was read, as it is kept */
  readonly words: string
  readonly bankTermsVersion: string
  readonly clientTermsVersion: string
}
