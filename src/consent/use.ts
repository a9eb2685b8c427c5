/** Notes that a token was used, for the customer's list of connections; never at the price of the use itself. */
import type { Log } from '../log.ts'
import type { Consent } from '../store/consents.ts'
import type { Consents } from './consents.ts'

export async function noteUse(
  { consents, log }: { readonly consents: Pick<Consents, 'noteUse'>; readonly log: Log },
  consent: Pick<Consent, 'id' | 'number' | 'lastUsedAt'>,
): Promise<void> {
  try {
    await consents.noteUse(consent)
  } catch (error) {
    log.warn({ event: 'use-not-noted', consent: consent.number, err: error }, 'a use could not be noted')
  }
}
