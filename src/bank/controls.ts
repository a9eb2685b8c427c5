/** What a developer may do to a bank that is only simulated, to see what his fintech makes of it. No real bank has this. */
import type { InquiryClosed } from './port.ts'

/** An account of a customer, both by the bank's ids. */
type Owned = { readonly customer: string; readonly account: string }

export type BankControls = {
  /** The PIN of an account was changed at the branch: the registered one opens nothing any more. */
  readonly changePin: (account: string) => Promise<void>
  /** The customer registered it again. */
  readonly registerPin: (account: string) => Promise<void>
  readonly closeAccount: (whose: Owned) => Promise<void>
  readonly reopenAccount: (whose: Owned) => Promise<void>
  /** No inquiry of this fintech is answered from now on, until `resumesAt` where it is given. */
  readonly takeDown: (whose: { readonly client: string }, closed: InquiryClosed) => Promise<void>
  readonly bringUp: (whose: { readonly client: string }) => Promise<void>
  /** Undefined while the bank answers this fintech. */
  readonly downFor: (client: string) => Promise<InquiryClosed | undefined>
}
