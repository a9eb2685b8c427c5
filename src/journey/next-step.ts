/** Which screen comes next. Types in, a name out: no step names another step, and nothing else decides. */
import type { Facts, Learned } from './journey.ts'
import type { SignInStepName, StepName } from './steps.ts'

/** The first thing still missing, in the order the bank asks for it. Fails closed: what is not known is still due. */
export function nextStep(facts: Facts): StepName | 'finished' {
  const { client, services, pins, consent } = facts
  const signIn = nextSignInStep(facts)
  if (signIn) return signIn
  if (client.customerChooses && !services) return 'choose-services'
  if (pins === 'entered') return 'review-pins'
  if (pins !== 'not-needed' && pins !== 'done') return 'register-pins'
  if (!consent) return 'give-consent'
  return 'finished'
}

/** What is missing until it is certain who is there, whatever he came for. Undefined when nothing is. */
export function nextSignInStep({ certificate, customer, challenge }: Learned): SignInStepName | undefined {
  if (!customer) return certificate ? 'certificate-password' : 'sign-in'
  if (challenge !== 'not-needed' && challenge !== 'answered') return 'answer-challenge'
  return undefined
}
