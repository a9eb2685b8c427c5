/** `ninka backup`: a copy of the embedded database while it is in use, and what a database that was put back needs before it serves. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { record } from '../../store/audit.ts'
import { createClients } from '../../store/clients.ts'
import { copySqlite } from '../../store/sqlite-copy.ts'
import { type Reconciled, reconcile } from '../reconcile.ts'
import { type Asked, changeOf, done, moment, type Noun, type Outcome, refused } from './command.ts'

export const backupCommands: Noun = {
  summary: 'copies the embedded database; closes and mends one that was put back',
  help: [
    'A database that was put back knows nothing of what happened after the backup: connections that',
    'were stopped since then would live again. Before any process starts on it, in this order:',
    '  1. backup restored    every fintech is suspended, so that nothing comes back to life',
    '  2. backup reconcile   what the log says was ended since then is ended again',
    '  3. start, look (doctor, audit verify), and clients resume for one fintech after the other',
    'All of it is told in docs/operations.md.',
  ],
  verbs: {
    make: {
      takes: ['<file>'],
      summary: 'a copy of the SQLite database as it is now, while the service runs',
      help: [
        'The copy is on the disk when the command says so, readable by its owner alone; a file that is',
        'there already is not touched. It is worth nothing without the master key file, which must be',
        'kept elsewhere, and it has personal data in it. For PostgreSQL use its own tools.',
      ],
      examples: ['backup make /backup/ninka-2026-11-25.db --reason "nightly"'],
      changes: true,
      run: make,
    },
    restored: {
      takes: [],
      summary: 'closes a database that was put back, before any process starts on it: suspends every fintech',
      help: ['Nothing of a suspended fintech works, and nothing of its connections is lost.'],
      examples: ['backup restored --reason "disk lost, backup of 03:00"'],
      changes: true,
      run: restored,
    },
    reconcile: {
      takes: ['<log>'],
      summary: 'ends again what the log says was ended after the backup; - reads it from the input',
      help: [
        'The log of every process since the backup, or of a longer time: JSON lines as the service wrote',
        'them, in any order of the processes. It can be done again; what has ended stays as it is. It names',
        'the connections that began since and are lost, and what the staff has to do again.',
      ],
      examples: ['backup reconcile ninka.log --reason "disk lost, backup of 03:00"'],
      changes: true,
      run: reconcileLog,
    },
  },
}

async function make(asked: Asked): Promise<Outcome> {
  const { db, settings, clock, words, wait } = asked
  const [file = ''] = words
  if (!settings.databaseUrl.startsWith('sqlite:'))
    return refused('this database is PostgreSQL: use pg_dump or pg_basebackup (docs/operations.md)')
  await record(db, clock(), null, { event: 'backup-made', ...changeOf(asked) })
  // The service seals the row, so that the copy ends with a whole chain.
  await wait()
  const bytes = await copySqlite(db, file)
  const end = await chainEnd(asked)
  return done(
    [
      `${file}: ${bytes} bytes, whole and on the disk; the audit in it ends with ${end}`,
      'Keep elsewhere, because it is not in it: the master key file, the institution file with its',
      'authorities, the staff file, and the logs from now on.',
    ],
    { file, bytes, end },
  )
}

async function restored(asked: Asked): Promise<Outcome> {
  const { db, clock } = asked
  const last = await db.selectFrom('audit').select('at').orderBy('seq', 'desc').executeTakeFirst()
  const clients = createClients({ db, clock })
  const suspended: string[] = []
  for (const { id } of await clients.list())
    if (await clients.suspend(id, changeOf(asked))) suspended.push(id)
  await record(db, clock(), null, {
    event: 'backup-restored',
    suspended: suspended.length,
    ...changeOf(asked),
  })
  const until = last ? moment(last.at) : null
  return done(
    [
      `suspended: ${suspended.join(', ') || 'nobody'}`,
      `This database knows nothing of what happened after ${until ?? 'its first day'}.`,
      'Next: backup reconcile <log>, with the log of every process from then on.',
    ],
    { suspended, until },
  )
}

async function reconcileLog(asked: Asked): Promise<Outcome> {
  const { db, clock, words } = asked
  const [file = ''] = words
  const input = file === '-' ? process.stdin : createReadStream(file)
  const found = await reconcile(asked, createInterface({ input }), `again after a restore: ${asked.note}`)
  const { consents, accounts, lost } = found
  await record(db, clock(), null, {
    event: 'backup-reconciled',
    consents: consents.length,
    accounts: accounts.length,
    lost: lost.length,
    ...changeOf(asked),
  })
  return done(told(found), found)
}

const told = ({ consents, accounts, lost, byHand }: Reconciled): string[] => [
  `ended again: ${consents.length} connections${listed(consents)}`,
  `stopped again: ${accounts.length} accounts${listed(accounts)}`,
  `begun after the backup and lost: ${lost.length}`,
  ...lost.map(({ number, client }) => `  ${number}  ${client}: its customer has to connect again`),
  `done by the staff after the backup, and to be done again: ${byHand.length}`,
  ...byHand.map(({ what, of, at }) => `  ${moment(at)}  ${what}  ${of}`),
]

const listed = (all: readonly string[]): string => (all.length > 0 ? `: ${all.join(', ')}` : '')

async function chainEnd({ db }: Asked): Promise<string> {
  const end = await db
    .selectFrom('audit_chain')
    .select(['position', 'hash'])
    .where('name', '=', 'end')
    .executeTakeFirst()
  return end ? `${end.position}:${end.hash}` : 'nothing'
}
