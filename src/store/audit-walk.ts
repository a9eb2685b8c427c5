/** Walks the chain of the audit from its start to its end and names whatever somebody has done to it. */
import type { Database } from './open.ts'
import { type AuditRow, linkOf, macOf, type Place, readPlace } from './audit-chain.ts'
import { nameOf, type Problem, type Suspect, whatBecameOf } from './audit-suspects.ts'

export type Walked = {
  /** sealed rows that were looked at */
  readonly rows: number
  readonly end: Place | undefined
  readonly problems: readonly Problem[]
  /** more of the kind than are named */
  readonly more: number
  /** what was not sealed when the walk began, nor at its end */
  readonly unsealed: { readonly rows: number; readonly oldestAt: number } | undefined
}

const most = 200
const batch = 1000

export type WalkParts = {
  readonly db: Database
  readonly key: Buffer
  /** gives those who seal the second that they may take */
  readonly wait: () => Promise<unknown>
}

/**
 * Reads in batches, so a trail of any length fits. Rows that are sealed meanwhile are left to the next walk.
 * @param expected a place of the chain that was noted elsewhere, as in the log
 */
export async function walkAudit({ db, key, wait }: WalkParts, expected?: Place): Promise<Walked> {
  const waiting = await newestUnsealed(db)
  const start = await readPlace(db, key, 'start')
  const end = await readPlace(db, key, 'end')
  const seen = await follow(db, key, { start, end, expected })
  const suspects = [...seen.suspects, ...(typeof end === 'string' ? [] : await behindTheEnd(db))]
  // Retention may have moved the start on while we walked.
  const startNow = await readPlace(db, key, 'start')
  const from = typeof startNow === 'string' ? 0 : startNow.position + 1
  const named = whatBecameOf(key, {
    suspects: suspects.slice(0, most),
    gone: seen.missing.flatMap(([a, b]) => (b < from ? [] : [[Math.max(a, from), b] as const])),
    start: from,
    end: typeof end === 'string' ? undefined : end.position,
  })
  const all = [...placeProblems('start', start), ...placeProblems('end', end), ...seen.problems, ...named]
  return {
    rows: seen.rows,
    end: typeof end === 'string' ? undefined : end,
    problems: all.slice(0, most),
    more: Math.max(0, seen.questionable - most) + Math.max(0, all.length - most),
    unsealed: waiting === undefined ? undefined : await wait().then(() => unsealedUpTo(db, waiting)),
  }
}

type Ends = {
  readonly start: Place | 'missing' | 'changed'
  readonly end: Place | 'missing' | 'changed'
  readonly expected: Place | undefined
}

/** From the start to the end, row by row: each must be right in itself, in its place and after the one before it. */
async function follow(db: Database, key: Buffer, { start, end, expected }: Ends) {
  const problems: Problem[] = []
  const suspects: Suspect[] = []
  const missing: (readonly [from: number, to: number])[] = []
  const begin = typeof start === 'string' ? undefined : start
  let questionable = 0
  const suspect = (row: AuditRow, extra: boolean): void => {
    questionable += 1
    if (suspects.length < most) suspects.push({ row, extra })
  }
  const unlinked = (position: number, says: string): void => {
    if (problems.length < most) problems.push({ kind: 'unlinked', position, says })
  }
  let next = begin && begin.position + 1
  let link = begin?.hash
  let rows = 0
  let isNoted = !expected || (begin !== undefined && expected.position < begin.position)
  if (expected?.hash === begin?.hash) isNoted = true

  for await (const { position, rows: here } of placesOf(db, typeof end === 'string' ? undefined : end)) {
    rows += here.length
    if (begin && position <= begin.position) {
      for (const row of here) suspect(row, true)
      continue
    }
    if (next !== undefined && position > next) {
      missing.push([next, position - 1])
      link = undefined
    }
    next = position + 1
    const own = here.find((row) => row.mac === macOf(key, row))
    for (const row of here) if (row !== own) suspect(row, own !== undefined)
    const hash = (own ?? here[0])?.hash ?? undefined
    const isLinked = !own?.mac || link === undefined || linkOf(key, link, own.mac) === hash
    if (own && !isLinked) unlinked(position, `${nameOf(own)} does not follow the row before it`)
    // Behind a row that is not right the chain is taken up again where the next one stands.
    link = own && isLinked ? hash : undefined
    if (position === expected?.position) isNoted = hash === expected.hash
  }
  if (typeof end !== 'string' && next !== undefined) {
    if (next <= end.position) missing.push([next, end.position])
    else if (link !== undefined && link !== end.hash)
      unlinked(end.position, 'the last row is not the one that the chain ends with')
  }
  if (!isNoted && expected)
    problems.push({
      kind: 'cut-back',
      position: expected.position,
      says: `position ${expected.position} is not what it was when its hash was noted`,
    })
  return { rows, problems, suspects, questionable, missing }
}

function* placeProblems(name: 'start' | 'end', place: Place | 'missing' | 'changed'): Generator<Problem> {
  if (place === 'missing')
    yield {
      kind: `${name}-missing`,
      says: `where the chain ${name}s is not written any more: rows may be missing there`,
    }
  if (place === 'changed')
    yield { kind: `${name}-changed`, says: `where the chain ${name}s was changed: rows may be missing there` }
}

type Standing = { readonly position: number; readonly rows: readonly (AuditRow & { position: number })[] }

/** Every place of the chain with what stands there: one row, unless somebody put more. */
async function* placesOf(db: Database, end: Place | undefined): AsyncGenerator<Standing> {
  const last = end?.position ?? Number.MAX_SAFE_INTEGER
  let here: (AuditRow & { position: number })[] = []
  let after = { position: Number.MIN_SAFE_INTEGER, seq: 0 }
  for (;;) {
    const { position, seq } = after
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where((eb) =>
        eb.or([eb('position', '>', position), eb.and([eb('position', '=', position), eb('seq', '>', seq)])]),
      )
      // The same once more, as PostgreSQL finds it in an index: each batch would begin at the start of the chain.
      .where('position', '>=', position)
      .where('position', '<=', last)
      .orderBy('position')
      .orderBy('seq')
      .limit(batch)
      .$narrowType<{ position: number }>()
      .execute()
    for (const row of rows) {
      if (here[0] && here[0].position !== row.position) {
        yield { position: here[0].position, rows: here }
        here = []
      }
      here.push(row)
      after = row
    }
    if (rows.length < batch) break
  }
  if (here[0]) yield { position: here[0].position, rows: here }
}

/** Rows behind the end as it is now: both read in one statement, as others seal meanwhile. */
async function behindTheEnd(db: Database): Promise<Suspect[]> {
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .where('position', '>', (eb) => eb.selectFrom('audit_chain').select('position').where('name', '=', 'end'))
    .orderBy('position')
    .limit(most)
    .execute()
  return rows.map((row) => ({ row, extra: true }))
}

/** The number of the newest row that waits now. */
async function newestUnsealed(db: Database): Promise<number | undefined> {
  const row = await db
    .selectFrom('audit')
    .select('seq')
    .where('position', 'is', null)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.seq
}

async function unsealedUpTo(db: Database, seq: number): Promise<Walked['unsealed']> {
  const { rows, oldest } = await db
    .selectFrom('audit')
    .select((eb) => [eb.fn.countAll<number>().as('rows'), eb.fn.min('at').as('oldest')])
    .where('position', 'is', null)
    .where('seq', '<=', seq)
    .executeTakeFirstOrThrow()
  return Number(rows) === 0 ? undefined : { rows: Number(rows), oldestAt: Number(oldest) }
}
