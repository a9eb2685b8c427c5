/** 手順 5 照会用暗証番号登録結果: what the last submit registered; confirm, or register more (手順 4 again). */
import { z } from 'zod'
import { text } from './fields.ts'
import { accountHandle, pinFailures } from './journey.ts'
import { accountName, shown } from './register-pins.ts'
import { defineStep, mayInquire, signedIn } from './step.ts'
import { unanswered } from './turn.ts'

/** What became of a row in the last submit. */
const outcomes = ['held', ...pinFailures] as const

export const reviewPins = defineStep({
  fields: z.object({ action: text(16) }).catch({ action: '' }),

  async page(context) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: unanswered(answer) }
    const result = context.facts.pinResult
    const rows = answer.value.filter(mayInquire).map((account) => {
      const handle = accountHandle(context.uid, account.id)
      const outcome = outcomes.find((one) => result?.rows[one]?.includes(handle)) ?? null
      return { account, handle, outcome }
    })
    return {
      view: {
        at: context.now,
        accounts: rows.map(({ account, ...row }) => ({ ...shown(account, context.past), ...row })),
        registered: result?.heldCount ?? 0,
        notRegistered: result?.failedCount ?? 0,
        failed: pinFailures.flatMap((code) =>
          rows
            .filter(({ outcome }) => outcome === code)
            .map(({ account }) => ({ account: accountName(account), code })),
        ),
        pinDigits: context.institution.rules.pinDigits,
      },
    }
  },

  async submit(_context, { action }) {
    if (action === 'more') return { learned: { pins: 'adding' } }
    // Held PINs may have been released meanwhile: the next page asks the bank, and without an account to grant it leads back.
    return { learned: { pins: 'done', pinResult: undefined } }
  },
})
