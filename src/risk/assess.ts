/** Whether 追加認証 is asked: a sum of what is unusual, with its reasons, so that staff can explain it on the phone. */
import type { BankSignal } from '../bank/port.ts'
import type { RiskRules } from './rules.ts'

/** What is known about a sign-in whose password was right. */
export type Signals = {
  /** what the bank itself noticed */
  readonly bank: readonly BankSignal[]
  /** against the customer's sign-ins before; undefined when this is the first one we see */
  readonly before:
    | {
        readonly device: 'known' | 'new'
        readonly network: 'last' | 'known' | 'new'
        readonly browser: 'known' | 'new'
        readonly daysSince: number
      }
    | undefined
  /** in Japan, 0 to 23 */
  readonly hour: number
  /** wrong passwords and answers of this customer shortly before */
  readonly wrongTries: number
  /** other customers who signed in from this network in the last hour, and wrong tries from this address */
  readonly othersHere: number
  /** this customer never shared anything with this fintech; undefined when he came for his own connections */
  readonly firstConnection: boolean | undefined
}

export type RiskReason =
  | BankSignal
  | 'first-sign-in'
  | 'new-device'
  | 'new-network'
  | 'network-changed'
  | 'new-browser'
  | 'long-absence'
  | 'unusual-hour'
  | 'wrong-tries'
  | 'busy-network'
  | 'first-connection'
  | 'engine-failed'

export type RiskDecision = {
  readonly decision: 'allow' | 'ask' | 'refuse'
  readonly score: number
  /** of ours, or of a bank's own engine */
  readonly reasons: readonly (RiskReason | (string & {}))[]
}

/** The port: a bank with an engine of its own puts it in the place of ours. Where it fails, the question is asked. */
export type RiskEngine = (signals: Signals) => RiskDecision | Promise<RiskDecision>

/** More wrong tries say no more: an owner who mistypes is not a thief. */
const mostWrongTries = 2

/** Our own engine. */
export const riskEngine =
  (rules: RiskRules): RiskEngine =>
  (signals) => {
    const found = weigh(rules, signals).filter(([, weight]) => weight > 0)
    const score = found.reduce((sum, [, weight]) => sum + weight, 0)
    const decision = score >= rules.refuseAt ? 'refuse' : score >= rules.askAt ? 'ask' : 'allow'
    return { decision, score, reasons: found.map(([reason]) => reason) }
  }

function weigh(
  { weights, ...rules }: RiskRules,
  { bank, before, hour, wrongTries, othersHere, firstConnection }: Signals,
): (readonly [RiskReason, number])[] {
  const when = (applies: boolean, weight: number): number => (applies ? weight : 0)
  return [
    ...bank.map((signal) => [signal, weights.bankSignal] as const),
    ['first-sign-in', when(!before, weights.firstSignIn)],
    ['new-device', when(before?.device === 'new', weights.newDevice)],
    ['new-network', when(before?.network === 'new', weights.newNetwork)],
    ['network-changed', when(before?.network === 'known', weights.networkChanged)],
    ['new-browser', when(before?.browser === 'new', weights.newBrowser)],
    [
      'long-absence',
      when(before !== undefined && before.daysSince > rules.longAbsenceDays, weights.longAbsence),
    ],
    ['unusual-hour', when(isWithin(hour, rules.unusualHours), weights.unusualHour)],
    ['wrong-tries', Math.min(wrongTries, mostWrongTries) * weights.wrongTry],
    ['busy-network', when(othersHere >= rules.busyNetworkFrom, weights.busyNetwork)],
    ['first-connection', when(firstConnection === true, weights.firstConnection)],
  ]
}

/** From 22 until 5 goes over midnight; from 0 until 0 is never. */
const isWithin = (hour: number, { from, until }: RiskRules['unusualHours']): boolean =>
  from <= until ? hour >= from && hour < until : hour >= from || hour < until
