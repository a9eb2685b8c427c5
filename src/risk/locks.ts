/**
 * The rules of wrong tries: one allowance per login ID, customer or account, the same for IDs that do not exist, and one
 * per address, so that nobody tries one password on many IDs. A login ID is no secret, so two rules keep a stranger from
 * locking its owner out: a browser that signed in with it before has an allowance of its own, which no stranger can
 * spend, and one network alone never causes a lasting lock.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type Clock, minutes, seconds } from '../clock.ts'
import type { ProblemCode } from '../errors.ts'
import { type Institution, neverForGood } from '../institution.ts'
import { keyedHash } from '../secrets.ts'
import { forGood, liftLock, lockOf } from '../store/attempt-locks.ts'
import {
  type AttemptRule,
  confirmWrong,
  forgetAttempts,
  giveBack,
  wrongTriesOf,
  reserveAttempt,
} from '../store/attempts.ts'
import { type AuditEvent, record, type StaffActor } from '../store/audit.ts'
import { isKnownLane } from '../store/known-devices.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'
import { addressOf, networkOf } from './network.ts'

export type Guarded = 'password' | 'certificate-password' | 'answer' | 'pin' | 'developer-key'

export type Locked = { readonly locked: 'for-a-while' | 'for-good' }

/** Why there is no try: a lock, or nothing but others' tries that the bank has not decided for very long. */
export type NotTaken = Locked | { readonly locked: 'by-pending' }

/** Where the bank does not decide, nobody is locked out: it is the bank that is away. */
export const problemOf = ({ locked }: NotTaken): { readonly code: ProblemCode } => ({
  code: locked === 'by-pending' ? 'bank-unavailable' : `locked-${locked}`,
})

/** One try, taken before the bank is asked; then exactly one of its three ends is called. */
export type Try = {
  /** keyed hash of whom it counts for, so that the audit can tell one from another without naming anybody */
  readonly subject: string
  /** wrong tries that were counted before this one: of whom it counts for, and of the address */
  readonly wrongBefore: { readonly own: number; readonly address: number }
  readonly right: () => Promise<void>
  /** `left` more tries before a lock, or the lock that stands now. */
  readonly wrong: () => Promise<{ readonly left: number } | Locked>
  /** The bank could not say. */
  readonly undecided: () => Promise<void>
}

export type Locks = {
  /** @param subject login ID, customer id or account id; kept only as a keyed hash */
  take: (what: Guarded, subject: string) => Promise<Try | NotTaken>
  /** The allowance of an address; taken once for a submit, however many rows it has. */
  takeAddress: (address: string) => Promise<Try | NotTaken>
  /** Both at once, for a submit that tries one thing. `device`: the token of a browser, where it brought one. */
  takeFrom: (address: string, what: Guarded, subject: string, device?: string) => Promise<Try | NotTaken>
  /** The counter that a browser has for itself, once it is known. */
  laneOf: (what: Guarded, subject: string, device: string) => string
  /** How many wrong tries are remembered now, those behind a temporary lock among them. */
  wrongTries: (what: Guarded, subject: string) => Promise<number>
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
  /** ms that a try waits for pending ones before it */
  readonly patience?: number
}

/** How often a waiting try looks whether there is room, ms. */
const lookEvery = 100

/** One allowance that a try is taken from. */
type Counter = {
  /** the key it is kept under */
  readonly key: string
  /** the subject whose lock this is, for the desk and the audit */
  readonly owner: string
  readonly what: Guarded | 'address'
  readonly rule: AttemptRule
  /** it counts for less than the whole subject */
  readonly only?: 'this-device' | 'this-network'
}

