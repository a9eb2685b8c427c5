/**
 * The facts of one journey and how they ride in its cookie. The cookie is encrypted, but it can be replayed and its owner
 * can keep it, so it never holds a password, an answer, a PIN, a counter or anything that may be used once.
 */
import { z } from 'zod'
import { minutes } from '../clock.ts'
import { sha256 } from '../secrets.ts'
import { bankScopes } from '../store/clients.ts'

/** How long a journey waits for the next click, and how long it may take altogether. */
const idleLimit = minutes(15)
export const absoluteLimit = minutes(60)

const problemValues = z.record(z.string(), z.string())
const fieldError = z.object({ code: z.string(), field: z.string(), values: problemValues.optional() })

/** What the journey has learned about the customer and his wishes. */
const learned = z.object({
  /** a verified client certificate: the user it names */
  certificate: z.object({ user: z.string(), name: z.string() }).optional(),
  customer: z.object({ id: z.string(), companyName: z.string(), userName: z.string() }).optional(),
  challenge: z.enum(['due', 'answered', 'not-needed']).optional(),
  services: z.array(z.enum(bankScopes)).optional(),
  pins: z.enum(['adding', 'entered', 'done', 'not-needed']).optional(),
  /** the last submit of register-pins, by account handle: what 手順 5 shows */
  pinResult: z
    .object({
      held: z.array(z.string()),
      failed: z.array(z.object({ account: z.string(), code: z.enum(['pin-wrong', 'pin-locked']) })),
    })
    .optional(),
  /** 許可: the bank's ids of the accounts, and the day shown as the end */
  consent: z.object({ accounts: z.array(z.string()), endsOn: z.string() }).optional(),
})

export type Learned = z.infer<typeof learned>

/** The facts as nextStep sees them: what was learned, and what the register says about the fintech. */
export type Facts = Learned & { readonly client: { readonly customerChooses: boolean } }

/** Shown once, on the next page: errors at fields with what was typed (never a secret), or a dead end. */
const notice = z.object({
  step: z.string(),
  errors: z.array(fieldError).default([]),
  kept: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  /** nobody clicked for too long, so the journey starts again */
  idle: z.boolean().optional(),
  problem: z.object({ code: z.string(), values: problemValues.optional() }).optional(),
})

const endings = ['allowed', 'refused', 'cancelled', 'timed-out', 'unavailable'] as const

const journeyCookie = z.object({
  uid: z.string(),
  seenAt: z.number(),
  facts: learned.default({}),
  notice: notice.optional(),
  ending: z
    .object({ how: z.enum(endings), consentNumber: z.string().optional(), endsAt: z.number().optional() })
    .optional(),
})

export type Journey = z.infer<typeof journeyCookie>
export type Notice = z.infer<typeof notice>
export type Ending = NonNullable<Journey['ending']>

export const newJourney = (uid: string, now: number): Journey => ({ uid, seenAt: now, facts: {} })

/** The journey of this uid out of the cookie's content; anything else, from elsewhere or malformed, is no journey. */
export function readJourney(content: unknown, uid: string): Journey | undefined {
  const parsed = journeyCookie.safeParse(content)
  return parsed.success && parsed.data.uid === uid ? parsed.data : undefined
}

/** True when nobody clicked for too long: what was learned is forgotten then. */
export const isIdle = (journey: Journey, now: number): boolean => now - journey.seenAt > idleLimit

/** Facts that were learned together fall together; a certificate that is forgotten takes what followed with it. */
export function forget(facts: Learned, fact: 'certificate' | 'services' | 'accounts'): Learned {
  switch (fact) {
    case 'certificate':
      return {}
    case 'services': {
      const { services: _services, consent: _consent, ...rest } = facts
      return rest
    }
    case 'accounts': {
      const { pinResult: _result, consent: _consent, ...rest } = facts
      return { ...rest, pins: 'adding' }
    }
  }
}

/** What the bank and our tables know a journey by; the uid cannot be had back from it. */
export const journeyHash = (uid: string): string => sha256(`journey ${uid}`)

/** A short name for an account within one journey, for forms and the cookie: not the bank's id, not the number. */
export const accountHandle = (uid: string, account: string): string =>
  sha256(`handle ${uid} ${account}`).slice(0, 10)
