/**
 * Who is at the desk. At every request anew: by the client certificate that a listed proxy forwarded and the allow-list as
 * it is now; in the demo by a cookie that says whom somebody chose to be. Nobody else gets any page but a refusal.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readForwarded } from '../../certificate/forwarded.ts'
import { isHostOf } from '../../certificate/hosts.ts'
import { type CertificateOrigin, refuseStrangers } from '../../certificate/origin.ts'
import { refuseCertificateHeaders, refuseForwarding } from '../../certificate/trust.ts'
import type { Verifier } from '../../certificate/verdict.ts'
import { type Clock, hours, minutes } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { record } from '../../store/audit.ts'
import type { Database } from '../../store/open.ts'
import { readDemoMember } from './demo-entrance.ts'
import type { DeskSeals } from './seals.ts'
import type { Member } from './roles.ts'
import { type ListedMember, memberWith } from './staff.ts'

export type Entrance =
  | {
      readonly kind: 'certificate'
      readonly origin: CertificateOrigin
      readonly verifier: Verifier
      /** the allow-list as it is now */
      readonly staff: () => readonly ListedMember[]
    }
  | { readonly kind: 'demo'; readonly url: string; readonly members: readonly Member[] }

export const urlOf = (entrance: Entrance): string =>
  entrance.kind === 'certificate' ? entrance.origin.url : entrance.url

export type Identified =
  | { readonly member: Member }
  | { readonly refused: string; readonly fingerprint: string | null }

export type Doorkeeper = (request: FastifyRequest) => Promise<Identified>

/** What is refused before anybody asks who it is: strange proxies, and hosts that are not the desk's. */
export function guardEntrance(app: FastifyInstance, entrance: Entrance): void {
  if (entrance.kind === 'certificate') return refuseStrangers(app, entrance.origin)
  refuseCertificateHeaders(app)
  const isOurHost = isHostOf(entrance.url)
  // Another site's name could be made to lead to this machine's loopback address.
  app.addHook('onRequest', async (request) => {
    if (!isOurHost(request.headers.host)) refuseForwarding(request, 'host-not-ours')
  })
}

type DoorParts = {
  readonly entrance: Entrance
  readonly seals: DeskSeals
  readonly db: Database
  readonly clock: Clock
  readonly log: Log
}

export function createDoorkeeper(parts: DoorParts): Doorkeeper {
  const { entrance, seals } = parts
  if (entrance.kind === 'demo') {
    return async (request) => {
      const member = readDemoMember(request, seals, entrance.members)
      return member ? { member } : { refused: 'not-signed-in', fingerprint: null }
    }
  }
  const noteRefusal = onceA(minutes(1), parts.clock)
  // There is no session that could begin; the audit has each of them once in so long.
  const noteArrival = onceA(hours(8), parts.clock)
  return async (request) => {
    const identified = await byCertificate(entrance, request)
    const { db, clock, log } = parts
    if ('refused' in identified) {
      const { refused: reason, fingerprint } = identified
      log.warn({ event: 'staff-refused', reason, fingerprint }, 'somebody was refused at the desk')
      // A flood of refusals would drown the audit; each cause is in it once a minute.
      await noteRefusal(`${reason} ${fingerprint}`, () =>
        record(db, clock(), null, { event: 'staff-refused', reason, fingerprint }),
      )
    } else {
      const { name, roles } = identified.member
      await noteArrival(name, () =>
        record(db, clock(), null, { event: 'staff-signed-in', by: `staff:${name}`, role: roles.join(' ') }),
      )
    }
    return identified
  }
}

async function byCertificate(
  { origin, verifier, staff }: Extract<Entrance, { kind: 'certificate' }>,
  request: FastifyRequest,
): Promise<Identified> {
  const forwarded = readForwarded(request.raw.rawHeaders, origin.format)
  if (!forwarded.ok) return { refused: forwarded.reason, fingerprint: null }
  if (!forwarded.value) return { refused: 'certificate-missing', fingerprint: null }
  const verdict = await verifier.verify(forwarded.value)
  if (!verdict.ok) return { refused: `certificate-${verdict.reason}`, fingerprint: verdict.fingerprint }
  const member = memberWith(staff(), verdict.value)
  return member ? { member } : { refused: 'not-listed', fingerprint: verdict.value.fingerprint }
}

const mostRemembered = 1000

/** Notes something the first time, and again when so long has gone by since; what could not be noted counts as never told. */
function onceA(length: number, clock: Clock): (what: string, note: () => Promise<void>) => Promise<void> {
  const told = new Map<string, number>()
  return async (what, note) => {
    const now = clock()
    const last = told.get(what)
    if (last !== undefined && now - last < length) return
    told.delete(what)
    told.set(what, now)
    const [oldest] = told.keys()
    if (told.size > mostRemembered && oldest !== undefined) told.delete(oldest)
    try {
      await note()
    } catch (error) {
      told.delete(what)
      throw error
    }
  }
}
