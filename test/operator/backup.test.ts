/** A copy of the embedded database while it is in use; and one that was put back, on which nothing may come to life again. */
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { ask, operate } from '../support/operate.ts'
import { openFintech } from '../support/fintech.ts'
import { connect, consentsOf } from '../support/walk.ts'

const why = ['--reason', 'disk lost']
const folder = mkdtempSync(join(tmpdir(), 'ninka-backup-'))
const copy = join(folder, 'copy.db')
const log = join(folder, 'log')
const masterKey = randomBytes(32)
let bank: TestBank
let kept: Awaited<ReturnType<typeof connect>>
let stopped: Awaited<ReturnType<typeof connect>>
let lost: Awaited<ReturnType<typeof connect>>
let numbers: { readonly kept: string; readonly stopped: string; readonly lost: string }

const startOn = (file: string) =>
  startBank({ databaseUrl: `sqlite:${file}`, masterKey, environment: { DATABASE_URL: `sqlite:${file}` } })

beforeAll(async () => {
  bank = await startOn(join(folder, 'ninka.db'))
  stopped = await connect(bank, 'mihon02')
  kept = await connect(bank, 'mihon06')
  await operate(bank, 'clients', 'suspend', 'demo-kaikei', ...why)
  await operate(bank, 'clients', 'resume', 'demo-kaikei', ...why)
  await bank.sealer.seal()
  await operate(bank, 'backup', 'make', copy, ...why)
  lost = await connect(bank, 'mihon12')
  const [first, second, third] = (await consentsOf(bank)).map(({ number }) => number)
  numbers = { stopped: first ?? '', kept: second ?? '', lost: third ?? '' }
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('backup make', () => {
  it('copies what is there at that moment, for its owner alone, and says where the audit in it ends', async () => {
    const file = join(folder, 'again.db')
    const { end } = (await ask(bank, 'backup', 'make', file, ...why)) as { end: string }
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(existsSync(`${file}.part`)).toBe(false)
    expect(end).toMatch(/^\d+:[\w-]{43}$/)
    const restored = await startOn(file)
    expect(await consentsOf(restored)).toEqual(await consentsOf(bank))
    await restored.sealer.seal()
    expect(await ask(restored, 'audit', 'verify', '--expect', end)).toMatchObject({ whole: true })
    await restored.close()
  })

  it('is not changed by what comes later', async () => {
    expect(await bank.db.selectFrom('consents').select('id').execute()).toHaveLength(3)
    const restored = await startOn(duplicate())
    expect(await restored.db.selectFrom('consents').select('id').execute()).toHaveLength(2)
    await restored.close()
  })

  it('touches no file that is there already, and leaves nothing behind where it cannot write', async () => {
    const precious = join(folder, 'precious')
    writeFileSync(precious, 'precious')
    await expect(operate(bank, 'backup', 'make', precious, ...why)).rejects.toThrow('there is a file')
    expect(statSync(precious).size).toBe(8)
    expect(existsSync(`${precious}.part`)).toBe(false)
    await expect(operate(bank, 'backup', 'make', join(folder, 'no', 'x.db'), ...why)).rejects.toThrow(
      'ENOENT',
    )
  })

  it('leaves PostgreSQL to its own tools', async () => {
    const settings = { ...bank.settings, databaseUrl: 'postgres://ninka@db.example/ninka' }
    const said = await operate({ ...bank, settings }, 'backup', 'make', join(folder, 'pg'), ...why)
    expect(said).toMatchObject({ status: 1, err: expect.stringContaining('pg_dump') })
    expect(existsSync(join(folder, 'pg'))).toBe(false)
  })
})

describe('a backup from before a stop, put back', () => {
  let restored: TestBank
  beforeAll(async () => {
    const [account = ''] = await accountsOf(bank, numbers.kept)
    await operate(bank, 'consents', 'stop', numbers.stopped, ...why)
    await operate(bank, 'consents', 'stop-account', numbers.kept, account, ...why)
    await operate(bank, 'clients', 'rotate-secret', 'demo-kaikei', '--overlap', '0', ...why)
    await bank.sealer.seal()
    writeFileSync(log, ['not a line of ours', ...bank.logged, '{"event":"audit-echo","wh'].join('\n'))
    expect((await stopped.fintech.refresh(stopped.refresh)).status).toBe(400)
    await bank.close()
  })
  afterEach(() => restored.close())

  it('brings the stopped connection back to life: this is what the procedure is for', async () => {
    restored = await startOn(duplicate())
    expect(await refreshed(restored, stopped)).toBe(200)
  })

  it('is closed to every fintech by `backup restored`, and knows until when it is right', async () => {
    restored = await startOn(duplicate())
    const { suspended, until } = (await ask(restored, 'backup', 'restored', ...why)) as Record<
      string,
      unknown
    >
    expect(suspended).toEqual(['demo-kaikei', 'demo-kakeibo'])
    expect(Date.parse(String(until))).toBeLessThanOrEqual(Date.now())
    expect(await refreshed(restored, stopped)).toBe(401)
    expect(await refreshed(restored, kept)).toBe(401)
  })

  it('gets the ends back from the log, names what is lost, and goes on for everybody else', async () => {
    restored = await startOn(duplicate())
    await operate(restored, 'backup', 'restored', ...why)
    const before = await accountsOf(restored, numbers.kept)
    const said = (await ask(restored, 'backup', 'reconcile', log, ...why)) as {
      byHand: { what: string; of: string }[]
    }
    expect(said).toMatchObject({
      consents: [numbers.stopped],
      accounts: [`${numbers.kept} ${before[0]}`],
      lost: [{ number: numbers.lost, client: 'demo-kakeibo' }],
    })
    expect(said.byHand.map(({ what, of }) => [what, of])).toEqual([['client-secret-rotated', 'demo-kaikei']])
    await operate(restored, 'clients', 'resume', 'demo-kakeibo', ...why)
    expect(await refreshed(restored, stopped)).toBe(400)
    expect(await refreshed(restored, lost)).toBe(400)
    expect(await refreshed(restored, kept)).toBe(200)
    expect(await accountsOf(restored, numbers.kept)).toEqual(before.slice(1))
    const row = (await consentsOf(restored)).find(({ number }) => number === numbers.stopped)
    expect(row).toMatchObject({ status: 'stopped', ended_by: 'staff:yamada', ended_reason: 'bank-decision' })
    await restored.sealer.seal()
    expect((await operate(restored, 'audit', 'verify')).status).toBe(0)
  })

  it('is mended once: a second time finds nothing, and a log that is not there is said', async () => {
    restored = await startOn(duplicate())
    await operate(restored, 'backup', 'reconcile', log, ...why)
    const again = await ask(restored, 'backup', 'reconcile', log, ...why)
    expect(again).toMatchObject({ consents: [], accounts: [] })
    await expect(operate(restored, 'backup', 'reconcile', join(folder, 'no'), ...why)).rejects.toThrow(
      'ENOENT',
    )
  })
})

describe('the lines that the log has for it', () => {
  it('name no customer and nothing that he typed', () => {
    const lines = bank.logged.filter((line) => line.includes('"audit-echo"'))
    expect(lines.length).toBeGreaterThan(5)
    for (const line of lines) expect(line).not.toMatch(/"customer"|"note"|mihon/)
  })
})

let copies = 0
function duplicate(): string {
  copies += 1
  const file = join(folder, `restored-${copies}.db`)
  copyFileSync(copy, file)
  return file
}

async function refreshed(at: TestBank, { refresh }: { readonly refresh: string }): Promise<number> {
  return (await openFintech(at).refresh(refresh)).status
}

async function accountsOf(at: TestBank, number: string): Promise<readonly string[]> {
  const { accounts } = (await ask(at, 'consents', 'show', number)) as { accounts: string[] }
  return accounts
}
