/** The process itself: production refuses what only a demo may do, and says all of it at once. */
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

function start(environment: Record<string, string>) {
  return spawnSync(process.execPath, ['src/main.ts', 'start'], {
    cwd: join(import.meta.dirname, '..'),
    env: { DATA_DIR: mkdtempSync(join(tmpdir(), 'ninka-main-')), ...environment },
    encoding: 'utf8',
  })
}

describe('npm start', () => {
  it('refuses the demo’s defaults, names each, and exits with 1', () => {
    const { status, stderr, stdout } = start({})
    expect(status).toBe(1)
    for (const name of [
      'PUBLIC_URL',
      'MASTER_KEY_FILE',
      'INSTITUTION_FILE',
      'BANK',
      'DATABASE_URL',
      'TRUSTED_PROXIES',
    ]) {
      expect(stderr).toContain(`${name}: `)
    }
    expect(stdout).toBe('')
  })

  it('refuses the simulated bank even when everything else is right', () => {
    const { status, stderr } = start({
      PUBLIC_URL: 'https://connect.bank.example',
      MASTER_KEY_FILE: '/nowhere/master.key',
      INSTITUTION_FILE: '/nowhere/institution.json',
      DATABASE_URL: 'postgres://bank@127.0.0.1/ninka',
      TRUSTED_PROXIES: '10.0.0.0/8',
      BANK: 'simulator',
    })
    expect(status).toBe(1)
    expect(stderr.split('\n').filter((line) => line.includes(': '))).toEqual([
      'BANK: the simulated bank is for the demo only',
    ])
  })

  it('does not end by a SIGHUP that comes before its workers are there to be replaced', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ninka-main-'))
    const key = join(folder, 'master.key')
    writeFileSync(key, randomBytes(32).toString('base64'), { mode: 0o600 })
    const database = createServer().listen(0, '127.0.0.1')
    await once(database, 'listening')
    const program = spawn(process.execPath, ['src/main.ts', 'start'], {
      cwd: join(import.meta.dirname, '..'),
      env: {
        PUBLIC_URL: 'https://connect.bank.example',
        NINKA_PROCESSES: '2',
        METRICS_PORT: 'off',
        MASTER_KEY_FILE: key,
        INSTITUTION_FILE: 'src/demo/institution.json',
        DATABASE_URL: `postgres://bank@127.0.0.1:${(database.address() as AddressInfo).port}/ninka`,
        TRUSTED_PROXIES: '10.0.0.0/8',
        BANK: 'https://gateway.bank.example',
        BANK_CERTIFICATE_FILE: '/nowhere/bank.pem',
        BANK_KEY_FILE: '/nowhere/bank.key',
        DATA_DIR: folder,
      },
      stdio: 'ignore',
    })
    const ended = once(program, 'exit')
    const [asked] = (await Promise.race([once(database, 'connection'), ended])) as [Socket | number]
    if (typeof asked === 'number') throw new Error(`the program ended with ${asked}`)
    program.kill('SIGHUP')
    await new Promise((late) => setTimeout(late, 200))
    program.kill('SIGTERM')
    expect(await ended).toEqual([null, 'SIGTERM'])
    asked.destroy()
    database.close()
  })
})
