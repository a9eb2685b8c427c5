/** The page gallery: answers what the samples are, with the headers of every page, and is not there in production. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressOf, branded, readMinato, samplesOfMinato, staying } from '../../src/web/gallery.ts'
import { samples as ours } from '../../src/web/samples.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { readHtml, renderStrictly } from './rendering.ts'

const samples = [...ours, ...samplesOfMinato(readMinato())]

const production = {
  NINKA_MODE: 'production',
  PUBLIC_URL: 'https://connect.bank.example',
  DATABASE_URL: 'sqlite::memory:',
  MASTER_KEY_FILE: '/run/secrets/master-key',
  INSTITUTION_FILE: '/etc/ninka/institution.json',
  TRUSTED_PROXIES: '127.0.0.1',
  BANK: 'https://core.bank.example',
  BANK_CERTIFICATE_FILE: 'c',
  BANK_KEY_FILE: 'k',
}

describe('the page gallery of the demo', () => {
  let bank: TestBank
  beforeAll(async () => {
    bank = await startBank()
  })
  afterAll(() => bank.close())
  const get = (url: string) => bank.server.inject({ url, headers: { 'accept-language': 'en' } })

  it('answers every sample as it is', async () => {
    for (const sample of samples) {
      const { statusCode, body } = await get(addressOf(sample.name, sample.language))
      const isSample = body === branded(sample, renderStrictly(staying(sample)))
      expect({ name: sample.name, statusCode, isSample }).toEqual({
        name: sample.name,
        statusCode: 200,
        isSample: true,
      })
    }
  })

  it('keeps the return page on screen, and changes nothing else of any sample', () => {
    for (const sample of samples) {
      const refresh = /^<meta http-equiv="refresh" content="0;url=[^"]+">\n/m
      expect(renderStrictly(staying(sample))).toBe(renderStrictly(sample).replace(refresh, ''))
    }
    expect(samples.filter(({ data }) => data.frame.refresh !== null).length).toBeGreaterThan(0)
  })

  it('lists every sample in both languages', async () => {
    const page = readHtml((await get('/gallery')).body)
    const links = page.querySelector('main')?.querySelectorAll('a') ?? []
    expect(new Set(links.map((link) => link.getAttributeValue('href')))).toEqual(
      new Set(samples.map(({ name, language }) => addressOf(name, language))),
    )
    expect(links).toHaveLength(samples.length)
  })

  it('shows the second institution with its own names, rules, colours and logo, in both languages', async () => {
    const { body } = await get('/gallery/minato/register-pins')
    expect(body).toContain('みなと見本信用金庫')
    expect(body).toContain('maxlength="6"')
    expect(body).not.toContain('信用組合')
    expect((await get('/gallery/minato/give-consent?language=en')).body).not.toContain('credit union')
    const linked = [...body.matchAll(/(?:href|src)="(\/gallery\/minato\/[^"]+)"/g)].map(
      ([, address]) => address ?? '',
    )
    expect(linked).toEqual(['/gallery/minato/css/customer.css', '/gallery/minato/brand/logo.svg'])
    for (const address of linked) expect((await get(address)).statusCode).toBe(200)
  })

  it('answers with the headers of every page and without a cookie', async () => {
    const ofGallery = await get('/gallery/sign-in/fresh?language=ja')
    const ofElsewhere = await get('/journey/unknown')
    expect(ofGallery.headers['set-cookie']).toBeUndefined()
    for (const name of ['content-security-policy', 'cache-control', 'x-frame-options', 'referrer-policy'])
      expect(ofGallery.headers[name]).toBe(ofElsewhere.headers[name])
  })

  it('follows the language links of the pages, and speaks Japanese unless told', async () => {
    const languageOf = async (address: string) =>
      readHtml((await get(address)).body)
        .querySelector('html')
        ?.getAttributeValue('lang')
    expect(await languageOf('/gallery/sign-in/fresh')).toBe('ja')
    expect(await languageOf('/gallery/sign-in/fresh?lang=en')).toBe('en')
  })

  it.each(['/gallery/sign-in', '/gallery/sign-in/fresh?language=fr', '/gallery/__proto__', '/gallery/'])(
    'has nothing at %s',
    async (address) => {
      expect((await get(address)).statusCode).toBe(404)
    },
  )
})

describe('the page gallery in production', () => {
  it('is not there', async () => {
    const bank = await startBank({ environment: production })
    try {
      expect((await bank.server.inject({ url: '/healthz' })).statusCode).toBe(200)
      for (const url of ['/gallery', '/gallery/sign-in/fresh', '/gallery/sign-in/fresh?language=en'])
        expect((await bank.server.inject({ url })).statusCode).toBe(404)
    } finally {
      await bank.close()
    }
  })
})
