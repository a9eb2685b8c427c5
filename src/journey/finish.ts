/**
 * The end of a journey: facts become a consent and the engine's result, or an OAuth error. Safe to run twice and safe to be
 * killed anywhere: what was agreed is written first, then the held PINs are committed, then the consent is made.
 */
import { z } from 'zod'
import type { HeldPins } from '../bank/held-pins.ts'
import type { Bank } from '../bank/port.ts'
import { type Clock, minutes } from '../clock.ts'
import type { Agreement } from '../consent/agreement.ts'
import { type Consents, unusedAfter } from '../consent/consents.ts'
import { wordingVersion, wordsToKeep } from '../consent/wording.ts'
import type { Problem } from '../errors.ts'
import type { Institution } from '../institution.ts'
import type { Log } from '../log.ts'
import { journeyNumber } from '../secrets.ts'
import { bankScopes } from '../consent/services.ts'
import { type Consent, isLive } from '../store/consents.ts'
import {
  type Claim,
  claimAllow,
  claimRefusal,
  listInterrupted,
  markDone,
  readClaim,
  withdrawClaim,
} from '../store/finishing.ts'
import { findHeldPins, forgetHeldPins } from '../store/held-pins.ts'
import { type AuditEvent, record } from '../store/audit.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'
import { periodFromNow, servicesOf } from './give-consent.ts'
import { clientName } from './renewal.ts'
import { signedIn, type StepContext } from './step.ts'
import { unanswered } from './turn.ts'

export type FinishParts = {
  readonly db: Database
  readonly clock: Clock
  readonly bank: Bank
  readonly pins: HeldPins
  readonly consents: Consents
  readonly institution: Institution
}

/** What the request says that no screen asks. */
type Asked = Pick<Agreement, 'openidScope' | 'freshGrant'>

type Finished = { readonly consent: Consent } | { readonly problem: Problem }

/** 許可: the consent of this journey, or what stands in the way. */
export async function finish(parts: FinishParts, context: StepContext, asked: Asked): Promise<Finished> {
  const agreement = agreementOf(context, asked)
  const claim = await claimAllow(parts.db, context.journeyHash, {
    payload: JSON.stringify(agreement),
    isSame: (payload) => isSameAgreement(readAgreement(payload), agreement),
    now: parts.clock(),
  })
  if (claim.outcome === 'refuse') return { problem: { code: 'request-already-used' } }
  // A second press of 許可, or one after a crash, carries out what the first one agreed.
  const finished = await carryOut(parts, claim.payload, claim)
  if ('problem' in finished) {
    if (finished.problem.code === 'bank-unavailable')
      await withdrawClaim(parts.db, context.journeyHash, claim.payload)
    return finished
  }
  return isSameAgreement(readAgreement(claim.payload), agreement)
    ? finished
    : { problem: { code: 'request-already-used' } }
}

type Abandoned = {
  readonly journeyHash: string
  /** 受付番号 */
  readonly journeyNumber: string
  readonly by: 'customer' | 'system'
  readonly entry: Extract<AuditEvent, { readonly event: 'journey-refused' }>
}

/** 中止, 許可しない, time-out: nothing stays. Held PINs are released, and a consent that was made already is ended. */
export async function abandon(
  parts: FinishParts,
  { journeyHash, journeyNumber: number, by, entry }: Abandoned,
): Promise<void> {
  const { db, clock, pins, consents } = parts
  await transact(db, async (transaction) => {
    const first = await claimRefusal(transaction, journeyHash, clock())
    if (first) await record(transaction, clock(), number, entry)
  })
  await pins.release(journeyHash)
  const consent = await consents.findOfJourney(journeyHash)
  if (consent) await consents.end(consent.id, { status: 'unused', by, reason: `journey-${entry.why}` })
}

/** Carries out what a crash interrupted between 許可 and its consent. One that cannot be must not keep the others. */
export async function sweepFinishing(
  parts: FinishParts & { readonly log: Log },
  batch: number,
): Promise<number> {
  const now = parts.clock()
  let done = 0
  for (const { journeyHash, payload, since } of await listInterrupted(parts.db, now - minutes(5), batch)) {
    try {
      // Too late for anybody to use: the PINs are not put in force for a consent that would end at once.
      if (since < now - unusedAfter) await giveUp(parts, journeyHash)
      else if ('problem' in (await carryOut(parts, payload, await readClaim(parts.db, journeyHash)))) continue
      done += 1
    } catch (error) {
      parts.log.error(
        { event: 'finish-failed', err: error },
        'an interrupted finish could not be carried out',
      )
    }
  }
  return done
}

