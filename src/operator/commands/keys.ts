/** `ninka keys`: the keys that sign ID tokens and answers, changed in steps that no fintech notices. */
import { days, hours } from '../../clock.ts'
import { renewableDays } from '../../consent/state.ts'
import { addKey, describeKeys, type KeyState, removeKey, useKey } from '../../provider/key-rotation.ts'
import { type SigningAlg, signingAlgs } from '../../provider/keys.ts'
import { type AuditEvent, record } from '../../store/audit.ts'
import { createClients } from '../../store/clients.ts'
import type { Database } from '../../store/open.ts'
import { changeSecret, existingSecret } from '../../store/sealed-secrets.ts'
import { transact } from '../../store/transaction.ts'
import {
  type Asked,
  changeOf,
  done,
  moment,
  type Noun,
  type Outcome,
  refused,
  table,
  UsageError,
} from './command.ts'

/** Fintechs keep our published keys for so long before they look again. */
const publishedBefore = hours(24)

const restart =
  'Running processes read the keys when they start: restart each of them now, one after the other.'

export const keyCommands: Noun = {
  summary: 'the keys that sign ID tokens and answers, and their change',
  help: [
    'In this order, and nobody notices:',
    '  1. keys add       a new key is published and does not sign yet; restart the processes; wait a day',
    '  2. keys use       it signs, the former one stays published; restart the processes',
    '  3. keys remove    when nobody shows anything any more that the former one signed',
    'Every process reads the keys when it starts, so each step counts from the next start of each.',
    'Has a key been stolen? All three steps at once with --at-once, and a restart after each.',
  ],
  verbs: {
    list: {
      takes: [],
      summary: 'every key with its state: signing, published (not yet used), retired',
      examples: ['keys list'],
      async run(asked) {
        const keys = describeKeys(await storedKeys(asked))
        return done(
          table(keys.map((key) => [key.kid, key.alg, key.state, sinceOf(key)])),
          keys.map(({ addedAt, retiredAt, ...key }) => ({
            ...key,
            addedAt: addedAt === undefined ? null : moment(addedAt),
            retiredAt: retiredAt === undefined ? null : moment(retiredAt),
          })),
        )
      },
    },
    add: {
      takes: [],
      summary: 'makes a key that is published and does not sign yet',
      options: { alg: { type: 'string' } },
      optionHelp: { '--alg <name>': `${signingAlgs.join(' or ')}; ES256 unless told` },
      examples: ['keys add --reason "yearly change"', 'keys add --alg PS256 --reason "yearly change"'],
      changes: true,
      async run(asked) {
        const now = asked.clock()
        const { kid, change } = await addKey(algOf(asked), now)
        await changeKeys(asked, 'key-added', kid, change)
        return done(
          [
            `added ${kid}; it does not sign yet`,
            restart,
            `From ${moment(now + publishedBefore)} on: keys use ${kid}`,
          ],
          { kid, usableFrom: moment(now + publishedBefore) },
        )
      },
    },
    use: {
      takes: ['<kid>'],
      summary: 'this key signs, and the former one of its algorithm stays published',
      options: { 'at-once': { type: 'boolean' } },
      optionHelp: {
        '--at-once': 'although fintechs may not have it yet: their verification fails for up to a day',
      },
      examples: ['keys use 3kX… --reason "yearly change"'],
      changes: true,
      async run(asked) {
        const key = await keyOf(asked)
        if (!key) return noSuch(asked)
        if (key.state === 'signing') return refused(`${key.kid} signs already`)
        const usableFrom = (key.addedAt ?? 0) + publishedBefore
        if (asked.clock() < usableFrom && !asked.isSet('at-once'))
          return refused(
            `${key.kid} is not published long enough: fintechs may not know it before ${moment(usableFrom)}`,
          )
        const now = asked.clock()
        await changeKeys(asked, 'key-activated', key.kid, (text) => useKey(text, key.kid, now))
        return done(
          [
            `${key.kid} signs from the next start of each process on`,
            restart,
            'The former key stays published; keys list shows it as retired, keys remove says when it can go.',
          ],
          { kid: key.kid },
        )
      },
    },
    remove: {
      takes: ['<kid>'],
      summary: 'ends a key that does not sign: nothing that it signed counts any more',
      help: [
        'A retired key is needed for as long as a fintech may send an ID token that it signed, to name',
        'the customer whose connection is renewed: the longest 認可期間 and the days after its end.',
      ],
      options: { 'at-once': { type: 'boolean' } },
      optionHelp: { '--at-once': 'although somebody may still need it, as when it was stolen' },
      examples: ['keys remove 9dQ… --reason "yearly change"'],
      changes: true,
      async run(asked) {
        const key = await keyOf(asked)
        if (!key) return noSuch(asked)
        if (key.state === 'signing')
          return refused(`${key.kid} signs: first keys add and keys use for another one`)
        const removableFrom = (key.retiredAt ?? 0) + (key.state === 'retired' ? await neededFor(asked) : 0)
        if (asked.clock() < removableFrom && !asked.isSet('at-once'))
          return refused(`somebody may still show what ${key.kid} signed, until ${moment(removableFrom)}`)
        await changeKeys(asked, 'key-removed', key.kid, (text) => removeKey(text, key.kid))
        return done([`removed ${key.kid}`, restart], { kid: key.kid })
      },
    },
  },
}

const storedKeys = ({ db, secrets }: Asked): Promise<string> =>
  existingSecret({ db, secrets: secrets() }, 'signing-keys')

async function keyOf(asked: Asked): Promise<KeyState | undefined> {
  return describeKeys(await storedKeys(asked)).find(({ kid }) => kid === asked.words[0])
}

const noSuch = ({ words: [kid = ''] }: Asked): Outcome => refused(`there is no key ${kid}; see: keys list`)

type KeyEvent = Extract<AuditEvent, { readonly key: string }>['event']

async function changeKeys(
  asked: Asked,
  event: KeyEvent,
  key: string,
  change: (text: string) => string,
): Promise<void> {
  const secrets = asked.secrets()
  await transact(asked.db, async (db: Database) => {
    await changeSecret({ db, secrets }, 'signing-keys', change)
    await record(db, asked.clock(), null, { event, key, ...changeOf(asked) })
  })
}

/** For how long after its last signature a key may be asked for. */
async function neededFor({ db, clock }: Asked): Promise<number> {
  const clients = await createClients({ db, clock }).list()
  return days(Math.max(0, ...clients.map(({ consentDays }) => consentDays)) + 1 + renewableDays)
}

function algOf({ text }: Asked): SigningAlg {
  const given = text('alg') ?? 'ES256'
  const alg = signingAlgs.find((one) => one === given)
  if (!alg) throw new UsageError(`--alg is ${signingAlgs.join(' or ')}`)
  return alg
}

function sinceOf({ state, addedAt, retiredAt }: KeyState): string {
  if (state === 'retired' && retiredAt !== undefined) return `since ${moment(retiredAt)}`
  return addedAt === undefined ? 'since the first start' : `added ${moment(addedAt)}`
}
