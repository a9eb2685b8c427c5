/** The process itself: production refuses what only a demo may do, and says all of it at once. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
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
})