async function giveUp(parts: FinishParts, journeyHash: string): Promise<void> {
  await claimRefusal(parts.db, journeyHash, parts.clock())
  await parts.pins.release(journeyHash)
}

/**
 * PINs first (the bank keeps that idempotent), then consent, claim and audit together.
 * @param stands the claim as it was just read or made
 */
async function carryOut(parts: FinishParts, payload: string, stands: Claim | undefined): Promise<Finished> {
  const { db, clock, bank, consents } = parts
  const agreement = readAgreement(payload)
  const { journeyHash, customer } = agreement
  const mayCommit = stands?.outcome === 'allow' && stands.payload === payload && !stands.done
  const held = await findHeldPins(db, journeyHash)
  const committed = mayCommit ? await bank.commitPins({ journey: journeyHash, customer }) : undefined
  if (committed?.ok === false) return { problem: unanswered(committed) }

  const given = await transact(db, async (transaction) => {
    if (mayCommit && held?.customer === customer) {
      await forgetHeldPins(transaction, journeyHash, held.releaseAt)
      await record(transaction, clock(), agreement.journeyNumber, { event: 'pins-committed', customer })
    }
    if (!(await markDone(transaction, journeyHash, payload, clock()))) return undefined
    return consents.give(transaction, agreement)
  })
  const consent = given ?? (await consents.findOfJourney(journeyHash))
  if (consent && isLive(consent, clock())) return { consent }
  // Withdrawn by an equal press that met an absent bank: pressing again is right. Else it was refused, or has ended.
  return (await readClaim(db, journeyHash)) ? { problem: { code: 'request-already-used' } } : unavailable
}

const unavailable = { problem: { code: 'bank-unavailable' } } as const

const readAgreement = (payload: string): Agreement => agreementShape.parse(JSON.parse(payload))

/** The moment apart, both agree to the same. */
function isSameAgreement(one: Agreement, other: Agreement): boolean {
  return JSON.stringify({ ...one, grantedAt: 0 }) === JSON.stringify({ ...other, grantedAt: 0 })
}

function agreementOf(context: StepContext, { openidScope, freshGrant }: Asked): Agreement {
  const { uid, facts, client, institution } = context
  if (!facts.consent) throw new Error('a journey is finished only with a consent')
  const { startsAt, endsAt } = periodFromNow(context)
  return {
    journeyHash: context.journeyHash,
    journeyNumber: journeyNumber(uid),
    customer: signedIn(context).customer,
    companyName: facts.customer?.companyName ?? '',
    userName: facts.customer?.userName ?? '',
    signedInBy: facts.certificate ? 'certificate' : 'password',
    client: client.id,
    clientName: clientName(client),
    mode: context.mode,
    freshGrant,
    services: servicesOf(context),
    openidScope,
    accounts: facts.consent.accounts,
    grantedAt: startsAt,
    endsAt,
    language: facts.consent.language,
    wordingVersion,
    wordingHash: facts.consent.wordingHash,
    words: wordsToKeep({ ...context, services: servicesOf(context), language: facts.consent.language }),
    bankTermsVersion: institution.termsVersion,
    clientTermsVersion: client.termsVersion,
  }
}

const agreementShape = z.object({
  journeyHash: z.string(),
  journeyNumber: z.string(),
  customer: z.string(),
  companyName: z.string().default(''),
  userName: z.string().default(''),
  signedInBy: z.enum(['password', 'certificate']).default('password'),
  client: z.string(),
  clientName: z.string().default(''),
  mode: z.enum(['first', 'renewal']).default('first'),
  freshGrant: z.boolean().default(false),
  services: z.array(z.enum(bankScopes)),
  openidScope: z.string(),
  accounts: z.array(z.string()),
  grantedAt: z.number(),
  endsAt: z.number(),
  language: z.string(),
  wordingVersion: z.string(),
  wordingHash: z.string(),
  words: z.string().default(''),
  bankTermsVersion: z.string(),
  clientTermsVersion: z.string(),
})
