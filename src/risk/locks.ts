/**
 * The rules of wrong tries: one allowance per login ID, customer or account, the same for IDs that do not exist, and one
 * per address, so that nobody tries one password on many IDs.
 */
import { isIPv6 } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Institution } from '../institution.ts'
import { keyedHash } from '../secrets.ts'
import {
  confirmWrong,
  forGood,
  forgetAttempts,
  giveBack,
  liftLock,
  lockOf,
  type Reserved,
  reserveAttempt,
} from '../store/attempts.ts'
import { record, type StaffActor } from '../store/audit.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'

export type Guarded = 'password' | 'certificate-password' | 'answer' | 'pin' | 'developer-key'

export type Locked = { readonly locked: 'for-a-while' | 'for-good' }

/** One try, taken before the bank is asked; then exactly one of its three ends is called. */
export type Try = {
  /** keyed hash of whom it counts for, so that the audit can tell one from another without naming anybody */
  readonly subject: string
  readonly right: () => Promise<void>
  /** `left` more tries before a lock, or the lock that stands now. */
  readonly wrong: () => Promise<{ readonly left: number } | Locked>
  /** The bank could not say. */
  readonly undecided: () => Promise<void>
}

export type Locks = {
  /** @param subject login ID, customer id or account id; kept only as a keyed hash */
  take: (what: Guarded, subject: string) => Promise<Try | Locked>
  /** The allowance of an address; taken once for a submit, however many rows it has. */
  takeAddress: (address: string) => Promise<Try | Locked>
  /** Both at once, for a submit that tries one thing. */
  takeFrom: (address: string, what: Guarded, subject: string) => Promise<Try | Locked>
  /** The keyed hash that stands for somebody in the audit of wrong tries. */
  subjectOf: (what: Guarded, subject: string) => string
  /** Until when something is locked, ms, `forGood` for a lasting one; undefined when it is not. For the desk. */
  lockedUntil: (what: Guarded, subject: string) => Promise<number | undefined>
  /** Lifts a lock, at the word of the bank's staff; false when there was none. */
  release: (
    what: Guarded,
    subject: string,
    released: { readonly customer: string | null; readonly by: StaffActor; readonly note: string },
  ) => Promise<boolean>
}

type LockParts = {
  readonly db: Database
  readonly clock: Clock
  readonly institution: Institution
  readonly key: Buffer
}

export function createLocks({ db, clock, institution, key }: LockParts): Locks {
  const { password, answer, pin, address: everybody } = institution.rules
  const rules = {
    password,
    'certificate-password': password,
    answer,
    pin,
    address: everybody,
    // nobody guesses a key of 256 bits; what is guarded is the server
    'developer-key': everybody,
  }
  const tryOf = (what: Guarded | 'address', subject: string, reserved: Reserved): Try | Locked => {
    if (!reserved.ok) return lastingOrNot(reserved.lockedUntil)
    return {
      subject,
      // Many share an address: that one of them was right says nothing about the wrong ones before.
      right: () => (what === 'address' ? giveBack(db, subject) : forgetAttempts(db, subject)),
      undecided: () => giveBack(db, subject),
      wrong: () =>
        transact(db, async (transaction) => {
          const now = clock()
          const { lockedUntil, caused } = await confirmWrong(transaction, subject, rules[what], now)
          if (lockedUntil === undefined) return { left: reserved.left }
          const { locked } = lastingOrNot(lockedUntil)
          if (caused)
            await record(transaction, now, null, {
              event: 'locked',
              what,
              subject,
              lasting: locked === 'for-good',
            })
          return { locked }
        }),
    }
  }
  const subjectOf = (what: Guarded | 'address', name: string): string => keyedHash(key, `${what} ${name}`)
  const takeAs = async (what: Guarded | 'address', name: string): Promise<Try | Locked> => {
    const subject = subjectOf(what, name)
    return tryOf(what, subject, await reserveAttempt(db, subject, rules[what], clock()))
  }
  const locks: Locks = {
    take: takeAs,
    takeAddress: (address) => takeAs('address', networkOf(address)),
    async takeFrom(address, what, subject) {
      const door = await locks.takeAddress(address)
      if ('locked' in door) return door
      const taken = await locks.take(what, subject)
      if ('locked' in taken) {
        await door.undecided()
        return taken
      }
      return {
        subject: taken.subject,
        async right() {
          await Promise.all([taken.right(), door.right()])
        },
        async undecided() {
          await Promise.all([taken.undecided(), door.undecided()])
        },
        async wrong() {
          const [after] = await Promise.all([taken.wrong(), door.wrong()])
          return after
        },
      }
    },
    subjectOf,
    lockedUntil: (what, name) => lockOf(db, subjectOf(what, name), clock()),
    release: (what, name, released) =>
      transact(db, async (transaction) => {
        const subject = subjectOf(what, name)
        if ((await lockOf(transaction, subject, clock())) === undefined) return false
        await liftLock(transaction, subject)
        await record(transaction, clock(), null, { event: 'lock-released', subject, what, ...released })
        return true
      }),
  }
  return locks
}

const lastingOrNot = (lockedUntil: number): Locked => ({
  locked: lockedUntil >= forGood ? 'for-good' : 'for-a-while',
})

/** One IPv6 customer has a whole /64 to choose from; for counting it is one address. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped) return mapped
  const [head = '', tail = ''] = address.toLowerCase().split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = address.includes('::') ? 8 - groups.length - (tail === '' ? 0 : tail.split(':').length) : 0
  const all = [
    ...groups,
    ...Array.from({ length: missing }, () => '0'),
    ...(tail === '' ? [] : tail.split(':')),
  ]
  return `${all.slice(0, 4).join(':')}::/64`
}
