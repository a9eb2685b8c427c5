/** `ninka consents`: finds what a customer agreed to, and ends it at his word or the bank's. */
import { endConsent, stopAccountOf } from '../../consent/ending.ts'
import { readTime } from './audit.ts'
import { stateAt } from '../../consent/state.ts'
import { record } from '../../store/audit.ts'
import {
  type Consent,
  findConsentByNumber,
  idsOfLive,
  listConsents,
  listConsentsOfClient,
} from '../../store/consents.ts'
import { createClients } from '../../store/clients.ts'
import { type EndReason } from '../../store/consent-changes.ts'
import { readAudit } from '../../store/audit-read.ts'
import { wordsOfConsent } from '../../store/wordings.ts'
import { transact } from '../../store/transaction.ts'
import { type Asked, done, moment, type Noun, type Outcome, refused, table, UsageError } from './command.ts'

const reasons = ['customer-asked', 'suspected-fraud', 'bank-decision'] as const satisfies EndReason[]
const most = 200

const why = {
  options: { why: { type: 'string' } },
  optionHelp: { '--why <code>': `what the fintech is told: ${reasons.join(', ')} (the last unless told)` },
} as const

export const consentCommands: Noun = {
  summary: 'what customers agreed to: found, looked at, ended',
  help: ['A number is the one on the receipt, such as ABC-1234-XYZ. Who looked is in the audit, too.'],
  verbs: {
    find: {
      takes: ['<number|customer|client>'],
      summary: `by number, by the bank’s id of the customer, or by client id (the newest ${most})`,
      examples: ['consents find ABC-1234-XYZ', 'consents find demo-kakeibo --json'],
      async run(asked) {
        const found = await find(asked)
        const [first] = found
        await looked(asked, 'consents find', {
          customer: found.every(({ customer }) => customer === first?.customer) ? first?.customer : undefined,
          id: found.length === 1 ? first?.id : undefined,
        })
        if (found.length === 0) return refused('nothing found', [])
        const now = asked.clock()
        return done(
          table(
            found.map((one) => [
              one.number,
              stateAt(one, now),
              one.client,
              one.customer,
              `until ${moment(one.endsAt)}`,
            ]),
          ),
          found.map((one) => line(one, now)),
        )
      },
    },
    show: {
      takes: ['<number>'],
      summary: 'one consent: accounts, services, since, until, last use, what happened to it, what was read',
      examples: ['consents show ABC-1234-XYZ'],
      async run(asked) {
        const consent = await byNumber(asked)
        if (!consent) return noSuch(asked)
        await looked(asked, 'consents show', consent)
        const whole = {
          ...line(consent, asked.clock()),
          ...details(consent),
          history: await history(asked, consent),
          read: (await wordsOfConsent(asked.db, consent.id)) ?? null,
        }
        return done(JSON.stringify(whole, null, 2), whole)
      },
    },
    stop: {
      takes: ['<number>'],
      summary: 'ends it: its tokens are dead at once, and the fintech is told',
      ...why,
      examples: [
        'consents stop ABC-1234-XYZ --why customer-asked --reason "called, birthday and address checked"',
      ],
      changes: true,
      async run(asked) {
        const reason = reasonOf(asked)
        const consent = await byNumber(asked)
        if (!consent) return noSuch(asked)
        const { by, note } = asked
        const ended = await transact(asked.db, (transaction) =>
          endConsent(transaction, consent.id, asked.clock(), { status: 'stopped', by, reason, note }),
        )
        return ended
          ? done(`${consent.number} is stopped`, { number: consent.number, status: 'stopped' })
          : refused(`${consent.number} had ended before: ${consent.status}`)
      },
    },
    'stop-account': {
      takes: ['<number>', '<account>'],
      summary:
        'ends one account of it, by the id that `consents show` names; with the last one all of it ends',
      ...why,
      examples: [
        'consents stop-account ABC-1234-XYZ 5fJ… --why customer-asked --reason "called, address checked"',
      ],
      changes: true,
      async run(asked) {
        const reason = reasonOf(asked)
        const consent = await byNumber(asked)
        if (!consent) return noSuch(asked)
        const account = asked.words[1] ?? ''
        const { by, note } = asked
        return (await stopAccountOf(asked, consent.id, account, { by, reason, note }))
          ? done(`${account} of ${consent.number} is stopped`, { number: consent.number, account })
          : refused(`${consent.number} has no such account, or it had ended before`)
      },
    },
    'stop-all': {
      takes: ['<client>'],
      summary: 'ends every connection with this fintech; each fintech and customer is told',
      help: [
        'For the end of a contract, or when nobody can say any more which tokens are in whose hands. To',
        'keep a fintech out for a while suspend it instead: then no customer has to connect again.',
        'Cut off on the way, it goes on where it was when it is typed again.',
      ],
      options: { ...why.options, before: { type: 'string' }, count: { type: 'boolean' } },
      optionHelp: {
        ...why.optionHelp,
        '--before <time>': 'only those that were given before, such as 2026-11-22 (in Japan)',
        '--count': 'ends none, and says how many it would end',
      },
      examples: [
        'consents stop-all demo-kakeibo --count --reason "contract ends"',
        'consents stop-all demo-kakeibo --before 2026-11-22T09:00:00Z --reason "incident 12"',
      ],
      changes: true,
      run: stopAll,
    },
  },
}

