// Which files are tests, and how many run at once: first those in Node, on both databases, then those that drive a browser.
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = fileURLToPath(new URL('..', import.meta.url))

// Whatever tests put on the disk goes with the run. PostgreSQL and the proxies work there as other users.
const scratch = mkdtempSync(join(tmpdir(), 'ninka-'))
chmodSync(scratch, 0o755)
process.env.TMPDIR = scratch
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))

// These tell their story through the application or a repository, so they are told on both databases.
const onBothDatabases = [
  'test/{accounts-api,attacks,bank,connections,consent,explain,grants,journey,outbox,provider,risk,store}/**/*.test.ts',
  'test/operator/desk-{clients,search,stop}.test.ts',
  'test/protocol/tokens.test.ts',
  'test/canary.test.ts',
  'test/faults/database-away.test.ts',
]

// What these are about is decided before any database is asked: pages, headers, addresses, cookies, certificates.
const onOneDatabase = [
  'test/accounts-api/{answers,contract,dates}.test.ts',
  'test/attacks/{cookie-size,cookie-tampering,cross-site-forms,enumeration,flood,forged-*,framing-and-leaks,html-in-values}.test.ts',
  'test/attacks/{log-injection,redirect-tricks,response-mixing}.test.ts',
  'test/**/certificate.test.ts',
  'test/bank/{gateway-faults,http,openapi,toy-bank}.test.ts',
  'test/attacks/step-skipping.test.ts',
  'test/journey/{bank-trouble,cookie,hours,next-step,receipt,review,rights}.test.ts',
  'test/store/{database-away,group-commit,plans,postgres}.test.ts',
]

// Short to read and long to run: where nobody knows how long a file took, vitest would leave these to the end, one alone.
const long = [
  'test/journey/bank-trouble',
  'test/faults/kills',
  'test/faults/soak',
  'test/bench.',
  'test/deploy/rolling',
  'test/deploy/restore',
  'test/faults/failover',
  'e2e/certificate',
  'e2e/time-out',
  'e2e/accessibility',
  'e2e/desk',
  'e2e/journey',
]

/** The long ones of a project first, then the large ones; what a worker has loaded it keeps until its project is through. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const orderOf = ({ project }: TestSpecification) => project.config.sequence.groupOrder
    // The one file of e2e-postgres goes before the many of e2e, or it would run alone in the end.
    const projectOf = ({ project: { name } }: TestSpecification) => (name === 'e2e-postgres' ? 'e' : name)
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = long.findIndex((part) => moduleId.startsWith(join(root, part)))
      return rank === -1 ? long.length : rank
    }
    const sorted = await super.sort(files)
    return sorted.toSorted(
      (a, b) => orderOf(a) - orderOf(b) || projectOf(a).localeCompare(projectOf(b)) || rankOf(a) - rankOf(b),
    )
  }
}

// A worker loads the product once and runs file after file: to load it for each would take a third of the time.
// A file that puts another module in the place of one is kept from the others.
const replacing = globSync('test/**/*.test.ts', { cwd: root }).filter((file) =>
  readFileSync(join(root, file), 'utf8').includes('vi.mock('),
)
const shared = { isolate: false, setupFiles: ['test/support/after-a-file.ts'] }

// Not what a test asserts: enough for a machine that does much else at once.
const unit = { testTimeout: 60_000, hookTimeout: 60_000 }
const browser = { testTimeout: 60_000, hookTimeout: 60_000 }
const postgres = { globalSetup: ['test/support/cluster.ts'] }

export default defineConfig({
  root,
  test: {
    // A test marked `only` would hide all the others.
    allowOnly: false,
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    projects: [
      {
        extends: true,
        test: { name: 'alone', include: replacing, sequence: { groupOrder: 0 }, ...unit },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: replacing,
          sequence: { groupOrder: 0 },
          ...unit,
          ...shared,
        },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: onBothDatabases,
          exclude: [...onOneDatabase, ...replacing],
          sequence: { groupOrder: 0 },
          ...unit,
          ...shared,
          ...postgres,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          ...browser,
          ...shared,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e-postgres',
          include: ['e2e/journey.test.ts'],
          sequence: { groupOrder: 1 },
          ...browser,
          ...shared,
          ...postgres,
        },
      },
    ],
  },
})
