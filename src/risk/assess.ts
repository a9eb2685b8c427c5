/** Whether 追加認証 is asked: a decision with its reasons, so that staff can explain it on the phone. */
import type { BankSignal } from '../bank/port.ts'

export type RiskDecision = {
  readonly decision: 'allow' | 'ask' | 'refuse'
  readonly reasons: readonly string[]
}

/** @param signals what the bank noticed about this sign-in */
export function assessRisk({ signals }: { readonly signals: readonly BankSignal[] }): RiskDecision {
  if (signals.length > 0) return { decision: 'ask', reasons: signals }
  return { decision: 'allow', reasons: [] }
}
