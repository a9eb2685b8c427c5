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

describe('settings of processes', () => {
  const demo = { NINKA_MODE: 'demo' }

  it('are one process that stops at once, unless told', () => {
    expect(readSettings(demo)).toMatchObject({ processes: 1, stopAfter: 0 })
    expect(readSettings({ ...demo, STOP_AFTER_SECONDS: '7' }).stopAfter).toBe(7000)
  })

  it('allow several on PostgreSQL only', () => {
    const several = { ...demo, NINKA_PROCESSES: '4' }
    const wrong = 'NINKA_PROCESSES: more than one process needs PostgreSQL'
    expect(() => readSettings(several)).toThrow(wrong)
    expect(() => readSettings({ ...several, DATABASE_URL: 'sqlite:x' })).toThrow(wrong)
    expect(readSettings({ ...several, DATABASE_URL: 'postgres://db/ninka' }).processes).toBe(4)
    for (const NINKA_PROCESSES of ['0', '65', '1.5', 'all'])
      expect(() => readSettings({ ...demo, NINKA_PROCESSES })).toThrow('NINKA_PROCESSES')
  })
})

describe('settings of the figures', () => {
  const metricsOf = (more: Record<string, string>) => readSettings({ NINKA_MODE: 'demo', ...more }).metrics

  it('are this machine’s own address and the port five after ours, unless told otherwise', () => {
    expect(metricsOf({})).toEqual({ host: '127.0.0.1', port: 3005 })
    expect(metricsOf({ PORT: '8000', METRICS_HOST: '10.1.2.3' })).toEqual({ host: '10.1.2.3', port: 8005 })
    expect(metricsOf({ METRICS_PORT: '9100' })).toEqual({ host: '127.0.0.1', port: 9100 })
  })

  it('can say that nobody reads them', () => {
    expect(metricsOf({ METRICS_PORT: 'off' })).toBeUndefined()
    expect(() => metricsOf({ METRICS_PORT: 'none' })).toThrow('METRICS_PORT: must be a port, or off')
  })
})

describe('settings of the bank', () => {
  const files = { BANK_CERTIFICATE_FILE: 'c.pem', BANK_KEY_FILE: 'c.key' }

  it('are a gateway with what both sides know each other by', () => {
    const given = { BANK: 'https://gateway.bank.example', ...files, BANK_AUTHORITIES_FILE: 'ca.pem' }
    expect(readSettings({ NINKA_MODE: 'demo', ...given }).bank).toEqual({
      url: 'https://gateway.bank.example',
      certificateFile: 'c.pem',
      keyFile: 'c.key',
      authoritiesFile: 'ca.pem',
    })
  })

  it.each([
    ['a path', { BANK: 'https://gateway.bank.example/v1' }, 'BANK: '],
    ['plain http to another machine', { BANK: 'http://gateway.bank.example' }, 'BANK: '],
    [
      'a certificate without its key',
      { BANK: 'https://b.example', BANK_CERTIFICATE_FILE: 'c' },
      'BANK_KEY_FILE: ',
    ],
    [
      'a key without its certificate',
      { BANK: 'https://b.example', BANK_KEY_FILE: 'k' },
      'BANK_CERTIFICATE_FILE: ',
    ],
    ['files for the simulated bank', files, 'BANK_KEY_FILE: says nothing'],
    [
      'in production, a gateway that cannot know us',
      { NINKA_MODE: 'production', BANK: 'https://b.example' },
      'BANK_CERTIFICATE_FILE: ',
    ],
    [
      'in production, plain http on this machine',
      { NINKA_MODE: 'production', BANK: 'http://127.0.0.1:9' },
      'BANK: must start with https://',
    ],
  ])('refuse %s', (_what, given, says) => {
    expect(() => readSettings({ NINKA_MODE: 'demo', ...given })).toThrow(says)
  })
})

describe('settings of retention', () => {
  it('keep ten years of consents and audit unless told otherwise, and never less than two months', () => {
    expect(readSettings({ NINKA_MODE: 'demo' }).retention).toEqual({
      audit: 3653,
      consents: 3653,
      outbox: 400,
    })
    expect(() => readSettings({ NINKA_MODE: 'demo', RETENTION_AUDIT_DAYS: '59' })).toThrow(
      'RETENTION_AUDIT_DAYS',
    )
  })
})

