/** On SQLite, writes that may be lost in a power cut: everything else still waits for the disk. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { mayBeLost, openSqlite } from '../../src/store/sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'ninka-light-'))
const db = openSqlite(join(folder, 'light.db'))
afterAll(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

it('the first of them may come within a transaction, and leaves the connection as durable as before', () => {
  db.run('create table notes (name text)', [])
  const note = (name: string) => db.run(`${mayBeLost} insert into notes values (?)`, [name])
  db.run('begin immediate', [])
  note('within')
  db.run('commit', [])
  note('alone')
  expect(db.run('select count(*) as n from notes', []).rows).toEqual([{ n: 2 }])
  expect(db.run('pragma synchronous', []).rows).toEqual([{ synchronous: 2 }])
})
