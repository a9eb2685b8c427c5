/** The steps of the journey, in the manual's order. One name each: URL segment, file, view and message prefix. */
import { answerChallenge } from './answer-challenge.ts'
import { certificatePassword } from './certificate-password.ts'
import { chooseServices } from './choose-services.ts'
import { giveConsent } from './give-consent.ts'
import { registerPins } from './register-pins.ts'
import { reviewPins } from './review-pins.ts'
import { signIn } from './sign-in.ts'

/** Until it is certain who is there: for every kind of visit. */
export const signInSteps = {
  'sign-in': signIn, // 手順 1-1①, 1-2①
  'certificate-password': certificatePassword, // 手順 1-1②
  'answer-challenge': answerChallenge, // 手順 2
} as const

export const steps = {
  ...signInSteps,
  'choose-services': chooseServices, // 手順 3
  'register-pins': registerPins, // 手順 4
  'review-pins': reviewPins, // 手順 5
  'give-consent': giveConsent, // 手順 6
} as const

export type SignInStepName = keyof typeof signInSteps
export type StepName = keyof typeof steps
