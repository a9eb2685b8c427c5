/** What the calls of the accounts API work with. */
import type { Bank } from '../bank/port.ts'
import type { Clock } from '../clock.ts'
import type { Consents } from '../consent/consents.ts'
import type { Refusals } from '../explain/refusals.ts'
import type { Log } from '../log.ts'
import type { Calendar } from '../institution-hours.ts'
import type { NextItemKeys } from './next-item.ts'
import type { AccessOf } from './open.ts'

export type ApiParts = {
  readonly bank: Bank
  readonly clock: Clock
  /** when the institution is open; always without one */
  readonly calendar: Calendar | undefined
  /** how far back transactions can be had */
  readonly lookBackMonths: number
  readonly publicUrl: string
  /** the origin for clients whose tokens are bound to a certificate, where there is one */
  readonly mutualTlsUrl: string | undefined
  readonly accessOf: AccessOf
  readonly consents: Consents
  readonly nextItemKeys: NextItemKeys
  readonly log: Log
  readonly refusals: Refusals
}
