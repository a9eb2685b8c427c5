/** A browser as coarse as a person would name it: the whole of what it says of itself would tell people apart. */

const families = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS)\//],
  ['Safari', /\bSafari\//],
] as const

const systems = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(?:iPhone|iPad)\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['Linux', /\bLinux\b/],
] as const

/** `Chrome on Windows`; what is not known is `other`. */
export function agentOf(userAgent: string | undefined): string {
  const named = (all: readonly (readonly [string, RegExp])[]): string =>
    all.find(([, sign]) => sign.test(userAgent ?? ''))?.[0] ?? 'other'
  return `${named(families)} on ${named(systems)}`
}
