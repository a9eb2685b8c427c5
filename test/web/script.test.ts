/** The scripts that browsers get as they are written: small, and nothing in them makes code or markup out of text. */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Script } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../../public/js')
const scripts = globSync('*.js', { cwd: folder }).map((file) => ({
  name: basename(file),
  text: readFileSync(join(folder, file), 'utf8'),
}))
const bytesOf = ({ text }: { text: string }): number => Buffer.byteLength(text)

describe('the scripts', () => {
  it('are two: one of every page, and one of pages where time may run out', () => {
    expect(scripts.map(({ name }) => name).sort()).toEqual(['ninka.js', 'time-out.js'])
  })

  it('are under 3 kB: each as it is written, and both together on the wire', () => {
    for (const script of scripts) expect(bytesOf(script), script.name).toBeLessThan(3000)
    expect(scripts.reduce((all, { text }) => all + gzipSync(text).length, 0)).toBeLessThan(3000)
  })
})

describe.each(scripts)('$name', ({ text }) => {
  it('makes neither code nor markup out of text', () => {
    expect(text).not.toMatch(
      /\beval\b|\bFunction\b|\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write|createContextualFragment|srcdoc|DOMParser|import\s*\(|javascript:/i,
    )
    expect(text).not.toMatch(/set(Timeout|Interval)\(\s*['"`]/)
  })

  it('loads nothing from elsewhere and keeps nothing in the browser', () => {
    expect(text).not.toMatch(/https?:|\/\/[\w-]+\.\w|localStorage|sessionStorage|indexedDB|document\.cookie/)
  })

  it('is ES2022: it parses, and has nothing that came later', () => {
    expect(() => new Script(text)).not.toThrow()
    for (const later of [
      /\bawait using\b|\busing\s+\w+\s*=/,
      /\(\?[ims-]+:/,
      /\bimport\s+defer\b|\bwith\s*\{\s*type\b/,
      /\.(toSorted|toReversed|toSpliced|with|findLast|findLastIndex|isWellFormed|toWellFormed)\(/,
      /\b(groupBy|withResolvers|fromAsync|isSubsetOf|union|intersection|difference)\(/,
      /\bPromise\.try\b|\bIterator\.from\b|\bRegExp\.escape\b|\bError\.isError\b/,
    ])
      expect(text).not.toMatch(later)
  })
})
