/**
 * The rules of wrong tries: one allowance per login ID, customer or account, the same for IDs that do not exist, and one
 * per address, so that nobody tries one password on many IDs.
 */
import type { Clock } from '../clock.ts'
import type { Institution } from '../institution.ts'
import { keyedHash } from '../secrets.ts'
import { confirmWrong, forGood, forgetAttempts, giveBack, reserveAttempt } from '../store/attempts.ts'
import { record } from '../store/audit.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'

type Guarded = 'password' | 'answer' | 'pin'

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
  /** @param subject login ID, customer id or account id; kept, like the address, only as a keyed hash */
  take: (what: Guarded, subject: string, address: string) => Promise<Try | Locked>
}

type LockParts = {
  readonly db: Database
  readonly clock: Clock
  readonly institution: Institution
  readonly key: Buffer
}

export function createLocks({ db, clock, institution: { rules }, key }: LockParts): Locks {
  const confirm = (what: Guarded | 'address', hashed: string): Promise<Locked | undefined> =>
    transact(db, async (transaction) => {
      const now = clock()
      const { lockedUntil } = await confirmWrong(transaction, hashed, rules[what], now)
      if (lockedUntil === undefined) return undefined
      const { locked } = lastingOrNot(lockedUntil)
      await record(transaction, now, null, { event: 'locked', what, lasting: locked === 'for-good' })
      return { locked }
    })

  return {
    async take(what, subject, address) {
      const ofSubject = keyedHash(key, `${what} ${subject}`)
      const ofAddress = keyedHash(key, `address ${address}`)
      const first = await reserveAttempt(db, ofAddress, rules.address, clock())
      if (!first.ok) return lastingOrNot(first.lockedUntil)
      const second = await reserveAttempt(db, ofSubject, rules[what], clock())
      if (!second.ok) {
        await giveBack(db, ofAddress)
        return lastingOrNot(second.lockedUntil)
      }
      return {
        async right() {
          await forgetAttempts(db, ofSubject)
          await giveBack(db, ofAddress)
        },
        async undecided() {
          await giveBack(db, ofSubject)
          await giveBack(db, ofAddress)
        },
        async wrong() {
          await confirm('address', ofAddress)
          return (await confirm(what, ofSubject)) ?? { left: second.left }
        },
      }
    },
  }
}

const lastingOrNot = (lockedUntil: number): Locked => ({
  locked: lockedUntil >= forGood ? 'for-good' : 'for-a-while',
})
