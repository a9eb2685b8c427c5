/** The life of a consent, from 許可 to its end. The row is the truth: tokens, introspection and the API all ask here. */
import { type Clock, endOfDayInJapan, hours } from '../clock.ts'
import { keyedHash, spokenCode, unguessable } from '../secrets.ts'
import { record } from '../store/audit.ts'
import type { BankScope } from './services.ts'
import {
  type Consent,
  type Ending,
  findConsent,
  findConsentOfJourney,
  insertConsent,
  isLive,
  listConsents,
  markActive,
  markEnded,
} from '../store/consents.ts'
import type { Database } from '../store/open.ts'
import { transact } from '../store/transaction.ts'

/** Everything that 「許可」 agreed to; durable before anything is done about it. */
export type Agreement = {
  readonly journeyHash: string
  /** 受付番号 */
  readonly journeyNumber: string
  readonly customer: string
  readonly client: string
  readonly services: readonly BankScope[]
  /** space-separated */
  readonly openidScope: string
  /** the bank's ids */
  readonly accounts: readonly string[]
  readonly grantedAt: number
  readonly endsAt: number
  readonly language: string
  readonly wordingVersion: string
  readonly wordingHash: string
  readonly bankTermsVersion: string
  readonly clientTermsVersion: string
}

export type Consents = {
  /** Writes the consent of an agreement; a second call for the same journey returns the first one's. */
  give: (db: Database, agreement: Agreement) => Promise<Consent>
  findOfJourney: (journeyHash: string) => Promise<Consent | undefined>
  /** The consent, when it is granted or active and its period has not ended. */
  findLive: (id: string) => Promise<Consent | undefined>
  /** The connection that a new one of this customer and client would end. */
  findActive: (customer: string, client: string) => Promise<Consent | undefined>
  /** First code exchange: this consent becomes active and the former one of customer and client replaced. False when it has ended. */
  activate: (db: Database, id: string) => Promise<boolean>
  /** Ends a consent; does nothing when it has ended already. */
  end: (id: string, ending: Omit<Ending, 'at'>) => Promise<void>
  /** Ends what is over: periods that ran out, and codes that nobody exchanged. */
  sweep: (batch: number) => Promise<number>
}

/** 許可 may come back to the fintech this long after it was given, then it counts as never used. */
export const unusedAfter = hours(26)

/** A new consent within this time of the former one's end continues the same arrangement. */
const arrangementKept = 30

export function createConsents({
  db,
  clock,
  pairwiseKey,
}: {
  db: Database
  clock: Clock
  pairwiseKey: Buffer
}): Consents {
  const end = async (transaction: Database, id: string, ending: Ending): Promise<void> => {
    if (!(await markEnded(transaction, id, ending))) return
    const consent = await findConsent(transaction, id)
    await record(transaction, ending.at, null, {
      event: 'consent-ended',
      consent: id,
      number: consent?.number ?? '',
      status: ending.status,
      by: ending.by,
      reason: ending.reason,
    })
  }

  return {
    async give(transaction, agreement) {
      const known = await findConsentOfJourney(transaction, agreement.journeyHash)
      if (known) return known
      const former = (await listConsents(transaction, agreement.customer, agreement.client)).find(
        (consent) =>
          (consent.status === 'active' || consent.status === 'expired') &&
          agreement.grantedAt <= endOfDayInJapan(consent.endsAt, arrangementKept),
      )
      const id = unguessable()
      const number = consentNumber()
      const { services, accounts } = agreement
      await insertConsent(transaction, {
        id,
        number,
        arrangement_id: former?.arrangementId ?? unguessable(),
        customer_id: agreement.customer,
        client_id: agreement.client,
        journey_hash: agreement.journeyHash,
        status: 'granted',
        services: services.join(' '),
        openid_scope: agreement.openidScope,
        accounts: JSON.stringify(
          accounts.map((bankAccount) => ({
            bankAccount,
            id: accountId(pairwiseKey, agreement.client, bankAccount),
          })),
        ),
        starts_at: agreement.grantedAt,
        ends_at: agreement.endsAt,
        granted_at: agreement.grantedAt,
        activated_at: null,
        ended_at: null,
        ended_by: null,
        ended_reason: null,
        language: agreement.language,
        wording_version: agreement.wordingVersion,
        wording_hash: agreement.wordingHash,
        bank_terms_version: agreement.bankTermsVersion,
        client_terms_version: agreement.clientTermsVersion,
      })
      await record(transaction, clock(), agreement.journeyNumber, {
        event: 'consent-granted',
        consent: id,
        number,
        customer: agreement.customer,
        client: agreement.client,
        services: services.join(' '),
        accounts: accounts.length,
        endsAt: agreement.endsAt,
        wordingVersion: agreement.wordingVersion,
        wordingHash: agreement.wordingHash,
        language: agreement.language,
      })
      const given = await findConsent(transaction, id)
      if (!given) throw new Error('a consent just written is not there')
      return given
    },

    findOfJourney: (journeyHash) => findConsentOfJourney(db, journeyHash),

    async findLive(id) {
      const consent = await findConsent(db, id)
      return consent && isLive(consent, clock()) ? consent : undefined
    },

    async findActive(customer, client) {
      const consents = await listConsents(db, customer, client)
      return consents.find((consent) => consent.status === 'active' && isLive(consent, clock()))
    },

    async activate(transaction, id) {
      const consent = await findConsent(transaction, id)
      if (consent?.status !== 'granted') return consent?.status === 'active'
      const at = clock()
      for (const former of await listConsents(transaction, consent.customer, consent.client)) {
        if (former.status === 'active') {
          await end(transaction, former.id, {
            status: 'replaced',
            by: 'customer',
            reason: `replaced by ${consent.number}`,
            at,
          })
        }
      }
      if (!(await markActive(transaction, id, at))) return false
      await record(transaction, at, null, {
        event: 'consent-activated',
        consent: id,
        number: consent.number,
        client: consent.client,
      })
      return true
    },

    end: (id, ending) => transact(db, (transaction) => end(transaction, id, { ...ending, at: clock() })),

    async sweep(batch) {
      const now = clock()
      const over = await db
        .selectFrom('consents')
        .select(['id', 'status', 'ends_at'])
        .where((eb) =>
          eb.or([
            eb.and([eb('status', 'in', ['granted', 'active']), eb('ends_at', '<', now)]),
            eb.and([eb('status', '=', 'granted'), eb('granted_at', '<', now - unusedAfter)]),
          ]),
        )
        .limit(batch)
        .execute()
      for (const { id, status, ends_at } of over) {
        const used = status === 'active'
        await transact(db, (transaction) =>
          end(transaction, id, {
            status: used ? 'expired' : 'unused',
            by: 'system',
            reason: used ? 'period-ended' : 'code-never-exchanged',
            at: used ? ends_at : now,
          }),
        )
      }
      return over.length
    },
  }
}

/** A number to read out on the phone: 50 random bits, in groups. */
function consentNumber(): string {
  const code = spokenCode(10)
  return `${code.slice(0, 3)}-${code.slice(3, 7)}-${code.slice(7)}`
}

/** The id that one fintech knows an account by: the same in every consent, another for each fintech, never the number. */
const accountId = (pairwiseKey: Buffer, client: string, bankAccount: string): string =>
  keyedHash(pairwiseKey, `account ${client} ${bankAccount}`).slice(0, 28)
