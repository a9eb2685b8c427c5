/** The states of a customer's own connections, for the tests and the gallery. */
import type { Account, Connection, Detail, Happening } from '../connections/connection.ts'
import { days, hours, minutes } from '../clock.ts'
import { type FieldError, type ProblemCode, problems } from '../errors.ts'
import { accountHandle } from '../journey/journey.ts'
import {
  type ConnectionsPage,
  connectionsDeadEnd,
  detailPage,
  listPage,
  signedOutPage,
  signInPage,
  stopEverythingPage,
  stoppedPage,
  stopPage,
} from './connections.ts'
import type { VisitPageContext } from './frame.ts'
import type { Language } from './language.ts'
import {
  sampleAccounts,
  sampleCertificate,
  sampleClient,
  sampleEnd,
  sampleNow,
  sampleSite,
  sampleUid,
} from './sample-facts.ts'

const csrf = 'sample-csrf-0123456789abcdefghijklmnopqrstuvwxyz.0123456789'

const contextOf = (language: Language, facts: VisitPageContext['facts']): VisitPageContext => ({
  uid: sampleUid,
  language,
  facts,
  now: sampleNow,
  startedAt: sampleNow - minutes(4),
})

const customer = { id: 'c-1', companyName: '株式会社見本商店', userName: '見本 太郎', since: sampleNow }
const signedIn = (language: Language) => ({
  context: contextOf(language, { customer, challenge: 'not-needed' }),
  csrf,
})

const service = {
  name: sampleClient.serviceName,
  company: sampleClient.companyName,
  contact: sampleClient.contact,
  isSuspended: false,
}
const accounting = { ...service, name: 'みほん会計', company: 'みほん会計システム株式会社' }

const active: Connection = {
  number: '7K3-M2QZ-T48',
  service,
  state: 'active',
  services: ['balances', 'transactions'],
  accountCount: 2,
  startsAt: sampleNow,
  endsAt: sampleEnd,
  daysLeft: 90,
  lastUsedAt: sampleNow,
  end: null,
}
const expiring: Connection = {
  ...active,
  number: 'A0C-9V4W-2HX',
  service: accounting,
  state: 'expiring',
  services: ['transactions'],
  accountCount: 1,
  startsAt: sampleNow - days(83),
  endsAt: sampleEnd - days(83),
  daysLeft: 7,
}
const waiting: Connection = { ...active, number: 'P5D-11NB-8RS', state: 'granted', lastUsedAt: null }
const paused: Connection = { ...active, number: 'QW2-60TF-3ZY', service: { ...service, isSuspended: true } }
const ended = (number: string, state: Connection['state'], by: string, reason: string): Connection => ({
  ...active,
  number,
  state,
  end: { at: sampleNow - days(1), by, reason },
})
const stopped = ended('M8H-7J2K-4EE', 'stopped', 'customer', 'customer-stopped')
const expired = ended('D31-55XG-9QP', 'expired', 'system', 'period-ended')
const unused = ended('V0Z-2BCD-6TT', 'unused', 'system', 'code-never-exchanged')
const urgent: Connection = {
  ...stopped,
  end: { at: sampleNow, by: 'customer', reason: 'emergency-stop' },
}

const accountsOf = (areNamed: boolean, end: Account['stopped']): Account[] =>
  sampleAccounts.slice(0, 2).map((name, index) => ({
    id: `account-${index}`,
    handle: accountHandle(sampleUid, name.number),
    name: areNamed ? name : null,
    stopped: index === 1 ? end : null,
  }))

const history: readonly Happening[] = [
  { what: 'activated', at: sampleNow, number: active.number },
  { what: 'renewed', at: sampleNow, number: active.number, until: sampleEnd },
  {
    what: 'ended',
    at: sampleNow - hours(1),
    number: 'B7T-0000-1AA',
    end: { at: sampleNow - hours(1), by: 'customer', reason: `replaced by ${active.number}` },
  },
  { what: 'activated', at: sampleNow - days(80), number: 'B7T-0000-1AA' },
  { what: 'granted', at: sampleNow - days(80), number: 'B7T-0000-1AA', until: sampleEnd - days(80) },
]

function detail(connection: Connection, { areNamed = true, past = history } = {}): Detail {
  const oneStopped = past.find((one) => one.what === 'account-stopped')
  const end = oneStopped && 'end' in oneStopped ? oneStopped.end : connection.end
  return {
    ...connection,
    companyName: customer.companyName,
    userName: customer.userName,
    signedInBy: 'password',
    accounts: accountsOf(areNamed, end),
    areNamed,
    history: past,
  }
}

const accountStopped: Happening = {
  what: 'account-stopped',
  at: sampleNow,
  number: active.number,
  account: sampleAccounts[1] ?? null,
  end: { at: sampleNow, by: 'staff:tanaka', reason: 'customer-asked' },
}
const connectionEnded: Happening = {
  what: 'ended',
  at: sampleNow,
  number: stopped.number,
  end: { at: sampleNow, by: 'client', reason: 'token-revoked' },
}

