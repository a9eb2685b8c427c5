/** The test customers that a bank describes so that the contract can be checked against its own gateway. Invented people with real secrets: never printed. */
import { z } from 'zod'
import { bankScopes } from '../../consent/services.ts'

const secret = z.string().min(1)
const signsIn = { loginId: z.string().min(1), password: secret }
const account = z.strictObject({
  branchCode: z.string().regex(/^\d{3}$/),
  number: z.string().regex(/^\d+$/),
  pin: z.string().regex(/^\d{4}$/),
})

const shape = z.strictObject({
  main: z
    .strictObject({
      ...signsIn,
      companyName: z.string().min(1),
      userName: z.string().min(1),
      accounts: z.strictObject({
        registered: account.describe('its PIN is registered, and something was booked in the last 60 days'),
        unregistered: account.describe('its PIN is not registered; the checks leave it so'),
        toRegister: account.describe('the checks register its PIN'),
      }),
    })
    .describe('signs in by password and may connect'),
  other: z.strictObject(signsIn).describe('signs in by password, of another company'),
  refused: z
    .array(
      z.strictObject({
        ...signsIn,
        reason: z.enum([
          'locked-by-bank',
          'password-expired',
          'certificate-required',
          'may-not-connect',
          'first-login',
          'contract-closed',
        ]),
      }),
    )
    .default([]),
  certificate: z
    .strictObject({
      subject: z.string().min(1),
      issuer: z.string().min(1),
      userName: z.string().min(1),
      password: secret,
    })
    .optional()
    .describe('signs in by this certificate (RFC 4514 names) and password'),
  question: z
    .strictObject({
      ...signsIn,
      signals: z.array(z.literal('unusual-environment')).default([]),
      answers: z.array(secret).min(1).describe('spellings that are all right'),
      wrongAnswer: z.string().min(1),
    })
    .optional(),
  limited: z
    .strictObject({ ...signsIn, services: z.array(z.enum(bankScopes)).max(bankScopes.length - 1) })
    .optional()
    .describe('may allow these services to fintechs and no other'),
  barred: z
    .strictObject({ ...signsIn, account })
    .optional()
    .describe('may not inquire this account of his company'),
  withoutAccounts: z.strictObject(signsIn).optional(),
  pinsUnavailable: z
    .strictObject(signsIn)
    .optional()
    .describe('has accounts, but no PIN can be checked at the moment'),
})

export type TestCustomers = z.infer<typeof shape>
export type TestAccount = z.infer<typeof account>

/** @throws Error that names what is wrong in the file, and nothing that is in it */
export function readTestCustomers(text: string): TestCustomers {
  const read = shape.safeParse(jsonOf(text))
  if (read.success) return read.data
  const faults = read.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
  throw new Error(`the file with the test customers is not right:\n${faults.join('\n')}`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('the file with the test customers is not JSON')
  }
}

/** Everything in it that must not be printed. */
export const secretsIn = ({
  main,
  other,
  refused,
  certificate,
  question,
  ...rest
}: TestCustomers): string[] => [
  main.password,
  ...Object.values(main.accounts).map(({ pin }) => pin),
  ...[
    other,
    ...refused,
    certificate,
    question,
    rest.limited,
    rest.barred,
    rest.withoutAccounts,
    rest.pinsUnavailable,
  ].flatMap((one) => (one ? [one.password] : [])),
  ...(rest.barred ? [rest.barred.account.pin] : []),
  ...(question?.answers ?? []),
]
