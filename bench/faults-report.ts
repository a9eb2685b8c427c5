/** The outcome of a run as a plain table, with the first few broken promises in words. */
import type { Outcome } from './faults-kills.ts'

const shownAtMost = 10

export function table({ name, seconds, counts, checks }: Outcome): string {
  const rows = [
    ['', 'promised', 'broken'],
    ...checks.map((one) => [one.name, String(one.promised), String(one.broken.length)]),
  ]
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ''))))
  const lines = rows.map(([first = '', ...numbers]) =>
    [padEnd(first, widths[0] ?? 0), ...numbers.map((one, at) => one.padStart(widths[at + 1] ?? 0))].join(
      '  ',
    ),
  )
  const said = Object.entries(counts).map(([what, number]) => `${what}: ${number}`)
  const faults = checks.flatMap(({ name: check, broken }) =>
    broken.slice(0, shownAtMost).map((says) => `  ! ${check}: ${says}`),
  )
  return `\n${name} (${seconds} s)\n${[...lines, ...said, ...faults].join('\n')}\n`
}

/** 許可 and PIN stand in one column: a Japanese letter is two wide. */
const widthOf = (text: string): number => text.length + (text.match(/[\u2e80-\uffff]/g)?.length ?? 0)
const padEnd = (text: string, width: number): string => text + ' '.repeat(width - widthOf(text))
