/** What each template of the developers' pages is given. */
import type { Explained } from '../explain/refusals.ts'
import type { Delivery } from '../store/deliveries.ts'
import type { ClientFields } from './client-form.ts'
import type { ControlsView } from './control-views.ts'
import type { Snippet } from './snippets.ts'
import type { SampleName, TryStep } from './words.ts'

export type Fact = { readonly label: string; readonly text: string }

export type StartView = {
  readonly issuer: string
  readonly facts: readonly Fact[]
  readonly limits: readonly Fact[]
  readonly customers: readonly { readonly loginId: string; readonly exercises: string }[]
  readonly testData: readonly Fact[]
  readonly hasCertificates: boolean
  readonly certificateSubject: string
  /** what to type for the first own client */
  readonly firstSample: string
  readonly keyCommands: string
}

export type ClientFormView = {
  readonly action: string
  readonly kept: ClientFields
  readonly isNew: boolean
  /** fintechs can call with certificates here */
  readonly withCertificates: boolean
}

export type RegisteredView = {
  readonly id: string
  readonly clientSecret: string | null
  readonly developerKey: string
  readonly snippets: readonly Snippet[]
}

export type ClientView = {
  readonly id: string
  readonly isSuspended: boolean
  readonly facts: readonly Fact[]
  readonly hasSecret: boolean
  readonly clientSecret: string | null
  readonly snippets: readonly Snippet[]
  readonly errors: readonly Pick<Explained, 'id' | 'at' | 'endpoint' | 'error'>[]
  readonly figures: { readonly live: number; readonly waiting: number; readonly dead: number }
  readonly events: readonly {
    readonly type: string
    readonly state: Delivery['state']
    readonly tries: number
    readonly lastError: string
  }[]
}

export type ErrorView = { readonly facts: readonly Fact[] }

export type SamplesView = {
  readonly samples: readonly {
    readonly name: SampleName
    readonly text: string
    readonly lines: number
    readonly href: string
  }[]
}

export type TryView = {
  readonly clientId: string
  readonly done: readonly {
    readonly step: TryStep
    readonly exchanges: readonly { readonly sent: string; readonly received: string }[]
  }[]
  /** what comes next; null when all is done or the try has failed */
  readonly next: TryStep | null
  /** to the bank, where the next step is the customer's */
  readonly bankUrl: string | null
  readonly failure: string | null
  readonly balances: readonly { readonly account: string; readonly yen: string }[]
}

export type DevelopersView =
  | ControlsView
  | { readonly template: 'developers/start'; readonly view: StartView }
  | { readonly template: 'developers/client-form'; readonly view: ClientFormView }
  | { readonly template: 'developers/registered'; readonly view: RegisteredView }
  | { readonly template: 'developers/sign-in'; readonly view: { readonly id: string } }
  | { readonly template: 'developers/client'; readonly view: ClientView }
  | { readonly template: 'developers/error'; readonly view: ErrorView }
  | { readonly template: 'developers/samples'; readonly view: SamplesView }
  | { readonly template: 'developers/try'; readonly view: TryView }
