/** How many bytes a customer on a slow line waits for: the first view fits into the first packets of a connection. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { samples } from '../../src/web/samples.ts'
import { renderStrictly } from './rendering.ts'

const kilobytes = (n: number): number => n * 1000
const file = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../../public', name))
const zipped = (content: Buffer | string): number => gzipSync(content).length

const css = file('css/ninka.css')
const js = file('js/ninka.js')
const pages = samples.map((sample) => {
  const html = renderStrictly(sample)
  return { name: `${sample.name} (${sample.language})`, html: Buffer.byteLength(html), zipped: zipped(html) }
})

describe('the bytes of a page', () => {
  it('are at most 10 kB of HTML in every state with four accounts', () => {
    expect(pages.filter(({ html }) => html > kilobytes(10))).toEqual([])
  })

  it('are at most 14 kB of style and 3 kB of script', () => {
    expect(css.length).toBeLessThanOrEqual(kilobytes(14))
    expect(js.length).toBeLessThanOrEqual(kilobytes(3))
  })

  it('are under 14 kB on the wire for a first view: HTML, style and script together', () => {
    const shared = zipped(css) + zipped(js)
    expect(pages.filter((page) => page.zipped + shared >= kilobytes(14))).toEqual([])
  })
})
