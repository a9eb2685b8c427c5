/** `ninka audit`: proves that nobody changed the audit, finds in it, and hands it out. */
import { auditKeyOf } from '../../store/audit-chain.ts'
import type { Place } from '../../store/audit-chain.ts'
import { type AuditEntry, type AuditFilter, readAudit } from '../../store/audit-read.ts'
import { walkAudit } from '../../store/audit-walk.ts'
import { record } from '../../store/audit.ts'
import { type Asked, moment, type Noun, type Outcome, refused, UsageError } from './command.ts'

const span = {
  from: { type: 'string' },
  to: { type: 'string' },
} as const

const spanHelp = {
  '--from <time>': 'such as 2026-11-22 (in Japan) or 2026-11-22T09:00:00Z; included',
  '--to <time>': 'not included',
}

export const auditCommands: Noun = {
  summary: 'everything that happened, sealed: verified, searched, exported',
  verbs: {
    verify: {
      takes: [],
      summary: 'walks the whole chain and names what was changed, removed, moved or put in; ends with 1 then',
      help: [
        'The end of the chain is in the log, too, once an hour (event audit-sealed): with --expect it proves',
        'that nobody has put back the whole database, either.',
      ],
      options: { expect: { type: 'string' } },
      optionHelp: { '--expect <position>:<hash>': 'a place of the chain that was noted elsewhere' },
      examples: ['audit verify', 'audit verify --expect 81205:kW2… --json'],
      run: verify,
    },
    search: {
      takes: [],
      summary: 'the entries that match everything that is given, the oldest first',
      options: {
        ...span,
        event: { type: 'string' },
        journey: { type: 'string' },
        customer: { type: 'string' },
        client: { type: 'string' },
        consent: { type: 'string' },
        limit: { type: 'string' },
      },
      optionHelp: {
        ...spanHelp,
        '--event <name>': 'such as consent-ended',
        '--journey <受付番号>': 'one journey of a customer',
        '--customer <id>': 'the bank’s id of a customer',
        '--client <id>': 'a fintech',
        '--consent <id>': 'a consent',
        '--limit <n>': 'at most so many; 100 unless told',
      },
      examples: ['audit search --journey 7Q2M-K4TD', 'audit search --event locked --from 2026-11-22'],
      run: search,
    },
    export: {
      takes: [],
      summary:
        'every entry of a time as JSON lines, with its place in the chain; the export itself is recorded',
      options: span,
      optionHelp: spanHelp,
      examples: [
        'audit export --from 2026-10-01 --to 2026-11-01 --reason "yearly inspection" > october.jsonl',
      ],
      changes: true,
      run: exportRows,
    },
  },
}

async function verify(asked: Asked): Promise<Outcome> {
  const { db, secrets, wait } = asked
  const expected = readPlace(asked.text('expect'))
  const key = await auditKeyOf({ db, secrets: secrets() })
  const { rows, end, problems, more, unsealed } = await walkAudit({ db, key, wait }, expected)
  const age = unsealed && Math.max(0, Math.round((asked.clock() - unsealed.oldestAt) / 1000))
  const says = [
    ...problems.map((problem) => problem.says),
    ...(more > 0 ? [`and ${more} more that are not right`] : []),
    ...(unsealed
      ? [
          `${unsealed.rows} rows are not sealed, the oldest for ${age} s: does the service run, and can it write?`,
        ]
      : []),
  ]
  const whole = says.length === 0
  const last = end ? [`it ends with ${end.position}:${end.hash}`] : []
  return {
    ok: whole,
    says: whole ? [`${rows} rows, chain whole`, ...last] : [...says, `${rows} rows, chain not whole`],
    data: {
      whole,
      rows,
      end: end ?? null,
      problems,
      more,
      unsealed: unsealed ? { rows: unsealed.rows, oldestAt: moment(unsealed.oldestAt) } : null,
    },
  }
}

async function search(asked: Asked): Promise<Outcome> {
  const { db, clock, by, text } = asked
  const limit = Number(text('limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit is a number')
  const named = ['event', 'journey', 'customer', 'client', 'consent'] as const
  const filter = { ...spanOf(asked), ...Object.fromEntries(named.map((name) => [name, text(name)])) }
  const found: AuditEntry[] = []
  for await (const entry of readAudit(db, filter)) {
    if (found.length === limit) break
    found.push(entry)
  }
  await record(db, clock(), null, {
    event: 'staff-looked',
    by,
    what: 'audit search',
    customer: text('customer') ?? null,
    consent: text('consent') ?? null,
  })
  if (found.length === 0) return refused('nothing found', [])
  const line = ({ at, seq, event, journey, payload }: AuditEntry) =>
    [at, seq, event, journey ?? '-', JSON.stringify(payload)].join('  ')
  return { ok: true, says: found.map(line), data: found }
}

async function exportRows(asked: Asked): Promise<Outcome> {
  const { db, clock, by, note } = asked
  let rows = 0
  const says: string[] = []
  async function* lines(): AsyncGenerator<string> {
    for await (const entry of readAudit(db, spanOf(asked))) {
      rows += 1
      yield JSON.stringify(entry)
    }
    await record(db, clock(), null, { event: 'audit-exported', by, rows, note })
    says.push(`${rows} rows`)
  }
  return { ok: true, says, stream: lines() }
}

function spanOf({ text }: Asked): Pick<AuditFilter, 'from' | 'to'> {
  return { from: readTime(text('from'), '--from'), to: readTime(text('to'), '--to') }
}

/** A bare day is one in Japan, as everywhere on the bank's screens. */
export function readTime(given: string | undefined, option: string): number | undefined {
  if (given === undefined) return undefined
  const at = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(given) ? `${given}T00:00:00+09:00` : given)
  if (Number.isNaN(at)) throw new UsageError(`${option} is a time such as 2026-11-22 or 2026-11-22T09:00:00Z`)
  return at
}

function readPlace(given: string | undefined): Place | undefined {
  if (given === undefined) return undefined
  const [, position, hash] = /^(\d{1,15}):([\w-]+)$/.exec(given) ?? []
  if (!position || !hash) throw new UsageError('--expect is <position>:<hash>')
  return { position: Number(position), hash }
}
