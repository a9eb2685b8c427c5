/**
 * Wrong tries, counted where no cookie can rewind them. A try is pending from before the bank is asked until the bank has
 * said; pending and wrong ones share one allowance, so parallel guesses gain nothing. One that never ended (the bank failed,
 * the process died) is forgotten once nobody has tried for a minute.
 */
import type { ExpressionBuilder } from 'kysely'
import { forGood } from './attempt-locks.ts'
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'
import type { Tables } from './schema.ts'

export type AttemptRule = {
  /** wrong tries before a temporary lock */
  readonly tries: number
  /** how long a temporary lock lasts, ms */
  readonly lockFor: number
  /** the lock of this number is a lasting one */
  readonly temporaryLocks: number
  /** after this long without a wrong try everything but a lasting lock is forgotten, ms */
  readonly forgetAfter: number
}

/** Longer than any call to the bank may take. */
const pendingFor = 60_000

type Reserved =
  | { readonly ok: true; readonly left: number; readonly wrongBefore: number }
  /** undefined: no lock, but every try that is left is pending in requests still on their way */
  | { readonly ok: false; readonly lockedUntil: number | undefined }

/**
 * Takes one try of a subject. `left` says how many more there are should this one be wrong.
 * @param belongsTo the subject whose lock this one is a part of, so that both are shown and lifted together
 */
export async function reserveAttempt(
  db: Database,
  subject: string,
  rule: AttemptRule,
  now: number,
  belongsTo: string | null = null,
): Promise<Reserved> {
  const { rows } = await reserve(db, {
    subject,
    belongsTo,
    now,
    undecided: now - pendingFor,
    forgottenAt: now + rule.forgetAfter,
    tries: rule.tries,
  })
  const [row] = rows
  if (row)
    return { ok: true, left: rule.tries - row.failures - row.pending, wrongBefore: allWrong(row, rule.tries) }
  const locked = await db
    .selectFrom('attempts')
    .select('locked_until')
    .where('subject', '=', subject)
    .where('locked_until', '>=', now)
    .executeTakeFirst()
  return { ok: false, lockedUntil: locked?.locked_until }
}

type Reservation = {
  subject: string
  belongsTo: string | null
  now: number
  /** what is pending from before that never ended */
  undecided: number
  forgottenAt: number
  tries: number
}

/** In one statement, so that parallel tries see each other: nothing is returned where no try is left. */
const reserve = prepared((db, { subject, belongsTo, now, undecided, forgottenAt, tries }: Reservation) =>
  db
    .insertInto('attempts')
    .values({
      subject,
      failures: 0,
      pending: 1,
      pending_at: now,
      temporary_locks: 0,
      locked_until: 0,
      forgotten_at: forgottenAt,
      belongs_to: belongsTo,
    })
    .onConflict((conflict) =>
      conflict
        .column('subject')
        .doUpdateSet((eb) => {
          const unlessForgotten = (column: 'failures' | 'temporary_locks' | 'forgotten_at') =>
            eb
              .case()
              .when(isForgotten(eb, { now, undecided }))
              .then(eb.ref(`excluded.${column}`))
              .else(eb.ref(`attempts.${column}`))
              .end()
          return {
            failures: unlessForgotten('failures'),
            temporary_locks: unlessForgotten('temporary_locks'),
            forgotten_at: unlessForgotten('forgotten_at'),
            pending: eb
              .case()
              .when('attempts.pending_at', '<', undecided)
              .then(eb.lit(1))
              .else(eb('attempts.pending', '+', 1))
              .end(),
            pending_at: now,
          }
        })
        .where((eb) =>
          eb.or([
            isForgotten(eb, { now, undecided }),
            eb(eb('attempts.failures', '+', eb.ref('attempts.pending')), '<', tries),
            eb.and([eb('attempts.pending_at', '<', undecided), eb('attempts.failures', '<', tries)]),
          ]),
        )
        .where('attempts.locked_until', '<', now),
    )
    .returning(['failures', 'pending', 'temporary_locks']),
)

