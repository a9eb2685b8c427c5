/** The help pages: what they say of each installation, in both languages, and that reading them needs and leaves nothing. */
import type { HtmlElement } from 'html-validate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { absoluteLimit, idleLimit } from '../../src/journey/journey.ts'
import type { Site } from '../../src/web/frame.ts'
import { addressOf, helpPage, type HelpPageName, helpPages } from '../../src/web/help.ts'
import { type Language, languages } from '../../src/web/language.ts'
import { helpEn } from '../../src/web/messages/help-en.ts'
import { helpJa, type HelpTexts, helpTopics } from '../../src/web/messages/help-ja.ts'
import { sampleSite } from '../../src/web/sample-facts.ts'
import { samples } from '../../src/web/samples.ts'
import { wordsOf } from '../../src/web/words.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { type Authority, makeAuthority } from '../support/certificates.ts'
import { openToNetwork, type RawClient, rawRequest } from '../support/raw.ts'
import { begin, chooseServices, pin, registerPins, signIn, stepOf } from '../support/walk.ts'
import { readHtml, renderStrictly, textOf } from './rendering.ts'

const addresses = helpPages.map(addressOf)
const texts = { ja: helpJa, en: helpEn } as const
const titleOf = ({ index, topics }: HelpTexts, page: HelpPageName) =>
  page === 'index' ? index.title : topics[page].title

let bank: TestBank
let raw: RawClient
beforeAll(async () => {
  bank = await startBank()
  raw = await openToNetwork(bank)
})
afterAll(() => bank.close())

