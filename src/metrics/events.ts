/**
 * From the rows of the audit to figures. A row is counted where it is sealed: once, by whichever process did it, after it was
 * committed, and off the path of every request.
 */
import type { AuditEvent } from '../store/audit.ts'
import type { AuditRow } from '../store/audit-chain.ts'
import { isSandbox } from '../store/developers.ts'
import { type Metrics, wordOf } from './metrics.ts'

/** Fintechs are few, and each is worth a curve. What developers register by themselves in a demo is one. */
export const clientLabel = (client: string | null | undefined): string =>
  !client ? 'none' : isSandbox(client) ? 'sandbox' : client

export function countRow(metrics: Metrics, { event, payload }: Pick<AuditRow, 'event' | 'payload'>): void {
  const entry = { event, ...contentOf(payload) } as AuditEvent
  const client = clientLabel('client' in entry ? entry.client : null)
  const visit = client === 'none' ? 'connections' : 'journey'
  metrics.audited({ event: wordOf(event) })
  switch (entry.event) {
    case 'step-done':
      if (entry.step === 'answer-challenge') metrics.challenge({ visit, result: 'answered' })
      if (visit === 'journey') countStep(metrics, client, wordOf(entry.step), entry.next)
      break
    case 'certificate-accepted':
      metrics.certificate({ visit, result: 'accepted' })
      // No form was sent: the certificate itself is what the first step asks for.
      if (visit === 'journey') countStep(metrics, client, 'sign-in', 'certificate-password')
      break
    case 'certificate-refused':
      metrics.certificate({ visit, result: wordOf(entry.reason) })
      break
    case 'signed-in':
      metrics.signedIn({ visit, method: wordOf(entry.method), challenge: wordOf(entry.challenge) })
      if (entry.challenge === 'ask') metrics.challenge({ visit, result: 'asked' })
      break
    case 'sign-in-failed':
      metrics.signInFailed({ visit, method: wordOf(entry.method), reason: wordOf(entry.reason) })
      break
    case 'sign-in-refused':
      metrics.signInFailed({ visit, method: wordOf(entry.method), reason: 'risk' })
      break
    case 'locked':
      metrics.locked({
        what: wordOf(entry.what),
        lasting: String(entry.lasting === true),
        only: entry.only ? wordOf(entry.only) : '',
      })
      break
    case 'lock-released':
      metrics.lockReleased({ what: wordOf(entry.what) })
      break
    case 'journey-refused':
      metrics.journeyEnded({ client, how: wordOf(entry.why), step: wordOf(entry.step) })
      break
    case 'consent-granted':
      metrics.journeyEnded({ client, how: 'allowed', step: 'give-consent' })
      metrics.consentGranted({ client, mode: wordOf(entry.mode) })
      break
    case 'consent-activated':
      metrics.consentActivated({ client })
      break
    case 'consent-ended':
      metrics.consentEnded({
        client,
        status: wordOf(entry.status),
        // The one that says by which number it was replaced.
        reason: entry.status === 'replaced' ? 'replaced' : wordOf(entry.reason),
        by: String(entry.by).startsWith('staff:') ? 'staff' : wordOf(entry.by),
      })
      break
    default:
  }
}

function countStep(metrics: Metrics, client: string, step: string, next: string | undefined): void {
  metrics.stepDone({ client, step })
  if (next && next !== 'finished') metrics.stepReached({ client, step: wordOf(next) })
}

/** Whatever stands there: a row that somebody spoiled is for `audit verify` to find, and must not stop the sealing. */
function contentOf(payload: string): object {
  try {
    const content: unknown = JSON.parse(payload)
    return content && typeof content === 'object' ? content : {}
  } catch {
    return {}
  }
}