const account = accountsOf(true, { at: sampleNow, by: 'customer', reason: 'customer-stopped' })[1]
if (!account) throw new Error('the manual has more than one account')
const stillShared = { ...account, stopped: null }

/** By name `connections/<page>/<state>`. */
export const connectionsSamples: readonly (readonly [string, (language: Language) => ConnectionsPage])[] = [
  ['sign-in/fresh', (language) => signIn(language, {})],
  ['sign-in/signed-out-by-time', (language) => signIn(language, { idle: true })],
  [
    'sign-in/wrong',
    (language) => signIn(language, { errors: [{ code: 'sign-in-wrong', field: 'login-id' }] }),
  ],
  ['certificate-password', certificatePassword],
  ['answer-challenge', answerChallenge],
  ['list/live', list(expiring, active, waiting, paused)],
  ['list/mixed', list(active, stopped, expired, unused)],
  ['list/one', list(active)],
  ['list/ended-only', list(stopped, expired)],
  ['list/empty', list()],
  ['detail/renewed', (language) => detailPage(sampleSite, detail(active), signedIn(language))],
  ['detail/expiring', (language) => detailPage(sampleSite, detail(expiring), signedIn(language))],
  ['detail/waiting', (language) => detailPage(sampleSite, detail(waiting, { past: [] }), signedIn(language))],
  [
    'detail/account-stopped',
    (language) =>
      detailPage(sampleSite, detail(active, { past: [accountStopped, ...history] }), signedIn(language)),
  ],
  [
    'detail/bank-unavailable',
    (language) => detailPage(sampleSite, detail(active, { areNamed: false }), signedIn(language)),
  ],
  [
    'detail/ended',
    (language) =>
      detailPage(sampleSite, detail(stopped, { past: [connectionEnded, ...history] }), signedIn(language)),
  ],
  ['stop/connection', (language) => stop(language, null, false)],
  ['stop/account', (language) => stop(language, stillShared, false)],
  ['stop/last-account', (language) => stop(language, { ...stillShared, name: null }, true)],
  [
    'stop-everything/fresh',
    (language) => stopEverythingPage(sampleSite, [active, expiring], signedIn(language)),
  ],
  [
    'stop-everything/tick-missing',
    (language) =>
      stopEverythingPage(sampleSite, [active], {
        ...signedIn(language),
        errors: [{ code: 'stop-tick-missing', field: 'sure' }],
      }),
  ],
  ['stopped/connection', (language) => said(language, { connection: stopped, account: null, all: [] })],
  ['stopped/account', (language) => said(language, { connection: active, account, all: [] })],
  ['stopped/everything', (language) => said(language, { connection: null, account: null, all: [urgent] })],
  ['signed-out', (language) => signedOutPage(sampleSite, language)],
  ...(Object.keys(problems) as ProblemCode[]).map(
    (code) => [`problem/${code}`, (language: Language) => deadEnd(language, code)] as const,
  ),
]

function signIn(
  language: Language,
  { idle = false, errors = [] }: { idle?: boolean; errors?: readonly FieldError[] },
): ConnectionsPage {
  const view = { loginId: '', maxLength: sampleSite.institution.rules.loginId.maxLength }
  return signInPage(sampleSite, {
    step: 'sign-in',
    view,
    idle,
    errors,
    csrf,
    context: contextOf(language, {}),
  })
}

function certificatePassword(language: Language): ConnectionsPage {
  const { holder: name, endsAt } = sampleCertificate
  const facts = { certificate: { user: 'c-1', name, endsAt, since: sampleNow } }
  const view = { certificateName: name, endsSoon: null }
  const context = contextOf(language, facts)
  return signInPage(sampleSite, { step: 'certificate-password', view, idle: false, csrf, context })
}

function answerChallenge(language: Language): ConnectionsPage {
  const view = { question: '好きな花は何ですか' }
  return signInPage(sampleSite, { step: 'answer-challenge', view, idle: false, ...signedIn(language) })
}

function list(...connections: readonly Connection[]) {
  const of = (name: 'expiring' | 'live' | 'ended') => ({
    name,
    connections: connections.filter(({ state, end }) =>
      name === 'ended' ? end : !end && (state === 'expiring') === (name === 'expiring'),
    ),
  })
  const groups = [of('expiring'), of('live'), of('ended')].filter((one) => one.connections.length > 0)
  return (language: Language): ConnectionsPage => listPage(sampleSite, { groups }, signedIn(language))
}

const stop = (language: Language, one: Account | null, isLast: boolean): ConnectionsPage =>
  stopPage(sampleSite, { connection: active, account: one, isLast }, signedIn(language))

const said = (
  language: Language,
  view: { connection: Connection | null; account: Account | null; all: readonly Connection[] },
): ConnectionsPage => stoppedPage(sampleSite, { at: sampleNow, ...view }, signedIn(language))

const deadEnd = (language: Language, code: ProblemCode): ConnectionsPage =>
  connectionsDeadEnd(sampleSite, {
    problem: { code, received: code === 'certificate-expired' ? sampleCertificate : undefined },
    step: 'sign-in',
    csrf,
    context: contextOf(language, {}),
  })
