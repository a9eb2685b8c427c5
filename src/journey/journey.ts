/**
 * The facts of one journey and how they ride in its cookie. The cookie is encrypted, but it can be replayed and its owner
 * can keep it, so it never holds a password, an answer, a PIN, a counter or anything that may be used once.
 */
import { z } from 'zod'
import { minutes } from '../clock.ts'
import type { FieldError } from '../errors.ts'
import { sha256 } from '../secrets.ts'
import type { Language } from '../web/language.ts'
import { receivedCertificate } from '../certificate/tickets.ts'
import { bankScopes } from '../consent/services.ts'

/** Why the PIN of a row was not registered. */
export const pinFailures = [
  'pin-wrong',
  'pin-locked',
  'pin-impossible',
  'pin-missing',
  'pin-form',
  'pin-unticked',
] as const

/** How long a journey waits for the next click, and how long it may take altogether. */
export const idleLimit = minutes(15)
export const absoluteLimit = minutes(60)

/**
 * The cookie can be replayed, and a certificate may end or be revoked any time after it was shown: it counts for as long as
 * it takes to type a password.
 */
export const certificateCountsUntil = ({ since, endsAt }: NonNullable<Learned['certificate']>): number =>
  Math.min(since + minutes(5), endsAt)

/** What the journey has learned about the customer and his wishes, as far as it rides in the cookie. */
const learned = z.object({
  /** a verified client certificate: the user it names, when it ends, and when it was shown, ms */
  certificate: z
    .object({ user: z.string(), name: z.string(), endsAt: z.number(), since: z.number() })
    .optional(),
  /** `since`: when he signed in, ms; `services`: those he may allow, absent where that is all */
  customer: z
    .object({
      id: z.string(),
      companyName: z.string(),
      userName: z.string(),
      since: z.number(),
      services: z.array(z.enum(bankScopes)).optional(),
    })
    .optional(),
  challenge: z.enum(['due', 'answered', 'not-needed']).optional(),
  services: z.array(z.enum(bankScopes)).optional(),
  /** they are those of the consent that is renewed, and were not asked for in this journey */
  servicesFrom: z.literal('former').optional(),
  pins: z.enum(['adding', 'entered', 'done', 'not-needed']).optional(),
  /** the last submit of register-pins, account handles by outcome: what 手順 5 shows */
  pinResult: z
    .object({
      heldCount: z.number(),
      failedCount: z.number(),
      rows: z.partialRecord(z.enum(['held', ...pinFailures]), z.array(z.string())),
    })
    .optional(),
})

/** 許可: the bank's ids of the accounts, and what was shown. It never waits in the cookie: it is carried out at once. */
type GivenConsent = {
  readonly accounts: readonly string[]
  readonly language: Language
  readonly wordingHash: string
  /** the customer wants to see the receipt before going back */
  readonly receipt: boolean
}

export type Learned = z.infer<typeof learned> & { readonly consent?: GivenConsent }

/** The facts as nextStep sees them: what was learned, and what the register says about the fintech. */
export type Facts = Learned & { readonly client: { readonly customerChooses: boolean } }

/** Shown once, on the next page: errors at fields with what was typed (never a secret), or a dead end. */
const notice = z.object({
  step: z.string(),
  /** ids of controls by error code, so that many rows fit into a cookie */
  errors: z.record(z.string(), z.array(z.string())).default({}),
  kept: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  /** nobody clicked for too long, so the journey starts again */
  idle: z.boolean().optional(),
  problem: z.string().optional(),
  /** the certificate that the dead end is about */
  received: receivedCertificate.optional(),
  /** when the bank said that it answers again, ms */
  resumesAt: z.number().optional(),
})

const endings = ['allowed', 'refused', 'cancelled', 'timed-out', 'unavailable'] as const

