/** Of the contract: who signs in, what is said to whoever may not, and the registered question. */
import { randomUUID } from 'node:crypto'
import { type BankScope, bankScopes } from '../../consent/services.ts'
import {
  type BankCheck,
  holds,
  inNewJourney,
  needs,
  same,
  signedIn,
  valueOf,
  wrong,
  wrongPassword,
} from './bench.ts'

const reasons = [
  'locked-by-bank',
  'password-expired',
  'certificate-required',
  'may-not-connect',
  'first-login',
  'contract-closed',
] as const

export const signInChecks: readonly BankCheck[] = [
  {
    name: 'health answers',
    run: async ({ bank }) => same('health', await bank.reach(), { ok: true, value: 'reached' }),
  },
  {
    name: 'the right password tells who it is, and the id does not tell the login ID',
    async run(bench) {
      const { loginId, companyName, userName } = bench.customers.main
      const { id, services: _, ...told } = await signedIn(bench, bench.customers.main)
      same('sign-in', told, { companyName, userName, signals: [] })
      holds('sign-in', !id.includes(loginId), 'an id without the login ID in it', id)
    },
  },
  {
    name: 'a customer has the same id at every sign-in, and no two share one',
    async run(bench) {
      const { main, other } = bench.customers
      const first = await signedIn(bench, main)
      same('the id at a second sign-in', (await signedIn(bench, main)).id, first.id)
      const { id } = await signedIn(bench, other)
      holds('the id of another customer', id !== first.id, 'another id', id)
    },
  },
  {
    name: 'an unknown login ID gets the very answer of a wrong password',
    async run(bench) {
      const { loginId, password } = bench.customers.main
      const refused = await bench.bank.signIn({ loginId, password: wrongPassword(password) })
      same('sign-in with a wrong password', refused, wrong)
      for (const unknown of [`nobody-${randomUUID()}`, '', '__proto__'])
        same(
          'sign-in with an unknown login ID',
          await bench.bank.signIn({ loginId: unknown, password }),
          wrong,
        )
      await signedIn(bench, bench.customers.main)
    },
  },
  ...reasons.map((reason) => ({
    name: `${reason} is said only after the right password`,
    async run({ bank, customers }: Parameters<BankCheck['run']>[0]) {
      const { loginId, password } = needs(
        customers.refused.find((one) => one.reason === reason),
        `refused: ${reason}`,
      )
      const guess = await bank.signIn({ loginId, password: wrongPassword(password) })
      same('sign-in with a wrong password', guess, wrong)
      same('sign-in with the right password', await bank.signIn({ loginId, password }), { ok: false, reason })
    },
  })),
  {
    name: 'what the bank noticed comes with the sign-in',
    async run(bench) {
      const who = needs(bench.customers.question, 'question')
      same('signals', (await signedIn(bench, who)).signals, who.signals)
    },
  },
  {
    name: 'the services that a user may allow come with the sign-in and the standing, and others may allow all',
    async run(bench) {
      const who = needs(bench.customers.limited, 'limited')
      const { id: customer, services } = await signedIn(bench, who)
      same('services', inOrder(services), inOrder(who.services))
      const standing = valueOf('standing', await bench.bank.standing({ customer, accounts: [] }))
      same('services of standing', inOrder(standing.services), inOrder(who.services))
      const { services: all = bankScopes } = await signedIn(bench, bench.customers.main)
      same('services of the main customer', inOrder(all), inOrder(bankScopes))
    },
  },
]

const inOrder = (services: readonly BankScope[] | undefined) => services?.toSorted()

const certificateOf = ({ subject, issuer }: { readonly subject: string; readonly issuer: string }) => ({
  subject,
  issuer,
  serialNumber: '1',
  fingerprint: 'a'.repeat(64),
})

