/** What the templates of the sandbox's controls are given. */
import type { ConsentState } from '../consent/state.ts'
import type { Delivery } from '../store/deliveries.ts'
import type { JumpName } from './control-words.ts'

export type ConsentLine = {
  readonly number: string
  /** login ID of the test customer */
  readonly customer: string
  readonly state: ConsentState
  readonly since: string
  readonly until: string
  readonly lastUsed: string | null
}

export type Down = { readonly reason: 'maintenance' | 'outside-hours'; readonly until: string | null }

export type ConsentsView = {
  readonly consents: readonly ConsentLine[]
  /** null while the bank answers this client */
  readonly down: Down | null
}

export type ControlledAccount = {
  /** as the fintech knows it */
  readonly id: string
  /** null where the bank does not name it: it is closed */
  readonly name: string | null
  readonly atBank: 'open' | 'closed' | 'pin-changed'
  /** why it is not shared any more */
  readonly stopped: string | null
  readonly mayStop: boolean
}

export type MessageView = {
  readonly kind: Delivery['kind']
  readonly type: string
  readonly at: string
  readonly state: Delivery['state']
  readonly tries: number
  readonly lastError: string
  /** header and claims of an event, or a notice as it is read */
  readonly text: string
}

export type ConsentView = ConsentLine & {
  readonly scopes: string
  readonly grantId: string
  readonly ended: { readonly at: string; readonly reason: string } | null
  readonly mayStop: boolean
  readonly now: string
  readonly jumps: readonly { readonly name: JumpName; readonly days: number }[]
  /** what was typed */
  readonly days: string
  readonly accounts: readonly ControlledAccount[]
  readonly hasEventsUrl: boolean
  readonly messages: readonly MessageView[]
}

export type ControlsView =
  | { readonly template: 'developers/consents'; readonly view: ConsentsView }
  | { readonly template: 'developers/consent'; readonly view: ConsentView }
