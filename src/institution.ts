/**
 * The bank that this process serves: names, phone, links and rules, from one validated file. Nothing of it is code. A name that
 * means nothing is refused: a misspelt entry would otherwise count as left out.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { hours, minutes } from './clock.ts'
import { type Calendar, calendarSchema } from './institution-hours.ts'
import { type RiskRules, riskRules } from './risk/rules.ts'
import type { AttemptRule } from './store/attempts.ts'

const httpsUrl = z.url({ protocol: /^https$/ })

const bilingual = z.strictObject({ ja: z.string().min(1), en: z.string().min(1) })

/** #rrggbb */
const colour = z.string().regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #0017c1')

const attemptRule = z.strictObject({
  tries: z.number().int().min(2).max(20),
  lockMinutes: z.number().int().min(1).max(1440),
  temporaryLocks: z.number().int().min(1).max(20),
  forgetAfterHours: z.number().int().min(1).max(8760).default(24),
})

/** What to do when the status of a certificate cannot be learned. */
const whenUnknown = z.enum(['refuse', 'accept']).default('refuse')

/** Also of the bank's own staff, whose file names their authorities. */
export const certificateRules = z.strictObject({
  /** PEM file: the roots that are trusted (self-signed), and the intermediates between them and the customers */
  authorities: z.string().min(1),
  /** from how many days before its end the customer is told to renew */
  noticeDays: z.number().int().min(0).max(365).default(30),
  revocation: z
    .strictObject({
      crl: z
        .strictObject({
          /** files or http(s) addresses, PEM or DER */
          sources: z.array(z.string().min(1)).min(1),
          refreshMinutes: z.number().int().min(1).max(1440).default(60),
          whenUnknown,
        })
        .optional(),
      ocsp: z
        .strictObject({
          url: z.url({ protocol: /^https?$/ }),
          timeoutMs: z.number().int().min(100).max(10_000).default(3000),
          /** how long an answer counts at most; never beyond its own nextUpdate */
          cacheMinutes: z.number().int().min(0).max(1440).default(10),
          whenUnknown,
        })
        .optional(),
    })
    .refine(
      ({ crl, ocsp }) => crl || ocsp,
      'names neither a crl nor an ocsp: stolen certificates would count',
    ),
})

/** Whose client certificates count, and how their revocation is learned; file names are absolute. */
export type CertificateRules = z.infer<typeof certificateRules>

const schema = z.strictObject({
  /** as it stands in the texts: 「見本信用組合 FBサービス」 */
  name: bilingual,
  /** what the texts call it: 「信用組合へ届け出ている…」; 「信用金庫」 or 「当行」 elsewhere */
  called: bilingual.default({ ja: '信用組合', en: 'the credit union' }),
  /** colours that reach 4.5:1, and a logo of plain shapes (SVG); without it the pages have our own blue */
  brand: z
    .strictObject({ primary: colour, primaryDark: colour, logo: z.string().min(1).optional() })
    .optional(),
  /** texts that this institution writes otherwise, by their path in src/web/messages, such as `frame.neverAsked` */
  texts: z
    .record(
      z.string(),
      z.union([
        bilingual,
        z.strictObject({ ja: z.array(z.string().min(1)), en: z.array(z.string().min(1)) }),
      ]),
    )
    .default({}),
  phone: z.string().min(1),
  phoneHours: bilingual,
  links: z.strictObject({ terms: httpsUrl, privacy: httpsUrl }),
  termsVersion: z.string().min(1),
  /** when customers and fintechs are served; always without it */
  calendar: calendarSchema.optional(),
  /** for institutions whose customers sign in with client certificates */
  certificates: certificateRules.optional(),
  /** for fintechs that authenticate by a certificate of an authority (tls_client_auth) */
  fintechCertificates: certificateRules.optional(),
  rules: z.strictObject({
    loginId: z.strictObject({ maxLength: z.number().int().min(6).max(64) }),
    pinDigits: z.number().int().min(4).max(8),
    /** 入出金明細 can be had for this many months back */
    lookBackMonths: z.number().int().min(1).max(120).default(24),
    /** the bank is asked this often whether a connection may live on */
    standingMinutes: z.number().int().min(1).max(1440).default(60),
    /** a reset of the login password ends the connections that were given before */
    endOnPasswordReset: z.boolean().default(false),
    password: attemptRule,
    answer: attemptRule,
    pin: attemptRule,
    /** wrong passwords, answers and PINs of all customers together from one address; never a lasting lock */
    address: attemptRule.omit({ temporaryLocks: true }).extend({ tries: z.number().int().min(5).max(1000) }),
    /** when 追加認証 is asked */
    risk: riskRules.prefault({}),
  }),
})

export type Institution = Omit<
  z.infer<typeof schema>,
  'rules' | 'certificates' | 'fintechCertificates' | 'brand' | 'calendar'
> & {
  readonly calendar: Calendar | undefined
  /** `logo` is an absolute file name */
  readonly brand: z.infer<typeof schema>['brand'] | undefined
  readonly certificates: CertificateRules | undefined
  readonly fintechCertificates: CertificateRules | undefined
  readonly rules: {
    readonly loginId: { readonly maxLength: number }
    readonly pinDigits: number
    readonly lookBackMonths: number
    readonly standingMinutes: number
    readonly endOnPasswordReset: boolean
    readonly password: AttemptRule
    readonly answer: AttemptRule
    readonly pin: AttemptRule
    readonly address: AttemptRule
    readonly risk: RiskRules
  }
}

/** @throws Error naming every wrong entry of the file */
export function readInstitution(file: string): Institution {
  const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) =>
      [path.join('.'), message].filter(Boolean).join(': '),
    )
    throw new Error(`the institution file is not right:\n${wrong.join('\n')}`)
  }
  const { rules, certificates, fintechCertificates, brand, calendar, ...rest } = parsed.data
  const { logo } = brand ?? {}
  return {
    ...rest,
    calendar,
    brand: brand && { ...brand, ...(logo ? { logo: resolve(dirname(file), logo) } : {}) },
    certificates: certificates && withPathsFrom(dirname(file), certificates),
    fintechCertificates: fintechCertificates && withPathsFrom(dirname(file), fintechCertificates),
    rules: {
      ...rules,
      password: toRule(rules.password),
      answer: toRule(rules.answer),
      pin: toRule(rules.pin),
      address: toRule({ ...rules.address, temporaryLocks: neverForGood }),
    },
  }
}

/** File names in a file are relative to it. */
export function withPathsFrom(folder: string, rules: CertificateRules): CertificateRules {
  const { crl } = rules.revocation
  const sources = crl?.sources.map((one) => (/^https?:/.test(one) ? one : resolve(folder, one)))
  return {
    ...rules,
    authorities: resolve(folder, rules.authorities),
    revocation: { ...rules.revocation, ...(crl && sources ? { crl: { ...crl, sources } } : {}) },
  }
}

/** An address is shared by many; it is paused, never stopped for good. */
export const neverForGood = 1_000_000_000

function toRule(rule: z.infer<typeof attemptRule>): AttemptRule {
  return {
    tries: rule.tries,
    lockFor: minutes(rule.lockMinutes),
    temporaryLocks: rule.temporaryLocks,
    forgetAfter: hours(rule.forgetAfterHours),
  }
}

/** The texts have one word in each language for what an institution is; another kind of bank is called otherwise. */
export const callIt = (text: string, called: Institution['called'], language: 'ja' | 'en'): string =>
  text.replaceAll(language === 'ja' ? '信用組合' : 'the credit union', called[language])
