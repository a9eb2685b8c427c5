/** `ninka locks`: who is locked out after wrong tries, and letting him in again. */
import { createLocks, type Guarded, type Locks } from '../../risk/locks.ts'
import { forGood } from '../../store/attempt-locks.ts'
import { record } from '../../store/audit.ts'
import { existingSecret } from '../../store/sealed-secrets.ts'
import { type Asked, changeOf, done, moment, type Noun, refused, UsageError } from './command.ts'

const guarded = ['password', 'certificate-password', 'answer', 'pin'] as const satisfies Guarded[]

export const lockCommands: Noun = {
  summary: 'who is locked out after wrong tries',
  help: [
    '<what> is one of password, certificate-password, answer, pin; <subject> is the login ID for a',
    'password, the bank’s id of the customer for an answer or a password with a certificate, and the',
    'bank’s id of the account for a PIN. Nobody can list locks: subjects are kept as keyed hashes.',
  ],
  verbs: {
    show: {
      takes: ['<what>', '<subject>'],
      summary: 'until when it is locked; ends with 1 when it is not',
      examples: ['locks show password mihon01'],
      async run(asked) {
        const { what, subject } = guardOf(asked)
        const until = await (await locksOf(asked)).lockedUntil(what, subject)
        await record(asked.db, asked.clock(), null, {
          event: 'staff-looked',
          by: asked.by,
          what: `locks ${what}`,
          customer: null,
          consent: null,
        })
        if (until === undefined) return refused('not locked', { locked: false })
        const lasting = until >= forGood
        return done(lasting ? 'locked until somebody releases it' : `locked until ${moment(until)}`, {
          locked: true,
          lasting,
          until: lasting ? null : moment(until),
        })
      },
    },
    release: {
      takes: ['<what>', '<subject>'],
      summary: 'lifts the lock and forgets the wrong tries behind it',
      examples: ['locks release password mihon01 --reason "called back on the filed number"'],
      changes: true,
      async run(asked) {
        const { what, subject } = guardOf(asked)
        const locks = await locksOf(asked)
        return (await locks.release(what, subject, { customer: null, ...changeOf(asked) }))
          ? done('released', { released: true })
          : refused('there was no lock', { released: false })
      },
    },
  },
}

function guardOf({ words: [what, subject = ''] }: Asked): { what: Guarded; subject: string } {
  const known = guarded.find((one) => one === what)
  if (!known) throw new UsageError(`<what> is one of ${guarded.join(', ')}`)
  return { what: known, subject }
}

async function locksOf({ db, clock, secrets, institution }: Asked): Promise<Locks> {
  const key = Buffer.from(await existingSecret({ db, secrets: secrets() }, 'attempts-key'), 'base64url')
  return createLocks({ db, clock, institution: institution(), key })
}
