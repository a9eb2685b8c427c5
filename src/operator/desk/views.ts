/** What each template of the desk shows: everything is there, or null. */
import type { JourneyPlace } from '../../web/messages/desk-ja.ts'
import type { Delivery } from '../../store/deliveries.ts'
import type { Told, ToldRow } from './tell.ts'

export type DeskView =
  | { readonly template: 'desk/problem'; readonly view: ProblemView }
  | { readonly template: 'desk/demo-sign-in'; readonly view: DemoSignInView }
  | { readonly template: 'desk/home'; readonly view: HomeView }
  | { readonly template: 'desk/found'; readonly view: FoundView }
  | { readonly template: 'desk/customer'; readonly view: CustomerView }
  | { readonly template: 'desk/consent'; readonly view: ConsentView }
  | { readonly template: 'desk/journey'; readonly view: JourneyView }
  | { readonly template: 'desk/clients'; readonly view: ClientsView }
  | { readonly template: 'desk/client'; readonly view: ClientView }
  | { readonly template: 'desk/client-form'; readonly view: ClientFormView }
  | { readonly template: 'desk/audit'; readonly view: AuditView }

export type ProblemView = {
  readonly line: string
  readonly incident: string | null
  /** there is a way back to the look-up */
  readonly home: boolean
}

export type DemoSignInView = {
  readonly members: readonly { readonly name: string; readonly roles: readonly string[] }[]
}

export type HomeView = { readonly maySearch: boolean; readonly typed: string }

export type Entry = { readonly id: string; readonly company: string; readonly user: string }

export type FoundView = {
  readonly bankDown: boolean
  readonly count: number
  readonly customers: readonly (Entry & { readonly loginId: string | null })[]
  readonly consents: readonly ConsentLine[]
  readonly journeys: readonly string[]
  readonly clients: readonly { readonly id: string; readonly service: string; readonly company: string }[]
}

export type ConsentLine = {
  readonly number: string
  readonly service: string
  readonly company: string
  readonly state: string
  readonly since: string
  readonly until: string
}

export type AccountLine = {
  /** by which the fintech knows it */
  readonly id: string
  /** as the bank writes it; null when it cannot be told now */
  readonly name: AccountName | null
}

export type AccountName = {
  readonly branchName: string
  readonly branchCode: string
  readonly kind: string
  readonly number: string
}

/** The form that stops a connection: on its own page, and on the customer's, so that a caller waits for no further page. */
export type StopForm = {
  readonly number: string
  readonly accounts: readonly AccountLine[]
  readonly kept: {
    readonly scope: string
    readonly reason: string
    readonly check: string
    readonly note: string
  }
}

export type LockLine = {
  /** prefix of the form's controls */
  readonly id: string
  readonly what: string
  readonly handle: string
  readonly name: string
  readonly account: AccountName | null
  readonly until: string | null
  readonly kept: { readonly check: string; readonly note: string }
}

export type CustomerView = {
  readonly id: string
  readonly company: string | null
  readonly user: string | null
  readonly loginId: string | null
  readonly byCertificate: boolean
  readonly bankDown: boolean
  readonly mayAct: boolean
  readonly connections: readonly (ConsentLine & {
    readonly accounts: readonly AccountLine[]
    readonly lastUsed: string | null
    /** null when it is over or may not be stopped */
    readonly stop: StopForm | null
  })[]
  /** to stop all of them; null when none lives or nobody may */
  readonly stopAll: StopForm['kept'] | null
  readonly locks: readonly LockLine[]
  readonly tries: readonly ToldRow[]
  readonly journeys: readonly {
    readonly number: string
    readonly service: string
    readonly from: string
    readonly until: string
  }[]
}

export type ConsentView = ConsentLine & {
  readonly customer: Entry
  readonly client: string
  readonly services: readonly string[]
  readonly lastUsed: string | null
  readonly signedInBy: string
  readonly ended: { readonly at: string; readonly by: Told; readonly reason: string } | null
  readonly renews: string | null
  readonly bankDown: boolean
  readonly accounts: readonly AccountLine[]
  readonly stoppedAccounts: readonly (AccountLine & { readonly when: string; readonly reason: string })[]
  readonly stop: StopForm | null
  readonly evidence: {
    readonly wordingVersion: string
    readonly wordingHash: string
    readonly language: string
    readonly bankTerms: string
    readonly clientTerms: string
    readonly journey: string | null
  }
  readonly deliveries: readonly DeliveryLine[]
  readonly mayRetry: boolean
  /** what was typed into its form before */
  readonly retryNote: string
  readonly history: readonly ToldRow[]
}

export type DeliveryLine = {
  readonly at: string
  readonly kind: 'event' | 'notice'
  readonly type: string
  readonly state: Delivery['state']
  readonly tries: number
  readonly settled: string | null
  readonly error: string | null
}

export type JourneyView = {
  readonly place: JourneyPlace
  readonly lastStep: string | null
  /** while it is under way */
  readonly until: string | null
  readonly client: { readonly id: string; readonly service: string } | null
  readonly customer: Entry | null
  readonly consent: string | null
  readonly hints: readonly string[]
  readonly rows: readonly ToldRow[]
}

export type ClientLine = {
  readonly id: string
  readonly service: string
  readonly company: string
  readonly status: 'active' | 'suspended'
  readonly live: number
  readonly waiting: number
  readonly dead: number
}

export type ClientsView = { readonly clients: readonly ClientLine[]; readonly mayRegister: boolean }

export type ClientView = ClientLine & {
  readonly facts: readonly {
    readonly label: string
    readonly text: string
    /** as the fintech calls itself, in Japanese */
    readonly isName: boolean
  }[]
  readonly deliveries: readonly DeliveryLine[]
  readonly secret: string | null
  readonly mayChange: boolean
  readonly hasSecret: boolean
  readonly kept: { readonly note: string }
}

export type ClientFormView = {
  /** of a registration that is changed; null for a new one */
  readonly id: string | null
  readonly kept: ClientFields
}

/** As they stand in the form. */
export type ClientFields = {
  readonly id: string
  readonly serviceName: string
  readonly companyName: string
  readonly registrationNumber: string
  readonly contact: string
  readonly liabilityUrl: string
  readonly termsUrl: string
  readonly termsVersion: string
  readonly privacyUrl: string
  readonly customerChooses: boolean
  readonly scopes: readonly string[]
  readonly consentDays: string
  /** one a line */
  readonly redirectUris: string
  readonly eventsUrl: string
  readonly profile: string
  readonly senderConstraint: string
  readonly method: string
  /** of a certificate: which name of it, and that name */
  readonly subjectKind: string
  readonly subject: string
  readonly jwks: string
  readonly jwksUri: string
  /** of client assertions, and of signed requests */
  readonly signingAlg: string
  readonly note: string
}

export type AuditView = {
  readonly asked: {
    readonly from: string
    readonly until: string
    readonly customer: string
    readonly client: string
    readonly consent: string
    readonly journey: string
    readonly event: string
  }
  readonly badDate: boolean
  readonly events: readonly { readonly code: string; readonly name: string }[]
  readonly rows: readonly ToldRow[]
  /** address of the next page */
  readonly older: string | null
}