const journeyCookie = z.object({
  uid: z.string(),
  seenAt: z.number(),
  facts: learned.default({}),
  notice: notice.optional(),
  /** how it ended; whether it was allowed is told by the stored result */
  ending: z.enum(endings).optional(),
  /** who allowed it: for the receipt on the return page, and nothing else */
  allowedBy: z.object({ companyName: z.string(), userName: z.string() }).optional(),
})

export type Journey = z.infer<typeof journeyCookie>
export type Notice = z.infer<typeof notice>
export type Ending = (typeof endings)[number]

export const newJourney = (uid: string, now: number): Journey => ({ uid, seenAt: now, facts: {} })

/** The journey of this uid out of the cookie's content; anything else, from elsewhere or malformed, is no journey. */
export function readJourney(content: unknown, uid: string): Journey | undefined {
  const journey = readVisit(content)
  return journey?.uid === uid ? journey : undefined
}

/** The same where the address does not say which one. */
export function readVisit(content: unknown): Journey | undefined {
  const parsed = journeyCookie.safeParse(content)
  return parsed.success ? parsed.data : undefined
}

/** True when nobody clicked for too long: what was learned is forgotten then. */
export const isIdle = (journey: Journey, now: number): boolean => now - journey.seenAt > idleLimit

export function packErrors(errors: readonly FieldError[]): Notice['errors'] {
  const packed: Record<string, string[]> = {}
  for (const { code, field } of errors) packed[code] = [...(packed[code] ?? []), field]
  return packed
}

export const unpackErrors = (packed: Notice['errors']): readonly Pick<FieldError, 'code' | 'field'>[] =>
  Object.entries(packed).flatMap(([code, fields]) =>
    fields.map((field) => ({ code: code as FieldError['code'], field })),
  )

/** Encryption and base64 make a third more of it, and name and attributes of the cookie need their room: browsers keep 4096 bytes. */
const mostCharacters = 2500

const sizeOf = (journey: Journey): number => Buffer.byteLength(JSON.stringify(journey))

/** The journey so that its cookie fits: with very many accounts, hints of the last page go first, facts never. */
export function fitted(journey: Journey): Journey {
  if (sizeOf(journey) <= mostCharacters) return journey
  const { notice: told, ...rest } = journey
  const { again, ...hints } = told?.kept ?? {}
  if (told && Object.keys(hints).length > 0)
    return fitted({ ...rest, notice: { ...told, kept: again === undefined ? {} : { again } } })
  const errors = told && Object.entries(told.errors)
  if (told && errors?.some(([, fields]) => fields.length > 1)) {
    const halved = errors.map(
      ([code, fields]) => [code, fields.slice(0, Math.ceil(fields.length / 2))] as const,
    )
    return fitted({ ...rest, notice: { ...told, errors: Object.fromEntries(halved) } })
  }
  const { pinResult, ...facts } = journey.facts
  const rows = Object.entries(pinResult?.rows ?? {}).filter(([, handles]) => handles.length > 0)
  if (pinResult && rows.length > 0) {
    const halved = rows.map(([how, handles]) => [how, handles.slice(0, Math.floor(handles.length / 2))])
    return fitted({
      ...journey,
      facts: { ...facts, pinResult: { ...pinResult, rows: Object.fromEntries(halved) } },
    })
  }
  return journey
}

/** Facts that were learned together fall together; a certificate that is forgotten takes what followed with it. */
export function forget(facts: Learned, fact: 'certificate' | 'services' | 'accounts'): Learned {
  switch (fact) {
    case 'certificate':
      return {}
    case 'services': {
      const { services: _services, servicesFrom: _from, ...rest } = facts
      return rest
    }
    case 'accounts': {
      const { pinResult: _result, ...rest } = facts
      return { ...rest, pins: 'adding' }
    }
  }
}

/** What the bank and our tables know a journey by; the uid cannot be had back from it. */
export const journeyHash = (uid: string): string => sha256(`journey ${uid}`)

/** A short name for an account within one journey, for forms and the cookie: not the bank's id, not the number. */
export const accountHandle = (uid: string, account: string): string =>
  sha256(`handle ${uid} ${account}`).slice(0, 8)
