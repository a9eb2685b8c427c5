/** How many bytes a customer on a slow line waits for: the first view fits into the first packets of a connection. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readInstitution } from '../../src/institution.ts'
import { compress } from '../../src/web/compression.ts'
import { samples } from '../../src/web/samples.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { begin } from '../support/walk.ts'
import { renderStrictly } from './rendering.ts'

// With colours and a logo of its own, as a bank has them.
let bank: TestBank
let address: string
beforeAll(async () => {
  bank = await startBank({ institution: () => readInstitution('src/demo/minato.json') })
  address = await bank.server.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => bank.close())

const kilobytes = (n: number): number => n * 1000
const zipped = (content: string): number => compress(content, 'br', 'quick').length
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** What a browser fetches to show a page. */
const linkedBy = (html: string): readonly string[] =>
  [
    ...html.matchAll(
      /<(?:link rel="stylesheet" href|script type="module" src|img class="logo" src)="([^"]+)"/g,
    ),
  ].map(([, path = '']) => path)

const pages = samples.map((sample) => {
  const html = renderStrictly(sample)
  return {
    name: `${sample.name} (${sample.language})`,
    html: Buffer.byteLength(html),
    zipped: zipped(html),
    linked: linkedBy(html),
  }
})

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
    expect(new Set(pages.flatMap(({ linked }) => linked.filter((path) => path.endsWith('.css'))))).toEqual(
      new Set(['/css/customer.css']),
    )
    const parts = ['tokens', 'base', 'parts', 'pages'].map((name) =>
      readFileSync(join(import.meta.dirname, `../../public/css/${name}.css`)),
    )
    expect(sum(parts.map(({ length }) => length))).toBeLessThanOrEqual(kilobytes(17))
  })

  it('are under 14 kB on the wire with up to ten accounts: HTML, style, scripts and all the headers over HTTP/1.1', async () => {
    const paths = [...new Set(pages.flatMap(({ linked }) => linked))]
    const files = new Map(await Promise.all(paths.map(async (path) => [path, await bytesOf(path)] as const)))
    const headers = (await bytesOf('/help')) - zipped((await bank.server.inject('/help')).body)
    const bytes = pages
      .filter(({ name }) => !name.includes('sixty-accounts'))
      .map(({ name, zipped: html, linked }) => ({
        name,
        bytes: headers + html + sum(linked.map((path) => files.get(path) ?? 0)),
      }))
    const heavy = bytes.filter((page) => page.bytes >= kilobytes(14))
    expect(heavy).toEqual([])
  })

  it('are under 13 kB for the first page of a journey, the logo included', async () => {
    const { browser } = await begin(bank)
    const { path, html } = browser.page()
    const cookie = browser.cookies().map(({ name, value }) => `${name}=${encodeURIComponent(value)}`)
    const linked = linkedBy(html)
    expect(linked).toHaveLength(4)
    const bytes = await Promise.all([path, ...linked].map((one) => bytesOf(one, cookie.join('; '))))
    expect(sum(bytes)).toBeLessThan(kilobytes(13))
  })
})

/** What came over the wire for an answer, headers included. */
const bytesOf = (path: string, cookie = ''): Promise<number> =>
  new Promise((done, fail) => {
    const headers = { 'accept-encoding': 'gzip, deflate, br, zstd', 'accept-language': 'ja', cookie }
    request(address + path, { headers, agent: false }, (answer) => {
      if (answer.statusCode !== 200) fail(new Error(`${path}: ${answer.statusCode}`))
      const { socket } = answer
      answer.resume().on('end', () => done(socket.bytesRead))
    })
      .on('error', fail)
      .end()
  })
