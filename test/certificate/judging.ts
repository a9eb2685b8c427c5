/** A verifier over given authorities, with its clock and its log in hand. */
import { createLog } from '../../src/log.ts'
import { createVerifier } from '../../src/certificate/verify.ts'
import type { CertificateRules } from '../../src/institution.ts'

export type Judging = {
  /** `ok`, or reason and why, such as `other-issuer: path-length` */
  readonly judge: (certificate: { readonly der: Buffer }) => Promise<string>
  readonly verifier: Awaited<ReturnType<typeof createVerifier>>
  /** what was logged */
  readonly lines: readonly Record<string, unknown>[]
  /** what was logged of one kind */
  readonly events: (event: string) => readonly Record<string, unknown>[]
  /** Stops the clock there; before, it shows the real time. ms */
  readonly at: (now: number) => void
}

export async function judging({
  authorities,
  revocation = {},
  fetch,
  now,
}: {
  /** PEM file */
  readonly authorities: string
  readonly revocation?: CertificateRules['revocation']
  readonly fetch?: typeof globalThis.fetch
  /** ms; the real time unless told */
  readonly now?: number
}): Promise<Judging> {
  let fixed = now
  const lines: Record<string, unknown>[] = []
  const log = createLog({
    level: 'info',
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  })
  const rules = { authorities, noticeDays: 30, revocation }
  const verifier = await createVerifier({
    rules,
    clock: () => fixed ?? Date.now(),
    log,
    ...(fetch ? { fetch } : {}),
  })
  return {
    verifier,
    lines,
    events: (event) => lines.filter((line) => line.event === event),
    at(moment) {
      fixed = moment
    },
    async judge({ der }) {
      const verdict = await verifier.verify(der)
      if (verdict.ok) return 'ok'
      const line = lines.findLast(({ event }) => event === 'certificate-refused')
      if (line?.reason !== verdict.reason) throw new Error('the log tells another reason')
      return `${verdict.reason}: ${String(line.why)}`
    },
  }
}
