/**
 * The colours of the pages: those that we say are the Digital Agency's equal its package, and every word and edge can be
 * seen on everything it may stand on, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11), and with more contrast wanted.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contrast } from '../../src/web/brand.ts'

const sheet = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../public/css', `${name}.css`), 'utf8').replace(
    /\/\*[\s\S]*?\*\//g,
    '',
  )
const ours = ['tokens', 'base', 'parts', 'pages'] as const
const all = ours.map(sheet).join('\n')

type Values = Readonly<Record<string, string>>
const declared = (css: string): Values =>
  Object.fromEntries([...css.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((match) => [match[1], match[2]]))

/** The values of the block that this media query opens; without one those that hold everywhere. */
function block(query?: string): Values {
  const css = sheet('tokens')
  const start = query === undefined ? css.indexOf(':root') : css.indexOf(`@media ${query} {`)
  if (start < 0) throw new Error(`tokens.css has no block for ${query}`)
  return declared(css.slice(start, css.indexOf('}', start)))
}

const preferred = {
  dark: '(prefers-color-scheme: dark)',
  more: '(prefers-contrast: more)',
  moreDark: '(prefers-contrast: more) and (prefers-color-scheme: dark)',
}
const light = block()
const dark = { ...light, ...block(preferred.dark) }

const require = createRequire(import.meta.url)
const theirs = declared(readFileSync(require.resolve('@digital-go-jp/design-tokens/dist/tokens.css'), 'utf8'))

/** Our name of a value, and theirs: light, dark. Which is used for what in the dark is our own choice; there is none of theirs. */
const copied: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  page: ['neutral-white', 'neutral-solid-gray-900'],
  surface: ['neutral-solid-gray-50', 'neutral-solid-gray-800'],
  text: ['neutral-solid-gray-800', 'neutral-solid-gray-50'],
  strong: ['neutral-solid-gray-900', 'neutral-white'],
  support: ['neutral-solid-gray-700', 'neutral-solid-gray-200'],
  'field-line': ['neutral-solid-gray-600', 'neutral-solid-gray-300'],
  line: ['neutral-solid-gray-536', 'neutral-solid-gray-420'],
  link: ['primitive-blue-1000', 'primitive-blue-300'],
  visited: ['primitive-magenta-900', 'primitive-magenta-200'],
  button: ['primitive-blue-900', 'primitive-blue-300'],
  'on-button': ['neutral-white', 'primitive-blue-1200'],
  error: ['primitive-red-900', 'primitive-red-300'],
  'error-panel': ['primitive-red-50', 'neutral-solid-gray-800'],
  success: ['primitive-green-800', 'primitive-green-300'],
  'success-panel': ['primitive-green-50', 'neutral-solid-gray-800'],
  warning: ['primitive-yellow-1000', 'primitive-yellow-300'],
  'warning-panel': ['primitive-yellow-50', 'neutral-solid-gray-800'],
  focus: ['neutral-black', 'primitive-yellow-300'],
  'focus-ring': ['primitive-yellow-300', 'neutral-black'],
}
const copiedForMore: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  link: ['primitive-blue-1000', 'primitive-blue-200'],
  error: ['primitive-red-1100', 'primitive-red-200'],
  success: ['primitive-green-900', 'primitive-green-200'],
}

/** Measures and faces: sizes that design.digital.go.jp recommends, but no value of the package under our name. */
const notColours = ['radius', 'target', 'measure', 'fonts']

