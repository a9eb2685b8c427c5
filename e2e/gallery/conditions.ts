/** Under which conditions a page is looked at, and for what: windows, colours, text sizes, pointers. */

export type Condition = {
  readonly name: string
  /** of the window, in CSS pixels: 320 is also a window of 1280 at 400 % */
  readonly width: 320 | 1280
  readonly scheme?: 'light' | 'dark'
  readonly forcedColors?: true
  readonly moreContrast?: true
  /** twice as large (WCAG 2.2, 1.4.4), or with the spacing of 1.4.12 */
  readonly text?: 'double' | 'spaced'
  readonly touch?: true
  /** with the question that comes before the time is up, on pages that have it */
  readonly dialog?: true
  readonly looks: readonly Look[]
}

/** `contrast` is axe's rule alone: what else axe reads does not change with the colours */
export type Look = 'axe' | 'contrast' | 'layout' | 'targets' | 'languages' | 'forced colours'

const everyLook = ['axe', 'layout', 'targets', 'languages'] as const

/** The two windows in which most findings show. */
export const mainConditions: readonly Condition[] = [
  { name: 'light 320', width: 320, looks: everyLook },
  { name: 'dark 320', width: 320, scheme: 'dark', looks: ['contrast'] },
]

export const wideConditions: readonly Condition[] = [
  { name: 'dark 1280', width: 1280, scheme: 'dark', looks: ['contrast'] },
  { name: 'light 1280', width: 1280, looks: ['axe', 'layout', 'targets'] },
]

/** Both widths in one scheme, for pages whose colours were looked at in their other language. */
export const lightConditions: readonly Condition[] = [...mainConditions, ...wideConditions].filter(
  ({ scheme }) => scheme === undefined,
)

export const allConditions: readonly Condition[] = [
  ...mainConditions,
  ...wideConditions,
  { name: 'text 200 % 1280', width: 1280, text: 'double', looks: ['layout'] },
  { name: 'text 200 % 320', width: 320, text: 'double', looks: ['layout'] },
  { name: 'text spacing 320', width: 320, text: 'spaced', looks: ['layout'] },
  { name: 'text spacing 1280', width: 1280, text: 'spaced', looks: ['layout'] },
  { name: 'touch 1280', width: 1280, touch: true, looks: ['layout', 'targets'] },
  { name: 'touch 320', width: 320, touch: true, looks: ['layout', 'targets'] },
  { name: 'forced colours light 320', width: 320, forcedColors: true, looks: ['forced colours'] },
  {
    name: 'forced colours dark 1280',
    width: 1280,
    scheme: 'dark',
    forcedColors: true,
    looks: ['forced colours'],
  },
  { name: 'more contrast dark 1280', width: 1280, scheme: 'dark', moreContrast: true, looks: ['contrast'] },
  { name: 'more contrast light 320', width: 320, moreContrast: true, looks: ['contrast'] },
  { name: 'time-out 320', width: 320, dialog: true, looks: ['axe', 'layout', 'targets'] },
  {
    name: 'time-out dark 200 % 1280',
    width: 1280,
    scheme: 'dark',
    text: 'double',
    dialog: true,
    looks: ['axe', 'layout'],
  },
]
