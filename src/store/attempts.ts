/**
 * Wrong tries, counted where no cookie can rewind them. A try is reserved before the bank is asked, so that parallel
 * guesses share one allowance, and given back when the bank could not say.
 */
import type { Database } from './open.ts'

export type AttemptRule = {
  /** wrong tries before a temporary lock */
  readonly tries: number
  /** how long a temporary lock lasts, ms */
  readonly lockFor: number
  /** temporary locks before a lasting one */
  readonly temporaryLocks: number
  /** after this long without a wrong try everything but a lasting lock is forgotten, ms */
  readonly forgetAfter: number
}

/** The value of locked_until that only the bank's staff can lift. */
export const forGood = Number.MAX_SAFE_INTEGER

export type Reserved =
  | { readonly ok: true; readonly left: number }
  | { readonly ok: false; readonly lockedUntil: number }

/** Takes one try of a subject. `left` says how many more there are should this one be wrong. */
export async function reserveAttempt(
  db: Database,
  subject: string,
  rule: AttemptRule,
  now: number,
): Promise<Reserved> {
  await db
    .deleteFrom('attempts')
    .where('subject', '=', subject)
    .where('forgotten_at', '<', now)
    .where('locked_until', '<', now)
    .execute()
  const row = await db
    .insertInto('attempts')
    .values({
      subject,
      failures: 1,
      temporary_locks: 0,
      locked_until: 0,
      forgotten_at: now + rule.forgetAfter,
    })
    .onConflict((conflict) =>
      conflict
        .column('subject')
        .doUpdateSet((eb) => ({
          failures: eb('attempts.failures', '+', 1),
          forgotten_at: now + rule.forgetAfter,
        }))
        .where('attempts.failures', '<', rule.tries)
        .where('attempts.locked_until', '<', now),
    )
    .returning('failures')
    .executeTakeFirst()
  if (row) return { ok: true, left: rule.tries - row.failures }
  const locked = await db
    .selectFrom('attempts')
    .select('locked_until')
    .where('subject', '=', subject)
    .executeTakeFirst()
  // All tries are reserved by requests still on their way: as good as locked, for a moment.
  return { ok: false, lockedUntil: Math.max(locked?.locked_until ?? 0, now + 1000) }
}

/** The reserved try was wrong; it stays counted, and the last one locks. */
export async function confirmWrong(
  db: Database,
  subject: string,
  rule: AttemptRule,
  now: number,
): Promise<{ readonly lockedUntil: number | undefined }> {
  const row = await db
    .updateTable('attempts')
    .set((eb) => ({
      failures: 0,
      temporary_locks: eb('temporary_locks', '+', 1),
      locked_until: eb
        .case()
        .when('temporary_locks', '>=', rule.temporaryLocks - 1)
        .then(forGood)
        .else(now + rule.lockFor)
        .end(),
    }))
    .where('subject', '=', subject)
    .where('failures', '>=', rule.tries)
    .where('locked_until', '<', now)
    .returning('locked_until')
    .executeTakeFirst()
  return { lockedUntil: row?.locked_until }
}

/** The bank could not say: the try was none. */
export async function giveBack(db: Database, subject: string): Promise<void> {
  await db
    .updateTable('attempts')
    .set((eb) => ({ failures: eb('failures', '-', 1) }))
    .where('subject', '=', subject)
    .where('failures', '>', 0)
    .execute()
}

/** The try was right: former wrong ones are forgotten. */
export async function forgetAttempts(db: Database, subject: string): Promise<void> {
  await db.deleteFrom('attempts').where('subject', '=', subject).where('locked_until', '<', forGood).execute()
}
