/** The bank that this process serves: names, phone, links and rules, from one validated file. Nothing of it is code. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { hours, minutes } from './clock.ts'
import type { AttemptRule } from './store/attempts.ts'

const httpsUrl = z.url({ protocol: /^https$/ })

const bilingual = z.object({ ja: z.string().min(1), en: z.string().min(1) })

const attemptRule = z.object({
  tries: z.number().int().min(2).max(20),
  lockMinutes: z.number().int().min(1).max(1440),
  temporaryLocks: z.number().int().min(1).max(20),
  forgetAfterHours: z.number().int().min(1).max(8760).default(24),
})

const schema = z.object({
  /** as it stands in the texts: 「見本信用組合 FBサービス」 */
  name: bilingual,
  phone: z.string().min(1),
  phoneHours: bilingual,
  links: z.object({ terms: httpsUrl, privacy: httpsUrl }),
  termsVersion: z.string().min(1),
  rules: z.object({
    loginId: z.object({ maxLength: z.number().int().min(6).max(64) }),
    pinDigits: z.number().int().min(4).max(8),
    password: attemptRule,
    answer: attemptRule,
    pin: attemptRule,
    /** wrong passwords, answers and PINs of all customers together from one address; never a lasting lock */
    address: attemptRule.omit({ temporaryLocks: true }).extend({ tries: z.number().int().min(5).max(1000) }),
  }),
})

export type Institution = Omit<z.infer<typeof schema>, 'rules'> & {
  readonly rules: {
    readonly loginId: { readonly maxLength: number }
    readonly pinDigits: number
    readonly password: AttemptRule
    readonly answer: AttemptRule
    readonly pin: AttemptRule
    readonly address: AttemptRule
  }
}

/** @throws Error naming every wrong entry of the file */
export function readInstitution(file: string): Institution {
  const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`the institution file is not complete:\n${wrong.join('\n')}`)
  }
  const { rules, ...rest } = parsed.data
  return {
    ...rest,
    rules: {
      ...rules,
      password: toRule(rules.password),
      answer: toRule(rules.answer),
      pin: toRule(rules.pin),
      address: toRule({ ...rules.address, temporaryLocks: neverForGood }),
    },
  }
}

/** An address is shared by many; it is paused, never stopped for good. */
const neverForGood = 1_000_000_000

function toRule(rule: z.infer<typeof attemptRule>): AttemptRule {
  return {
    tries: rule.tries,
    lockFor: minutes(rule.lockMinutes),
    temporaryLocks: rule.temporaryLocks,
    forgetAfter: hours(rule.forgetAfterHours),
  }
}
