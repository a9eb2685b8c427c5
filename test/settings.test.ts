/** Settings and institution file: wrong entries are all named at once, and production refuses what only a demo may do. */
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readInstitution } from '../src/institution.ts'
import { createSecrets, readMasterKeys } from '../src/secrets.ts'
import { readSettings } from '../src/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'ninka-settings-'))

describe('settings', () => {
  it('have defaults for a demo', () => {
    expect(readSettings({ NINKA_MODE: 'demo' })).toMatchObject({
      publicUrl: 'http://localhost:3000',
      fintechUrl: 'http://127.0.0.1:3001',
      bank: 'simulator',
    })
  })

  it('name every wrong one at once', () => {
    expect(() =>
      readSettings({ NINKA_MODE: 'demo', PORT: 'many', PUBLIC_URL: 'ftp://x', DATABASE_URL: 'mysql://x' }),
    ).toThrow(/PORT.*\n.*PUBLIC_URL.*\n.*DATABASE_URL/s)
  })

  it('refuse demo defaults in production, all at once', () => {
    const refuse = () => readSettings({ NINKA_MODE: 'production' })
    for (const name of ['PUBLIC_URL', 'MASTER_KEY_FILE', 'INSTITUTION_FILE', 'BANK', 'DATABASE_URL'])
      expect(refuse).toThrow(name)
    expect(() =>
      readSettings({
        NINKA_MODE: 'production',
        PUBLIC_URL: 'http://bank.example',
        MASTER_KEY_FILE: 'k',
        INSTITUTION_FILE: 'i',
        BANK: 'https://core.example',
        DATABASE_URL: 'sqlite:x',
      }),
    ).toThrow(/PUBLIC_URL: must be set and start with https/)
  })

  it('take an origin, not an address, as PUBLIC_URL', () => {
    expect(() => readSettings({ NINKA_MODE: 'demo', PUBLIC_URL: 'https://bank.example/login' })).toThrow(
      'PUBLIC_URL',
    )
  })
})

describe('the master key file', () => {
  it('is made once, for its owner only, and read again', () => {
    const file = join(folder, 'new', 'master.key')
    const made = readMasterKeys(file, { create: true })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readMasterKeys(file, { create: true })).toEqual(made)
  })

  it('is not made in production, and a short key is refused', () => {
    expect(() => readMasterKeys(join(folder, 'none.key'), { create: false })).toThrow()
    writeFileSync(join(folder, 'short.key'), Buffer.from('short').toString('base64'))
    expect(() => readMasterKeys(join(folder, 'short.key'), { create: false })).toThrow('32 bytes')
  })

  it('may list older keys: they still open, the newest seals', () => {
    const [older, newer] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    const before = createSecrets([older]).seal('text', 'purpose')
    const rotated = createSecrets([newer, older])
    expect(rotated.open(before, 'purpose')).toBe('text')
    expect(createSecrets([older]).open(rotated.seal('text', 'purpose'), 'purpose')).toBeUndefined()
    expect(rotated.open(before, 'another purpose')).toBeUndefined()
    expect(rotated.open(`${before.slice(0, -2)}AA`, 'purpose')).toBeUndefined()
    expect(rotated.open('', 'purpose')).toBeUndefined()
  })
})

describe('the institution file', () => {
  it('names everything that is missing', () => {
    const file = join(folder, 'institution.json')
    const full = JSON.parse(
      readFileSync(join(import.meta.dirname, '../src/demo/institution.json'), 'utf8'),
    ) as Record<string, unknown>
    writeFileSync(file, JSON.stringify({ ...full, phone: undefined, links: {} }))
    expect(() => readInstitution(file)).toThrow(/phone.*\n.*links\.terms/s)
  })
})
