/** What a sign-in looks like beside those before: gathers the signals, asks the engine, and remembers the browser. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BankSignal } from '../bank/port.ts'
import { type Clock, days, hours, timeInJapan } from '../clock.ts'
import type { Consents } from '../consent/consents.ts'
import type { Log } from '../log.ts'
import { keyedHash, unguessable } from '../secrets.ts'
import { devicesOf, keepDevice, noteDevice, othersFrom } from '../store/known-devices.ts'
import type { Database } from '../store/open.ts'
import { agentOf } from './agent.ts'
import { type RiskDecision, type RiskEngine, riskEngine, type Signals } from './assess.ts'
import { deviceCookie } from './device.ts'
import type { Guarded, Locks } from './locks.ts'
import { networkOf } from './network.ts'
import type { RiskRules } from './rules.ts'

/** What the steps of sign-in know of the risk rules. */
export type SignInRisk = {
  /** the browser's token, where it brought one */
  readonly device: string | undefined
  /** The password was right: is that enough? */
  assess: (signIn: SignIn) => Promise<RiskDecision>
  /** The sign-in is complete: the browser is known from now on. */
  completed: (customer: string) => Promise<void>
}

type SignIn = {
  readonly customer: string
  readonly signals: readonly BankSignal[]
  /** whose wrong tries were counted */
  readonly what: Guarded
  readonly subject: string
  /** of this customer, and of this address, before this right one */
  readonly wrongBefore: { readonly own: number; readonly address: number }
}

type RiskParts = {
  readonly db: Database
  readonly clock: Clock
  readonly log: Log
  readonly key: Buffer
  readonly locks: Locks
  readonly consents: Pick<Consents, 'listOf'>
  readonly rules: RiskRules
  readonly https: boolean
  /** the bank's own; ours unless given */
  readonly engine: RiskEngine | undefined
}

export type SignIns = {
  /** @param client the fintech; undefined when the customer came for his own connections */
  at: (visit: {
    readonly request: FastifyRequest
    readonly reply: FastifyReply
    readonly client: string | undefined
  }) => SignInRisk
}

export function createSignIns(parts: RiskParts): SignIns {
  const { db, clock, key, locks, consents, rules } = parts
  const cookie = deviceCookie({ https: parts.https, keepFor: days(rules.rememberDays) })
  const decide = guarded(parts.engine ?? riskEngine(rules), parts.log)
  const customerKey = (customer: string): string => keyedHash(key, `known customer ${customer}`)
  const deviceKey = (customer: string, token: string): string =>
    keyedHash(key, `known device ${token} of ${customer}`)

  return {
    at({ request, reply, client }) {
      const brought = cookie.read(request)
      const token = brought ?? unguessable()
      // Only a sign-in asks; every other page of a journey passes here too.
      const place = () => ({
        network: keyedHash(key, `network ${networkOf(request.ip)}`),
        agent: agentOf(request.headers['user-agent']),
      })
      return {
        device: brought,
        async assess({ customer, signals, what, subject, wrongBefore }) {
          const now = clock()
          const here = place()
          const [own, id] = [customerKey(customer), deviceKey(customer, token)]
          const [known, others, wrongAnswers, former] = await Promise.all([
            devicesOf(db, own, now),
            othersFrom(db, { network: here.network, customer: own, since: now - hours(1) }),
            locks.wrongTries('answer', customer),
            client === undefined ? undefined : consents.listOf(customer, client),
          ])
          const decision = await decide({
            bank: signals,
            before: compare({ id, ...here }, known, now),
            hour: Number(timeInJapan(now).slice(0, 2)),
            wrongTries: wrongBefore.own + wrongAnswers,
            othersHere: others + wrongBefore.address,
            firstConnection: former && former.length === 0,
          })
          if (decision.decision === 'refuse') return decision
          const lane = locks.laneOf(what, subject, token)
          // Long enough to answer the question; what is never answered is no acquaintance.
          await noteDevice(db, { id, customer: own, lane, ...here }, now + hours(2))
          cookie.write(reply, token)
          return decision
        },
        async completed(customer) {
          const now = clock()
          const device = { id: deviceKey(customer, token), customer: customerKey(customer), ...place() }
          await keepDevice(db, device, { now, forgetAt: now + days(rules.rememberDays) })
          cookie.write(reply, token)
        },
      }
    },
  }
}

/** @param known the latest first */
function compare(
  here: { readonly id: string; readonly network: string; readonly agent: string },
  known: Awaited<ReturnType<typeof devicesOf>>,
  now: number,
): Signals['before'] {
  const [last] = known
  if (!last) return undefined
  const seen = known.some(({ network }) => network === here.network)
  return {
    device: known.some(({ id }) => id === here.id) ? 'known' : 'new',
    network: last.network === here.network ? 'last' : seen ? 'known' : 'new',
    browser: known.some(({ agent }) => agent === here.agent) ? 'known' : 'new',
    daysSince: Math.floor((now - last.signedInAt) / days(1)),
  }
}

/** An engine that fails may neither let everybody in nor keep everybody out: the question is asked. */
const guarded =
  (engine: RiskEngine, log: Log): RiskEngine =>
  async (signals) => {
    try {
      return await engine(signals)
    } catch (error) {
      log.error({ event: 'risk-engine-failed', err: error }, 'the risk engine failed; the question is asked')
      return { decision: 'ask', score: 0, reasons: ['engine-failed'] }
    }
  }
