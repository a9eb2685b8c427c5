/** The unit for systemd, its settings and the operator's command beside it, against the program that they start. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seconds } from '../../src/clock.ts'
import { readSettings } from '../../src/settings.ts'
import { stopsWithin } from '../../src/stopping.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, 'deploy', file), 'utf8')
const installedIn = '/opt/ninka/'
const credentials = '/run/credentials/ninka.service/'

type Line = { readonly section: string; readonly key: string; readonly value: string }

/** Every assignment, in order; a key may come several times. */
function linesOf(text: string): Line[] {
  let section = ''
  return text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('#')) return []
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section
    const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (!key && !line.startsWith('[')) throw new Error(`what is this: ${line}`)
    return key ? [{ section, key, value }] : []
  })
}

const unit = linesOf(read('ninka.service'))
const all = (key: string) => unit.filter((line) => line.key === key).map(({ value }) => value)
const one = (key: string): string => {
  const [value, ...more] = all(key)
  if (value === undefined || more.length > 0) throw new Error(`${key} stands ${more.length + 1} times`)
  return value
}
const assigned = (text: string): Record<string, string> =>
  Object.fromEntries(linesOf(text).map(({ key, value }) => [key, value]))
// What has a space in it stands in quotes there.
const environment = assigned(
  all('Environment')
    .map((text) => text.replace(/^"(.*)"$/, '$1'))
    .join('\n')
    .replaceAll('%d/', credentials),
)

describe('ninka.service', () => {
  it('starts what is there, in production', () => {
    const [node, program = '', mode] = one('ExecStart').split(' ')
    expect(node).toBe('/usr/bin/node')
    expect(mode).toBe('start')
    expect(existsSync(join(root, program.slice(installedIn.length))), program).toBe(true)
    const guide = one('Documentation').slice(`file://${installedIn}`.length)
    expect(existsSync(join(root, guide)), guide).toBe(true)
  })

  it('with the settings to begin with is accepted as it stands', () => {
    const settings = readSettings({
      ...environment,
      ...assigned(read('ninka.env')),
      NINKA_MODE: 'production',
    })
    expect(settings.masterKeyFile).toBe(`${credentials}master-key`)
    expect(settings.dataDir).toBe(`/var/lib/${one('StateDirectory')}`)
    expect(settings.databaseUrl).toContain(settings.dataDir)
  })

  it('has no secret in its environment, and every secret as a credential of root’s', () => {
    const loaded = all('LoadCredential').map((text) => text.split(':'))
    for (const [name = '', file] of loaded) {
      expect(file).toBe(`/etc/ninka/secrets/${name}`)
      expect(Object.values(environment)).toContain(`${credentials}${name}`)
    }
    const fromCredentials = Object.values(environment).filter((value) => value.startsWith(credentials))
    expect(fromCredentials).toHaveLength(loaded.length)
    expect(
      Object.keys(assigned(read('ninka.env'))).filter((name) => /KEY|SECRET|PASSWORD/.test(name)),
    ).toEqual([])
  })

  it('gives the process nothing that it does not need', () => {
    const asked = Object.fromEntries(unit.map(({ key, value }) => [key, value]))
    expect(asked).toMatchObject({
      User: 'ninka',
      UMask: '0077',
      StateDirectoryMode: '0700',
      NoNewPrivileges: 'yes',
      CapabilityBoundingSet: '',
      ProtectSystem: 'strict',
      ProtectHome: 'yes',
      PrivateTmp: 'yes',
      PrivateDevices: 'yes',
      RestrictNamespaces: 'yes',
      RestrictSUIDSGID: 'yes',
      RestrictAddressFamilies: 'AF_INET AF_INET6 AF_UNIX',
      LimitCORE: '0',
    })
    expect(all('SystemCallFilter')[0]).toBe('@system-service')
    // V8 would not start.
    expect(asked).not.toHaveProperty('MemoryDenyWriteExecute')
  })

  it('keeps what Node has compiled where nobody else may put code', () => {
    expect(environment.NODE_COMPILE_CACHE).toBe(`/var/cache/${one('CacheDirectory')}`)
    expect(one('CacheDirectoryMode')).toBe('0700')
  })

  it('tells Node and its allocator what npm start tells them', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const script of [scripts.start, scripts.demo]) {
      expect(script).toContain(` exec node ${environment.NODE_OPTIONS} src/bootstrap.js `)
      for (const name of ['MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_'])
        expect(script).toContain(`${name}=\${${name}:-${environment[name]}} `)
    }
    const toldV8 = execFileSync(
      process.execPath,
      ['-p', 'const { heap_size_limit: most } = v8.getHeapStatistics(); most'],
      { env: { NODE_OPTIONS: environment.NODE_OPTIONS } },
    )
    expect(Number(toldV8)).toBeLessThan(600 * 2 ** 20)
    expect(all('Environment').filter((text) => text.includes(' ') && !text.startsWith('"'))).toEqual([])
  })

  it('is started again when it dies, and never for ever', () => {
    expect(one('Restart')).toBe('on-failure')
    expect(Number(one('StartLimitBurst'))).toBeGreaterThan(1)
    expect(Number(one('StartLimitIntervalSec'))).toBeGreaterThan(
      Number(one('StartLimitBurst')) * Number(one('RestartSec')),
    )
  })

  it('has the time to answer everybody before it is killed, and the first process takes the others along', () => {
    const settings = readSettings({
      ...environment,
      ...assigned(read('ninka.env')),
      NINKA_MODE: 'production',
    })
    expect(one('KillSignal')).toBe('SIGTERM')
    expect(one('KillMode')).toBe('mixed')
    expect(seconds(Number(one('TimeoutStopSec')))).toBeGreaterThan(stopsWithin(settings.stopAfter) + 1000)
  })
})

describe('the operator’s command', () => {
  const script = read('ninka-command.sh')

  it('is a right script, and starts the command line as the service’s user with its settings', () => {
    execFileSync('sh', ['-n', join(root, 'deploy', 'ninka-command.sh')])
    expect(script).toContain(`--property=User=${one('User')} `)
    expect(script).toContain(`--property=EnvironmentFile=${one('EnvironmentFile')} `)
    expect(script).toContain(`--working-directory="\${NINKA_AT:-${one('WorkingDirectory')}}" `)
    expect(script).toContain(`--setenv=DATA_DIR=${environment.DATA_DIR} `)
    expect(existsSync(join(root, 'src/ninka.ts'))).toBe(true)
  })

  it('knows every secret that the service may have', () => {
    const known = Object.fromEntries(
      [...script.matchAll(/^secret (\w+) ([\w-]+)$/gm)].map(([, setting, file]) => [setting, file]),
    )
    expect(known).toMatchObject({ MASTER_KEY_FILE: 'master-key', BANK_KEY_FILE: 'bank-key' })
    const settings = { ...environment, ...assigned(read('ninka.env')), NINKA_MODE: 'production' }
    for (const setting of Object.keys(known))
      expect(() => readSettings({ ...settings, [setting]: {} as string }), setting).toThrow(`${setting}: `)
  })
})