/** Six digits; a value that a bank may replace by its own counts with the one it has without. */
function colour(value: string | undefined): string {
  const own = /^var\(--brand-[\w-]+, (.+)\)$/.exec(value ?? '')?.[1] ?? value ?? ''
  if (!/^#([\da-f]{3}|[\da-f]{6})$/i.test(own)) throw new Error(`no colour: ${value}`)
  const digits = own.slice(1).toLowerCase()
  return `#${digits.length === 3 ? digits.replaceAll(/./g, '$&$&') : digits}`
}

describe('the copied values', () => {
  it('are all of our colours', () => {
    expect(Object.keys(light).sort()).toEqual([...Object.keys(copied), ...notColours].sort())
    expect(Object.keys(block(preferred.dark)).sort()).toEqual(Object.keys(copied).sort())
  })

  it.each(Object.entries(copied))('--%s is %j', (name, [inLight, inDark]) => {
    expect(colour(light[name])).toBe(colour(theirs[`color-${inLight}`]))
    expect(colour(dark[name])).toBe(colour(theirs[`color-${inDark}`]))
  })

  it.each(Object.entries(copiedForMore))('--%s with more contrast is %j', (name, [inLight, inDark]) => {
    expect(colour({ ...light, ...block(preferred.more) }[name])).toBe(colour(theirs[`color-${inLight}`]))
    expect(colour(block(preferred.moreDark)[name])).toBe(colour(theirs[`color-${inDark}`]))
  })

  it('give way to the bank’s two colours', () => {
    expect([light.button, light['on-button']]).toEqual([
      'var(--brand-primary, #0017c1)',
      'var(--brand-on-primary, #fff)',
    ])
    expect([dark.button, dark['on-button']]).toEqual([
      'var(--brand-primary-dark, #9db7f9)',
      'var(--brand-on-primary-dark, #000060)',
    ])
  })
})

/** Words of any of these may stand on any of those, so no list of pairs can miss one. */
const words = ['text', 'strong', 'support', 'link', 'visited', 'error', 'success']
const backgrounds = ['page', 'surface', 'error-panel', 'success-panel', 'warning-panel']
const onTheirOwn = [['on-button', 'button']] as const
const edges = ['field-line', 'line', 'button', 'warning', 'focus']

const under = (
  least: number,
  names: readonly string[],
  grounds: readonly string[],
  values: Values,
): string[] =>
  names.flatMap((name) =>
    grounds
      .map((ground) => ({ ground, ratio: contrast(colour(values[name]), colour(values[ground])) }))
      .filter(({ ratio }) => ratio < least)
      .map(({ ground, ratio }) => `${name} on ${ground}: ${ratio.toFixed(2)}`),
  )

describe.each([
  ['light', light],
  ['dark', dark],
])('what is seen in %s', (_scheme, values) => {
  it('has words of at least 4.5:1 on everything they may stand on', () => {
    expect(under(4.5, words, backgrounds, values)).toEqual([])
    for (const [name, ground] of onTheirOwn) expect(under(4.5, [name], [ground], values)).toEqual([])
  })

  it('has edges of at least 3:1 on everything they may stand on', () => {
    expect(under(3, edges, backgrounds, values)).toEqual([])
  })

  it('has a focus that is seen on the page, and a ring that is seen beside it', () => {
    expect(under(3, ['focus'], ['page', 'surface', 'focus-ring'], values)).toEqual([])
  })
})

describe('who wants more contrast', () => {
  it.each([
    ['light', light, block(preferred.more)],
    ['dark', dark, { ...block(preferred.more), ...block(preferred.moreDark) }],
  ])('has words of at least 7:1 in %s', (_scheme, usual, changed) => {
    const values = { ...usual, ...changed, support: usual.text ?? '' }
    expect(changed.support).toBe('var(--text)')
    expect(under(7, words, backgrounds, values)).toEqual([])
    expect(under(7, ['on-button'], ['button'], values)).toEqual([])
    expect([changed.line, changed['field-line']]).toEqual(['currentcolor', 'currentcolor'])
  })
})

describe('the style sheets', () => {
  const values = (property: RegExp): string[] =>
    [...all.matchAll(/([\w-]+):\s*([^;{}]+);/g)]
      .filter((match) => property.test(match[1] ?? ''))
      .map((match) => match[2] ?? '')

  it('take every colour from the tokens, and none of another kind than it was measured for', () => {
    const asWords = values(/^color$/).filter((value) => value !== '#000')
    for (const value of asWords)
      expect([...words, 'on-button'].map((name) => `var(--${name})`)).toContain(value)
    const asGround = values(/^background$/).filter((value) => value.startsWith('var'))
    for (const value of asGround)
      expect([...backgrounds, 'button'].map((name) => `var(--${name})`)).toContain(value)
    const others = sheet('base') + sheet('parts') + sheet('pages').replace(/@media print[\s\S]*/, '')
    expect(others.match(/#[\da-f]{3,8}\b/gi)).toBeNull()
  })

  it('write nothing smaller than 1rem, and measure in rem what is not a line', () => {
    for (const size of values(/^font-size$/))
      expect(size).toMatch(/^(?:[1-9]\d*(?:\.\d+)?rem|(?:7\.5|8|10)pt)$/)
    const pixels = [...all.matchAll(/([\w-]+):[^;{}]*?(\d+)px/g)].map((match) => `${match[1]} ${match[2]}`)
    expect(new Set(pixels)).toEqual(
      new Set([
        'width 1',
        'height 1',
        'border 1',
        'border-block 1',
        'border-bottom 1',
        'border-top 1',
        'border 2',
        'border-width 2',
        'border-left 4',
        'outline 4',
        'outline-offset 2',
        'box-shadow 2',
      ]),
    )
  })

  it('move nothing, so nobody has to ask for less motion', () => {
    expect(all).not.toMatch(/\b(?:animation|transition|scroll-behavior|@keyframes)\b/)
  })

  it('stand in layers, in the order that the first one says, with the bank’s last', () => {
    expect(sheet('tokens').trim()).toMatch(/^@layer tokens, base, parts, pages, brand;/)
    for (const name of ours) expect(sheet(name)).toMatch(new RegExp(`^\\s*@layer ${name} \\{`, 'm'))
  })

  it('load nothing: no face, no picture, no other sheet', () => {
    expect(all).not.toMatch(/@import|@font-face|url\(/)
  })
})
