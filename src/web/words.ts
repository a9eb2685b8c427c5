/** The words of one institution: those of every bank, with what it calls itself and the texts that it writes otherwise. */
import { callIt, type Institution } from '../institution.ts'
import type { Language } from './language.ts'
import { en } from './messages/en.ts'
import { ja, type Messages } from './messages/ja.ts'

export type Words = Readonly<Record<Language, Messages>>

/** @throws Error naming every text of the institution file that there is none of, or that is of another kind */
export function wordsOf({ called, texts }: Pick<Institution, 'called' | 'texts'>): Words {
  const wrong: string[] = []
  const of = (language: Language, base: Messages): Messages => {
    const named = mapTexts(base, (text) => callIt(text, called, language))
    const own = Object.entries(texts).map(([path, text]) => [path, text[language]] as const)
    return own.reduce(
      (all, [path, text]) => replaced(all, path.split('.'), text, () => wrong.push(path)),
      named,
    )
  }
  const words = { ja: of('ja', ja), en: of('en', en) }
  if (wrong.length > 0)
    throw new Error(`the institution file has texts that no page shows: ${[...new Set(wrong)].join(', ')}`)
  return words
}

/** Every text of a dictionary changed, also what its functions answer. */
function mapTexts<Value>(value: Value, change: (text: string) => string): Value {
  const map = (one: unknown): unknown => {
    if (typeof one === 'string') return change(one)
    if (typeof one === 'function')
      return (...given: unknown[]) => map((one as (...all: unknown[]) => unknown)(...given))
    if (Array.isArray(one)) return one.map(map)
    if (one === null || typeof one !== 'object') return one
    return Object.fromEntries(Object.entries(one).map(([name, part]) => [name, map(part)]))
  }
  return map(value) as Value
}

/** The dictionary with the text at this path replaced; a list of lines by a list of lines. */
function replaced<Value>(
  value: Value,
  [name = '', ...rest]: readonly string[],
  text: string | readonly string[],
  isWrong: () => void,
): Value {
  const parts = value as Readonly<Record<string, unknown>>
  const found = Object.hasOwn(parts, name) ? parts[name] : undefined
  if (rest.length > 0 && found !== null && typeof found === 'object' && !Array.isArray(found))
    return { ...parts, [name]: replaced(found, rest, text, isWrong) } as Value
  const fits =
    rest.length === 0 && typeof found === typeof text && Array.isArray(found) === Array.isArray(text)
  if (!fits) isWrong()
  return fits ? ({ ...parts, [name]: text } as Value) : value
}
