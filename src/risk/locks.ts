/** The rules of wrong tries: one allowance per login ID, customer or account, the same for IDs that do not exist. */
import type { Clock } from '../clock.ts'
import type { Institution } from '../institution.ts'
import { keyedHash } from '../secrets.ts'
import { confirmWrong, forGood, forgetAttempts, giveBack, reserveAttempt } from '../store/attempts.ts'
import { record } from '../store/audit.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'

export type Guarded = 'password' | 'answer' | 'pin'

export type Locked = { readonly locked: 'for-a-while' | 'for-good' }

/** One try, taken before the bank is asked; exactly one of its three ends must be called. */
export type Try = {
  readonly right: () => Promise<void>
  /** `left` more tries before a lock, or the lock this one caused. */
  readonly wrong: () => Promise<{ readonly left: number } | Locked>
  /** The bank could not say. */
  readonly undecided: () => Promise<void>
}

export type Locks = {
  /** @param subject login ID, customer id or account id; kept only as a keyed hash */
  take: (what: Guarded, subject: string) => Promise<Try | Locked>
}

export function createLocks({
  db,
  clock,
  institution,
  key,
}: {
  db: Database
  clock: Clock
  institution: Institution
  key: Buffer
}): Locks {
  return {
    async take(what, subject) {
      const rule = institution.rules[what]
      const hashed = keyedHash(key, `${what} ${subject}`)
      const reserved = await reserveAttempt(db, hashed, rule, clock())
      if (!reserved.ok) return { locked: lastingOrNot(reserved.lockedUntil) }
      return {
        right: () => forgetAttempts(db, hashed),
        undecided: () => giveBack(db, hashed),
        wrong: () =>
          transact(db, async (transaction) => {
            const now = clock()
            const { lockedUntil } = await confirmWrong(transaction, hashed, rule, now)
            if (lockedUntil === undefined) return { left: reserved.left }
            const locked = lastingOrNot(lockedUntil)
            await record(transaction, now, null, { event: 'locked', what, lasting: locked === 'for-good' })
            return { locked }
          }),
      }
    },
  }
}

const lastingOrNot = (lockedUntil: number): Locked['locked'] =>
  lockedUntil >= forGood ? 'for-good' : 'for-a-while'
