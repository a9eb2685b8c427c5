/** What the bank's servers tell the demo: notices by a secret, events by a signature; nobody else is heard there. */
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFintechs } from '../../src/demo/fintechs.ts'

const folder = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const secret = 'the-secret-of-the-mail-system'

let app: FastifyInstance
beforeEach(async () => {
  app = await createFintechs({
    issuer: 'http://127.0.0.1:1',
    origin: 'http://127.0.0.1:3001',
    fintechs: [
      {
        clientId: 'demo-kakeibo',
        clientSecret: 'the-secret-of-kakeibo',
        serviceName: 'みほん家計簿',
        companyName: '株式会社みほんフィンテック',
      },
    ],
    resetBank: async () => {},
    mailSecret: secret,
    viewsDir: folder('views'),
    publicDir: folder('public'),
  })
})
afterEach(() => app.close())

const send = (authorization: string | undefined, payload: object) =>
  app.inject({
    method: 'POST',
    url: '/bank-mail',
    headers: authorization === undefined ? {} : { authorization },
    payload,
  })
const notice = { id: 'n1', language: 'ja', subject: '連携の登録', text: '一行目\n<b>二行目</b>' }

describe('the demo’s mail system', () => {
  it('shows a notice once, as text, on a page that the home page leads to', async () => {
    expect((await app.inject({ url: '/' })).body).toContain('<a href="/mail">')
    expect((await app.inject({ url: '/mail' })).body).toContain('まだ届いていません')
    for (let times = 0; times < 2; times += 1)
      expect((await send(`Bearer ${secret}`, notice)).statusCode).toBe(202)
    const { body } = await app.inject({ url: '/mail' })
    expect(body.split('連携の登録')).toHaveLength(2)
    expect(body).toContain('<p>&lt;b&gt;二行目&lt;/b&gt;</p>')
  })

  it('takes nothing from whoever has not its secret, nor what is no notice', async () => {
    for (const authorization of [undefined, '', secret, 'Bearer wrong', 'Bearer '])
      expect((await send(authorization, notice)).statusCode).toBe(401)
    expect((await send(`Bearer ${secret}`, { id: 'n1' })).statusCode).toBe(400)
    expect((await app.inject({ url: '/mail' })).body).toContain('まだ届いていません')
  })

  it('is not there where the bank has its own', async () => {
    const other = await createFintechs({
      issuer: 'http://127.0.0.1:1',
      origin: 'http://127.0.0.1:3001',
      fintechs: [],
      resetBank: async () => {},
      viewsDir: folder('views'),
      publicDir: folder('public'),
    })
    expect((await other.inject({ url: '/mail' })).statusCode).toBe(404)
    expect((await other.inject({ url: '/' })).body).not.toContain('/mail')
    await other.close()
  })
})

describe('the demo’s address for events', () => {
  it.each([
    ['no token', 'application/secevent+jwt', 'x'],
    ['one without a signature', 'application/secevent+jwt', 'e30.e30.'],
    [
      'one signed with a secret',
      'application/secevent+jwt',
      `${btoa('{"alg":"HS256","typ":"secevent+jwt","kid":"k"}')}.e30.x`,
    ],
    ['a form', 'application/x-www-form-urlencoded', 'a=b'],
  ])('answers 400 as RFC 8935 says to %s', async (_what, type, payload) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/events/demo-kakeibo',
      headers: { 'content-type': type },
      payload,
    })
    expect([answer.statusCode, answer.json<{ err: string }>().err]).toEqual([400, 'invalid_request'])
  })

  it('asks for it again later while the bank’s keys cannot be had, as when both are ending', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/events/demo-kakeibo',
      headers: { 'content-type': 'application/secevent+jwt' },
      payload: `${btoa('{"alg":"ES256","typ":"secevent+jwt","kid":"k"}').replaceAll('=', '')}.e30.x`,
    })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '30'])
  })

  it('knows no other fintech', async () => {
    const headers = { 'content-type': 'application/secevent+jwt' }
    const answer = await app.inject({ method: 'POST', url: '/events/nobody', headers, payload: 'a.b.c' })
    expect(answer.statusCode).toBe(400)
  })
})
