/** What is looked at inside of a page. These functions are sent there as text, so they may call each other and nothing else. */
import type { Box, Element, Node, Window } from './dom.ts'

declare const document: Window['document']
declare const scrollY: number
declare const getComputedStyle: Window['getComputedStyle']

export type Looks = {
  readonly misplaced: typeof misplaced
  readonly smallTargets: typeof smallTargets
  readonly unmarkedWords: typeof unmarkedWords
  readonly lostInForcedColours: typeof lostInForcedColours
}

/** The script that puts them into every page, as `looks`. */
export const looksScript = (): string => `globalThis.looks = (() => {
${[...looks, ...whatTheyUse].map(String).join('\n')}
return { ${looks.map(({ name }) => name).join(', ')} }
})()`

const looks = [misplaced, smallTargets, unmarkedWords, lostInForcedColours]
const whatTheyUse = [
  textsOf,
  leavesItsBox,
  overlap,
  boxAround,
  isFilled,
  isForEyes,
  inSentence,
  called,
  luminance,
]

/** What is cut off, lies over something else or makes the page scroll sideways. */
function misplaced(): string[] {
  const { scrollWidth, clientWidth } = document.scrollingElement
  const sideways =
    scrollWidth > clientWidth ? [`the page scrolls sideways: ${scrollWidth} px in ${clientWidth} px`] : []
  // What lies under an open dialog cannot be reached, and may be covered.
  const [dialog] = document.querySelectorAll('dialog[open]')
  const shown = dialog ?? document.body
  const elements = [...document.querySelectorAll('body, body *')].filter(
    (element) => shown.contains(element) && isForEyes(element),
  )
  const cut = elements
    .filter((element) => {
      const { overflowX, overflowY } = getComputedStyle(element)
      return (
        !element.matches('input') &&
        ((overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1) ||
          (/hidden|clip/.test(overflowY) && element.scrollHeight > element.clientHeight + 1))
      )
    })
    .map((element) => `cut off: ${called(element)}`)
  const low = elements
    .filter((element) => element.matches('input:not([type="checkbox"]):not([type="radio"])'))
    .filter((element) => {
      const { fontSize, paddingTop, paddingBottom } = getComputedStyle(element)
      const room = element.clientHeight - Number.parseFloat(paddingTop) - Number.parseFloat(paddingBottom)
      return room < 1.2 * Number.parseFloat(fontSize)
    })
    .map((element) => `too low for its text: ${called(element)}`)

  const texts = textsOf(shown)
  const outside = texts
    .filter(({ box }) => box.left < -1 || box.right > clientWidth + 1)
    .map(({ node }) => `outside of the page: "${node.textContent.trim().slice(0, 40)}"`)
  const spilt = texts
    .filter(leavesItsBox)
    .map(
      ({ node }) =>
        `outside of its box: "${node.textContent.trim().slice(0, 40)}" in ${called(boxAround(node.parentElement) ?? node.parentElement)}`,
    )
  const controls = elements
    .filter((element) => element.matches('button, input, select, textarea, a.button, [role="button"]'))
    .map((owner) => ({ owner, node: null, box: owner.getBoundingClientRect() }))
  const placed = [...texts.map(({ node, box }) => ({ owner: node.parentElement, node, box })), ...controls]
  type Placed = (typeof placed)[number]
  // A control has its own words in it, and one text has several lines.
  const areApart = (one: Placed, other: Placed) =>
    one.node ? one.node !== other.node : !one.owner.contains(other.owner)
  const covered = placed.flatMap((one, index) =>
    placed
      .slice(index + 1)
      .filter((other) => overlap(one.box, other.box) && areApart(one, other) && areApart(other, one))
      .map((other) => `overlapping: ${called(one.owner)} and ${called(other.owner)}`),
  )
  return [...new Set([...sideways, ...cut, ...low, ...outside, ...spilt, ...covered])]
}

/** Whatever can be pressed and is smaller than so many CSS pixels, links in sentences aside (WCAG 2.2, 2.5.8). */
function smallTargets(least: number): string[] {
  const pressable =
    'a[href], button, input:not([type="hidden"]), select, textarea, summary, [role="button"], [tabindex="0"]'
  return [...document.querySelectorAll(pressable)]
    .filter((element) => isForEyes(element) && !inSentence(element))
    .map((element) => {
      const boxes = [element, ...(element.labels ?? [])].map((one) => one.getBoundingClientRect())
      // Either one can be pressed, and whoever misses one of two neighbours hits the other.
      const width = Math.max(...boxes.map((box) => box.width))
      const height = Math.max(...boxes.map((box) => box.height))
      return { element, width, height }
    })
    .filter(({ width, height }) => width < least - 0.01 || height < least - 0.01)
    .map(
      ({ element, width, height }) =>
        `smaller than ${least} px: ${called(element)} has ${Math.round(width * 10) / 10} × ${Math.round(height * 10) / 10}`,
    )
}