describe('settings of certificates', () => {
  const behind = { NINKA_MODE: 'demo', PUBLIC_URL: 'https://login.bank.example' }
  const full = {
    ...behind,
    CERTIFICATE_URL: 'https://*.cert.bank.example',
    CERTIFICATE_FORMAT: 'nginx',
    TRUSTED_PROXIES: '10.0.0.0/8',
  }

  it('bring a TLS front of its own in a demo, and nothing in production', () => {
    expect(readSettings({ NINKA_MODE: 'demo', PORT: '4000' }).certificate).toEqual({
      url: 'https://*.cert.localhost:4002',
      port: 0,
      format: 'rfc9440',
      frontPort: 4002,
    })
  })

  it('name the origin, our listener behind it and the one format', () => {
    expect(readSettings(full).certificate).toEqual({
      url: 'https://*.cert.bank.example',
      port: 3002,
      format: 'nginx',
      frontPort: undefined,
    })
    expect(readSettings({ ...full, CERTIFICATE_PORT: '9000' }).certificate?.port).toBe(9000)
  })

  it.each([
    'https://*.login.bank.example',
    'https://login.bank.example:8443',
    'https://*.cert.bank.example:8443',
  ])('take %s, which is another origin', (url) => {
    expect(readSettings({ ...full, CERTIFICATE_URL: url }).certificate?.url).toBe(url)
  })

  it.each([
    ['no format', { CERTIFICATE_FORMAT: '' }, 'CERTIFICATE_FORMAT'],
    ['an unknown format', { CERTIFICATE_FORMAT: 'any' }, 'CERTIFICATE_FORMAT'],
    ['nobody who may forward', { TRUSTED_PROXIES: '' }, 'TRUSTED_PROXIES'],
    ['a format for nothing', { CERTIFICATE_URL: '' }, 'CERTIFICATE_FORMAT'],
    ['the main origin', { CERTIFICATE_URL: 'https://login.bank.example' }, 'another origin'],
    ['plain http', { CERTIFICATE_URL: 'http://cert.bank.example' }, 'CERTIFICATE_URL'],
    ['a path', { CERTIFICATE_URL: 'https://cert.bank.example/x' }, 'CERTIFICATE_URL'],
    ['a star in the middle', { CERTIFICATE_URL: 'https://cert.*.bank.example' }, 'CERTIFICATE_URL'],
    ['two stars', { CERTIFICATE_URL: 'https://*.*.bank.example' }, 'CERTIFICATE_URL'],
    [
      'a wildcard that covers the main origin',
      { CERTIFICATE_URL: 'https://*.bank.example' },
      'another origin',
    ],
    [
      'a port that browsers do not send',
      { CERTIFICATE_URL: 'https://cert.bank.example:443' },
      'shortest form',
    ],
    ['a port that there is not', { CERTIFICATE_URL: 'https://cert.bank.example:99999' }, 'CERTIFICATE_URL'],
  ])('refuse %s', (_what, change, says) => {
    expect(() => readSettings({ ...full, ...change })).toThrow(says)
  })
})

