/** What customers and fintechs were answered while processes died: none of it may be missing, or count twice, afterwards. */
import type { Tokens } from './fintech.ts'

/** One journey that came back with a code, and what became of it as far as the fintech was told. */
export type Entry = {
  readonly customer: number
  /** that the fintech has it says that the consent was given */
  readonly code: string
  readonly verifier: string
  /** `lost`: there was no answer, or one that said nothing about the code */
  exchange: 'not-yet' | 'answered' | 'lost'
  tokens?: Tokens
  refreshes: number
  stop: 'not-asked' | 'answered' | 'lost'
}

export type Book = {
  readonly entries: readonly Entry[]
  readonly add: (given: Pick<Entry, 'customer' | 'code' | 'verifier'>) => Entry
  /** An answer that nobody should ever get. */
  readonly wrong: (says: string) => void
  readonly wrongs: readonly string[]
  /** Counts what is no fault but worth knowing. */
  readonly count: (what: Counted) => void
  readonly counts: Readonly<Record<Counted, number>>
}

export type Counted =
  | 'journeys begun'
  | 'left on purpose'
  | 'requests without an answer'
  | 'answers 503'
  | 'started again because the way back was lost'
  | 'codes sent twice at once'

export function openBook(): Book {
  const entries: Entry[] = []
  const wrongs: string[] = []
  const counts: Record<Counted, number> = {
    'journeys begun': 0,
    'left on purpose': 0,
    'requests without an answer': 0,
    'answers 503': 0,
    'started again because the way back was lost': 0,
    'codes sent twice at once': 0,
  }
  return {
    entries,
    add(given) {
      const entry: Entry = { ...given, exchange: 'not-yet', refreshes: 0, stop: 'not-asked' }
      entries.push(entry)
      return entry
    },
    wrong: (says) => void wrongs.push(says),
    wrongs,
    count(what) {
      counts[what] += 1
    },
    counts,
  }
}