const ask = (method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE', url: string, headers = {}) =>
  bank.server.inject({ method, url, headers })

describe.each(helpPages)('%s', (page) => {
  const address = addressOf(page)

  it.each(languages)('is answered to anybody, in the language of the browser: %s', async (language) => {
    const { statusCode, headers, body } = await ask('GET', address, { 'accept-language': language })
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    const root = readHtml(body)
    expect(root.querySelector('html')?.getAttributeValue('lang')).toBe(language)
    expect(root.querySelectorAll('h1').map(textOf)).toEqual([titleOf(texts[language], page)])
  })

  it('has the headers of every page of ours, and sets no cookie', async () => {
    const { headers } = await ask('GET', address, { cookie: 'language=en; journey=forged' })
    const elsewhere = await ask('GET', '/journey/unknown/sign-in')
    for (const name of Object.keys(elsewhere.headers))
      if (!/^(content-length|date|x-ratelimit-.*)$/.test(name))
        expect([name, headers[name]]).toEqual([name, elsewhere.headers[name]])
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('needs no script, and has nothing to fill in or to press', async () => {
    const root = readHtml((await ask('GET', address)).body)
    for (const selector of ['form', 'button', 'input', 'dialog', '[hidden]'])
      expect(root.querySelectorAll(selector)).toHaveLength(0)
    const scripts = root.querySelectorAll('script').map((one) => one.getAttributeValue('src'))
    expect(scripts.filter((source) => !/^\/js\/[a-z-]+\.js$/.test(source ?? ''))).toEqual([])
    expect(scripts).not.toContain('/js/time-out.js')
  })

  it('can be asked for by HEAD, which has the same headers and no page', async () => {
    const [head, get] = [await ask('HEAD', address), await ask('GET', address)]
    expect([head.statusCode, head.body]).toEqual([200, ''])
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
    expect(head.headers['content-security-policy']).toBe(get.headers['content-security-policy'])
    const switched = await ask('HEAD', `${address}?lang=en`)
    expect([switched.statusCode, switched.headers['set-cookie']]).toEqual([200, undefined])
  })

  it.each(['POST', 'PUT', 'DELETE'] as const)('takes no %s', async (method) => {
    const { statusCode, headers, body } = await ask(method, `${address}?lang=en`)
    expect(statusCode).toBe(404)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['set-cookie']).toBeUndefined()
    expect(body).toContain('data-problem="not-found"')
  })
})

describe('the switch of the language', () => {
  it.each(addresses)('shows %s again, and holds from there on', async (address) => {
    const browser = openBrowser(bank)
    const switched = await ask('GET', `${address}?lang=en&next=https://evil.example`)
    expect([switched.statusCode, switched.headers.location]).toEqual([303, address])
    expect(switched.cookies).toEqual([
      expect.objectContaining({ name: 'language', value: 'en', path: '/', httpOnly: true, sameSite: 'Lax' }),
    ])

    expect((await browser.get(address)).html).toContain('<html lang="ja">')
    expect((await browser.get(`${address}?lang=en`)).path).toBe(address)
    for (const other of addresses) expect((await browser.get(other)).html).toContain('<html lang="en">')
    await browser.get(`${address}?lang=ja`)
    expect((await browser.get(address)).html).toContain('<html lang="ja">')
    expect(browser.cookies().map(({ name }) => name)).toEqual(['language'])
  })

  it('has a link for each language, and says which one is spoken', async () => {
    for (const language of languages) {
      const root = readHtml((await ask('GET', '/help/stop', { cookie: `language=${language}` })).body)
      const links = root.querySelectorAll('nav.languages a')
      expect(links.map((link) => link.getAttributeValue('href'))).toEqual(['?lang=ja', '?lang=en'])
      expect(links.map((link) => link.getAttributeValue('aria-current') === 'true')).toEqual(
        languages.map((one) => one === language),
      )
    }
  })

  it.each(['xx', '', 'EN', 'en,ja', '//evil.example', 'en&lang=ja', 'en%0d%0aset-cookie:a=b', '__proto__'])(
    'ignores ?lang=%s',
    async (lang) => {
      const { statusCode, headers, body } = await ask('GET', `/help/safety?lang=${lang}`)
      expect([statusCode, headers.location, headers['set-cookie']]).toEqual([200, undefined, undefined])
      expect(body).not.toContain('evil')
    },
  )

  it.each([
    '//evil.example',
    '//evil.example/help',
    '//evil.example//help/stop',
    '/help//evil.example',
    '/help///evil.example',
    '/help/https://evil.example',
    '/help/%2f%2fevil.example',
    '/help/%5cevil.example',
    '/help\\evil.example',
    '/help@evil.example',
    '/help/stop/..//evil.example',
    'https://evil.example/help/unknown',
  ])('leads nowhere from %s', async (target) => {
    const { status, headers, text } = await raw(rawRequest(`${target}?lang=en`))
    expect([status, headers.location, headers['set-cookie']]).toEqual([404, undefined, undefined])
    expect(text).not.toContain('evil.example')
  })

  it('stays here when the request target names another host', async () => {
    const { headers } = await raw(rawRequest('https://evil.example/help/stop?lang=en'))
    expect(headers.location).toBe('/help/stop')
  })
})

describe('any other topic', () => {
  it.each(['unknown', 'index', 'Stop', 'stop/', 'stop/more', '', '__proto__', 'constructor', 'stop%00'])(
    '“%s” is a page that is not there',
    async (topic) => {
      const { statusCode, headers, body } = await ask('GET', `/help/${topic}?lang=en`)
      expect(statusCode).toBe(404)
      expect(headers['set-cookie']).toBeUndefined()
      expect(body).toContain('data-problem="not-found"')
    },
  )
})

describe('a customer in the middle of a journey', () => {
  it('finds it as he left it after reading all the help there is', async () => {
    const walk = await begin(bank)
    await signIn(walk, 'mihon01')
    await chooseServices(walk)
    const page = await registerPins(walk, { 2000002: pin })
    const before = walk.browser.cookies()
    for (const address of addresses) expect((await walk.browser.get(address)).status).toBe(200)
    expect(walk.browser.cookies()).toEqual(before)
    const after = await walk.browser.get(page.path)
    expect([stepOf(after), after.path]).toEqual(['review-pins', page.path])
    expect(after.html).toContain('****')
  })
})

describe.each(samples.map((sample) => ({ ...sample, title: `${sample.name} (${sample.language})` })))(
  'the footer of $title',
  (sample) => {
    let root: HtmlElement
    let links: readonly HtmlElement[]
    beforeAll(() => {
      root = readHtml(renderStrictly(sample))
      links = root.querySelectorAll('footer ul.links a')
    })
    const inJourney = sample.data.frame.journey !== null

    it('leads to help, to safety, to accessibility and outside a visit to one’s connections, in the same order', () => {
      expect(links.map((link) => link.getAttributeValue('href'))).toEqual([
        '/help',
        '/help/safety',
        '/help/accessibility',
        ...(inJourney ? [] : ['/connections']),
      ])
      const { newTab } = texts[sample.language]
      expect(links.slice(0, 3).map(textOf)).toEqual(
        (['index', 'safety', 'accessibility'] as const).map(
          (page) => `${titleOf(texts[sample.language], page)}${inJourney ? newTab : ''}`,
        ),
      )
    })

    it('opens them where nothing is lost, and says so', () => {
      for (const link of links) {
        expect(link.getAttributeValue('target')).toBe(inJourney ? '_blank' : null)
        expect(link.getAttributeValue('rel')).toBe(inJourney ? 'noopener' : null)
      }
      if (root.querySelectorAll('main form').length > 0) expect(inJourney).toBe(true)
    })
  },
)

const written = (page: HelpPageName, language: Language, changes: Partial<Site> = {}): string => {
  const root = readHtml(renderStrictly(helpPage({ ...sampleSite, ...changes }, { topic: page, language })))
  const main = root.querySelector('main')
  if (!main) throw new Error('there is no main')
  return textOf(main)
}

const institutionWith = (changes: Partial<Site['institution']>): Pick<Site, 'institution'> => ({
  institution: { ...sampleSite.institution, ...changes },
})

describe('what they say is this installation’s:', () => {
  it.each(languages)('the address to compare, the phone and its hours (%s)', (language) => {
    const text = written('safety', language, {
      publicUrl: 'https://login.other.example:8443',
      ...institutionWith({ phone: '0120-999-888', phoneHours: { ja: '毎日 8時から', en: 'Daily from 8' } }),
    })
    expect(text).toContain('login.other.example:8443')
    expect(text).toContain(`0120-999-888 ${language === 'ja' ? '毎日 8時から' : 'Daily from 8'}`)
  })

  it('the digits of an inquiry PIN', () => {
    const changes = institutionWith({ rules: { ...sampleSite.institution.rules, pinDigits: 6 } })
    expect(written('inquiry-pin', 'ja', changes)).toContain('数字6桁')
    expect(written('inquiry-pin', 'en', changes)).toContain('6 digits')
  })

  it('what it calls itself', () => {
    const called = { ja: '信用金庫', en: 'the bank' }
    const words = wordsOf({ called, texts: {} })
    for (const page of helpPages) {
      expect(written(page, 'ja', { words })).not.toContain('信用組合へ')
      expect(written(page, 'en', { words })).not.toMatch(/the credit union/i)
    }
    expect(written('stop', 'ja', { words })).toContain('信用金庫での許可')
  })

  it('its limits of time', () => {
    const [idle, total] = [idleLimit / 60_000, absoluteLimit / 60_000]
    expect(written('accessibility', 'ja')).toMatch(new RegExp(`${idle}分間.*${total}分まで`))
    expect(written('accessibility', 'en')).toMatch(new RegExp(`${idle} minutes.*${total} minutes`))
  })

  it.each([
    ['fresh-host', 'ログイン」を押すたびに', 'すべての画面を閉じるまで覚えています', '証明書を選び直す'],
    ['fixed-host', 'すべての画面を閉じるまで覚えています', '押すたびに', 'すべて閉じてから'],
  ] as const)('how its browsers ask for a certificate: %s', (certificates, said, notSaid, whenWrong) => {
    const text = written('certificates', 'ja', { certificates })
    expect(text).toContain(said)
    expect(text).not.toContain(notSaid)
    expect(text).toContain(whenWrong)
    expect(written('safety', 'ja', { certificates })).toContain('別のアドレス')
  })

  it('that it has no sign-in by certificate', () => {
    const off = { certificates: 'off' } as const
    expect(written('certificates', 'ja', off)).toContain('電子証明書ログインをご利用いただけません')
    expect(written('certificates', 'ja', off)).not.toContain('ブラウザー')
    expect(written('safety', 'ja', off)).not.toContain('別のアドレス')
  })

  it('from when it reminds of a renewal, and nothing where it does not', () => {
    const withNotice = (noticeDays: number) =>
      institutionWith({ certificates: { authorities: 'a.pem', noticeDays, revocation: {} } })
    expect(written('certificates', 'ja', withNotice(45))).toContain('有効期限の45日前から')
    expect(written('certificates', 'en', withNotice(45))).toContain('45 days before')
    expect(written('certificates', 'ja', withNotice(0))).not.toContain('日前から')
    expect(written('certificates', 'ja', { certificates: 'off', ...withNotice(45) })).not.toContain(
      '日前から',
    )
  })
})

describe('the words', () => {
  const all = (helpTexts: HelpTexts) => JSON.stringify(helpTexts)
  const namesIn = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort()

  it('blame nobody', () => {
    expect(all(helpJa)).not.toMatch(/不正|無効|禁止|してはいけません/)
  })

  it('answer the same questions under the same conditions in both languages, with the same values', () => {
    const skeleton = ({ topics }: HelpTexts) =>
      helpTopics.map((topic) => [
        topic,
        topics[topic].sections.map(({ when, blocks }) => [
          when,
          blocks.map((block) => [
            block.when,
            Object.keys(block),
            'see' in block ? block.see : null,
            // English names the bank in both languages.
            namesIn(JSON.stringify(block)).filter((name) => name !== '{bankInJapanese}'),
          ]),
        ]),
      ])
    expect(skeleton(helpEn)).toEqual(skeleton(helpJa))
  })

  it('leave no name in braces', () => {
    for (const page of helpPages)
      for (const language of languages) expect(written(page, language)).not.toMatch(/[{}]/)
  })

  it('mark every Japanese name on an English page as Japanese', () => {
    const help = samples.filter(({ name, language }) => language === 'en' && name.startsWith('help/'))
    const pages = help.map((sample) => renderStrictly(sample).replace(/^.*<body>/s, ''))
    const leads = samples
      .filter(({ name, language }) => language === 'en' && /^(sign-in|certificate-password)/.test(name))
      .map((sample) => /<p class="asks">.*?<\/p>/s.exec(renderStrictly(sample))?.[0] ?? '')
    expect(leads.every((lead) => lead.includes('<span lang="ja">みほん家計簿</span>'))).toBe(true)
    expect(pages.join('')).toContain('<span lang="ja">照会用暗証番号</span>')
    expect(pages.join('')).toContain('<span lang="ja">見本信用組合 FBサービス</span>')
    for (const html of [...pages, ...leads]) {
      const rest = html.replace(/<(\w+)[^>]* lang="ja"[^>]*>[^<]*<\/\1>/g, '')
      expect(rest).not.toMatch(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u)
    }
  })

  it('never become markup, whatever an institution is called', () => {
    const hostile = `<script>"&'</script><img src=x onerror=alert(1)>{host}{constructor}`
    const both = { ja: hostile, en: hostile }
    const site: Partial<Site> = {
      ...institutionWith({ name: both, phone: hostile, phoneHours: both }),
      words: wordsOf({ called: both, texts: {} }),
    }
    for (const topic of helpPages) {
      const html = renderStrictly(helpPage({ ...sampleSite, ...site }, { topic, language: 'ja' }))
      expect(html).toContain('&lt;script&gt;&quot;&amp;&#39;')
      expect(html).not.toMatch(/<img|<script>/)
    }
  })
})

describe('the certificate origin', () => {
  let authority: Authority
  let other: TestBank
  beforeAll(async () => {
    authority = await makeAuthority()
    other = await startBank({
      certificates: await authority.parts(),
      institution: (given) => ({ ...given, certificates: authority.rules }),
    })
  })
  afterAll(async () => {
    await other.close()
    authority.remove()
  })

  it.each(addresses)('leads to %s, because its error pages have the same footer', async (address) => {
    const headers = { host: 'c1.cert.localhost:3002' }
    const answer = await other.certificateServer?.inject({ url: `${address}?lang=en`, headers })
    expect([answer?.statusCode, answer?.headers.location]).toEqual([
      303,
      `${other.settings.publicUrl}${address}`,
    ])
    expect(answer?.headers['set-cookie']).toBeUndefined()
    const page = await other.server.inject({ url: address, headers: { 'accept-language': 'ja' } })
    expect(page.body).toContain(titleOf(helpJa, helpPages[addresses.indexOf(address)] ?? 'index'))
  })
})
