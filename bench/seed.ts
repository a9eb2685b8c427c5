/**
 * Many live consents with their refresh tokens, written straight into the tables: copies of one that a real journey left,
 * with names as random as real ones, so that each of the copied tokens works.
 */
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { sha256 } from '../src/secrets.ts'

/** The n-th seeded refresh token, as its fintech has it. */
export const seededToken = (n: number): string => sha256(`seeded token ${n}`)

type Row = Record<string, string | number | null>
export type Template = { readonly consent: Row; readonly record: Row }

/** What differs from copy to copy, in SQL of either database; `n` is a number. The check of standing was just made. */
const changesOf = (hash: (text: string) => string, now: number) => ({
  consent: {
    id: hash("'seeded consent ' || n"),
    number: "'SEEDED-' || n",
    arrangement_id: hash("'seeded arrangement ' || n"),
    customer_id: "'c-seeded-' || n",
    journey_hash: hash("'seeded journey ' || n"),
    checked_at: String(now),
  },
  record: {
    id_hash: hash(hash("'seeded token ' || n")),
    grant_id: hash("'seeded consent ' || n"),
  },
})

const findTemplate = `
  select c.*, e.model, e.id_hash, e.payload, e.grant_id, e.consumed_at, e.expires_at
  from consents c join engine_records e on e.grant_id = c.id and e.model = 'RefreshToken'
  where c.status = 'active' limit 1`

/** @param databaseUrl where a journey was walked */
export async function templateOf(databaseUrl: string): Promise<Template> {
  const row = databaseUrl.startsWith('sqlite:')
    ? firstOfSqlite(databaseUrl)
    : await firstOfPostgres(databaseUrl)
  if (!row) throw new Error('no journey left a consent and a refresh token to copy')
  const ofRecord = new Set(['model', 'id_hash', 'payload', 'grant_id', 'consumed_at', 'expires_at'])
  const part = (isOfRecord: boolean) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => ofRecord.has(name) === isOfRecord))
  return { consent: part(false), record: part(true) }
}

function firstOfSqlite(databaseUrl: string): Row | undefined {
  const db = new DatabaseSync(fileOf(databaseUrl))
  const row = db.prepare(findTemplate).get() as Row | undefined
  db.close()
  return row
}

async function firstOfPostgres(databaseUrl: string): Promise<Row | undefined> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query<Row>(findTemplate)
  await client.end()
  return rows[0]
}

/** Bytes of the whole database, indexes included. */
export async function sizeOf(databaseUrl: string): Promise<number> {
  if (databaseUrl.startsWith('sqlite:')) {
    const db = new DatabaseSync(fileOf(databaseUrl))
    const size = db
      .prepare('select page_count * page_size as size from pragma_page_count, pragma_page_size')
      .get()
    db.close()
    return Number(size?.size)
  }
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query<{ size: string }>('select pg_database_size(current_database()) as size')
  await client.end()
  return Number(rows[0]?.size)
}

const fileOf = (databaseUrl: string): string => databaseUrl.slice('sqlite:'.length)

export async function seedConsents(databaseUrl: string, template: Template, count: number): Promise<void> {
  if (databaseUrl.startsWith('sqlite:')) seedSqlite(fileOf(databaseUrl), template, count)
  else await seedPostgres(databaseUrl, template, count)
}

function seedSqlite(file: string, template: Template, count: number): void {
  const db = new DatabaseSync(file)
  db.function('sha', { deterministic: true }, (text) => sha256(String(text)))
  db.exec('pragma busy_timeout = 5000')
  // A large cache, and no waiting for the disk: this is preparation and is not measured.
  db.exec('pragma cache_size = -400000; pragma synchronous = off; begin')
  for (const sql of insertsOf(template, (text) => `sha(${text})`)) {
    const numbers = 'with recursive s(n) as (select 0 union all select n + 1 from s where n + 1 < ?)'
    db.prepare(`${sql.into} ${numbers} select ${sql.values} from s`).run(count, ...sql.copied)
  }
  db.exec('commit; analyze; pragma wal_checkpoint(truncate)')
  db.close()
}

async function seedPostgres(url: string, template: Template, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const hash = (text: string) =>
    `translate(encode(sha256(convert_to(${text}, 'UTF8')), 'base64'), '+/=', '-_')`
  for (const { into, values, copied } of insertsOf(template, hash)) {
    let place = 0
    const numbered = values.replaceAll('?', () => `$${(place += 1)}`)
    await client.query(`${into} select ${numbered} from generate_series(0, ${count - 1}) as n`, [...copied])
  }
  await client.query('analyze')
  await client.query('checkpoint')
  await client.end()
}

/** For each table: the statement's two halves, and what goes into its question marks. */
function insertsOf(template: Template, hash: (text: string) => string) {
  const changes = changesOf(hash, Date.now())
  // The token names its grant and its customer in what the engine keeps, too.
  const { grant_id: grant, payload } = template.record
  const names = [
    [`"${String(grant)}"`, changes.record.grant_id],
    [`"${String(template.consent.customer_id)}"`, changes.consent.customer_id],
  ] as const
  const written = names.reduce(
    (text, [from, to]) => `replace(${text}, ${literal(from)}, '"' || ${to} || '"')`,
    literal(String(payload)),
  )
  const record = { ...changes.record, payload: written }
  return [
    insertInto('consents', template.consent, changes.consent),
    insertInto('engine_records', template.record, record),
  ]
}

function insertInto(table: string, template: Row, changes: Readonly<Record<string, string>>) {
  const columns = Object.keys(template)
  const isCopied = (name: string) => !(name in changes) && template[name] !== null
  return {
    into: `insert into ${table} (${columns.join(', ')})`,
    values: columns
      .map((name) => changes[name] ?? (isCopied(name) ? typed(template[name]) : 'null'))
      .join(', '),
    copied: columns.filter(isCopied).map((name) => template[name] as string | number),
  }
}

/** PostgreSQL wants to be told what a value is; SQLite takes the same words. */
const typed = (value: Row[string] | undefined): string =>
  typeof value === 'number' || /^\d+$/.test(String(value)) ? 'cast(? as bigint)' : 'cast(? as text)'

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
