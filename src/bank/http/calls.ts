/**
 * The HTTP contract as a table: for every call of the port its path, what is sent, what may come back, how long it may
 * take and whether it may be repeated. `openapi.yaml` says the same to the bank's engineer, and a test holds both together.
 */
import { z } from 'zod'
import { seconds } from '../../clock.ts'
import { bankScopes } from '../../consent/services.ts'
import type { Bank } from '../port.ts'

export type CallName = keyof Bank

type Outcome<Name extends CallName> = Awaited<ReturnType<Bank[Name]>>
type ValueOf<Name extends CallName> = Extract<Outcome<Name>, { readonly ok: true }>['value']
type ReasonOf<Name extends CallName> = Extract<Outcome<Name>, { readonly ok: false }>['reason']

type Call<Name extends CallName> = {
  readonly path: `/v1/${string}`
  readonly asked: z.ZodObject
  readonly value: z.ZodType<ValueOf<Name>>
  /** all that the port knows, besides `unavailable`; a reason too many or too few does not compile */
  readonly refusals: Readonly<Record<Exclude<ReasonOf<Name>, 'unavailable'>, true>>
  /** ms in all, repetitions included */
  readonly timeout: number
  /**
   * `freely`: it changes nothing. `with-key`: the bank knows a repetition by its Idempotency-Key. `never`: it has a key, so that
   * a proxy's repetition is not counted twice, but we do not repeat what may count a customer's try.
   */
  readonly repeat: 'freely' | 'with-key' | 'never'
}

const id = z.string().min(1).max(64)
const text = z.string().max(1000)
const yen = z.string().regex(/^-?(0|[1-9]\d{0,30})$/)
const day = z.iso.date()

/** RFC 3339 on the wire, ms for us. */
const instant = z.codec(z.iso.datetime({ offset: true }), z.number(), {
  decode: (written) => Date.parse(written),
  encode: (at) => new Date(at).toISOString(),
})

const inJourney = { customer: id, journey: z.string().min(1).max(128) }
const inquiry = { customer: id, account: id, client: z.string().min(1).max(200) }
/** What we do not know yet is no reason to keep a customer out. */
const signals = z.codec(z.array(z.string().max(100)), z.array(z.literal('unusual-environment')), {
  decode: (all) => all.filter((one) => one === 'unusual-environment'),
  encode: (all) => all,
})
/** A right to something that we do not offer yet opens nothing here. */
const services = z
  .codec(z.array(z.string().max(100)), z.array(z.enum(bankScopes)), {
    decode: (all) => bankScopes.filter((one) => all.includes(one)),
    encode: (all): string[] => all,
  })
  .optional()
const customer = z.object({
  id,
  companyName: text,
  userName: text,
  signals,
  services,
})

const notAllowed = {
  wrong: true,
  'locked-by-bank': true,
  'password-expired': true,
  'certificate-required': true,
  'password-required': true,
  'may-not-connect': true,
  'first-login': true,
  'contract-closed': true,
} as const
const inquiryClosed = { maintenance: true, 'outside-hours': true } as const
const noInquiry = { 'account-closed': true, 'pin-not-registered': true, ...inquiryClosed } as const

