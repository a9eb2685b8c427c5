/** Another bank's names, texts, colours, logo and rules come out of its file alone, and what would harm a page is refused. */
import { writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consentWording } from '../../src/consent/wording.ts'
import { readInstitution } from '../../src/institution.ts'
import { brandStyle, contrast } from '../../src/web/brand.ts'
import { sampleClient, sampleSite } from '../../src/web/sample-facts.ts'
import { safeSvg } from '../../src/web/svg.ts'
import { wordsOf } from '../../src/web/words.ts'
import { startBank } from '../support/bank.ts'
import { begin } from '../support/walk.ts'

const minato = () => readInstitution('src/demo/minato.json')

describe('another institution', () => {
  it('has its own name, phone, colours, logo and rules on the pages, with no code touched', async () => {
    const bank = await startBank({ institution: minato })
    const { browser } = await begin(bank)
    const { html } = browser.page()
    expect(html).toContain('みなと見本信用金庫 ビジネスネット')
    expect(html).toContain('0120-111-222')
    expect(html).toContain('電話で聞かれたときは')
    expect(html).toContain('src="/brand/logo.svg"')
    expect(html).not.toContain('見本信用組合')
    const style = await bank.server.inject('/css/customer.css')
    expect(style.headers['content-type']).toContain('text/css')
    expect(style.body).toContain('--brand-primary: #00695c')
    const logo = await bank.server.inject('/brand/logo.svg')
    expect(logo.headers['content-type']).toBe('image/svg+xml')
    expect(logo.headers['content-security-policy']).toBe("default-src 'none'; sandbox")
    expect(logo.body).toContain('<title>Minato</title>')
    await bank.close()
  })

  it('is called what it calls itself, in the pages and in what is agreed to', () => {
    const institution = minato()
    const words = wordsOf(institution)
    expect(words.ja.registerPins.lead).toContain('信用金庫へ届け出ている')
    const wording = consentWording({
      client: sampleClient,
      institution,
      services: ['transactions'],
      language: 'ja',
    })
    const text = JSON.stringify(wording)
    expect(text).toContain('信用金庫へ連絡する')
    expect(text).toContain('過去13か月分')
    expect(JSON.stringify(words) + text).not.toContain('信用組合')
    expect(JSON.stringify(words.en)).not.toContain('credit union')
  })

  it('without colours and logo has ours', async () => {
    const bank = await startBank()
    expect((await bank.server.inject('/css/customer.css')).body).not.toContain('--brand-primary:')
    expect((await bank.server.inject('/brand/logo.svg')).statusCode).toBe(404)
    expect((await begin(bank)).browser.page().html).not.toContain('logo.svg')
    await bank.close()
  })
})

describe('texts of an institution', () => {
  const { called } = sampleSite.institution
  const own = (path: string, text: { ja: string; en: string } | { ja: string[]; en: string[] }) =>
    wordsOf({ called, texts: { [path]: text } })

  it('replace a text or all lines of a page, and nothing else', () => {
    const words = own('problems.locked-for-good.lines', { ja: ['お電話ください。'], en: ['Call us.'] })
    expect(words.ja.problems['locked-for-good'].lines).toEqual(['お電話ください。'])
    expect(words.en.problems['locked-for-good'].lines).toEqual(['Call us.'])
    expect(words.ja.problems['locked-for-good'].title).toBe(
      sampleSite.words.ja.problems['locked-for-good'].title,
    )
  })

  it.each([
    ['there is none of', 'frame.nothing', { ja: 'x', en: 'x' }],
    ['are a group', 'frame', { ja: 'x', en: 'x' }],
    ['are lines', 'problems.incident.lines', { ja: 'x', en: 'x' }],
    ['are one line', 'frame.skip', { ja: ['x'], en: ['x'] }],
    ['are made by a program', 'frame.step', { ja: 'x', en: 'x' }],
    ['are of the language itself', '__proto__.x', { ja: 'x', en: 'x' }],
    ['lie deeper than there is', 'frame.skip.x', { ja: 'x', en: 'x' }],
  ])('that %s are refused by name', (_what, path, text) => {
    expect(() => own(path, text)).toThrow(path)
  })
})

describe('colours of an institution', () => {
  it.each([
    ['#ffd43d', '#80cbc4', 'primary'],
    ['#00695c', '#00695c', 'primaryDark'],
  ])(
    '%s on white and %s on the dark page cannot be read, and the file is refused',
    (primary, primaryDark, name) => {
      expect(() => brandStyle({ brand: { primary, primaryDark } })).toThrow(
        new RegExp(`brand\\.${name}: .* contrast of`),
      )
    },
  )

  it('carry white or black words, whichever can be read', () => {
    const colour = fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, '0')}`)
    fc.assert(
      fc.property(colour, (one) => Math.max(contrast(one, '#ffffff'), contrast(one, '#000000')) >= 4.5),
    )
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  })
})

describe('a logo', () => {
  const svg = (inner: string, more = '') =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"${more}>${inner}</svg>`

  it('of shapes comes out as it went in', () => {
    expect(
      safeSvg(
        `<?xml version="1.0" encoding="UTF-8"?>\n${svg('<title>見本</title><path d="M0 0z" fill="url(#a)"/>')}\n`,
      ),
    ).toBe(svg('<title>見本</title><path d="M0 0z" fill="url(#a)"/>'))
  })

  it.each([
    ['a script', svg('<script>alert(1)</script>')],
    ['a handler', svg('', ' onload="alert(1)"')],
    ['a style', svg('<style>*{}</style>')],
    ['a style attribute', svg('<path style="x"/>')],
    ['a link', svg('<a href="https://evil.example"><path d=""/></a>')],
    ['a picture from elsewhere', svg('<image href="https://evil.example/x.png"/>')],
    ['another file', svg('<use href="other.svg#x"/>')],
    ['a foreign object', svg('<foreignObject><p>x</p></foreignObject>')],
    ['an animation', svg('<animate attributeName="href" to="javascript:alert(1)"/>')],
    ['a fill from elsewhere', svg('<path fill="url(https://evil.example/#a)"/>')],
    ['an entity', svg('<title>&lt;</title>')],
    ['a doctype', `<!DOCTYPE svg [<!ENTITY x "y">]>${svg('')}`],
    ['a comment', svg('<!-- x -->')],
    ['a CDATA section', svg('<![CDATA[<script>]]>')],
    ['single quotes', svg("<path d='M0 0'/>")],
    ['an attribute without quotes', svg('<path d=M0/>')],
    ['an escape in a value', svg('<path fill="\\75rl(x)"/>')],
    ['a foreign namespace', '<svg xmlns="http://www.w3.org/1999/xhtml"></svg>'],
    ['an element left open', svg('<g>')],
    ['elements that cross', svg('<g><title></g></title>')],
    ['two pictures', `${svg('')}<svg xmlns="http://www.w3.org/2000/svg"`],
    ['words among the shapes', svg('hello')],
    ['no picture', '<g></g>'],
    ['too much', svg(`<path d="${'M0 0'.repeat(6000)}"/>`)],
  ])('with %s is refused', (_what, text) => {
    expect(() => safeSvg(text)).toThrow()
  })

  it('is refused at the start, not when a customer comes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ninka-brand-'))
    const logo = join(folder, 'logo.svg')
    writeFileSync(logo, svg('<script/>'))
    const brand = { primary: '#00695c', primaryDark: '#80cbc4', logo }
    await expect(startBank({ institution: (given) => ({ ...given, brand }) })).rejects.toThrow('<script>')
  })
})
