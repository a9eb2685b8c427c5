/** A full disk, on SQLite. PostgreSQL's is filled by `npm run faults`, where it may mount one. */
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { startBank } from '../support/bank.ts'
import type { Page } from '../support/browser.ts'
import { type Answer, openFintech } from '../support/fintech.ts'
import { agreeing, expectOurPage, expectTemporary } from '../support/unavailable.ts'
import { allow, comeBack, consentsOf, goOn } from '../support/walk.ts'

it('a full disk lets no journey end half done, and what was refused is done when there is room', async () => {
  const bank = await startBank({ databaseUrl: 'sqlite::memory:' })
  const fintech = openFintech(bank)
  const walks = await Promise.all(['mihon01', 'mihon02', 'mihon03'].map((loginId) => agreeing(bank, loginId)))
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(bank.db)
  await sql.raw(`pragma max_page_count = ${rows[0]?.page_count ?? 0}`).execute(bank.db)
  const pushed: Answer[] = []
  // Into the last free pages some still fit.
  while (pushed.at(-1)?.status !== 503 && pushed.length < 200)
    pushed.push(await fintech.push(fintech.newRequest().parameters))
  expectTemporary(pushed.at(-1) as Answer)
  const pages: Page[] = []
  for (const { walk } of walks) pages.push(await allow(walk))
  const refused = pages.filter(({ status }) => status !== 200)
  expect(refused.length).toBeGreaterThan(0)
  refused.forEach(expectOurPage)
  expect(await consentsOf(bank)).toHaveLength(walks.length - refused.length)

  await sql`pragma max_page_count = 1000000`.execute(bank.db)
  for (const [n, { walk, loginId }] of walks.entries()) {
    const code =
      pages[n]?.status === 200
        ? ((await comeBack(walk)).searchParams.get('code') ?? '')
        : await goOn(walk, loginId)
    expect((await fintech.exchange(code, walk.verifier)).status).toBe(200)
  }
  expect(await consentsOf(bank)).toHaveLength(walks.length)
  await bank.close()
})
