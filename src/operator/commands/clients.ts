/** `ninka clients`: the fintechs that may ask. */
import { z } from 'zod'
import { hours } from '../../clock.ts'
import { type Client, createClients } from '../../store/clients.ts'
import { type WrittenRegistration, writtenRegistration } from '../../store/registration.ts'
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

export const clientCommands: Noun = {
  summary: 'the fintechs that may ask: registered, suspended, with a new secret',
  verbs: {
    list: {
      takes: [],
      summary: 'every client with its state',
      examples: ['clients list', 'clients list --json'],
      async run(asked) {
        const clients = await clientsOf(asked).list()
        return done(
          table(
            clients.map(({ id, status, serviceName, companyName }) => [
              id,
              status,
              `${serviceName}（${companyName}）`,
            ]),
          ),
          clients.map(shown),
        )
      },
    },
    show: {
      takes: ['<id>'],
      summary: 'everything that is registered of one; never its secret',
      examples: ['clients show demo-kakeibo'],
      async run(asked) {
        const client = await clientsOf(asked).find(idOf(asked))
        if (!client) return noSuch(asked)
        return done(JSON.stringify(shown(client), null, 2), shown(client))
      },
    },
    add: {
      takes: [],
      summary: 'registers a client from a file, or changes one that has its id',
      help: [
        'Whatever is changed counts at once. A client that authenticates by a secret gets one, written',
        'here this once; a change keeps it. The fields are in docs/command-line.md.',
      ],
      options: { file: { type: 'string' } },
      optionHelp: { '--file <path>': 'the registration as JSON; needed; - reads it from the input' },
      examples: ['clients add --file - --reason "contract 2026/17" < books.json'],
      changes: true,
      async run(asked) {
        const { id, ...read } = readRegistration(asked)
        const { outcome, secret } = await clientsOf(asked).register({ id, ...read }, changeOf(asked))
        return done([`${id}: ${outcome}`, ...secretLines(secret)], {
          id,
          outcome,
          ...(secret ? { secret } : {}),
        })
      },
    },
    suspend: {
      takes: ['<id>'],
      summary: 'nothing of this client works from this moment; its consents stay as they are',
      examples: ['clients suspend demo-kakeibo --reason "incident 12"'],
      changes: true,
      run: (asked) => setStatus(asked, 'suspend', 'suspended'),
    },
    resume: {
      takes: ['<id>'],
      summary: 'everything of this client works again',
      examples: ['clients resume demo-kakeibo --reason "incident 12 is closed"'],
      changes: true,
      run: (asked) => setStatus(asked, 'resume', 'active'),
    },
    'rotate-secret': {
      takes: ['<id>'],
      summary: 'makes a new secret; the former one counts beside it for a while',
      help: ['Has a secret been stolen? --overlap 0 ends the former one at once.'],
      options: { overlap: { type: 'string' } },
      optionHelp: { '--overlap <hours>': 'how long the former one still counts; 72 unless told' },
      examples: [
        'clients rotate-secret demo-kakeibo --reason "yearly change"',
        'clients rotate-secret demo-kakeibo --overlap 0 --reason "stolen"',
      ],
      changes: true,
      async run(asked) {
        const overlap = hours(readHours(asked.text('overlap') ?? '72'))
        const id = idOf(asked)
        const rotated = await clientsOf(asked).rotateSecret(id, { ...changeOf(asked), overlap })
        if (!rotated) return refused(`${id} is not there, or authenticates by a key of its own`)
        const former =
          overlap === 0
            ? 'the former one ended'
            : `the former one counts until ${moment(rotated.formerUntil)}`
        return done([...secretLines(rotated.secret), former], { id, ...rotated })
      },
    },
  },
}

const clientsOf = ({ db, clock }: Asked) => createClients({ db, clock })

const idOf = ({ words: [id = ''] }: Asked): string => id

const noSuch = (asked: Asked): Outcome => refused(`there is no client ${idOf(asked)}`)

/** Hashes of secrets are of no use to anybody who reads this. */
const shown = ({ authentication, ...rest }: Client) => ({
  ...rest,
  authentication:
    authentication.method !== 'client_secret_basic'
      ? authentication
      : {
          method: authentication.method,
          ...(authentication.former ? { formerSecretUntil: moment(authentication.former.until) } : {}),
        },
})

const secretLines = (secret: string | undefined): string[] =>
  secret === undefined
    ? []
    : [`secret: ${secret}`, 'It is kept only as a hash: hand it over now, by a safe way.']

async function setStatus(
  asked: Asked,
  verb: 'suspend' | 'resume',
  status: Client['status'],
): Promise<Outcome> {
  const id = idOf(asked)
  if (await clientsOf(asked)[verb](id, changeOf(asked))) return done(`${id} is ${status}`, { id, status })
  return refused(`there is no client ${id}, or it is ${status} already`)
}

function readRegistration({ text, readFile }: Asked): WrittenRegistration {
  const file = text('file')
  if (file === undefined) throw new UsageError('it needs --file <path>')
  const read = writtenRegistration.safeParse(parsed(readFile(file), file))
  if (!read.success) throw new Error(`${file} is not a registration:\n${z.prettifyError(read.error)}`)
  return read.data
}

function parsed(content: string, file: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    throw new Error(`${file} is not JSON`)
  }
}

function readHours(given: string): number {
  if (!/^\d{1,4}$/.test(given)) throw new UsageError('--overlap is a number of hours')
  return Number(given)
}
