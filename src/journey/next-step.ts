/** Which screen comes next. Types in, a name out: no step names another step, and nothing else decides. */
import type { Facts } from './journey.ts'
import type { StepName } from './steps.ts'

/** The first thing still missing, in the order the bank asks for it. Fails closed: what is not known is still due. */
export function nextStep({
  client,
  certificate,
  customer,
  challenge,
  services,
  pins,
  consent,
}: Facts): StepName | 'finished' {
  if (!customer) return certificate ? 'certificate-password' : 'sign-in'
  if (challenge !== 'not-needed' && challenge !== 'answered') return 'answer-challenge'
  if (client.customerChooses && !services) return 'choose-services'
  if (pins === 'entered') return 'review-pins'
  if (pins !== 'not-needed' && pins !== 'done') return 'register-pins'
  if (!consent) return 'give-consent'
  return 'finished'
}
