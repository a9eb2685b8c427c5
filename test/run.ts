// `npm test`: runs every test, or those of the files that the arguments name, and ends with the plain line
// `N passed, N failed`. It must never be green when something did not run: a skipped test, a file that does
// not load, no test at all.
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { TestModule, TestSuite, Vitest } from 'vitest/node'
import { startVitest } from 'vitest/node'

const filters = process.argv.slice(3)
const config = fileURLToPath(new URL('vitest.config.ts', import.meta.url))
const vitest = await startVitest('test', filters, { config, run: true, passWithNoTests: true })
const { passed, problems } = count(vitest)
// A worker that does not end when it is told to must not keep the result back: it dies with this process.
await Promise.race([vitest.close(), wait(30_000)])

for (const problem of problems) console.log(problem)
const failed = passed === 0 && problems.length === 0 ? 1 : problems.length
process.exitCode = failed > 0 ? 1 : 0
// A handle that a test left open must neither hold the exit nor print after this line.
process.stdout.write(`${passed} passed, ${failed} failed\n`, () => process.exit())

function count({ state }: Vitest) {
  let passed = 0
  const problems: string[] = []
  for (const file of state.getTestModules()) {
    // A suite's own errors are those of loading it and of its hooks; its tests do not show them.
    for (const suite of [file, ...file.children.allSuites()]) {
      for (const _ of suite.errors()) problems.push(`failed: ${nameOf(suite)}`)
    }
    for (const test of file.children.allTests()) {
      const outcome = test.result().state
      if (outcome === 'passed') passed += 1
      else problems.push(`${outcome}: ${file.relativeModuleId} > ${test.fullName}`)
    }
  }
  for (const error of state.getUnhandledErrors())
    problems.push(`failed outside a test: ${(error as Error).message}`)
  return { passed, problems }
}

function nameOf(suite: TestModule | TestSuite) {
  return suite.type === 'module'
    ? suite.relativeModuleId
    : `${suite.module.relativeModuleId} > ${suite.fullName}`
}
