/** 手順 2 追加認証: the registered question, when the risk rules ask for it. */
import { z } from 'zod'
import type { FieldError } from '../errors.ts'
import { problemOf } from '../risk/locks.ts'
import { text } from './fields.ts'
import { defineSignInStep, signedIn } from './step.ts'
import { unanswered } from './turn.ts'

export const answerChallenge = defineSignInStep({
  fields: z.object({ answer: text(100) }).catch({ answer: '' }),

  async page(context) {
    const question = await context.bank.question(signedIn(context))
    return question.ok ? { view: { question: question.value.text } } : { problem: unanswered(question) }
  },

  async submit(context, { answer }) {
    if (answer.trim() === '') return { errors: [{ code: 'answer-missing', field: 'answer' }] }
    const who = signedIn(context)
    const taken = await context.locks.takeFrom(context.address, 'answer', who.customer)
    if ('locked' in taken) return { problem: problemOf(taken) }

    // The bank keeps one question for the whole journey, so this is the one the customer was shown.
    const question = await context.bank.question(who)
    const checked = question.ok
      ? await context.bank.answer({ ...who, question: question.value.id, answer })
      : question
    if (checked.ok) {
      await taken.right()
      await context.risk.completed(who.customer)
      return { learned: { challenge: 'answered' } }
    }
    if (checked.reason === 'unavailable') {
      await taken.undecided()
      return { problem: unanswered(checked) }
    }
    const after = await taken.wrong()
    if ('locked' in after) return { problem: problemOf(after) }
    const warning: FieldError[] = after.left === 1 ? [{ code: 'last-try', field: 'answer' }] : []
    return { errors: [{ code: 'answer-wrong', field: 'answer' }, ...warning] }
  },
})
