/** `ninka doctor`: looks at a running installation from inside and outside, and says in one line each what is right and what is not. */
import { failure, type Finding } from './check.ts'
import { fintechsOriginChecks } from './fintechs-origin.ts'
import { type Inside, insideChecks } from './inside.ts'
import { type Outside, outsideChecks } from './outside.ts'

/** One after the other, so that a finding never comes from the doctor's own load. */
export async function* examine(inside: Inside, outside: Outside): AsyncGenerator<Finding> {
  const checks = [...insideChecks(inside), ...outsideChecks(outside), ...fintechsOriginChecks(outside)]
  for (const { name, run } of checks) {
    const outcome = await run().catch((error: unknown) => failure(`could not be checked: ${reasonOf(error)}`))
    yield { check: name, ...outcome }
  }
}

/** The code of a system or database error where there is one, as it never carries a password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.message.slice(0, 200)
}

export const line = ({ check, verdict, says }: Finding): string =>
  `${verdict.padEnd(7)}  ${check.padEnd(24)}  ${says}`
