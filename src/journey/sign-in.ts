/** 手順 1-1① and 1-2①: who is it? Both methods stand on one page; ID and password are entered here. */
import { z } from 'zod'
import type { Bank, Customer } from '../bank/port.ts'
import type { FieldError } from '../errors.ts'
import { problemOf, type Try } from '../risk/locks.ts'
import { text } from './fields.ts'
import { defineSignInStep, type VisitContext, type SubmitOutcome } from './step.ts'
import { unanswered } from './turn.ts'

export const signIn = defineSignInStep({
  fields: z.object({ loginId: text(64), password: text(256) }).catch({ loginId: '', password: '' }),

  keep: (fields) => ({ loginId: written(fields) }),

  async page({ institution: { rules } }, kept) {
    const loginId = typeof kept.loginId === 'string' ? kept.loginId : ''
    return { view: { loginId, maxLength: rules.loginId.maxLength } }
  },

  async submit(context, fields) {
    const loginId = written(fields)
    const { password } = fields
    const missing: FieldError[] = []
    if (loginId === '') missing.push({ code: 'login-id-missing', field: 'login-id' })
    if (password === '') missing.push({ code: 'password-missing', field: 'password' })
    if (missing.length > 0) return { errors: missing }

    return authenticate(context, {
      method: 'password',
      what: 'password',
      lockSubject: loginId,
      ask: () => context.bank.signIn({ loginId, password }),
      wrong: { code: 'sign-in-wrong', field: 'login-id' },
    })
  },
})

/** Full-width input is the keyboard's doing; upper and lower case are the customer's and stay. */
const written = ({ loginId }: { loginId: string }): string => loginId.normalize('NFKC').trim()

type Attempt = {
  readonly method: 'password' | 'certificate'
  /** whose wrong tries are counted apart: nobody locks out a certificate's holder by typing his id as a login ID */
  readonly what: 'password' | 'certificate-password'
  readonly lockSubject: string
  readonly ask: () => ReturnType<Bank['signIn']>
  readonly wrong: FieldError
}

/** One guarded try of a password, by either method, and what it tells about the customer. */
export async function authenticate(context: VisitContext, attempt: Attempt): Promise<SubmitOutcome> {
  const taken = await context.locks.takeFrom(
    context.address,
    attempt.what,
    attempt.lockSubject,
    context.risk.device,
  )
  if ('locked' in taken) return { problem: problemOf(taken) }

  const answer = await attempt.ask()
  if (answer.ok) {
    await taken.right()
    return identified(context, answer.value, attempt, taken)
  }
  if (answer.reason === 'unavailable') {
    await taken.undecided()
    return { problem: unanswered(answer) }
  }
  const { subject } = taken
  await context.audit({ event: 'sign-in-failed', subject, method: attempt.method, reason: answer.reason })
  if (answer.reason === 'wrong') {
    const after = await taken.wrong()
    if ('locked' in after) return { problem: problemOf(after) }
    const warning: FieldError[] = after.left === 1 ? [{ code: 'last-try', field: attempt.wrong.field }] : []
    return { errors: [attempt.wrong, ...warning] }
  }
  // The password was right; only now may the page say what is wrong with the contract.
  await taken.right()
  return { problem: { code: answer.reason } }
}

/** Customer and challenge are learned together: a customer is never known without knowing whether to ask him more. */
async function identified(
  context: VisitContext,
  { id, companyName, userName, signals, services }: Customer,
  { method, what, lockSubject }: Attempt,
  { subject, wrongBefore }: Try,
): Promise<SubmitOutcome> {
  if (!context.isExpected(id)) {
    await context.audit({ event: 'sign-in-failed', subject, method, reason: 'customer-of-another' })
    return { problem: { code: 'customer-of-another' } }
  }
  const risk = await context.risk.assess({ customer: id, signals, what, subject: lockSubject, wrongBefore })
  const { decision, score, reasons } = risk
  if (decision === 'refuse') {
    await context.audit({ event: 'sign-in-refused', customer: id, method, score, reasons })
    return { problem: { code: 'risk-refused' } }
  }
  await context.audit({ event: 'signed-in', customer: id, method, challenge: decision, score, reasons })
  if (decision === 'allow') await context.risk.completed(id)
  return {
    learned: {
      // The names ride in the cookie, which has an end.
      customer: {
        id,
        companyName: companyName.slice(0, 80),
        userName: userName.slice(0, 40),
        since: context.now,
        ...(services ? { services: [...services] } : {}),
      },
      challenge: decision === 'ask' ? 'due' : 'not-needed',
    },
  }
}
