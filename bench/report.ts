/** The figures as a plain table: beside each its ratio to the bare engine and, where design has one, the aim. */
import type { TargetName } from './targets.ts'

export type Row = {
  readonly name: string
  readonly unit: string
  readonly values: Partial<Record<TargetName, number>>
  /** which way is good; a ratio above 1 is better than the bare engine */
  readonly better: 'more' | 'less'
  /** ratios to the bare engine mean nothing here */
  readonly alone?: true
  readonly aim?: Aim
}

export type Aim = {
  readonly says: string
  /** @param ratio to the bare engine, above 1 where ours is better; NaN where there is none */
  readonly holds: (value: number, ratio: number, name: TargetName) => boolean
}

export type Judged = Omit<Row, 'aim'> & {
  readonly ratios: Partial<Record<TargetName, number>>
  readonly aim?: string
  /** undefined where there is no aim */
  readonly met?: Partial<Record<TargetName, boolean>>
}

const ours = ['sqlite', 'postgres'] as const

export function judge(rows: readonly Row[]): readonly Judged[] {
  return rows.map(({ aim, ...row }) => {
    const { values, better, alone } = row
    const { bare } = values
    const ratioOf = (value: number) =>
      bare === undefined || alone ? Number.NaN : better === 'more' ? value / bare : bare / value
    const given = ours.flatMap((name) => {
      const value = values[name]
      return value === undefined ? [] : [[name, value] as const]
    })
    const ratios = Object.fromEntries(given.map(([name, value]) => [name, ratioOf(value)]))
    if (!aim) return { ...row, ratios }
    const met = Object.fromEntries(
      given.map(([name, value]) => [name, aim.holds(value, ratioOf(value), name)]),
    )
    return { ...row, ratios, aim: aim.says, met }
  })
}

export function table(rows: readonly Judged[]): string {
  const head = ['', 'unit', 'bare', 'SQLite', 'ratio', 'PostgreSQL', 'ratio', 'aim', '']
  const lines = rows.map(({ name, unit, values, ratios, aim = '', met = {} }) => [
    name,
    unit,
    short(values.bare),
    short(values.sqlite),
    short(ratios.sqlite),
    short(values.postgres),
    short(ratios.postgres),
    aim,
    verdict(Object.values(met)),
  ])
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  )
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, n) => (n > 1 && n < 7 ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function verdict(met: readonly boolean[]): string {
  if (met.length === 0) return ''
  if (met.every(Boolean)) return 'met'
  return met.some(Boolean) ? `met: ${met.map((one) => (one ? 'yes' : 'no')).join(', ')}` : 'not met'
}

function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return ''
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toFixed(digits)
}
