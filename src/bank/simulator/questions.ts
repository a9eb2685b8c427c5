/** Which of a customer's registered questions a journey is asked. */
import { createHash } from 'node:crypto'
import type { InJourney } from '../port.ts'
import type { Question } from './customers.ts'

/**
 * Picked by customer and journey, so every process, tab and reload of one journey meets the same question, and nothing has
 * to be kept for it.
 */
export function questionFor(
  questions: readonly Question[] | undefined,
  { customer, journey }: InJourney,
): Question | undefined {
  if (!questions || questions.length === 0) return undefined
  const picked = createHash('sha256').update(`question ${customer} ${journey}`).digest().readUInt32BE()
  return questions[picked % questions.length]
}
