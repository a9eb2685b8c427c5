/**
 * 手順 5 as a file to keep: one line an account, for spreadsheets. It never holds a PIN, and no cell of it is a formula,
 * because memos are free text and a spreadsheet would carry one out.
 */
import { dateInJapan, timeInJapan } from '../clock.ts'
import type { Messages } from '../web/messages/ja.ts'
import type { reviewPins } from './review-pins.ts'

type Results = Extract<Awaited<ReturnType<typeof reviewPins.page>>, { readonly view: unknown }>['view']

/** UTF-8 with a byte order mark, without which Excel takes it for Shift_JIS; lines end with CRLF (RFC 4180). */
export function resultsCsv(
  { at, accounts, pinDigits }: Results,
  { t, number, service }: { t: Messages; number: string; service: string },
): string {
  const { receipt, registerPins, reviewPins: m, statuses, fieldErrors, frame } = t
  const time = `${dateInJapan(at)} ${timeInJapan(at).slice(0, 8)}`
  const head = [
    frame.number,
    receipt.at,
    receipt.service,
    m.status,
    registerPins.account,
    registerPins.memo,
    receipt.outcome,
  ]
  const lines = accounts.map(({ branchName, branchCode, kind, number: ofAccount, memo, status, outcome }) => {
    const account = `${branchName}（${branchCode}） ${kind} ${ofAccount}`
    const result =
      outcome && outcome !== 'held' ? fieldErrors[outcome]({ account, digits: `${pinDigits}` }) : ''
    return [
      number,
      time,
      service,
      statuses[status],
      account,
      // The mark by which pages say that there is none.
      memo === '-' ? '' : memo,
      outcome === 'held' ? receipt.done : result,
    ]
  })
  return `\uFEFF${[head, ...lines].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')}`
}

/** Quoted always; what begins like a formula is told to be text, as spreadsheets know it: by an apostrophe. */
function cell(text: string): string {
  const safe = /^[\s]*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}
