/**
 * The end of a journey: facts become a consent and the engine's result, or an OAuth error. Safe to run twice and safe to be
 * killed anywhere: what was agreed is written first, then the held PINs are committed, then the consent is made.
 */
import { z } from 'zod'
import type { HeldPins } from '../bank/held-pins.ts'
import type { Bank } from '../bank/port.ts'
import { type Clock, minutes } from '../clock.ts'
import type { Agreement, Consents } from '../consent/consents.ts'
import { wordingHash, wordingVersion } from '../consent/wording.ts'
import type { Problem } from '../errors.ts'
import type { Institution } from '../institution.ts'
import { journeyNumber } from '../secrets.ts'
import { bankScopes } from '../store/clients.ts'
import type { Consent } from '../store/consents.ts'
import {
  endFinishing,
  findHeldPins,
  forgetHeldPins,
  listFinishing,
  readFinishing,
  startFinishing,
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

/** 許可: the consent of this journey, or what stands in the way. */
export async function finish(
  parts: FinishParts,
  context: StepContext,
  openidScope: string,
): Promise<{ readonly consent: Consent } | { readonly problem: Problem }> {
  await startFinishing(parts.db, context.journeyHash, agreementOf(context, openidScope), parts.clock())
  // A second press of 許可, or one after a crash, carries out what the first one agreed.
  const agreement = agreementShape.parse(await readFinishing(parts.db, context.journeyHash))
  return complete(parts, agreement)
}

/** 中止, 許可しない, time-out: nothing stays. Held PINs are released, and a consent that a crash left behind is ended. */
export async function abandon(parts: FinishParts, journeyHash: string): Promise<void> {
  await endFinishing(parts.db, journeyHash)
  await parts.pins.release(journeyHash)
  const consent = await parts.consents.findOfJourney(journeyHash)
  if (consent)
    await parts.consents.end(consent.id, { status: 'unused', by: 'customer', reason: 'journey-abandoned' })
}

/** Completes what a crash interrupted between 許可 and its consent. */
export async function sweepFinishing(parts: FinishParts, batch: number): Promise<number> {
  const interrupted = await listFinishing(parts.db, parts.clock() - minutes(5), batch)
  for (const { payload } of interrupted) await complete(parts, agreementShape.parse(payload))
  return interrupted.length
}

async function complete(
  parts: FinishParts,
  agreement: Agreement,
): Promise<{ readonly consent: Consent } | { readonly problem: Problem }> {
  const { journeyHash, customer } = agreement
  const committed = await parts.bank.commitPins({ journey: journeyHash, customer })
  if (!committed.ok) return { problem: { code: 'bank-unavailable' } }
  const held = await findHeldPins(parts.db, journeyHash)
  const consent = await transact(parts.db, async (transaction) => {
    const given = await parts.consents.give(transaction, agreement)
    await endFinishing(transaction, journeyHash)
    if (held?.customer === customer) {
      await forgetHeldPins(transaction, journeyHash)
      await record(transaction, parts.clock(), agreement.journeyNumber, { event: 'pins-committed', customer })
    }
    return given
  })
  return { consent }
}

function agreementOf(context: StepContext, openidScope: string): Agreement {
  const { uid, facts, client, institution, language } = context
  if (!facts.consent) throw new Error('a journey is finished only with a consent')
  const services = servicesOf(context)
  const { startsAt, endsAt } = periodFromNow(context)
  return {
    journeyHash: context.journeyHash,
    journeyNumber: journeyNumber(uid),
    customer: signedIn(context).customer,
    client: client.id,
    services,
    openidScope,
    accounts: facts.consent.accounts,
    grantedAt: startsAt,
    endsAt,
    language,
    wordingVersion,
    wordingHash: wordingHash({ client, institution, services, language }, endsAt),
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
