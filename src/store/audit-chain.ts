/**
 * Seals the rows of the audit into a chain of keyed hashes, off the path of any request. Whoever can write the tables but has
 * not got the master key can neither change, remove, move nor insert a sealed row unseen: audit-walk.ts names it.
 */
import { type Selectable, sql } from 'kysely'
import { keyedHash, unguessable } from '../secrets.ts'
import type { Database } from './open.ts'
import { isPostgres } from './prepared.ts'
import type { Tables } from './schema.ts'
import { existingSecret, sealedSecret } from './sealed-secrets.ts'
import { transact } from './transaction.ts'

export type AuditRow = Selectable<Tables['audit']>

/** A place in the chain: everything up to this position is in this hash. */
export type Place = { readonly position: number; readonly hash: string }

const auditKeyName = 'audit-key'

/** The key of the chain; made when there is none yet. */
export const auditKey = async (sealed: Parameters<typeof sealedSecret>[0]): Promise<Buffer> =>
  Buffer.from(await sealedSecret(sealed, auditKeyName, unguessable), 'base64url')

/** The key, for somebody who only looks. @throws Error when it is not there or cannot be opened */
export const auditKeyOf = async (sealed: Parameters<typeof existingSecret>[0]): Promise<Buffer> =>
  Buffer.from(await existingSecret(sealed, auditKeyName), 'base64url')

/** Of every column of a row, so that none can be changed, and of its place. */
export function macOf(key: Buffer, row: Omit<AuditRow, 'mac' | 'hash'>): string {
  const { position, seq, at, event, journey, payload, customer, client, consent } = row
  return keyedHash(
    key,
    JSON.stringify(['row', position, seq, at, event, journey, payload, customer, client, consent]),
  )
}

export const linkOf = (key: Buffer, former: string, mac: string): string =>
  keyedHash(key, JSON.stringify(['link', former, mac]))

const macOfPlace = (key: Buffer, name: 'start' | 'end', { position, hash }: Place): string =>
  keyedHash(key, JSON.stringify([name, position, hash]))

/** What stands where the chain starts or ends; 'changed' when its own keyed hash says that somebody else wrote it. */
export async function readPlace(
  db: Database,
  key: Buffer,
  name: 'start' | 'end',
): Promise<Place | 'missing' | 'changed'> {
  const row = await db.selectFrom('audit_chain').selectAll().where('name', '=', name).executeTakeFirst()
  if (!row) return 'missing'
  return row.mac === macOfPlace(key, name, row) ? { position: row.position, hash: row.hash } : 'changed'
}

export async function writePlace(
  db: Database,
  key: Buffer,
  name: 'start' | 'end',
  place: Place,
): Promise<void> {
  await db
    .updateTable('audit_chain')
    .set({ ...place, mac: macOfPlace(key, name, place) })
    .where('name', '=', name)
    .execute()
}

/** Writes where the chain starts and ends before its first row. A chain that has rows already is not begun again. */
export async function beginChain(db: Database, key: Buffer): Promise<void> {
  const sealed = await db
    .selectFrom('audit')
    .select('seq')
    .where('position', 'is not', null)
    .executeTakeFirst()
  if (sealed) return
  const place = { position: 0, hash: keyedHash(key, 'chain') }
  const rows = (['start', 'end'] as const).map((name) => ({
    name,
    ...place,
    mac: macOfPlace(key, name, place),
  }))
  await db
    .insertInto('audit_chain')
    .values(rows)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
}

export type Sealed =
  | { readonly rows: readonly Pick<AuditRow, 'event' | 'payload'>[]; readonly end: Place }
  /** somebody else seals at this moment */
  | { readonly rows: readonly []; readonly end: undefined }
  /** the end is not ours, and sealing on would hide it */
  | { readonly problem: 'missing' | 'changed' }

/**
 * Seals at most `batch` rows, in the order of their numbers; one that a slow transaction commits later comes with the next.
 * Any number of processes may call it: one at a time seals.
 * @param echo is told of each row before its seal is committed, so that none is sealed untold; of some twice
 */
export function sealBatch(
  db: Database,
  key: Buffer,
  batch: number,
  echo: (row: AuditRow) => void = () => {},
): Promise<Sealed> {
  return transact(db, async (transaction) => {
    if (!(await isAlone(transaction))) return { rows: [], end: undefined }
    const end = await readPlace(transaction, key, 'end')
    if (typeof end === 'string') return { problem: end }
    const rows = await transaction
      .selectFrom('audit')
      .selectAll()
      .where('position', 'is', null)
      .orderBy('seq')
      .limit(batch)
      .execute()
    if (rows.length === 0) return { rows, end }
    let { position, hash } = end
    const sealed = rows.map((row) => {
      position += 1
      const mac = macOf(key, { ...row, position })
      hash = linkOf(key, hash, mac)
      return { seq: row.seq, position, mac, hash }
    })
    await writeSeals(transaction, sealed)
    await writePlace(transaction, key, 'end', { position, hash })
    rows.forEach(echo)
    return { rows, end: { position, hash } }
  })
}

type Seal = { readonly seq: number; readonly position: number; readonly mac: string; readonly hash: string }

/** As one value: a statement whose words grow with the rows would be another one each time, and each is kept. */
async function writeSeals(transaction: Database, seals: readonly Seal[]): Promise<void> {
  const rows = isPostgres(transaction)
    ? sql`jsonb_to_recordset(cast(${JSON.stringify(seals)} as jsonb)) as v(seq bigint, position bigint, mac text, hash text)`
    : sql`(
        select value ->> 'seq' as seq, value ->> 'position' as position, value ->> 'mac' as mac, value ->> 'hash' as hash
        from json_each(${JSON.stringify(seals)})
      ) as v`
  await sql`
    update audit set position = v.position, mac = v.mac, hash = v.hash from ${rows} where audit.seq = v.seq
  `.execute(transaction)
}

/** A number of our own among the advisory locks of this database. */
const sealing = 7_216_030_901

/** Whether nobody else writes the chain until this transaction ends. SQLite knows one writer: a write makes it us. */
export async function isAlone(transaction: Database): Promise<boolean> {
  if (!isPostgres(transaction)) {
    await sql`update audit_chain set mac = mac`.execute(transaction)
    return true
  }
  const { rows } = await sql<{ got: boolean }>`
    select pg_try_advisory_xact_lock(${sql.lit(sealing)}) as got
  `.execute(transaction)
  return rows[0]?.got === true
}

/** Whether a row waits to be sealed: asked much more often than it is so, and without a lock. */
export const hasUnsealed = async (db: Database): Promise<boolean> =>
  (await db.selectFrom('audit').select('seq').where('position', 'is', null).limit(1).executeTakeFirst()) !==
  undefined

/** How many wait; a full sealer leaves none for longer than a second. */
export async function unsealedRows(db: Database): Promise<number> {
  const { n } = await db
    .selectFrom('audit')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('position', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(n)
}
