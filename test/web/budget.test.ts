/** How many bytes a customer on a slow line waits for: the first view fits into the first packets of a connection. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { brandStyle } from '../../src/web/brand.ts'
import { brotliOptions } from '../../src/web/compression.ts'
import { samples } from '../../src/web/samples.ts'
import { readHtml, renderStrictly } from './rendering.ts'

const kilobytes = (n: number): number => n * 1000
const zipped = (content: Buffer | string): number => brotliCompressSync(content, brotliOptions).length
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const pages = samples.map((sample) => {
  const html = renderStrictly(sample)
  const root = readHtml(html)
  const linked = (selector: string, name: string): string[] =>
    root.querySelectorAll(selector).flatMap((element) => element.getAttributeValue(name) ?? [])
  return {
    name: `${sample.name} (${sample.language})`,
    html: Buffer.byteLength(html),
    zipped: zipped(html),
    css: linked('link[rel="stylesheet"]', 'href'),
    js: linked('script', 'src'),
  }
})

/** The institution's own sheet is made by the server. */
const brand = brandStyle({ brand: { primary: '#0b5d4e', primaryDark: '#7fd1bf', logo: undefined } })
const contents = new Map(
  [...new Set(pages.flatMap(({ css, js }) => [...css, ...js]))].map((path) => [
    path,
    path === '/css/brand.css'
      ? Buffer.from(brand)
      : readFileSync(join(import.meta.dirname, '../../public', path)),
  ]),
)
const bytesOf = (path: string): number => contents.get(path)?.length ?? 0
const onTheWire = (path: string): number => zipped(contents.get(path) ?? '')

const manyAccounts = /sixty-accounts|ten-accounts/

describe('the bytes of a page', () => {
  it('are at most 12.5 kB of HTML in every state with four accounts, 4 kB on the wire', () => {
    const few = pages.filter(({ name }) => !manyAccounts.test(name))
    expect(few.filter((page) => page.html > kilobytes(12.5) || page.zipped > kilobytes(4))).toEqual([])
  })

  it('are far under 10 kB on the wire for ten accounts, all of whose PINs were wrong', () => {
    const ten = pages.filter(({ name }) => /ten-accounts/.test(name))
    expect(ten).toHaveLength(2)
    expect(ten.filter((page) => page.html > kilobytes(20) || page.zipped > kilobytes(4))).toEqual([])
  })

  it('are at most 64 kB of HTML with sixty, 7 kB on the wire', () => {
    const many = pages.filter(({ name }) => manyAccounts.test(name))
    expect(many.length).toBeGreaterThan(0)
    expect(many.filter((page) => page.html > kilobytes(64) || page.zipped > kilobytes(7))).toEqual([])
  })

  it('are at most 17 kB of style, besides the two colours of the bank', () => {
    const sheets = [...contents.keys()].filter((path) => path.endsWith('.css'))
    expect(sheets).toEqual([
      '/css/tokens.css',
      '/css/base.css',
      '/css/parts.css',
      '/css/pages.css',
      '/css/brand.css',
    ])
    expect(sum(sheets.slice(0, -1).map(bytesOf))).toBeLessThanOrEqual(kilobytes(17))
  })

  it('are under 14 kB on the wire for a first view: HTML, every style sheet and every script together', () => {
    const heavy = pages
      .map(({ name, zipped: html, css, js }) => ({ name, bytes: html + sum([...css, ...js].map(onTheWire)) }))
      .filter(({ bytes }) => bytes >= kilobytes(14))
    expect(heavy).toEqual([])
  })
})