export const certificateChecks: readonly BankCheck[] = [
  {
    name: 'a certificate names its user, and a renewed one the same',
    async run({ bank, customers }) {
      const ours = certificateOf(needs(customers.certificate, 'certificate'))
      const user = valueOf('identify-certificate', await bank.identifyCertificate(ours))
      same('the user', user.userName, customers.certificate?.userName)
      const renewed = { ...ours, serialNumber: '2', fingerprint: 'b'.repeat(64) }
      const again = valueOf('identify-certificate of a renewed one', await bank.identifyCertificate(renewed))
      same('the user of a renewed certificate', again.id, user.id)
    },
  },
  {
    name: 'a certificate of another issuer, or with another or a longer name, is tied to nobody',
    async run({ bank, customers }) {
      const ours = certificateOf(needs(customers.certificate, 'certificate'))
      const others = [
        { issuer: `CN=Another,${ours.issuer}` },
        { subject: `${ours.subject},C=ZZ` },
        { subject: ours.subject.split(',').slice(1).join(',') || 'CN=x' },
        { subject: `CN=${ours.subject.replaceAll(',', '\\,').replaceAll('=', '\\=')}` },
      ]
      for (const change of others)
        same('identify-certificate', await bank.identifyCertificate({ ...ours, ...change }), {
          ok: false,
          reason: 'not-tied',
        })
    },
  },
  {
    name: 'a certificate signs in with the password of its own user only',
    async run(bench) {
      const { bank, customers } = bench
      const { password, ...names } = needs(customers.certificate, 'certificate')
      const found = await bank.identifyCertificate(certificateOf(names))
      const { id: user } = valueOf('identify-certificate', found)
      const enter = (entered: string) => bank.signInWithCertificate({ user, password: entered })
      same('a wrong password', await enter(wrongPassword(password)), wrong)
      const { id } = valueOf('sign-in-with-certificate', await enter(password))
      same('the id', id, user)
      const nobody = await bank.signInWithCertificate({
        user: `nobody-${randomUUID().slice(0, 8)}`,
        password,
      })
      same('sign-in-with-certificate of nobody', nobody, wrong)
    },
  },
  {
    name: 'a customer who signs in by password does not by certificate',
    async run(bench) {
      const { main } = bench.customers
      const { id: user } = await signedIn(bench, main)
      const enter = (password: string) => bench.bank.signInWithCertificate({ user, password })
      same('sign-in-with-certificate, wrong password', await enter(wrongPassword(main.password)), wrong)
      same('sign-in-with-certificate', await enter(main.password), { ok: false, reason: 'password-required' })
    },
  },
]

export const questionChecks: readonly BankCheck[] = [
  {
    name: 'the question is the same for the whole of a journey',
    async run(bench) {
      const who = await inNewJourney(bench, needs(bench.customers.question, 'question'))
      const first = valueOf('question', await bench.bank.question(who))
      same('question, asked again', valueOf('question', await bench.bank.question(who)), first)
    },
  },
  {
    name: 'the question is answered however the answer is typed',
    async run(bench) {
      const { answers, ...entrance } = needs(bench.customers.question, 'question')
      const who = await inNewJourney(bench, entrance)
      const { id: question } = valueOf('question', await bench.bank.question(who))
      for (const [n, answer] of answers.entries())
        same(`answer, spelling ${n + 1} of the file`, await bench.bank.answer({ ...who, question, answer }), {
          ok: true,
          value: 'right',
        })
    },
  },
  {
    name: 'the question is not answered by anything else, by nobody, nor by the answer to another question',
    async run(bench) {
      const { answers, wrongAnswer, ...entrance } = needs(bench.customers.question, 'question')
      const [answer = ''] = answers
      const who = await inNewJourney(bench, entrance)
      const { id: question } = valueOf('question', await bench.bank.question(who))
      const attempt = { ...who, question, answer }
      for (const change of [{ answer: wrongAnswer }, { question: 'another' }, { customer: 'nobody' }])
        same(
          `answer with another ${Object.keys(change)[0]}`,
          await bench.bank.answer({ ...attempt, ...change }),
          wrong,
        )
      same('answer, right after all', await bench.bank.answer(attempt), { ok: true, value: 'right' })
    },
  },
]
