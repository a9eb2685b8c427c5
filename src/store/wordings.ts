/** The words of 手順 6 as customers read them, kept once for all who read the same. */
import { sha256 } from '../secrets.ts'
import type { Database } from './open.ts'
import { prepared } from './prepared.ts'
import type { Tables } from './schema.ts'

/** Keeps these words unless they are kept. @returns the hash that they are found by */
export async function keepWords(db: Database, words: string, at: number): Promise<string> {
  const hash = sha256(words)
  await keep(db, { hash, words, first_at: at })
  return hash
}

const keep = prepared((db, { hash, words, first_at }: Tables['wordings']) =>
  db
    .insertInto('wordings')
    .values({ hash, words, first_at })
    .onConflict((conflict) => conflict.column('hash').doNothing()),
)

/** The words that a consent agreed to; undefined for one from before they were kept. */
export async function wordsOfConsent(db: Database, consent: string): Promise<unknown> {
  const row = await db
    .selectFrom('consents')
    .innerJoin('wordings', 'wordings.hash', 'consents.words_hash')
    .select('wordings.words')
    .where('consents.id', '=', consent)
    .executeTakeFirst()
  return row && JSON.parse(row.words)
}
