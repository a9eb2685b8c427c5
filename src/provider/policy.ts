/** When the engine asks the customer: always, and only the journey's result ever satisfies it. */
import { interactionPolicy } from 'oidc-provider'

/** One journey gives both login and consent. */
export function policy(): interactionPolicy.Prompt[] {
  const { Check, Prompt } = interactionPolicy
  const journeyDue = new Check(
    'journey_due',
    'the customer has not walked the journey yet',
    'login_required',
    (ctx) => (ctx.oidc.result?.login ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT),
  )
  return [
    new Prompt({ name: 'login', requestable: true }, journeyDue),
    new Prompt({ name: 'consent', requestable: true }),
  ]
}
