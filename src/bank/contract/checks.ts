/** Everything that every bank must do, in the order in which it is checked. It registers one PIN and leaves the rest as it was. */
import type { BankCheck } from './bench.ts'
import { accountChecks, pinChecks } from './pins.ts'
import { certificateChecks, questionChecks, signInChecks } from './sign-in.ts'
import { standingChecks } from './standing.ts'
import { statementChecks } from './statement.ts'

export const bankChecks: readonly BankCheck[] = [
  ...signInChecks,
  ...certificateChecks,
  ...questionChecks,
  ...accountChecks,
  ...pinChecks,
  ...statementChecks,
  ...standingChecks,
]