/** Small enough that nobody waits for long behind one transaction. */
const together = 50

async function stopAll(asked: Asked): Promise<Outcome> {
  const { db, clock, by, note, words } = asked
  const reason = reasonOf(asked)
  const [client = ''] = words
  if (!(await createClients({ db, clock }).find(client))) return refused(`there is no client ${client}`)
  const before = readTime(asked.text('before'), '--before') ?? clock() + 1
  if (asked.isSet('count')) {
    const all = await idsOfLive(db, client, before)
    return done(`${all.length} would end`, { client, ended: 0, live: all.length })
  }
  let ended = 0
  for (;;) {
    const some = await idsOfLive(db, client, before, together)
    if (some.length === 0) return done(`${ended} connections of ${client} have ended`, { client, ended })
    ended += await transact(db, async (transaction) => {
      let now = 0
      for (const { id, status } of some) {
        const ending = { status: status === 'active' ? 'stopped' : 'unused', by, reason, note } as const
        if (await endConsent(transaction, id, clock(), ending)) now += 1
      }
      return now
    })
  }
}

function numberOf({ words: [number = ''] }: Asked): string {
  return number.toUpperCase()
}

const byNumber = (asked: Asked) => findConsentByNumber(asked.db, numberOf(asked))

const noSuch = (asked: Asked): Outcome => refused(`there is no consent ${numberOf(asked)}`)

async function find(asked: Asked): Promise<readonly Consent[]> {
  const consent = await byNumber(asked)
  if (consent) return [consent]
  const [word = ''] = asked.words
  const ofCustomer = await listConsents(asked.db, word)
  return ofCustomer.length > 0 ? ofCustomer : listConsentsOfClient(asked.db, word, most)
}

/** @param at whose it is, and which consent, where it is only one */
const looked = (
  { db, clock, by }: Asked,
  what: string,
  { customer = null, id = null }: { customer?: string | null | undefined; id?: string | null | undefined },
): Promise<void> => record(db, clock(), null, { event: 'staff-looked', by, what, customer, consent: id })

const line = (consent: Consent, now: number) => ({
  number: consent.number,
  state: stateAt(consent, now),
  client: consent.client,
  customer: consent.customer,
  startsAt: moment(consent.startsAt),
  endsAt: moment(consent.endsAt),
  endedAt: consent.endedAt === null ? null : moment(consent.endedAt),
  endedBy: consent.endedBy,
  endedReason: consent.endedReason,
})

/** Accounts by the ids that the fintech knows: the bank's own are for its own systems. */
const details = (consent: Consent) => ({
  companyName: consent.companyName,
  userName: consent.userName,
  signedInBy: consent.signedInBy,
  services: consent.services,
  accounts: consent.accounts.map(({ id }) => id),
  stoppedAccounts: consent.stoppedAccounts.map(({ id, at, by, reason }) => ({
    id,
    at: moment(at),
    by,
    reason,
  })),
  lastUsedAt: consent.lastUsedAt === null ? null : moment(consent.lastUsedAt),
  language: consent.language,
})

async function history({ db }: Asked, { id }: Consent) {
  const rows = []
  for await (const { at, event, journey, payload } of readAudit(db, { consent: id }))
    if (event !== 'staff-looked') rows.push({ at, event, journey, ...payload })
  return rows
}

function reasonOf({ text }: Asked): (typeof reasons)[number] {
  const given = text('why') ?? 'bank-decision'
  const reason = reasons.find((one) => one === given)
  if (!reason) throw new UsageError(`--why is one of ${reasons.join(', ')}`)
  return reason
}