/** Nothing of it counts any more. */
const isForgotten = (
  eb: ExpressionBuilder<Tables, 'attempts'>,
  { now, undecided }: Pick<Reservation, 'now' | 'undecided'>,
) =>
  eb.and([
    eb('attempts.forgotten_at', '<', now),
    eb('attempts.locked_until', '<', now),
    eb.or([eb('attempts.pending', '=', 0), eb('attempts.pending_at', '<', undecided)]),
  ])

/** A temporary lock starts the count anew, but what led to it is not forgotten. */
const allWrong = (row: { failures: number; temporary_locks: number }, tries: number): number =>
  row.failures + row.temporary_locks * tries

/** How many wrong tries of a subject are remembered. */
export async function wrongTriesOf(db: Database, subject: string, tries: number): Promise<number> {
  const [row] = (await wrongOf(db, { subject })).rows
  return row ? allWrong(row, tries) : 0
}

const wrongOf = prepared((db, { subject }: { subject: string }) =>
  db.selectFrom('attempts').select(['failures', 'temporary_locks']).where('subject', '=', subject),
)

/** What a wrong try led to: the lock that stands now, and whether this very try caused it. */
export type AfterWrong = { readonly lockedUntil: number | undefined; readonly caused: boolean }

/** The pending try was wrong; the last one of the allowance locks. */
export async function confirmWrong(
  db: Database,
  subject: string,
  rule: AttemptRule,
  now: number,
): Promise<AfterWrong> {
  const row = await db
    .updateTable('attempts')
    .set((eb) => {
      const isLast = eb('failures', '>=', rule.tries - 1)
      return {
        failures: eb
          .case()
          .when(isLast)
          .then(eb.lit(0))
          .else(eb('failures', '+', 1))
          .end(),
        pending: eb
          .case()
          .when('pending', '>', 0)
          .then(eb('pending', '-', 1))
          .else(eb.lit(0))
          .end(),
        temporary_locks: eb
          .case()
          .when(isLast)
          .then(eb('temporary_locks', '+', 1))
          .else(eb.ref('temporary_locks'))
          .end(),
        locked_until: eb
          .case()
          .when(eb.and([isLast, eb('temporary_locks', '>=', rule.temporaryLocks - 1)]))
          .then(eb.cast<number>(eb.val(forGood), 'bigint'))
          .when(isLast)
          .then(eb.cast<number>(eb.val(now + rule.lockFor), 'bigint'))
          .else(eb.ref('locked_until'))
          .end(),
        forgotten_at: now + rule.forgetAfter,
      }
    })
    .where('subject', '=', subject)
    .returning(['locked_until', 'failures'])
    .executeTakeFirst()
  const locked = row !== undefined && row.locked_until > now
  return { lockedUntil: locked ? row.locked_until : undefined, caused: locked && row.failures === 0 }
}

/** The bank could not say, or what was tried counts elsewhere: the try was none. */
export async function giveBack(db: Database, subject: string): Promise<void> {
  await takeBack(db, { subject })
}

const takeBack = prepared((db, { subject }: { subject: string }) =>
  db
    .updateTable('attempts')
    .set((eb) => ({ pending: eb('pending', '-', 1) }))
    .where('subject', '=', subject)
    .where('pending', '>', 0),
)

/** The try was right: former wrong ones are forgotten, those still pending are not. */
export async function forgetAttempts(db: Database, subject: string): Promise<void> {
  await forget(db, { subject })
}

const forget = prepared((db, { subject }: { subject: string }) =>
  db
    .updateTable('attempts')
    .set((eb) => ({
      failures: 0,
      temporary_locks: 0,
      locked_until: 0,
      pending: eb
        .case()
        .when('pending', '>', 0)
        .then(eb('pending', '-', 1))
        .else(eb.lit(0))
        .end(),
    }))
    .where('subject', '=', subject)
    .where('locked_until', '<', forGood),
)

/** Deletes at most `batch` subjects of whom nothing is to be remembered. */
export async function deleteForgotten(db: Database, now: number, batch: number): Promise<number> {
  const forgotten = db
    .selectFrom('attempts')
    .select('subject')
    .where('forgotten_at', '<', now)
    .where('locked_until', '<', now)
    .where((eb) => eb.or([eb('pending', '=', 0), eb('pending_at', '<', now - pendingFor)]))
    .limit(batch)
  const { numDeletedRows } = await db
    .deleteFrom('attempts')
    .where('subject', 'in', forgotten)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
