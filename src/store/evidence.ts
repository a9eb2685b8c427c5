/** What the bank can prove about one consent beyond its life: what was on the screen, and when it was agreed to. */
import type { Database } from './open.ts'

export type Evidence = {
  readonly grantedAt: number
  readonly language: string
  readonly wordingVersion: string
  readonly wordingHash: string
  readonly bankTermsVersion: string
  readonly clientTermsVersion: string
  /** 受付番号 of the journey that it was given in */
  readonly journey: string | null
}

/** @throws Error when there is no such consent */
export async function evidenceOf(db: Database, consent: string): Promise<Evidence> {
  const row = await db
    .selectFrom('consents')
    .select([
      'granted_at as grantedAt',
      'language',
      'wording_version as wordingVersion',
      'wording_hash as wordingHash',
      'bank_terms_version as bankTermsVersion',
      'client_terms_version as clientTermsVersion',
    ])
    .where('id', '=', consent)
    .executeTakeFirstOrThrow()
  const given = await db
    .selectFrom('audit')
    .select('journey')
    .where('consent', '=', consent)
    .where('event', '=', 'consent-granted')
    .executeTakeFirst()
  return { ...row, journey: given?.journey ?? null }
}
