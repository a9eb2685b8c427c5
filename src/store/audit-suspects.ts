/** What was done to rows that are not what was sealed in their place: changed, put in, moved; and which are gone. */
import { type AuditRow, macOf } from './audit-chain.ts'

export type Problem = {
  readonly kind:
    | 'changed'
    | 'inserted'
    | 'moved'
    | 'removed'
    | 'unlinked'
    | 'cut-back'
    | 'start-missing'
    | 'start-changed'
    | 'end-missing'
    | 'end-changed'
  readonly position?: number
  readonly seq?: number
  /** for a person */
  readonly says: string
}

/** @param extra another row that is right stands in its place, or there is no such place */
export type Suspect = { readonly row: AuditRow; readonly extra: boolean }

type Found = {
  readonly suspects: readonly Suspect[]
  /** ranges of places where nothing stands */
  readonly gone: readonly (readonly [from: number, to: number])[]
  readonly start: number
  readonly end: number | undefined
}

/** More places than this are not tried one by one. */
const mostPlaces = 1000

export function whatBecameOf(key: Buffer, { suspects, gone, start, end }: Found): Problem[] {
  const empty = gone.flatMap(([from, to]) =>
    Array.from({ length: Math.min(to - from + 1, mostPlaces) }, (_, index) => from + index),
  )
  const origins = suspects.map(({ row }) => originOf(key, row, suspects, empty.slice(0, mostPlaces)))
  const found = new Set(origins.map((origin) => origin?.position ?? undefined))
  const problems: Problem[] = []
  const free: number[] = []
  suspects.forEach(({ row, extra }, index) => {
    const { seq } = row
    const position = row.position ?? undefined
    const at = { seq, ...(position === undefined ? {} : { position }) }
    const origin = origins[index]
    if (origin) {
      const was = `row ${origin.seq} at position ${origin.position}`
      problems.push({ kind: 'moved', ...at, says: `${nameOf(row)} holds what was sealed as ${was}` })
      if (!extra && position !== undefined && !found.has(position)) free.push(position)
    } else if (extra || (position !== undefined && found.has(position)))
      problems.push({ kind: 'inserted', ...at, says: `${nameOf(row)} was put in; nobody sealed it` })
    else problems.push({ kind: 'changed', ...at, says: `${nameOf(row)} was changed after it was sealed` })
  })
  const lost = [...gone.flatMap((range) => without(range, found)), ...free.map((one) => [one, one] as const)]
  return [...problems, ...lost.map((range) => removed(range, { start, end }))]
}

/**
 * Where the content of a row was sealed: tried at every other place in question, under its own number and that place's, as
 * two rows may have changed their numbers, their places or their contents.
 */
function originOf(
  key: Buffer,
  row: AuditRow,
  suspects: readonly Suspect[],
  empty: readonly number[],
): Pick<AuditRow, 'seq' | 'position'> | undefined {
  for (const { row: other } of suspects) {
    if (other === row) continue
    const { seq, position } = other
    const forms = [
      { ...row, position },
      { ...row, seq },
      { ...row, seq, position },
    ]
    const origin = forms.find((form) => [row.mac, other.mac].includes(macOf(key, form)))
    if (origin) return origin
  }
  const position = empty.find((one) => macOf(key, { ...row, position: one }) === row.mac)
  return position === undefined ? undefined : { seq: row.seq, position }
}

function without(
  [from, to]: readonly [number, number],
  found: ReadonlySet<number | undefined>,
): (readonly [number, number])[] {
  const cuts = [...found]
    .filter((one) => one !== undefined && one >= from && one <= to)
    .toSorted((a, b) => (a ?? 0) - (b ?? 0))
  const parts: (readonly [number, number])[] = []
  let at = from
  for (const cut of cuts as number[]) {
    if (cut > at) parts.push([at, cut - 1])
    at = cut + 1
  }
  return at <= to ? [...parts, [at, to]] : parts
}

function removed(
  [from, to]: readonly [number, number],
  { start, end }: { readonly start: number; readonly end: number | undefined },
): Problem {
  const rows =
    to === from
      ? `the row at position ${from} was`
      : `${to - from + 1} rows, positions ${from} to ${to}, were`
  const where = to === end ? ': the end is cut' : from === start ? ': the start is cut' : ''
  return { kind: 'removed', position: from, says: `${rows} removed${where}` }
}

/** A row as a person finds it again: its number, its place, what and when. */
export function nameOf({ seq, position, event, at }: AuditRow): string {
  const when = new Date(at)
  const time = Number.isNaN(when.getTime()) ? 'at no time' : when.toISOString()
  return `row ${seq} at position ${position ?? 'none'} (${event}, ${time})`
}
