/** The life of a consent, from 許可 to its end. The row is the truth: tokens, introspection and the API all ask here. */
import { type Clock, hours } from '../clock.ts'
import { keyedHash, spokenCode, unguessable } from '../secrets.ts'
import { record } from '../store/audit.ts'
import {
  type Consent,
  findBesideActive,
  findConsent,
  findConsentByNumber,
  findConsentOfArrangement,
  findConsentOfJourney,
  isLive,
  listConsents,
  listLiveOfArrangement,
} from '../store/consents.ts'
import { insertConsent, markActive, markUsed } from '../store/consent-changes.ts'
import type { Database } from '../store/open.ts'
import { post } from '../store/outbox.ts'
import { transact } from '../store/transaction.ts'
import { keepWords } from '../store/wordings.ts'
import { type AccountEnd, type End, endArrangement, endConsent, stopAccountOf } from './ending.ts'
import type { Agreement } from './agreement.ts'
import { pastOf } from './past.ts'

export type Consents = {
  /** Writes the consent of an agreement; a second call for the same journey returns the first one's. */
  give: (db: Database, agreement: Agreement) => Promise<Consent>
  findOfJourney: (journeyHash: string) => Promise<Consent | undefined>
  /** The consent, when it is granted or active and its period has not ended. */
  findLive: (id: string) => Promise<Consent | undefined>
  /** Whatever has become of it. */
  find: (id: string) => Promise<Consent | undefined>
  /** @param number as on the receipt, such as ABC-1234-XYZ */
  findByNumber: (number: string) => Promise<Consent | undefined>
  /** The newest of an arrangement, by the id that a fintech knows it by (`grant_id`). */
  findOfArrangement: (arrangementId: string) => Promise<Consent | undefined>
  /** The consent that the tokens of an arrangement stand on now; undefined once it is over. */
  findActiveOfArrangement: (arrangementId: string) => Promise<Consent | undefined>
  /** The consent that a new one of this customer and client renews: active, or ended not long ago. */
  findRenewable: (customer: string, client: string) => Promise<Consent | undefined>
  /** Every consent of a customer, with one client or with all, the newest first. */
  listOf: (customer: string, client?: string) => Promise<readonly Consent[]>
  /** First code exchange: this consent becomes active and the former one of customer and client replaced. False when it has ended. */
  activate: (db: Database, id: string) => Promise<boolean>
  /** A token of it opened something. */
  noteUse: (consent: Pick<Consent, 'id' | 'lastUsedAt'>) => Promise<void>
  /** Ends a consent; false, and nothing done, when it has ended already. */
  end: (id: string, ending: End) => Promise<boolean>
  /** The fintech gives an arrangement back, also what was only granted of it. False when nothing of it lives, or it is another's. */
  revokeArrangement: (arrangementId: string, client: string) => Promise<boolean>
  /** Ends one account of a consent, by the id that the fintech knows; with the last one the consent ends. */
  stopAccount: (id: string, account: string, ending: AccountEnd) => Promise<boolean>
  /** Ends what is over: periods that ran out, and codes that nobody exchanged. */
  sweep: (batch: number) => Promise<number>
}

/** 許可 may come back to the fintech this long after it was given, then it counts as never used. */
export const unusedAfter = hours(26)