export const calls: { readonly [Name in CallName]: Call<Name> } = {
  reach: {
    path: '/v1/health',
    asked: z.object({}),
    value: z.literal('reached'),
    refusals: {},
    timeout: seconds(2),
    repeat: 'freely',
  },
  signIn: {
    path: '/v1/sign-in',
    asked: z.object({ loginId: text, password: text }),
    value: customer,
    refusals: notAllowed,
    timeout: seconds(8),
    repeat: 'never',
  },
  identifyCertificate: {
    path: '/v1/identify-certificate',
    asked: z.object({ subject: text, issuer: text, serialNumber: text, fingerprint: text }),
    value: customer.pick({ id: true, userName: true }),
    refusals: { 'not-tied': true },
    timeout: seconds(5),
    repeat: 'freely',
  },
  signInWithCertificate: {
    path: '/v1/sign-in-with-certificate',
    asked: z.object({ user: id, password: text }),
    value: customer,
    refusals: notAllowed,
    timeout: seconds(8),
    repeat: 'never',
  },
  question: {
    path: '/v1/question',
    asked: z.object(inJourney),
    value: z.object({ id, text: text.min(1) }),
    refusals: {},
    timeout: seconds(5),
    repeat: 'freely',
  },
  answer: {
    path: '/v1/answer',
    asked: z.object({ ...inJourney, question: id, answer: text }),
    value: z.literal('right'),
    refusals: { wrong: true },
    timeout: seconds(8),
    repeat: 'never',
  },
  accounts: {
    path: '/v1/accounts',
    asked: z.object({ ...inJourney, client: inquiry.client.optional() }),
    value: z.array(
      z.object({
        id,
        branchName: text,
        branchCode: z.string().regex(/^\d{3}$/),
        kind: z.string().min(1).max(20),
        number: z.string().regex(/^\d{1,20}$/),
        // Characters and not UTF-16 units, as the contract and the customer count: 𠮷 is one.
        memo: z.string().regex(/^.{0,20}$/su),
        registered: z.boolean(),
        held: z.boolean(),
        barred: z.literal('no-right').optional(),
      }),
    ),
    refusals: inquiryClosed,
    timeout: seconds(5),
    repeat: 'freely',
  },
  holdPins: {
    path: '/v1/hold-pins',
    asked: z.object({ ...inJourney, pins: z.array(z.object({ account: text, pin: text })) }),
    value: z.array(
      z.object({ account: text, answer: z.enum(['held', 'wrong', 'locked', 'unknown-account']) }),
    ),
    refusals: {},
    timeout: seconds(10),
    repeat: 'with-key',
  },
  commitPins: {
    path: '/v1/commit-pins',
    asked: z.object(inJourney),
    value: z.literal('committed'),
    refusals: {},
    timeout: seconds(10),
    repeat: 'with-key',
  },
  releasePins: {
    path: '/v1/release-pins',
    asked: z.object(inJourney),
    value: z.literal('released'),
    refusals: {},
    timeout: seconds(5),
    repeat: 'with-key',
  },
  standing: {
    path: '/v1/standing',
    asked: z.object({ customer: id, accounts: z.array(id) }),
    value: z.object({
      contract: z.enum(['open', 'closed']),
      certificate: z.enum(['none', 'valid', 'revoked']),
      passwordResetAt: instant.nullable(),
      services,
      accounts: z.array(z.object({ account: id, state: z.enum(['open', 'closed', 'pin-changed']) })),
    }),
    refusals: {},
    timeout: seconds(5),
    repeat: 'freely',
  },
  findCustomers: {
    path: '/v1/find-customers',
    asked: z.object({ query: text }),
    value: z.array(z.object({ id, companyName: text, userName: text, loginId: text.nullable() })).max(20),
    refusals: {},
    timeout: seconds(8),
    repeat: 'freely',
  },
  balances: {
    path: '/v1/balances',
    asked: z.object(inquiry),
    value: z.object({ balance: yen, withdrawable: yen, previousDay: yen, previousMonth: yen }),
    refusals: noInquiry,
    timeout: seconds(5),
    repeat: 'freely',
  },
  transactions: {
    path: '/v1/transactions',
    asked: z.object({
      ...inquiry,
      from: day,
      to: day,
      limit: z.int().min(1),
      after: z.string().max(64).optional(),
    }),
    value: z.object({
      transactions: z.array(
        z.object({
          date: day,
          valueDate: day,
          direction: z.enum(['in', 'out']),
          amount: yen,
          balance: yen,
          remarks: text.exactOptional(),
          key: id,
        }),
      ),
      more: z.boolean(),
    }),
    refusals: noInquiry,
    timeout: seconds(8),
    repeat: 'freely',
  },
}

export const callNames = Object.keys(calls) as readonly CallName[]

/** What comes back in a 200. Unknown fields are dropped; an unknown reason or another shape is no answer. */
const answers = new Map(
  callNames.map((name) => {
    const { value, refusals } = calls[name]
    const reason = z.enum(['unavailable', ...Object.keys(refusals)])
    return [
      name,
      z.discriminatedUnion('ok', [
        z.object({ ok: z.literal(true), value }),
        z.object({ ok: z.literal(false), reason, resumesAt: instant.exactOptional() }),
      ]),
    ] as const
  }),
)

/** @returns the answer, or where it is not what the contract says (names of fields, never what is in them) */
export function readAnswer<Name extends CallName>(
  name: Name,
  body: unknown,
): { readonly answer: Outcome<Name> } | { readonly wrongAt: readonly string[] } {
  const read = shapeOf(name).safeParse(body)
  // The table's type holds every shape against the port's; TypeScript loses the name on the way through a Map.
  if (read.success) return { answer: read.data as unknown as Outcome<Name> }
  return { wrongAt: read.error.issues.map(({ path }) => path.join('.')).slice(0, 5) }
}

/** The same the other way, for whoever serves a bank by this contract. */
export const writeAnswer = (name: CallName, answer: Outcome<CallName>): unknown =>
  shapeOf(name).encode(answer as never)

function shapeOf(name: CallName) {
  const shape = answers.get(name)
  if (!shape) throw new Error(`no such call: ${name}`)
  return shape
}