export function createLocks({ db, clock, institution, key, patience = seconds(10) }: LockParts): Locks {
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
  const subjectOf = (what: Guarded | 'address', name: string): string => keyedHash(key, `${what} ${name}`)
  const counterOf = (what: Guarded | 'address', name: string): Counter => {
    const owner = subjectOf(what, name)
    return { key: owner, owner, what, rule: rules[what] }
  }
  const laneOf = (what: Guarded, name: string, device: string): string =>
    keyedHash(key, `${what} of device ${device} ${name}`)

  /**
   * Right tries of many colleagues or journeys at once may fill the allowance for a moment: whoever comes then waits until
   * those are decided. If they were wrong, he finds the lock.
   */
  const reserve = async (subject: string, rule: AttemptRule, belongsTo: string | null) => {
    for (let waited = 0; ; waited += lookEvery) {
      const reserved = await reserveAttempt(db, subject, rule, clock(), belongsTo)
      if (reserved.ok || reserved.lockedUntil !== undefined || waited >= patience) return reserved
      // Not all at the same moment.
      await pause(lookEvery * (0.5 + Math.random()))
    }
  }

  const take = async (counter: Counter): Promise<Try | NotTaken> => {
    const { key: counted, owner, what, rule, only } = counter
    const belongsTo = only ? owner : null
    const reserved = await reserve(counted, rule, belongsTo)
    if (!reserved.ok)
      return reserved.lockedUntil === undefined ? byPending : lastingOrNot(reserved.lockedUntil)
    const before = reserved.wrongBefore
    return {
      subject: owner,
      wrongBefore: what === 'address' ? { own: 0, address: before } : { own: before, address: 0 },
      // Many share an address: that one of them was right says nothing about the wrong ones before.
      right: () => (what === 'address' ? giveBack(db, counted) : forgetAttempts(db, counted)),
      undecided: () => giveBack(db, counted),
      wrong: () =>
        transact(db, async (transaction) => {
          const now = clock()
          const { lockedUntil, caused } = await confirmWrong(transaction, counted, rule, now)
          if (lockedUntil === undefined) return { left: reserved.left }
          const { locked } = lastingOrNot(lockedUntil)
          const lock: AuditEvent = { event: 'locked', what, subject: owner, lasting: locked === 'for-good' }
          if (caused) await record(transaction, now, null, only ? { ...lock, only } : lock)
          return { locked }
        }),
    }
  }

  /** One after the other; what was taken is given back when a later one is locked. */
  const takeAll = async (door: Counter, counters: readonly Counter[]): Promise<Try | NotTaken> => {
    const taken: Try[] = []
    for (const counter of [door, ...counters]) {
      const next = await take(counter)
      if ('locked' in next) {
        await Promise.all(taken.map((one) => one.undecided()))
        return next
      }
      taken.push(next)
    }
    return together(taken)
  }

  /** A known browser spends its own allowance alone; everybody else shares one, and no network may spend all of it. */
  const countersOf = async (
    address: string,
    what: Guarded,
    name: string,
    device: string | undefined,
  ): Promise<readonly Counter[]> => {
    const shared = counterOf(what, name)
    if (what !== 'password') return [shared]
    const lane = laneOf(what, name, device ?? '')
    if (await isKnownLane(db, lane, clock())) return [{ ...shared, key: lane, only: 'this-device' }]
    const network = keyedHash(key, `${what} from ${networkOf(address)} ${name}`)
    return [{ ...shared, key: network, rule: ofOneNetwork(shared.rule), only: 'this-network' }, shared]
  }

  return {
    take: (what, name) => take(counterOf(what, name)),
    takeAddress: (address) => take(counterOf('address', addressOf(address))),
    takeFrom: async (address, what, name, device) =>
      takeAll(counterOf('address', addressOf(address)), await countersOf(address, what, name, device)),
    laneOf,
    wrongTries: (what, name) => wrongTriesOf(db, subjectOf(what, name), rules[what].tries),
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
}

/**
 * Wrong tries of one ID from one network: fewer than a lasting lock takes, and then this network waits until all is
 * forgotten, so that it cannot begin again.
 */
const ofOneNetwork = (rule: AttemptRule): AttemptRule => ({
  ...rule,
  tries: Math.max(rule.tries - 1, rule.tries * (rule.temporaryLocks - 1)),
  lockFor: rule.forgetAfter + minutes(1),
  temporaryLocks: neverForGood,
})

/** Several allowances for one try, that of the address first: all are spent, and what is closest to a lock is told. */
function together(all: readonly Try[]): Try {
  const most = (of: 'own' | 'address') => Math.max(...all.map(({ wrongBefore }) => wrongBefore[of]))
  return {
    subject: all.at(-1)?.subject ?? '',
    wrongBefore: { own: most('own'), address: most('address') },
    async right() {
      await Promise.all(all.map((one) => one.right()))
    },
    async undecided() {
      await Promise.all(all.map((one) => one.undecided()))
    },
    async wrong() {
      const [, ...told] = await Promise.all(all.map((one) => one.wrong()))
      const lefts = told.flatMap((one) => ('left' in one ? [one.left] : []))
      // The last one is the subject's own, and the only one whose lock can last.
      return told.findLast((one) => 'locked' in one) ?? { left: Math.min(...lefts) }
    },
  }
}

const byPending = { locked: 'by-pending' } as const

const lastingOrNot = (lockedUntil: number): Locked => ({
  locked: lockedUntil >= forGood ? 'for-good' : 'for-a-while',
})
