/** What all commands of the operator have in common: help, reasons, typing mistakes, and the version of the tables. */
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nouns } from '../../src/operator/commands/nouns.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { ask, operate } from '../support/operate.ts'

let bank: TestBank
beforeEach(async () => {
  bank = await startBank()
})
afterEach(() => bank.close())

describe('every command', () => {
  const verbs = Object.entries(nouns).flatMap(([noun, { verbs: its }]) =>
    Object.entries(its).map(([name, verb]) => ({ noun, name, verb })),
  )

  it('explains itself with an example that is typed rightly', async () => {
    for (const { noun, name, verb } of verbs) {
      const { status, out } = await operate(bank, noun, name, '--help')
      expect(status, `${noun} ${name}`).toBe(0)
      expect(out).toContain(verb.summary)
      for (const example of verb.examples) expect(example.startsWith(`${noun} ${name}`), example).toBe(true)
      if (verb.changes) for (const example of verb.examples) expect(example, example).toContain('--reason "')
    }
  })

  it('that changes something does nothing without a reason, and says how it is typed', async () => {
    for (const { noun, name, verb } of verbs.filter((one) => one.verb.changes)) {
      const words = verb.takes.map(() => 'x')
      for (const args of [words, [...words, '--reason', '  '], [...words, '--reason', 'a\u0007bcd']]) {
        const said = await operate(bank, noun, name, ...args)
        expect(said, `${noun} ${name}`).toMatchObject({ status: 2, out: '' })
        expect(said.err).toContain('it needs --reason')
      }
    }
    expect(await bank.db.selectFrom('audit').select('event').execute()).toEqual([])
  })

  it.each([
    [['nonsense']],
    [['clients']],
    [['clients', 'nonsense']],
    [['clients', 'show']],
    [['clients', 'show', 'a', 'b']],
    [['clients', 'list', '--nonsense']],
    [['clients', 'list', '--by', 'a b']],
    [['locks', 'show', 'nonsense', 'mihon01']],
    [['audit', 'export', '--from', 'yesterday', '--reason', 'inspection']],
    [['audit', 'verify', '--expect', '12']],
    [['keys', 'add', '--alg', 'RS256', '--reason', 'inspection']],
  ])('typed as %j ends with 2', async (args) => {
    expect((await operate(bank, ...args)).status).toBe(2)
  })
})

describe('migrate', () => {
  it('names nothing on a database of this version', async () => {
    expect(await ask(bank, 'migrate', 'show')).toEqual({ pending: [] })
    expect(await ask(bank, 'migrate', 'run')).toEqual({ applied: [] })
  })

  it('is asked for by every other command on an older one, and brings it up', async () => {
    await sql`delete from kysely_migration where name = '0013-what-is-over'`.execute(bank.db)
    await bank.db.schema.dropIndex('consents_over').execute()
    await expect(operate(bank, 'clients', 'list')).rejects.toThrow('migrate run')
    expect(await operate(bank, 'migrate', 'show')).toMatchObject({ status: 1 })
    expect(await ask(bank, 'migrate', 'run')).toEqual({ applied: ['0013-what-is-over'] })
    expect((await operate(bank, 'clients', 'list')).status).toBe(0)
  })
})
