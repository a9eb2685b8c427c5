/** Several workers of one program: whatever becomes of one, the primary goes on, and the others serve. */
import cluster from 'node:cluster'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../src/log.ts'
import { startWorkers, type Workers } from '../src/processes.ts'

const log = createLog({ level: 'silent' })
const usual = { ...cluster.settings }

let folder: string
let workers: Workers
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ninka-workers-'))
  const exec = join(folder, 'worker.mjs')
  writeFileSync(exec, `process.on('message', () => process.exit()); process.send({ ready: 'it serves' })`)
  cluster.setupPrimary({ exec, args: [], execArgv: [], cwd: folder })
  workers = await startWorkers({ count: 2, log, stopsWithin: 5000 })
})
afterEach(async () => {
  await workers.stop()
  cluster.setupPrimary(usual)
  rmSync(folder, { recursive: true })
})

const pids = () => workers.serving().map((worker) => worker.process.pid)
/** As while a new version is put in the place of the former one. */
const letNoneStart = () => cluster.setupPrimary({ cwd: join(folder, 'nowhere') })
const letThemStart = () => cluster.setupPrimary({ cwd: folder })

describe('while the system cannot start a worker', () => {
  it('the place of one that died waits, and the other serves', async () => {
    const [first, second] = workers.serving()
    letNoneStart()
    first?.process.kill('SIGKILL')
    await expect.poll(pids).toEqual([second?.process.pid])
    // Longer than until the first try.
    await new Promise((late) => setTimeout(late, 600))
    expect(pids()).toEqual([second?.process.pid])
    letThemStart()
    await expect.poll(() => pids().length, { timeout: 10_000 }).toBe(2)
  })

  it('a new version replaces none, and the next time all of them', async () => {
    const former = pids()
    letNoneStart()
    await workers.replaceAll()
    expect(pids()).toEqual(former)
    letThemStart()
    await workers.replaceAll()
    expect(pids()).toHaveLength(2)
    expect(pids().filter((pid) => former.includes(pid))).toEqual([])
  })
})
