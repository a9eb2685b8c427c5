/** One POST of a message: whose answer counts by its status alone. */
import type { Result } from '../errors.ts'
import { ask, type Asked, type AskProblem } from '../outgoing/ask.ts'

export type Call = Omit<Asked, 'method' | 'body' | 'enough'> & {
  readonly body: string
  readonly accepted: readonly number[]
}

/** `answer` is what a refusal said, at most 64 kB of it. */
export type Called = Result<
  'accepted',
  { readonly problem: AskProblem | `status-${number}`; readonly answer?: string }
>

export async function call({ accepted, ...asked }: Call): Promise<Called> {
  const answered = await ask({ ...asked, method: 'POST', enough: accepted })
  if (!answered.ok) return answered
  const { status, body } = answered.value
  if (accepted.includes(status)) return { ok: true, value: 'accepted' }
  return { ok: false, problem: `status-${status}`, answer: body }
}
