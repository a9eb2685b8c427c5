/** The master key is changed as docs/operations.md says: processes with the former and the next file side by side, then without the old key. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createSecrets } from '../src/secrets.ts'
import { startBank, type TestBank } from './support/bank.ts'
import { openFintech } from './support/fintech.ts'
import { connect } from './support/walk.ts'

const folder = mkdtempSync(join(tmpdir(), 'ninka-master-key-'))
const [old, next] = [randomBytes(32), randomBytes(32)]
afterAll(() => rmSync(folder, { recursive: true }))

const start = (masterKeys: readonly [Buffer, ...Buffer[]]): Promise<TestBank> =>
  startBank({ databaseUrl: `sqlite:${join(folder, 'ninka.db')}`, masterKeys })

/** What in the database does not open with this key alone. */
async function closedTo({ db }: TestBank, key: Buffer): Promise<readonly string[]> {
  const rows = await db.selectFrom('sealed_secrets').selectAll().execute()
  const { open } = createSecrets([key])
  return rows.filter(({ name, sealed }) => open(sealed, name) === undefined).map(({ name }) => name)
}

it('processes of one step and the next open what the other sealed; whoever leaves out a step does not', () => {
  const steps = [[old], [old, next], [next, old], [next]] as const
  const opens = (sealing: readonly [Buffer, ...Buffer[]], opening: readonly [Buffer, ...Buffer[]]) =>
    createSecrets(opening).open(createSecrets(sealing).seal('fact', 'cookie'), 'cookie') === 'fact'
  for (const [index, step] of steps.entries()) {
    const [following = step, later] = steps.slice(index + 1)
    expect(opens(step, following), `after step ${index}`).toBe(true)
    expect(opens(following, step), `before step ${index + 1}`).toBe(true)
    if (later) expect(opens(step, later) && opens(later, step), `step ${index + 1} left out`).toBe(false)
  }
})

it('the first start with the new key on top seals all of it anew, and nobody has to connect again', async () => {
  const before = await start([old])
  const { refresh } = await connect(before, 'mihon02')
  await before.close()

  const between = await start([old, next])
  expect(await closedTo(between, old)).toEqual([])
  await between.close()

  const moved = await start([next, old])
  const demos = (names: readonly string[]) => names.filter((name) => !name.startsWith('demo-secret '))
  expect(demos(await closedTo(moved, next))).toEqual([])
  expect((await closedTo(moved, old)).length).toBeGreaterThanOrEqual(4)
  await moved.close()

  const after = await start([next])
  expect((await openFintech(after).refresh(refresh)).status).toBe(200)
  await after.close()
})
