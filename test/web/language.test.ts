/** Which language is spoken, that each says everything the other does, and how both write a day. */
import { describe, expect, it } from 'vitest'
import { clockTime, longDate, pickLanguage } from '../../src/web/language.ts'
import { en } from '../../src/web/messages/en.ts'
import { ja } from '../../src/web/messages/ja.ts'

describe('the language of a page', () => {
  it('is the one the customer chose, whatever the fintech and the browser say', () => {
    expect(pickLanguage({ chosen: 'en', wished: 'ja', accepted: 'ja' })).toBe('en')
    expect(pickLanguage({ chosen: 'ja', wished: 'en', accepted: 'en' })).toBe('ja')
  })

  it('is then the first of ui_locales that we speak', () => {
    expect(pickLanguage({ wished: 'fr-CA en-GB ja', accepted: 'ja' })).toBe('en')
    expect(pickLanguage({ wished: 'fr', accepted: 'en' })).toBe('en')
  })

  it.each([
    ['en', 'en'],
    ['en-US,en;q=0.9', 'en'],
    ['EN-us', 'en'],
    ['ja-JP', 'ja'],
    ['ja;q=0.3, en;q=0.8', 'en'],
    ['en;q=0.8, ja', 'ja'],
    ['fr, de;q=0.9, en;q=0.1', 'en'],
    ['en;q=0, ja;q=0.1', 'ja'],
    ['en;q=0', 'ja'],
    ['ja;q=0.5, en;q=0.5', 'ja'],
  ])('is then what the browser likes best: %s', (accepted, language) => {
    expect(pickLanguage({ accepted })).toBe(language)
  })

  it.each([
    ['nothing', {}],
    ['languages we do not speak', { wished: 'fr', accepted: 'de, *;q=0.5' }],
    ['empty values', { chosen: '', wished: '', accepted: '' }],
    ['a cookie of another kind', { chosen: 'en"; DROP' }],
    ['punctuation', { wished: '   ', accepted: ';;;,,;q=,=;' }],
    ['a quality that is no number', { accepted: 'en;q=..' }],
    ['English after 500 characters', { accepted: `${'x,'.repeat(250)}en` }],
    ['names of object members', { chosen: 'constructor', wished: '__proto__ toString' }],
  ])('is Japanese for %s', (_what, given) => {
    expect(pickLanguage(given)).toBe('ja')
  })
})

type Word = { readonly path: string; readonly text: string }

/** Every text of a catalogue by its path; a text made from values is made from recognisable ones. */
function wordsOf(node: unknown, path = ''): Word[] {
  if (typeof node === 'string') return [{ path, text: node }]
  if (typeof node === 'function') {
    const values = path.startsWith('.fieldErrors')
      ? [{ account: 'ACCOUNT', digits: '4' }]
      : ['FIRST', 'SECOND']
    return [{ path, text: String(Reflect.apply(node, undefined, values)) }]
  }
  return Object.entries(node as object).flatMap(([key, child]) => wordsOf(child, `${path}.${key}`))
}

const catalogues = { ja: wordsOf(ja), en: wordsOf(en) }
const notEmptied = ({ path }: Word) => !/\.lines\.\d+$/.test(path)

describe('the catalogues', () => {
  it('have the same keys', () => {
    const keys = (words: readonly Word[]) => words.filter(notEmptied).map(({ path }) => path)
    expect(keys(catalogues.en).sort()).toEqual(keys(catalogues.ja).sort())
  })

  it.each(['ja', 'en'] as const)('%s leaves nothing empty and fills in every value', (language) => {
    const bad = catalogues[language].filter(
      ({ text }) => text.trim() === '' || /undefined|\[object/.test(text),
    )
    expect(bad).toEqual([])
  })

  it('say at least one line about every problem and every ending', () => {
    const told = [ja, en].flatMap(({ problems, endings }) => [
      ...Object.values(problems),
      ...Object.values(endings),
    ])
    expect(told.filter(({ lines }) => lines.length === 0)).toEqual([])
  })

  it('name the same values in both languages', () => {
    const values = (words: readonly Word[]) =>
      words
        .filter(notEmptied)
        .map(
          ({ path, text }) => `${path} ${[...new Set(text.match(/FIRST|SECOND|ACCOUNT/g))].sort().join(' ')}`,
        )
    expect(values(catalogues.en).sort()).toEqual(values(catalogues.ja).sort())
  })

  it('keep Japanese out of English', () => {
    expect(
      catalogues.en.filter(({ text }) =>
        /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text),
      ),
    ).toEqual([])
  })
})

describe('a day', () => {
  const lastMoment = Date.parse('2027-02-20T23:59:59.999+09:00')

  it('is the one of the calendar in Japan, up to its last millisecond', () => {
    expect(longDate(lastMoment, 'ja')).toBe('2027年2月20日（土）')
    expect(longDate(lastMoment, 'en')).toBe('Saturday, 20 February 2027')
  })

  it('changes at midnight in Japan, not in Greenwich', () => {
    expect(longDate(lastMoment + 1, 'ja')).toBe('2027年2月21日（日）')
    expect(longDate(lastMoment + 1, 'en')).toBe('Sunday, 21 February 2027')
    expect(longDate(Date.parse('2026-12-31T15:00:00Z'), 'ja')).toBe('2027年1月1日（金）')
    expect(longDate(Date.parse('2028-02-28T15:00:00Z'), 'en')).toBe('Tuesday, 29 February 2028')
  })

  it('has the time of day in Japan', () => {
    expect(clockTime(Date.parse('2026-11-22T15:04:59+09:00'))).toBe('15:04')
    expect(clockTime(Date.parse('2026-11-22T00:00:00+09:00'))).toBe('00:00')
    expect(clockTime(lastMoment)).toBe('23:59')
  })
})
