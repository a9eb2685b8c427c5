/** What is sent is as short as the browser can read it, and says so; what it holds is the same. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'

let bank: TestBank
beforeAll(async () => {
  bank = await startBank()
})
afterAll(() => bank.close())

const get = (url: string, accepted?: string) =>
  bank.server.inject({ url, headers: accepted === undefined ? {} : { 'accept-encoding': accepted } })

describe.each(['/gallery/register-pins/sixty-accounts', '/css/customer.css', '/js/ninka.js', '/help'])(
  '%s',
  (url) => {
    it('is the same in every encoding, and shorter', async () => {
      const plain = await get(url)
      const brotli = await get(url, 'gzip, deflate, br, zstd')
      const gzip = await get(url, 'gzip')
      expect(plain.headers['content-encoding']).toBeUndefined()
      expect(brotli.headers['content-encoding']).toBe('br')
      expect(gzip.headers['content-encoding']).toBe('gzip')
      expect(brotliDecompressSync(brotli.rawPayload).equals(plain.rawPayload)).toBe(true)
      expect(gunzipSync(gzip.rawPayload).equals(plain.rawPayload)).toBe(true)
      expect(brotli.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2)
      for (const { headers } of [plain, brotli, gzip]) expect(headers.vary).toContain('accept-encoding')
    })

    it.each(['identity', 'br;q=0, gzip;q=0', 'x-br', '', ','])(
      'is sent as it is to who accepts "%s"',
      async (accepted) => {
        expect((await get(url, accepted)).headers['content-encoding']).toBeUndefined()
      },
    )
  },
)

it('leaves what programs read as it is', async () => {
  const { headers } = await get('/.well-known/openid-configuration', 'br')
  expect(headers['content-encoding']).toBeUndefined()
})

describe('what is kept', () => {
  it('is not sent again to a browser that has it, whatever way it was compressed', async () => {
    const { etag } = (await get('/css/customer.css', 'br')).headers
    const again = await bank.server.inject({
      url: '/css/customer.css',
      headers: { 'if-none-match': String(etag), 'accept-encoding': 'gzip' },
    })
    expect([again.statusCode, again.rawPayload.length]).toEqual([304, 0])
    expect(again.headers['cache-control']).toBe('public, max-age=3600')
    const other = await bank.server.inject({
      url: '/css/desk.css',
      headers: { 'if-none-match': String(etag) },
    })
    expect(other.statusCode).toBe(200)
  })

  it('may be kept by a browser as no page may', async () => {
    expect((await get('/js/ninka.js', 'br')).headers['cache-control']).toBe('public, max-age=3600')
    expect((await get('/help', 'br')).headers['cache-control']).toBe('no-store')
  })
})
