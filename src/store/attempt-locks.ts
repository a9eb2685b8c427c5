/** The locks that wrong tries lead to (`attempts.ts`): how long one stands, and how it is lifted before. */
import type { Database } from './open.ts'

/** The value of locked_until that only the bank's staff can lift. */
export const forGood = Number.MAX_SAFE_INTEGER

/** Until when a subject or a part of it is locked, ms; undefined when nothing is. */
export async function lockOf(db: Database, subject: string, now: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('attempts')
    .select('locked_until')
    .where((eb) => eb.or([eb('subject', '=', subject), eb('belongs_to', '=', subject)]))
    .orderBy('locked_until', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && row.locked_until > now ? row.locked_until : undefined
}

/** Lifts whatever lock stands, those of its parts among them, and forgets the wrong tries behind it. False when nothing was known of the subject. */
export async function liftLock(db: Database, subject: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('attempts')
    .where((eb) => eb.or([eb('subject', '=', subject), eb('belongs_to', '=', subject)]))
    .executeTakeFirst()
  return numDeletedRows > 0n
}
