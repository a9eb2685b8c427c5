/** `ninka errors`: why a fintech was refused, by the number that its developer reads out. */
import { type Explained, explained } from '../../explain/refusals.ts'
import { readErrorId } from '../../explain/numbers.ts'
import { findRefusal, listRefusals } from '../../store/refusals.ts'
import { done, type Noun, refused, table, UsageError } from './command.ts'

const most = 200

export const errorCommands: Noun = {
  summary: 'why a fintech was refused, by the number in its error',
  help: [
    'Kept for 30 days, the newest of each client; never with a secret, a token or whose customer it was.',
    'A number that is not here is in the log, as "id".',
  ],
  verbs: {
    show: {
      takes: ['<id>'],
      summary: 'which parameter, which rule, where it is written, what to do',
      examples: ['errors show 7F3K-9QXM'],
      async run({ db, words: [id = ''] }) {
        const found = await findRefusal(db, readErrorId(id), undefined)
        if (!found) return refused(`there is no error ${id}`)
        const told = { client: found.client_id, proven: found.proven === 1, ...explained(found) }
        const lines = Object.entries(told).filter(([, value]) => value !== null)
        return done(table(lines.map(([name, value]) => [name, String(value)])), told)
      },
    },
    list: {
      takes: [],
      summary: `the newest ${most} of a client; ends with 1 when there is none`,
      options: { client: { type: 'string' } },
      optionHelp: { '--client <id>': 'whose; needed' },
      examples: ['errors list --client demo-kakeibo'],
      async run({ db, text }) {
        const client = text('client')
        if (client === undefined) throw new UsageError('it needs --client <id>')
        const found = (await listRefusals(db, client, most)).map(explained)
        if (found.length === 0) return refused(`${client} had no error`, [])
        return done(table(found.map(line)), found)
      },
    },
  },
}

const line = ({ id, at, endpoint, error, parameter, description }: Explained): string[] => [
  id,
  at,
  endpoint,
  error,
  parameter ?? '',
  description ?? '',
]
