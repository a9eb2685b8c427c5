/**
 * The end of a journey: facts become a consent and the engine's result, or an OAuth error. Safe to run twice and safe to be
 * killed anywhere: what was agreed is written first, then the held PINs are committed, then the consent is made.
 */
import { z } from 'zod'
import type { HeldPins } from '../bank/held-pins.ts'
import type { Bank } from '../bank/port.ts'
import { type Clock, minutes } from '../clock.ts'
import type { Agreement, Consents } from '../consent/consents.ts'
import { wordingVersion } from '../consent/wording.ts'
import type { Problem } from '../errors.ts'
import type { Institution } from '../institution.ts'
import type { Log } from '../log.ts'
import { journeyNumber } from '../secrets.ts'
import { bankScopes } from '../consent/services.ts'
import { type Consent, isLive } from '../store/consents.ts'
import {
  claimAllow,
  claimRefusal,
  findHeldPins,
  forgetHeldPins,
  listInterrupted,
  markDone,
  withdrawClaim,
} from '../store/finishing.ts'
import { record } from '../store/audit.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'
import { periodFromNow, servicesOf } from './give-consent.ts'
import { signedIn, type StepContext } from './step.ts'

export type FinishParts = {
  readonly db: Database
  readonly clock: Clock
  readonly bank: Bank
  readonly pins: HeldPins
  readonly consents: Consents
  readonly institution: Institution
}

type Finished = { readonly consent: Consent } | { readonly problem: Problem }

/** 許可: the consent of this journey, or what stands in the way. */
export async function finish(
  parts: FinishParts,
  context: StepContext,
  openidScope: string,
): Promise<Finished> {
  const agreement = agreementOf(context, openidScope)
  const claim = await claimAllow(parts.db, context.journeyHash, {
    payload: JSON.stringify(agreement),
    isSame: (payload) => isSameAgreement(readAgreement(payload), agreement),
    now: parts.clock(),
  })
  if (claim.outcome === 'refuse') return { problem: { code: 'request-already-used' } }
  // A second press of 許可, or one after a crash, carries out what the first one agreed.
  const finished = await carryOut(parts, claim.payload)
  if ('problem' in finished) {
    if (finished.problem.code === 'bank-unavailable')
      await withdrawClaim(parts.db, context.journeyHash, claim.payload)
    return finished
  }
  return isSameAgreement(readAgreement(claim.payload), agreement)
    ? finished
    : { problem: { code: 'request-already-used' } }
}

/** 中止, 許可しない, time-out: nothing stays. Held PINs are released, and a consent that was made already is ended. */
export async function abandon(parts: FinishParts, journeyHash: string): Promise<void> {
  await claimRefusal(parts.db, journeyHash, parts.clock())
  await parts.pins.release(journeyHash)
  const consent = await parts.consents.findOfJourney(journeyHash)
  if (consent)
    await parts.consents.end(consent.id, { status: 'unused', by: 'customer', reason: 'journey-abandoned' })
}

/** Carries out what a crash interrupted between 許可 and its consent. One that cannot be must not keep the others. */
export async function sweepFinishing(
  parts: FinishParts & { readonly log: Log },
  batch: number,
): Promise<number> {
  const interrupted = await listInterrupted(parts.db, parts.clock() - minutes(5), batch)
  let done = 0
  for (const { payload } of interrupted) {
    try {
      if ('consent' in (await carryOut(parts, payload))) done += 1
    } catch (error) {
      parts.log.error(
        { event: 'finish-failed', err: error },
        'an interrupted finish could not be carried out',
      )
    }
  }
  return done
}

/** PINs first (the bank keeps that idempotent), then consent, claim and audit together. */
async function carryOut(parts: FinishParts, payload: string): Promise<Finished> {
  const agreement = readAgreement(payload)
  const { journeyHash, customer } = agreement
  const committed = await parts.bank.commitPins({ journey: journeyHash, customer })
  if (!committed.ok) return { problem: { code: 'bank-unavailable' } }
  const held = await findHeldPins(parts.db, journeyHash)
  const given = await transact(parts.db, async (transaction) => {
    if (!(await markDone(transaction, journeyHash, payload, parts.clock()))) return undefined
    const consent = await parts.consents.give(transaction, agreement)
    if (held?.customer === customer) {
      await forgetHeldPins(transaction, journeyHash)
      await record(transaction, parts.clock(), agreement.journeyNumber, { event: 'pins-committed', customer })
    }
    return consent
  })
  const consent = given ?? (await parts.consents.findOfJourney(journeyHash))
  // Refused, or done and ended, while this was on its way.
  if (!consent || !isLive(consent, parts.clock())) return { problem: { code: 'request-already-used' } }
  return { consent }
}

const readAgreement = (payload: string): Agreement => agreementShape.parse(JSON.parse(payload))

/** The moment apart, both agree to the same. */
function isSameAgreement(one: Agreement, other: Agreement): boolean {
  return JSON.stringify({ ...one, grantedAt: 0 }) === JSON.stringify({ ...other, grantedAt: 0 })
}

function agreementOf(context: StepContext, openidScope: string): Agreement {
  const { uid, facts, client, institution } = context
  if (!facts.consent) throw new Error('a journey is finished only with a consent')
  const { startsAt, endsAt } = periodFromNow(context)
  return {
    journeyHash: context.journeyHash,
    journeyNumber: journeyNumber(uid),
    customer: signedIn(context).customer,
    client: client.id,
    services: servicesOf(context),
    openidScope,
    accounts: facts.consent.accounts,
    grantedAt: startsAt,
    endsAt,
    language: facts.consent.language,
    wordingVersion,
    wordingHash: facts.consent.wordingHash,
    bankTermsVersion: institution.termsVersion,
    clientTermsVersion: client.termsVersion,
  }
}

const agreementShape = z.object({
  journeyHash: z.string(),
  journeyNumber: z.string(),
  customer: z.string(),
  client: z.string(),
  services: z.array(z.enum(bankScopes)),
  openidScope: z.string(),
  accounts: z.array(z.string()),
  grantedAt: z.number(),
  endsAt: z.number(),
  language: z.string(),
  wordingVersion: z.string(),
  wordingHash: z.string(),
  bankTermsVersion: z.string(),
  clientTermsVersion: z.string(),
})
