/** Reads what somebody types while a customer is on the phone: full width, small letters, spaces and hyphens make no difference. */

export type Query = {
  /** as on the receipt, such as ABC-1234-XYZ */
  readonly consent: string | undefined
  /** 受付番号, such as ABCD-1234 */
  readonly journey: string | undefined
  /** what to ask the bank for, the likeliest first */
  readonly customer: readonly string[]
  /** id of a service or part of its name, folded by `fold` */
  readonly client: string
}

const mostCharacters = 100

/** @returns undefined when there is nothing to look for */
export function readQuery(typed: string): Query | undefined {
  const text = typed
    .normalize('NFKC')
    .slice(0, mostCharacters)
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
  if (text === '') return undefined
  const code = spokenCode(text)
  return {
    consent: code?.length === 10 ? `${code.slice(0, 3)}-${code.slice(3, 7)}-${code.slice(7)}` : undefined,
    journey: code?.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : undefined,
    customer: customerSpellings(text),
    client: fold(text),
  }
}

export const fold = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s/g, '')

/** Every dash that a keyboard or an input method makes of a hyphen; ー is in many names, so it is one only among digits. */
const hyphens = /[-‐‑‒–—―−ｰー]/g

/** The characters of a number without its hyphens. Letters that the numbers leave out are read as what they look like. */
function spokenCode(text: string): string | undefined {
  const code = text
    .toUpperCase()
    .replace(/\s/g, '')
    .replace(hyphens, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1')
  return /^[0-9A-HJKMNP-TV-Z]+$/.test(code) ? code : undefined
}

/** Login IDs tell small letters from large ones, so what was typed comes first; an account number stands in whatever is around it. */
function customerSpellings(text: string): readonly string[] {
  const together = text.replace(/\s/g, '')
  const digits = together.replace(hyphens, '')
  const numbers = /^\d+$/.test(digits) ? [digits] : []
  const within = /(?<!\d)\d{7}(?!\d)/.exec(text)?.[0]
  return [...new Set([text, together, together.toLowerCase(), ...numbers, ...(within ? [within] : [])])]
}
