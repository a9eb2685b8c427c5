/** The program as the operator runs it: settings from the environment, answers on the right stream, exit status. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { commonRegistration } from '../support/strict-fintech.ts'
import { connect } from '../support/walk.ts'

let bank: TestBank
let environment: Record<string, string>
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ninka-command-'))
  const masterKey = randomBytes(32)
  environment = {
    NINKA_MODE: 'demo',
    DATABASE_URL: `sqlite:${join(folder, 'ninka.db')}`,
    MASTER_KEY_FILE: join(folder, 'master.key'),
    DATA_DIR: folder,
  }
  writeFileSync(environment.MASTER_KEY_FILE ?? '', `${masterKey.toString('base64')}\n`)
  bank = await startBank({ databaseUrl: environment.DATABASE_URL ?? '', masterKey })
})
afterAll(() => bank.close())

type Said = { readonly status: number; readonly out: string; readonly err: string }

const ninka = (args: readonly string[], changes: Record<string, string> = {}, input = ''): Promise<Said> =>
  new Promise((done) => {
    const { PATH = '', HOME = '' } = process.env
    const { stdin } = execFile(
      process.execPath,
      ['src/ninka.ts', ...args],
      { env: { PATH, HOME, ...environment, ...changes } },
      (error, out, err) => done({ status: Number(error?.code ?? 0), out, err }),
    )
    stdin?.end(input)
  })

// Each command is a process of its own, and a busy machine takes seconds to start one.
describe('ninka', { timeout: 90_000 }, () => {
  it('without a word, and asked for help, lists what it can do', async () => {
    for (const args of [[], ['help'], ['--help']]) {
      const { status, out } = await ninka(args)
      expect(status).toBe(0)
      for (const noun of ['clients', 'consents', 'locks', 'keys', 'audit', 'migrate', 'doctor'])
        expect(out).toContain(`  ${noun} `)
    }
    expect((await ninka(['help', 'clients'])).out).toContain('$ npm run ninka -- clients suspend')
  })

  it('stops a customer’s connection while the service runs, and the audit is whole afterwards', async () => {
    const { fintech, refresh } = await connect(bank, 'mihon02')
    const { out } = await ninka(['consents', 'find', 'demo-kakeibo', '--json', '--by', 'sato'])
    const [{ number } = { number: '' }] = JSON.parse(out) as { number: string }[]
    const stopped = await ninka(['consents', 'stop', number, '--reason', 'lost phone', '--by', 'sato'])
    expect(stopped).toEqual({ status: 0, out: `${number} is stopped\n`, err: '' })
    expect((await fintech.refresh(refresh)).body.error).toBe('invalid_grant')
    await bank.sealer.seal()
    const verified = await ninka(['audit', 'verify'])
    expect(verified).toMatchObject({ status: 0, err: '', out: expect.stringContaining('chain whole') })
    const found = await ninka(['audit', 'search', '--event', 'consent-ended', '--by', 'sato'])
    expect(found.out).toContain('"by":"staff:sato"')
  })

  it('takes a registration from its input, and refuses one with a word that means nothing', async () => {
    const add = (registration: object) =>
      ninka(
        ['clients', 'add', '--file', '-', '--reason', 'test', '--by', 'sato'],
        {},
        JSON.stringify(registration),
      )
    const books = { ...commonRegistration, id: 'books', authentication: { method: 'client_secret_basic' } }
    const slip = await add({ ...books, eventUrl: 'https://strict.example/events' })
    expect(slip).toMatchObject({ status: 2, out: '', err: expect.stringContaining('eventUrl') })
    const added = await add(books)
    expect(added).toMatchObject({ status: 0, err: '', out: expect.stringContaining('books: registered') })
  })

  it('exports the audit as JSON lines', async () => {
    const { status, out, err } = await ninka(['audit', 'export', '--reason', 'inspection', '--by', 'sato'])
    expect(status).toBe(0)
    const rows = out
      .trim()
      .split('\n')
      .map((one) => (JSON.parse(one) as { seq: number }).seq)
    expect(rows).toEqual(rows.toSorted((a, b) => a - b))
    expect(err).toBe(`${rows.length} rows\n`)
  })

  it('ends with 2 when it cannot start, and says why in one line', async () => {
    const nowhere = await ninka(['clients', 'list'], { DATABASE_URL: 'sqlite:/nowhere/ninka.db' })
    expect(nowhere).toEqual({
      status: 2,
      out: '',
      err: 'ninka: DATABASE_URL: there is no file /nowhere/ninka.db\n',
    })
    const keyless = await ninka(['audit', 'verify'], { MASTER_KEY_FILE: '/nowhere/master.key' })
    expect(keyless).toMatchObject({
      status: 2,
      err: expect.stringContaining('only with the key that it was sealed under'),
    })
    expect((await ninka(['clients', 'nonsense'])).status).toBe(2)
  })
})
