/** 手順 5 照会用暗証番号登録結果: what the last submit registered; confirm, or register more (手順 4 again). */
import { z } from 'zod'
import { text } from './fields.ts'
import { accountHandle, pinFailures } from './journey.ts'
import { accountName, shown } from './register-pins.ts'
import { canBeGranted, defineStep, signedIn } from './step.ts'

export const reviewPins = defineStep({
  fields: z.object({ action: text(16) }).catch({ action: '' }),

  async page(context) {
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: { code: 'bank-unavailable' } }
    const result = context.facts.pinResult
    const rowsOf = (outcome: 'held' | (typeof pinFailures)[number]) => result?.rows[outcome] ?? []
    const rows = answer.value.map((account) => ({
      account,
      handle: accountHandle(context.uid, account.id),
    }))
    return {
      view: {
        accounts: rows.map(({ account, handle }) => ({
          ...shown(account),
          handle,
          justEntered: rowsOf('held').includes(handle),
        })),
        registered: result?.heldCount ?? 0,
        notRegistered: result?.failedCount ?? 0,
        failed: pinFailures.flatMap((code) =>
          rows
            .filter(({ handle }) => rowsOf(code).includes(handle))
            .map(({ account }) => ({ account: accountName(account), code })),
        ),
        pinDigits: context.institution.rules.pinDigits,
      },
    }
  },

  async submit(context, { action }) {
    if (action === 'more') return { learned: { pins: 'adding' } }
    const answer = await context.bank.accounts(signedIn(context))
    if (!answer.ok) return { problem: { code: 'bank-unavailable' } }
    // Held PINs may have been released meanwhile; without an account to grant there is nothing to confirm.
    return { learned: { pins: answer.value.some(canBeGranted) ? 'done' : 'adding', pinResult: undefined } }
  },
})
