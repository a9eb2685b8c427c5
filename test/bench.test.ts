/** That the measurement itself works: what it says about speed is only worth something on a machine with nothing else to do. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import type { Judged } from '../bench/report.ts'

const root = join(import.meta.dirname, '..')

it('measures ours beside the bare engine, and says of every figure what it is and whether its aim is met', {
  timeout: 180_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ninka-bench-test-'))
  const out = join(folder, 'result.json')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, 'bench', 'bench.ts'), '--quick', `--out=${out}`],
    { cwd: root, env: { PATH: process.env.PATH } },
  )
  const { rows } = JSON.parse(readFileSync(out, 'utf8')) as { rows: readonly Judged[] }
  rmSync(folder, { recursive: true })

  for (const { name, values, aim, met = {} } of rows) {
    expect(stdout, name).toContain(name)
    // What JSON has as null was divided by nothing.
    for (const value of Object.values(values)) expect(value ?? -1, name).toBeGreaterThanOrEqual(0)
    if (aim) expect(Object.keys(met).length, name).toBeGreaterThan(0)
  }
  const named = rows.map(({ name }) => name).join('\n')
  for (const what of ['journeys with argon2id', 'refreshes', 'introspections', 'accounts calls', 'CPU: '])
    expect(named).toContain(what)
  for (const what of ['99 of 100', 'memory', 'first view', 'start', 'two processes', '200 live consents'])
    expect(named).toContain(what)
})