describe('certificates in the institution file', () => {
  const write = (certificates: unknown) => {
    const file = join(folder, 'institution.json')
    const demo = JSON.parse(readFileSync('src/demo/institution.json', 'utf8')) as object
    writeFileSync(file, JSON.stringify({ ...demo, certificates }))
    return () => readInstitution(file)
  }

  it('have paths beside the file, and refuse by default what cannot be checked', () => {
    const read = write({
      authorities: 'authorities.pem',
      revocation: { crl: { sources: ['list.crl', 'http://crl.bank.example/list.crl'] } },
    })
    expect(read().certificates).toMatchObject({
      authorities: join(folder, 'authorities.pem'),
      noticeDays: 30,
      revocation: {
        crl: {
          sources: [join(folder, 'list.crl'), 'http://crl.bank.example/list.crl'],
          whenUnknown: 'refuse',
          refreshMinutes: 60,
        },
      },
    })
  })

  it('are refused without any way to learn of a revocation', () => {
    expect(write({ authorities: 'a.pem', revocation: {} })).toThrow('stolen certificates would count')
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

  it.each([
    ['a calendar', { calender: { maintenance: [] } }, /^Unrecognized key: "calender"/m],
    ['a day of the week', { calendar: { open: { mon: ['09:00-15:00'] } } }, /^calendar\.open: .*"mon"/m],
    ['a rule', { rules: { lookbackMonths: 13 } }, /^rules: Unrecognized key: "lookbackMonths"/m],
    ['a weight', { rules: { risk: { weights: { newdevice: 0 } } } }, /^rules\.risk\.weights: .*"newdevice"/m],
  ])('names %s that is misspelt, which would otherwise count as left out', (_what, slip, says) => {
    const file = join(folder, 'institution.json')
    const full = JSON.parse(readFileSync('src/demo/institution.json', 'utf8')) as { rules: object }
    const rules = { ...full.rules, ...(slip as { rules?: object }).rules }
    writeFileSync(file, JSON.stringify({ ...full, ...slip, rules }))
    expect(() => readInstitution(file)).toThrow(says)
  })
})

describe('settings of the desk', () => {
  const production = {
    NINKA_MODE: 'production',
    PUBLIC_URL: 'https://login.bank.example',
    DATABASE_URL: 'postgres://db/ninka',
    MASTER_KEY_FILE: 'k',
    INSTITUTION_FILE: 'i',
    BANK: 'https://core.example',
    BANK_CERTIFICATE_FILE: 'c',
    BANK_KEY_FILE: 'k',
    TRUSTED_PROXIES: '10.0.0.0/8',
  }
  const full = {
    ...production,
    OPERATOR_URL: 'https://desk.bank.example',
    STAFF_FILE: '/etc/ninka/staff.json',
    CERTIFICATE_FORMAT: 'rfc9440',
  }

  it('bring invented staff in a demo, and no desk in production unless asked for', () => {
    expect(readSettings({ NINKA_MODE: 'demo', PORT: '4000' }).operator).toEqual({
      url: 'http://127.0.0.1:4004',
      port: 4004,
      staff: undefined,
    })
    expect(readSettings(production).operator).toBeUndefined()
  })

  it('name its origin, its listener and its staff', () => {
    expect(readSettings(full).operator).toEqual({
      url: 'https://desk.bank.example',
      port: 3004,
      staff: { file: '/etc/ninka/staff.json', format: 'rfc9440' },
    })
  })

  it.each([
    ['no list of the staff', { STAFF_FILE: '' }, 'STAFF_FILE: must name'],
    ['no format', { CERTIFICATE_FORMAT: '' }, 'CERTIFICATE_FORMAT: must be one of'],
    ['no proxies', { TRUSTED_PROXIES: '' }, 'TRUSTED_PROXIES: must name the proxies that forward'],
    ['plain http', { OPERATOR_URL: 'http://desk.bank.example' }, 'OPERATOR_URL: must start with https'],
    ['the customers’ origin', { OPERATOR_URL: 'https://login.bank.example' }, 'must be another origin'],
    [
      'a host of the certificate origin',
      { CERTIFICATE_URL: 'https://*.bank.example' },
      'OPERATOR_URL: must be another origin',
    ],
    ['a list without an origin', { OPERATOR_URL: '' }, 'STAFF_FILE: says nothing'],
  ])('are refused with %s', (_what, changed, told) => {
    expect(() => readSettings({ ...full, ...changed })).toThrow(told)
  })
})

describe('settings of notices', () => {
  const demo = { NINKA_MODE: 'demo' }
  const both = { NOTICES_URL: 'https://mail.bank.example/notices', NOTICES_SECRET_FILE: 'mail-secret' }

  it('belong together, and are off without either', () => {
    expect(readSettings(demo).notices).toBeUndefined()
    expect(readSettings({ ...demo, ...both }).notices).toEqual({
      url: 'https://mail.bank.example/notices',
      secretFile: 'mail-secret',
    })
    for (const name of Object.keys(both))
      expect(() => readSettings({ ...demo, ...both, [name]: '' })).toThrow('NOTICES_SECRET_FILE')
  })

  it('send names and a secret over TLS only, or to this machine', () => {
    for (const url of ['http://mail.bank.example/', 'http://10.0.0.1/', 'ftp://mail.bank.example/', 'mail'])
      expect(() => readSettings({ ...demo, ...both, NOTICES_URL: url })).toThrow('NOTICES_URL')
    expect(readSettings({ ...demo, ...both, NOTICES_URL: 'http://127.0.0.1:8025/' }).notices?.url).toBe(
      'http://127.0.0.1:8025/',
    )
  })
})
