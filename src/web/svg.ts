/**
 * A logo as a bank hands it in, cut down to shapes and colours. Browsers run nothing in a picture, but somebody may open it
 * by its address: what is not on the lists below is refused, not repaired.
 */

const elements: ReadonlySet<string> = new Set([
  'svg',
  'g',
  'path',
  'rect',
  'circle',
  'ellipse',
  'line',
  'polyline',
  'polygon',
  'title',
  'desc',
  'defs',
  'linearGradient',
  'radialGradient',
  'stop',
  'clipPath',
])

const attributes: ReadonlySet<string> = new Set([
  'xmlns',
  'viewBox',
  'width',
  'height',
  'x',
  'y',
  'x1',
  'y1',
  'x2',
  'y2',
  'cx',
  'cy',
  'r',
  'rx',
  'ry',
  'd',
  'points',
  'fill',
  'fill-rule',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-linecap',
  'stroke-linejoin',
  'stroke-opacity',
  'opacity',
  'transform',
  'id',
  'clip-path',
  'clip-rule',
  'offset',
  'stop-color',
  'stop-opacity',
  'gradientUnits',
  'gradientTransform',
  'preserveAspectRatio',
  'role',
  'version',
])

const mostCharacters = 20_000

/**
 * @returns the picture, written anew from what was read
 * @throws Error naming the first thing that a logo may not have
 */
export function safeSvg(text: string): string {
  if (text.length > mostCharacters) throw new Error(`the logo is larger than ${mostCharacters} characters`)
  let rest = text.trim().replace(/^<\?xml [^<>]*\?>\s*/, '')
  const open: string[] = []
  let written = ''
  while (rest !== '') {
    const tag = /^<(\/?)([A-Za-z]+)((?:\s+[A-Za-z][A-Za-z0-9:-]*\s*=\s*"[^"<>&]*")*)\s*(\/?)>/.exec(rest)
    const words = /^[^<>&]+/.exec(rest)
    if (tag) {
      const [whole, closes, name = '', given = '', isEmpty] = tag
      if (!elements.has(name)) throw new Error(`the logo has an element <${name}>`)
      if (closes && open.pop() !== name) throw new Error(`the logo has </${name}> without its beginning`)
      written += closes ? `</${name}>` : `<${name}${safeAttributes(given)}${isEmpty ? '/' : ''}>`
      if (!closes && !isEmpty) open.push(name)
      rest = rest.slice(whole.length)
    } else if (words) {
      // Words stand in a title or a description; anywhere else a picture has only blanks.
      const within = open.at(-1)
      const said = within === 'title' || within === 'desc'
      if (!said && words[0].trim() !== '') throw new Error('the logo has text outside of a title')
      written += said ? words[0] : ''
      rest = rest.slice(words[0].length)
    } else {
      throw new Error(`the logo has something that is no plain SVG: ${rest.slice(0, 20)}`)
    }
  }
  if (open.length > 0 || !written.startsWith('<svg '))
    throw new Error('the logo is not one whole <svg> element')
  return written
}

function safeAttributes(given: string): string {
  return [...given.matchAll(/([A-Za-z][A-Za-z0-9:-]*)\s*=\s*"([^"]*)"/g)]
    .map(([, name = '', value = '']) => {
      if (!attributes.has(name)) throw new Error(`the logo has an attribute ${name}`)
      if (/url\s*\(/i.test(value) && !/^url\(#[\w-]+\)$/.test(value))
        throw new Error(`the logo's ${name} leads elsewhere`)
      if (/[:\\]/.test(value) && name !== 'xmlns') throw new Error(`the logo's ${name} has an address in it`)
      if (name === 'xmlns' && value !== 'http://www.w3.org/2000/svg') throw new Error('the logo is no SVG')
      return ` ${name}="${value}"`
    })
    .join('')
}
