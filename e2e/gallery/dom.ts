/**
 * What the checks use of a page's DOM. TypeScript's own library for it would be in force everywhere, and `document`, `name` or
 * `location` would be names that the server's code may write.
 */
export type Box = {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly width: number
  readonly height: number
}

export type Node = { readonly textContent: string; readonly parentElement: Element }

export type Element = {
  readonly tagName: string
  readonly id: string
  readonly classList: Iterable<string>
  readonly textContent: string
  readonly parentElement: Element | null
  readonly labels?: Iterable<Element>
  readonly scrollWidth: number
  readonly scrollHeight: number
  readonly clientWidth: number
  readonly clientHeight: number
  open: boolean
  readonly showModal: () => void
  readonly close: () => void
  readonly matches: (selector: string) => boolean
  readonly closest: (selector: string) => Element | null
  readonly contains: (other: Element) => boolean
  readonly getAttribute: (name: string) => string | null
  readonly getBoundingClientRect: () => Box
  readonly checkVisibility: (options: { visibilityProperty: boolean }) => boolean
}

type Style = Readonly<
  Record<
    | 'borderTopWidth'
    | 'clipPath'
    | 'color'
    | 'display'
    | 'overflowX'
    | 'overflowY'
    | 'backgroundColor'
    | 'borderTopStyle'
    | 'borderRightStyle'
    | 'fontSize'
    | 'outlineStyle'
    | 'outlineWidth'
    | 'paddingTop'
    | 'textDecorationLine'
    | 'paddingBottom',
    string
  >
>

export type Window = {
  readonly document: {
    readonly title: string
    readonly body: Element
    readonly scrollingElement: Element
    readonly documentElement: Element & { readonly style: { fontSize: string } }
    readonly activeElement: Element
    adoptedStyleSheets: object[]
    readonly elementFromPoint: (x: number, y: number) => Element | null
    readonly querySelectorAll: (selector: string) => Iterable<Element>
    readonly createRange: () => {
      readonly selectNodeContents: (node: Node) => void
      readonly getClientRects: () => Iterable<Box>
    }
    readonly createTreeWalker: (root: Element, show: number) => { readonly nextNode: () => Node | null }
  }
  readonly innerWidth: number
  readonly innerHeight: number
  readonly scrollY: number
  readonly requestAnimationFrame: (next: (at: unknown) => void) => void
  readonly getComputedStyle: (element: Element) => Style
  readonly CSSStyleSheet: new () => { readonly replaceSync: (css: string) => void }
}