/** Japanese that is marked as English, and whole phrases of English that are marked as Japanese. */
function unmarkedWords(): string[] {
  const japanese = /[\u3041-\u30fa\u3400-\u9fff]/
  // The name of a company is nobody's language.
  const phrase = /\b[a-z]{2,} +[a-z]{2,}\b/
  const isWrong = (text: string, language: string | null | undefined) =>
    language === 'en' ? japanese.test(text) : !japanese.test(text) && phrase.test(text)
  const walker = document.createTreeWalker(document.body, 4)
  const found: string[] = []
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { parentElement, textContent } = node
    if (parentElement.closest('script, style, code, pre, [translate="no"]')) continue
    if (isWrong(textContent, parentElement.closest('[lang]')?.getAttribute('lang')))
      found.push(
        `not marked with its language: "${textContent.trim().slice(0, 40)}" in ${called(parentElement)}`,
      )
  }
  for (const name of ['aria-label', 'title', 'alt', 'placeholder', 'data-label', 'data-choose-all'])
    for (const element of document.querySelectorAll(`[${name}]`))
      if (isWrong(element.getAttribute(name) ?? '', element.closest('[lang]')?.getAttribute('lang')))
        found.push(`not marked with its language: ${name} of ${called(element)}`)
  const page = document.documentElement.getAttribute('lang')
  if (isWrong(document.title, page)) found.push(`not in the language of the page: its title`)
  return found
}

/**
 * Text that cannot be read, and controls and panels without an edge, where the system's few colours replace ours. Axe cannot
 * say it: it reads `-webkit-text-fill-color`, whose computed value Chromium leaves as it was.
 */
function lostInForcedColours(): string[] {
  const pale = textsOf(document.body)
    .filter(({ node: { parentElement } }) => {
      let behind: Element = parentElement
      while (behind.parentElement && !isFilled(behind)) behind = behind.parentElement
      const { color } = getComputedStyle(parentElement)
      const [dark = 0, bright = 0] = [
        luminance(color),
        luminance(getComputedStyle(behind).backgroundColor),
      ].sort((a, b) => a - b)
      return (bright + 0.05) / (dark + 0.05) < 4.5
    })
    .map(({ node }) => `cannot be read: ${called(node.parentElement)}`)
  const edged =
    'button, .button, input:not([type="checkbox"], [type="radio"], [type="hidden"]), .panel, .summary, .tag'
  const edgeless = [...document.querySelectorAll(edged)].filter((element) => {
    const { borderTopStyle, borderTopWidth, textDecorationLine } = getComputedStyle(element)
    const hasEdge = borderTopStyle !== 'none' && Number.parseFloat(borderTopWidth) >= 1
    return isForEyes(element) && !hasEdge && textDecorationLine !== 'underline'
  })
  return [...new Set([...pale, ...edgeless.map((element) => `has no edge: ${called(element)}`)])]
}

/** Every line of text that is there to be seen, with the place it takes. */
function textsOf(root: Element): { node: Node; box: Box }[] {
  const walker = document.createTreeWalker(root, 4)
  const texts = []
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.textContent.trim() === '' || !isForEyes(node.parentElement)) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    // The height of a line's letters is less than that of the font's box, which may reach into the line above.
    for (const { left, right, top, bottom, width, height } of range.getClientRects())
      texts.push({
        node,
        box: { left, right, width, top: top + height / 5, bottom: bottom - height / 5, height: height * 0.6 },
      })
  }
  return texts
}

function leavesItsBox({ node, box }: { node: Node; box: Box }): boolean {
  const element = boxAround(node.parentElement)
  if (!element) return false
  const { left, right, top, bottom } = element.getBoundingClientRect()
  const scrolls = /auto|scroll/.test(getComputedStyle(element).overflowY)
  return (
    box.left < left - 1 ||
    box.right > right + 1 ||
    (!scrolls && (box.top < top - 1 || box.bottom > bottom + 1))
  )
}

function overlap(one: Box, other: Box): boolean {
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left)
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top)
  return width > 2 && height > 1
}

/** The nearest thing around it whose edge can be seen. */
function boxAround(element: Element): Element | null {
  for (let around: Element | null = element; around; around = around.parentElement) {
    const { borderTopStyle, borderRightStyle } = getComputedStyle(around)
    if (isFilled(around) || (borderTopStyle !== 'none' && borderRightStyle !== 'none')) return around
  }
  return null
}

function isFilled(element: Element): boolean {
  return !/^rgba\(.*, 0\)$/.test(getComputedStyle(element).backgroundColor)
}

/** Seen on the page: neither hidden, nor for screen readers alone, nor waiting above the page for the focus. */
function isForEyes(element: Element): boolean {
  if (!element.checkVisibility({ visibilityProperty: true })) return false
  for (let around: Element | null = element; around; around = around.parentElement) {
    const { width, height } = around.getBoundingClientRect()
    const { clipPath, overflowX } = getComputedStyle(around)
    if (clipPath === 'inset(50%)' || (overflowX === 'hidden' && width <= 1 && height <= 1)) return false
    if (around.matches('.skip') && around.getBoundingClientRect().bottom + scrollY <= 0) return false
  }
  return true
}

/** A link whose height is that of the text which it stands in. */
function inSentence(element: Element): boolean {
  if (element.tagName !== 'A' || getComputedStyle(element).display !== 'inline') return false
  let around = element.parentElement
  while (around && getComputedStyle(around).display === 'inline') around = around.parentElement
  return (around?.textContent.trim().length ?? 0) > element.textContent.trim().length
}

/** How a finding calls an element, so that a person finds it in its view. */
function called(element: Element): string {
  const id = element.id ? `#${element.id}` : ''
  const classes = [...element.classList].map((name) => `.${name}`).join('')
  const text = element.textContent.replace(/\s+/g, ' ').trim().slice(0, 30)
  return `${element.tagName.toLowerCase()}${id}${classes}${text ? ` "${text}"` : ''}`
}

/** WCAG 2.2, relative luminance of an `rgb()`. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const value = Number(part) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