export function createConsents({
  db,
  clock,
  pairwiseKey,
}: {
  db: Database
  clock: Clock
  pairwiseKey: Buffer
}): Consents {
  const renewable = async (from: Database, customer: string, client: string, now: number) =>
    pastOf(await listConsents(from, customer, client), client, now).former

  return {
    async give(transaction, agreement) {
      const { customer, client, services, accounts, language, endsAt } = agreement
      const former = await renewable(transaction, customer, client, agreement.grantedAt)
      const id = unguessable()
      const number = consentNumber()
      const given = await insertConsent(transaction, {
        id,
        number,
        arrangement_id: (!agreement.freshGrant && former?.arrangementId) || unguessable(),
        renews: former?.id ?? null,
        customer_id: customer,
        company_name: agreement.companyName,
        user_name: agreement.userName,
        signed_in_by: agreement.signedInBy,
        client_id: client,
        client_name: agreement.clientName,
        journey_hash: agreement.journeyHash,
        status: 'granted',
        services: services.join(' '),
        openid_scope: agreement.openidScope,
        accounts: JSON.stringify(
          accounts.map((bankAccount) => ({
            bankAccount,
            id: accountId(pairwiseKey, client, bankAccount),
          })),
        ),
        starts_at: agreement.grantedAt,
        ends_at: endsAt,
        granted_at: agreement.grantedAt,
        checked_at: agreement.grantedAt,
        language,
        wording_version: agreement.wordingVersion,
        wording_hash: agreement.wordingHash,
        words_hash: agreement.words && (await keepWords(transaction, agreement.words, agreement.grantedAt)),
        bank_terms_version: agreement.bankTermsVersion,
        client_terms_version: agreement.clientTermsVersion,
      })
      if (!given) return firstOfJourney(transaction, agreement.journeyHash)
      await record(transaction, clock(), agreement.journeyNumber, {
        event: 'consent-granted',
        consent: id,
        number,
        customer,
        client,
        mode: agreement.mode,
        services: services.join(' '),
        accounts: accounts.length,
        endsAt,
        wordingVersion: agreement.wordingVersion,
        wordingHash: agreement.wordingHash,
        language,
      })
      return given
    },

    findOfJourney: (journeyHash) => findConsentOfJourney(db, journeyHash),
    find: (id) => findConsent(db, id),
    async findByNumber(number) {
      return isNumber(number) ? findConsentByNumber(db, number) : undefined
    },
    async findOfArrangement(arrangementId) {
      return isArrangementId(arrangementId) ? findConsentOfArrangement(db, arrangementId) : undefined
    },
    async findActiveOfArrangement(arrangementId) {
      if (!isArrangementId(arrangementId)) return undefined
      const live = await listLiveOfArrangement(db, arrangementId)
      return live.find((consent) => consent.status === 'active' && isLive(consent, clock()))
    },

    async findLive(id) {
      const consent = await findConsent(db, id)
      return consent && isLive(consent, clock()) ? consent : undefined
    },

    findRenewable: (customer, client) => renewable(db, customer, client, clock()),
    listOf: (customer, client) => listConsents(db, customer, client),

    async activate(transaction, id) {
      const found = await findBesideActive(transaction, id)
      const consent = found.find((one) => one.id === id)
      if (consent?.status !== 'granted') return consent?.status === 'active'
      const at = clock()
      const { number, customer, client, language, endsAt } = consent
      for (const former of found) {
        if (former.id === id) continue
        await endConsent(transaction, former.id, at, {
          status: 'replaced',
          by: 'customer',
          reason: `replaced by ${number}`,
        })
      }
      if (!(await markActive(transaction, id, at))) return false
      await record(transaction, at, null, {
        event: 'consent-activated',
        consent: id,
        number,
        customer,
        client,
      })
      await post(
        transaction,
        { consent: id, client, at },
        {
          kind: 'notice',
          type: 'granted',
          number,
          customer,
          client,
          language,
          endsAt,
          daysLeft: null,
          reason: null,
          at,
        },
      )
      return true
    },

    noteUse: (consent) => markUsed(db, consent, clock()),
    end: (id, ending) => transact(db, (transaction) => endConsent(transaction, id, clock(), ending)),
    async revokeArrangement(arrangementId, client) {
      return isArrangementId(arrangementId) && endArrangement({ db, clock }, arrangementId, client)
    },
    stopAccount: (id, account, ending) => stopAccountOf({ db, clock }, id, account, ending),

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
        const [at, ending] = status === 'active' ? [ends_at, periodEnded] : [now, neverExchanged]
        await transact(db, (transaction) => endConsent(transaction, id, at, ending, now))
      }
      return over.length
    },
  }
}

async function firstOfJourney(db: Database, journeyHash: string): Promise<Consent> {
  const first = await findConsentOfJourney(db, journeyHash)
  if (!first) throw new Error('a journey has a consent that cannot be found')
  return first
}

/** What cannot be one is not asked of the database, which may not even take it as text. */
const isArrangementId = (text: string): boolean => /^[\w-]{16,64}$/.test(text)
const isNumber = (text: string): boolean => /^[0-9A-Z-]{1,20}$/.test(text)

const periodEnded: End = { status: 'expired', by: 'system', reason: 'period-ended' }
const neverExchanged: End = { status: 'unused', by: 'system', reason: 'code-never-exchanged' }

/** A number to read out on the phone: 50 random bits, in groups. */
function consentNumber(): string {
  const code = spokenCode(10)
  return `${code.slice(0, 3)}-${code.slice(3, 7)}-${code.slice(7)}`
}

/** The id that one fintech knows an account by: the same in every consent, another for each fintech, never the number. */
const accountId = (pairwiseKey: Buffer, client: string, bankAccount: string): string =>
  keyedHash(pairwiseKey, `account ${client} ${bankAccount}`).slice(0, 28)
