/** The moment between 許可 and the tokens: the code is in the fintech's hands and not yet exchanged. */
import type { TestBank } from './bank.ts'
import { allow, begin, comeBack, type Walk, walkToConsent } from './walk.ts'

export type Returned = Walk & {
  /** the address that the fintech was called at */
  readonly back: URL
  readonly code: string
}

export async function returnWithCode(
  bank: TestBank,
  loginId = 'mihon02',
  options: Parameters<typeof begin>[1] = {},
): Promise<Returned> {
  const walk = await begin(bank, options)
  await walkToConsent(walk, loginId)
  await allow(walk)
  const back = await comeBack(walk)
  return { ...walk, back, code: back.searchParams.get('code') ?? '' }
}
