// Which files are tests, and how many run at once: first those in Node, on both databases, then those that drive a browser.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// These tell their story through the application or a repository, so they are told on both databases.
const onBothDatabases = [
  'test/{accounts-api,attacks,bank,connections,consent,journey,outbox,provider,risk,store}/**/*.test.ts',
  'test/operator/desk-{clients,search,stop}.test.ts',
  'test/canary.test.ts',
]

// What these are about is decided before any database is asked: pages, headers, addresses, cookies, certificates.
const onOneDatabase = [
  'test/accounts-api/{answers,contract,dates}.test.ts',
  'test/attacks/{cookie-size,cookie-tampering,cross-site-forms,enumeration,flood,forged-*,framing-and-leaks,html-in-values}.test.ts',
  'test/attacks/{log-injection,redirect-tricks,response-mixing}.test.ts',
  'test/**/certificate.test.ts',
  'test/journey/{cookie,next-step}.test.ts',
  'test/outbox/call.test.ts',
]

const unit = { testTimeout: 20_000, hookTimeout: 30_000 }
const browser = { testTimeout: 60_000, hookTimeout: 60_000 }
const postgres = { globalSetup: ['test/support/cluster.ts'] }

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    // A test marked `only` would hide all the others.
    allowOnly: false,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], sequence: { groupOrder: 0 }, ...unit },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: onBothDatabases,
          exclude: onOneDatabase,
          sequence: { groupOrder: 1 },
          ...unit,
          ...postgres,
        },
      },
      {
        extends: true,
        test: { name: 'e2e', include: ['e2e/**/*.test.ts'], sequence: { groupOrder: 2 }, ...browser },
      },
      {
        extends: true,
        test: {
          name: 'e2e-postgres',
          include: ['e2e/journey.test.ts'],
          sequence: { groupOrder: 2 },
          ...browser,
          ...postgres,
        },
      },
    ],
  },
})
