/** What makes the pages look like one bank's: two colours and a logo, from the institution file, checked before anybody sees them. */
import { readFileSync } from 'node:fs'
import type { Institution } from '../institution.ts'
import { safeSvg } from './svg.ts'

/** The page's own colours, as in tokens.css. */
const page = { light: '#ffffff', dark: '#1a1a1a' } as const
const leastContrast = 4.5

/**
 * The style sheet of the institution's colours; empty where it has none.
 * @throws Error naming a colour that cannot be read as a link on the page, or carry the words of a button
 */
export function brandStyle({ brand }: Pick<Institution, 'brand'>): string {
  if (!brand) return ''
  const { primary, primaryDark } = brand
  return `@layer brand {
  :root {
    --brand-primary: ${legible('primary', primary, page.light)};
    --brand-on-primary: ${wordsOn(primary)};
    --brand-primary-dark: ${legible('primaryDark', primaryDark, page.dark)};
    --brand-on-primary-dark: ${wordsOn(primaryDark)};
  }
}
`
}

function legible(name: string, colour: string, background: string): string {
  const ratio = contrast(colour, background)
  if (ratio >= leastContrast) return colour
  throw new Error(
    `brand.${name}: ${colour} on ${background} has a contrast of ${ratio.toFixed(2)}, and links need ${leastContrast}`,
  )
}

/** White or black, whichever can be read better; one of them always reaches 4.5. */
const wordsOn = (colour: string): string =>
  contrast('#ffffff', colour) >= contrast('#000000', colour) ? '#ffffff' : '#000000'

/** WCAG 2.2, relative luminance and contrast ratio. */
export function contrast(one: string, other: string): number {
  const [bright, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (bright + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** The institution's logo, looked through; undefined where it has none. @throws Error when it is no harmless picture */
export function readLogo({ brand }: Pick<Institution, 'brand'>): string | undefined {
  return brand?.logo === undefined ? undefined : safeSvg(readFileSync(brand.logo, 'utf8'))
}
