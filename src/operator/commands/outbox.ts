/** `ninka outbox`: what fintechs and customers are to be told, and what could not be delivered. */
import { findConsentByNumber } from '../../store/consents.ts'
import { listDeliveries, type QueuedDelivery, retryDead } from '../../store/deliveries.ts'
import { changeOf, done, moment, type Noun, refused, table, UsageError } from './command.ts'

const states = ['waiting', 'delivered', 'dead'] as const
const most = 200

export const outboxCommands: Noun = {
  summary: 'what fintechs and customers are told of the end of a consent, and what never arrived',
  help: [
    'A message that cannot be delivered is tried again for days; then it is dead until somebody sends it again.',
  ],
  verbs: {
    list: {
      takes: [],
      summary: `the newest ${most} messages of a state; ends with 1 when there is none`,
      options: { state: { type: 'string' } },
      optionHelp: { '--state <name>': `${states.join(', ')}; dead unless told` },
      examples: ['outbox list', 'outbox list --state waiting --json'],
      async run({ db, text }) {
        const given = text('state') ?? 'dead'
        const state = states.find((one) => one === given)
        if (!state) throw new UsageError(`--state is one of ${states.join(', ')}`)
        const found = (await listDeliveries(db, state, most)).map(line)
        if (found.length === 0) return refused(`nothing is ${state}`, [])
        return done(
          table(
            found.map((one) => [
              one.createdAt,
              one.type,
              one.client,
              one.consent,
              `tries ${one.tries}`,
              one.lastError ?? '',
            ]),
          ),
          found,
        )
      },
    },
    retry: {
      takes: ['<client|number>'],
      summary: 'sends dead messages once more: the events of a client, or all that is about one consent',
      examples: [
        'outbox retry demo-kakeibo --reason "their endpoint is repaired"',
        'outbox retry ABC-1234-XYZ --reason "mail system was down"',
      ],
      changes: true,
      async run(asked) {
        const [word = ''] = asked.words
        const consent = await findConsentByNumber(asked.db, word.toUpperCase())
        const about = consent
          ? { consent: consent.id, ofClient: consent.client }
          : { client: word, ofClient: word }
        const messages = await retryDead(asked, about, changeOf(asked))
        return messages > 0
          ? done(`${messages} messages wait to be sent again`, { messages })
          : refused(`nothing of ${word} is dead`, { messages })
      },
    },
  },
}

/** Never what is in a message: it is the fintech's or the customer's. */
const line = ({ nextTryAt, createdAt, settledAt, ...rest }: QueuedDelivery) => ({
  ...rest,
  createdAt: moment(createdAt),
  nextTryAt: rest.state === 'waiting' ? moment(nextTryAt) : null,
  settledAt: settledAt === null ? null : moment(settledAt),
})
