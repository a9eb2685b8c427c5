/** Requests that are broken, huge or of the wrong kind: refused in our own form, never a failure of ours, and nobody else notices. */
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest'
import type { InjectOptions } from 'fastify'
import { faultOf, type Route, routesOf } from '../support/answers.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { csrfOf } from '../support/browser.ts'
import { openFintech } from '../support/fintech.ts'
import { behindProxy, fromEverywhere } from '../support/forging.ts'
import { openToNetwork, type RawClient, rawRequest } from '../support/raw.ts'
import {
  allow,
  begin,
  chooseServices,
  comeBack,
  confirmPins,
  giveAnswer,
  pin,
  registerPins,
  signIn,
  stepOf,
  type Walk,
} from '../support/walk.ts'

let bank: TestBank
let send: RawClient
let walk: Walk
beforeAll(async () => {
  bank = fromEverywhere(await startBank({ environment: behindProxy }))
  send = await openToNetwork(bank)
  walk = await begin(bank)
})
afterAll(() => bank.close())
afterEach(async () => {
  expect((await bank.server.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok' })
})

/** A request that comes as far as it can: with the live journey's cookies, the bank's Origin and the fintech's secret. */
const knowing = (request: InjectOptions): InjectOptions => ({
  ...request,
  headers: {
    cookie: walk.browser
      .cookies()
      .map(({ name, value }) => `${name}=${encodeURIComponent(value)}`)
      .join('; '),
    origin: bank.settings.publicUrl,
    authorization: `Basic ${btoa(`${walk.fintech.clientId}:${walk.fintech.clientSecret}`)}`,
    ...request.headers,
  },
})

async function expectNoFault(request: InjectOptions): Promise<number> {
  const answer = await bank.server.inject(knowing(request))
  const what = `${request.method ?? 'GET'} ${String(request.url).slice(0, 100)}`
  expect(`${what} ${faultOf(answer, request.method)}`).toBe(`${what} `)
  return answer.statusCode
}

const filled = ({ path }: Route): string =>
  path.replace('/journey/:uid', walk.base).replace(':step', 'sign-in').replaceAll(/:\w+/g, 'abc')

const routes = (method: string): string[] =>
  routesOf(bank.server)
    .filter(({ methods }) => methods.includes(method))
    .map(filled)

it('the routes are found: this file attacks them all', () => {
  expect(routesOf(bank.server).map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      '/journey/:uid/certificate-login',
      '/journey/:uid/:step',
      '/token',
      '/authorize/:uid',
    ]),
  )
  expect(routes('POST').length).toBeGreaterThanOrEqual(8)
})

const form = 'application/x-www-form-urlencoded'
const json = 'application/json'
const nested = (depth: number) => `a${'[b]'.repeat(depth)}=c`

const bodies: [string, string | undefined, string | Buffer][] = [
  ['a megabyte in one field', form, `a=${'x'.repeat(1 << 20)}`],
  ['a megabyte of separators', form, '&'.repeat(1 << 20)],
  ['a megabyte of JSON', json, `{"a":"${'x'.repeat(1 << 20)}"}`],
  ['a megabyte of nothing in particular', 'application/octet-stream', Buffer.alloc(1 << 20)],
  ['10,000 fields', form, Array.from({ length: 10_000 }, (_, n) => `f${n}=${n}`).join('&')],
  ['10,000 short fields', form, Array.from({ length: 10_000 }, () => 'a=').join('&')],
  ['10,000 times _csrf', form, Array.from({ length: 5000 }, () => '_csrf=a').join('&')],
  ['a deep name', form, nested(10_000)],
  ['deep JSON lists', json, `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
  ['deep JSON objects', json, `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`],
  ['JSON with __proto__', json, '{"__proto__":{"admin":true},"_csrf":"a"}'],
  ['JSON with constructor', json, '{"constructor":{"prototype":{"admin":true}}}'],
  ['JSON null', json, 'null'],
  ['a JSON number', json, '1e999'],
  ['a JSON text', json, '"_csrf"'],
  ['a JSON list', json, '["_csrf"]'],
  ['broken JSON', json, '{"a":'],
  ['JSON with a NUL', json, '{"a":"\0"}'],
  ['no JSON at all', json, ''],
  ['a form called JSON', json, 'a=b'],
  ['JSON called a form', form, '{"a":"b"}'],
  ['invalid UTF-8', form, Buffer.from([0x61, 0x3d, 0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80])],
  ['invalid UTF-8 in JSON', json, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['UTF-16', form, Buffer.from('a=b', 'utf16le')],
  ['NUL bytes', form, 'a\0=\0b&\0'],
  ['a broken percent sign', form, 'a=%&%=b&%zz=%e3%81'],
  ['names of Object', form, '__proto__=a&constructor=b&__proto__[x]=c&toString=d&hasOwnProperty=e'],
  [
    'multipart',
    'multipart/form-data; boundary=x',
    '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
  ],
  ['multipart without a boundary', 'multipart/form-data', '--x'],
  ['plain text', 'text/plain', 'a=b'],
  ['XML', 'text/xml', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
  ['no type', undefined, 'a=b'],
  ['an empty type', '', 'a=b'],
  ['a type that is none', '/////', 'a=b'],
  ['a type with a strange charset', `${form}; charset=utf-7`, 'a=b'],
  ['a type with a charset of Object', `${form}; charset=__proto__`, 'a=b'],
  ['a type with endless parameters', `${form}${'; a=b'.repeat(1000)}`, 'a=b'],
  ['two types', `${form}, ${json}`, 'a=b'],
]

describe.each(bodies)('a body of %s', (_what, type, payload) => {
  it('is refused at every address that takes a POST', async () => {
    for (const url of routes('POST')) {
      const headers = type === undefined ? {} : { 'content-type': type }
      const status = await expectNoFault({ method: 'POST', url, headers, payload })
      expect([url, status >= 400 || status === 303]).toEqual([url, true])
    }
  })

  it('is refused or ignored at every address that takes a GET', async () => {
    for (const url of routes('GET')) {
      await expectNoFault({ method: 'GET', url, headers: { 'content-type': type ?? '' }, payload })
    }
  })
})

it('a body that says it is compressed is refused', async () => {
  for (const url of routes('POST'))
    for (const encoding of ['gzip', 'br', 'zstd', 'identity, gzip', 'x'.repeat(1000)]) {
      const headers = { 'content-type': form, 'content-encoding': encoding }
      const status = await expectNoFault({ method: 'POST', url, headers, payload: Buffer.alloc(100, 31) })
      expect(status).toBeGreaterThanOrEqual(400)
    }
})

describe('a path', () => {
  const id = 'x'.repeat(300)
  it.each([
    ['of a lone percent sign', '/%'],
    ['with a broken escape', '/%zz'],
    ['with half a character', '/%e3%81'],
    ['with a wrong byte', '/%ff'],
    ['of a NUL', '/%00'],
    ['whose uid is a percent sign', '/journey/%'],
    ['whose uid has a wrong byte', '/journey/%ff/sign-in'],
    ['whose uid is an overlong NUL', '/journey/%c0%80/sign-in'],
    ['whose uid has a NUL', '/journey/a%00b/sign-in'],
    ['whose uid has an escape of old', '/journey/%u0041/sign-in'],
    ['without a uid', '/journey//sign-in'],
    ['whose uid is a space', '/journey/%20/sign-in'],
    ['of names of Object', '/journey/__proto__/constructor'],
    ['of names of Object, the other way', '/journey/constructor/__proto__'],
    ['whose step is a percent sign', '/journey/abc/%'],
    ['whose step climbs', '/journey/abc/..%2f..%2fetc%2fpasswd'],
    ['in UTF-8', encodeURI('/journey/認可/同意')],
    ['of a resume that is a percent sign', '/authorize/%'],
    ['of a resume that is a NUL', '/authorize/%00'],
    ['of a resume of Object', '/authorize/__proto__'],
    ['of a resume that climbs', '/authorize/..'],
    ['of an account that is a percent sign', '/api/accounts/%/balances'],
    ['of an account that is a NUL', '/api/accounts/%00/transactions'],
    ['of an account of Object', '/api/accounts/__proto__/balances'],
    ['to a file, climbing encoded', '/css/..%2f..%2fpackage.json'],
    ['to a file, climbing in dots', '/css/%2e%2e/%2e%2e/package.json'],
    ['to a file, climbing', '/css/../../package.json'],
    ['to a file with a NUL', '/js/ninka.js%00.html'],
    ['with a long uid', `/journey/${id}`],
    ['with a long uid and a step', `/journey/${id}/sign-in`],
    ['with a long step', `/journey/abc/${id}`],
    ['with a long resume', `/authorize/${id}`],
    ['with a long account', `/api/accounts/${id}/balances`],
    ['of 5,000 parts', `/${'a/'.repeat(5000)}`],
    ['with a long encoded uid', `/journey/${'%41'.repeat(3000)}/sign-in`],
  ])('%s is not found or refused', async (_what, target) => {
    for (const method of ['GET', 'POST', 'HEAD']) {
      const { status, headers, body } = await send(rawRequest(target, { method }))
      expect(status === 303 || status >= 400).toBe(true)
      expect(faultOf({ statusCode: status, headers, body }, method)).toBe('')
      expect(body).not.toContain('"dependencies"')
    }
  })
})

describe('a query', () => {
  it.each([
    ['a lone percent sign', '%'],
    ['a broken sequence', 'lang=%e3%81&ticket=%ff'],
    ['a NUL', 'client_id=%00&ticket=%00&lang=%00'],
    ['brackets', 'lang[]=en&lang[x]=en&ticket[a][b]=c&client_id[]=demo-kakeibo'],
    ['names of Object', '__proto__=a&__proto__[lang]=en&constructor=b&toString=c'],
    ['everything twice', 'lang=en&lang=ja&ticket=a&ticket=b&client_id=a&client_id=b&dateFrom=a&dateFrom=b'],
    ['10,000 parameters', Array.from({ length: 1500 }, (_, n) => `p${n}=`).join('&')],
    ['a long ticket', `ticket=${'A'.repeat(10_000)}`],
    ['a sealed nothing', `ticket=${Buffer.alloc(64).toString('base64url')}`],
    ['only separators', '&&&===???'],
    ['a line break', 'lang=en%0d%0aset-cookie:%20a=b&client_id=a%0d%0ab'],
    ['raw bytes', '\x80\xff'],
  ])('with %s does no harm at any address', async (_what, query) => {
    for (const method of ['GET', 'POST'] as const)
      for (const path of routes(method)) {
        await expectNoFault({ method, url: `${path}?${query}`, headers: { 'content-type': form } })
      }
  })
})

describe('a method', () => {
  it.each(['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const)(
    '%s is refused where it is not served, and changes nothing anywhere',
    async (method) => {
      const before = await dump()
      for (const route of routesOf(bank.server)) {
        const status = await expectNoFault({ method, url: filled(route) })
        if (!route.methods.includes(method)) expect([404, 405]).toContain(status)
      }
      expect(await dump()).toEqual(before)
    },
  )

  it.each(['PROPFIND', 'MKCOL', 'QUERY', 'M-SEARCH', 'CONNECT', 'FOO', 'get', 'G'.repeat(1000)])(
    '%s is refused',
    async (method) => {
      const { status } = await send(rawRequest('/token', { method }))
      // CONNECT gets no answer at all: the connection is closed.
      expect([0, 400, 404, 405]).toContain(status)
    },
  )

  it('in a header or a field overrides nothing', async () => {
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override'])
      await bank.server.inject(
        knowing({ method: 'GET', url: `${walk.base}/cancel?_method=POST`, headers: { [name]: 'POST' } }),
      )
    expect(stepOf(await walk.browser.get(walk.base))).toBe('sign-in')
  })

  /** What a request could change. */
  const dump = async () =>
    Promise.all(
      (['engine_records', 'consents', 'attempts', 'audit', 'tickets'] as const).map((table) =>
        bank.db.selectFrom(table).selectAll().execute(),
      ),
    )
})

describe('headers', () => {
  const long = 'x'.repeat(8000)
  const flood = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-flood-${n}`, 'x']))
  it.each<[string, Record<string, string>]>([
    ['an 8 KB cookie', { cookie: `journey=${long}` }],
    ['an 8 KB cookie of the engine', { cookie: `interaction=${long}; interaction.sig=${long}` }],
    ['1,000 cookies', { cookie: Array.from({ length: 1000 }, (_, n) => `c${n}=${n}`).join('; ') }],
    ['a cookie that does not decode', { cookie: 'journey=%; language=%ff; interaction=%zz' }],
    ['a cookie of nothing', { cookie: ';;;===; ;"' }],
    ['cookies of Object', { cookie: '__proto__=a; constructor=b; language=__proto__' }],
    ['a journey cookie that is no cipher', { cookie: 'journey=AAAA;AAAA' }],
    ['200 headers', flood],
    ['a long Authorization', { authorization: `Bearer ${long}` }],
    ['an empty Bearer', { authorization: 'Bearer ' }],
    ['a Bearer of Object', { authorization: 'Bearer __proto__' }],
    ['a Basic that is not base64', { authorization: 'Basic %%%%' }],
    ['a Basic without a colon', { authorization: `Basic ${btoa('demo-kakeibo')}` }],
    ['a Basic with NULs', { authorization: `Basic ${btoa('\0:\0')}` }],
    ['another scheme', { authorization: 'Negotiate YIIZ' }],
    ['a strange Accept', { accept: ',,;q=NaN, */*;q=1e999' }],
    ['a long Accept', { accept: 'a/b, '.repeat(1600) }],
    ['a strange Accept-Language', { 'accept-language': `${'ja;q=0.5.5, '.repeat(600)}en;q=` }],
    ['a strange Origin', { origin: '\x80' }],
    ['a strange Content-Length', { 'content-length': '0' }],
    ['a conditional', { 'if-none-match': '*', 'if-modified-since': 'yesterday', range: 'bytes=-1,0-,5-2' }],
    ['an upgrade', { connection: 'upgrade', upgrade: 'websocket' }],
    ['a forwarded address that is none', { 'x-forwarded-for': `${'x, '.repeat(1000)}__proto__` }],
  ])('with %s do no harm at any address', async (_what, headers) => {
    for (const method of ['GET', 'POST'] as const)
      for (const url of routes(method)) await expectNoFault({ method, url, headers })
  })

  it.each([
    ['20 KB of cookies', [`Cookie: journey=${'x'.repeat(20_000)}`]],
    ['3,000 headers', Array.from({ length: 3000 }, (_, n) => `X${n}:`)],
    ['no name', [': x']],
    ['a line that is no header', ['nonsense']],
    ['a NUL', ['X-Nul: a\0b']],
    ['a bare carriage return', ['X-Bare: a\rb']],
    ['a folded line', ['X-Folded: a', ' b']],
    ['a length that is none', ['Content-Length: -1']],
    ['two lengths', ['Content-Length: 0', 'Content-Length: 5']],
    ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['a strange transfer encoding', ['Transfer-Encoding: chunked, identity']],
    ['an expectation', ['Expect: the worst']],
    [
      'an old protocol upgrade',
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'],
    ],
  ])('with %s are refused or ignored', async (_what, headers) => {
    for (const target of ['/token', `${walk.base}/sign-in`]) {
      const { status } = await send(rawRequest(target, { method: 'POST', headers }))
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    }
  })
})

describe('chunks', () => {
  it.each([
    ['a size that is none', 'ZZ\r\nabc\r\n0\r\n\r\n'],
    ['a size that lies', '3\r\nabcdef\r\n0\r\n\r\n'],
    ['a negative size', '-1\r\nabc\r\n0\r\n\r\n'],
    ['an endless size', `${'f'.repeat(40)}\r\nabc\r\n`],
    ['endless extensions', `3;${'a'.repeat(40_000)}\r\nabc\r\n0\r\n\r\n`],
    ['forbidden trailers', '3\r\na=b\r\n0\r\nContent-Length: 5\r\nHost: evil.example\r\n\r\n'],
  ])('with %s are refused', async (_what, chunks) => {
    for (const target of ['/token', '/par', `${walk.base}/sign-in`]) {
      const headers = [
        'Transfer-Encoding: chunked',
        `Content-Type: ${form}`,
        `Origin: ${bank.settings.publicUrl}`,
        `Authorization: Basic ${btoa(`${walk.fintech.clientId}:${walk.fintech.clientSecret}`)}`,
      ]
      const { status } = await send(rawRequest(target, { method: 'POST', headers, body: chunks }))
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    }
  })
})

describe('no HTTP at all', () => {
  it.each([
    ['a target in raw UTF-8', 'GET /journey/認可 HTTP/1.1\r\nHost: a'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
    ['HTTP/0.9', 'GET /\r\n\r\n'],
    ['HTTP/9.9', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n'],
    ['random bytes', Buffer.from(Array.from({ length: 500 }, (_, n) => (n * 131) % 256))],
  ])('(%s) is refused', async (_what, bytes) => {
    const { status } = await send(Buffer.concat([Buffer.from(bytes), Buffer.from('\r\n\r\n')]))
    expect([400, 404, 505]).toContain(status)
  })
})

describe('the fields of a form', () => {
  const names = [
    ...['loginId', 'password', 'answer', 'services', 'rows', 'proceed', 'accounts', 'endsOn', 'fact'],
    ...['pin-abc', '__proto__', 'constructor', 'prototype', 'toString', '', '\0', '認可', 'a[b]'],
  ]
  const shapes: unknown[] = [
    null,
    0,
    true,
    [],
    {},
    [[]],
    ['a', 'b'],
    [null],
    { toString: 'x', length: 1 },
    { a: { b: { c: [1, 2, { d: null }] } } },
    'x'.repeat(3000),
    Array.from({ length: 2000 }, () => 'x'),
  ]

  /** Every nonsense there is, each in one POST to the due step; it must stay the due one. */
  async function expectNonsenseRefused(step: string): Promise<void> {
    expect(stepOf(walk.browser.page())).toBe(step)
    const url = `${walk.base}/${step}`
    for (const shape of shapes) {
      const fields = Object.fromEntries(
        names.filter((name) => name !== '__proto__').map((name) => [name, shape]),
      )
      const _csrf = csrfOf(walk.browser.page().html)
      const payload = JSON.stringify({ ...fields, _csrf })
      await expectNoFault({ method: 'POST', url, headers: { 'content-type': json }, payload })
      const flat = typeof shape === 'string' || Array.isArray(shape) ? [shape].flat(2).map(String) : ['', '']
      const repeated = names.flatMap((name) => flat.slice(0, 100).map((value) => [name, value] as const))
      const body = new URLSearchParams([['_csrf', _csrf], ...repeated.map(([a, b]) => [a, b])]).toString()
      await expectNoFault({
        method: 'POST',
        url,
        headers: { 'content-type': form },
        payload: body.slice(0, 60_000),
      })
    }
    expect(stepOf(await walk.browser.get(walk.base))).toBe(step)
    expect(await bank.db.selectFrom('consents').selectAll().execute()).toEqual([])
  }

  it('hold nonsense at every step, and the customer still gets through', async () => {
    walk = await begin(bank)
    await expectNonsenseRefused('sign-in')
    await signIn(walk, 'mihon03')
    await expectNonsenseRefused('answer-challenge')
    await giveAnswer(walk)
    await expectNonsenseRefused('choose-services')
    await chooseServices(walk)
    await expectNonsenseRefused('register-pins')
    await registerPins(walk, { 2000002: pin })
    expect(stepOf(walk.browser.page())).toBe('review-pins')
    await confirmPins(walk)
    await expectNonsenseRefused('give-consent')
    await allow(walk)
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    expect((await walk.fintech.exchange(code, walk.verifier)).status).toBe(200)
  })
})

describe('what the fintech sends', () => {
  it.each([
    ['as client_id', { client_id: '\0' }],
    ['in every parameter', { state: '\0', nonce: '\0', ui_locales: '\0', login_hint: '\0', claims: '\0' }],
    ['in the scope', { scope: 'openid balances \0' }],
  ])('with a NUL %s is refused or taken, never a failure', async (_what, overrides) => {
    const { parameters } = openFintech(bank).newRequest(overrides)
    const query = new URLSearchParams(parameters).toString()
    await expectNoFault({ url: `/authorize?${query}`, headers: { accept: 'text/html' } })
    await expectNoFault({ method: 'POST', url: '/par', headers: { 'content-type': form }, payload: query })
  })

  it.each([
    ['names a client with a NUL', { iss: 'a\0', sub: 'a\0' }],
    ['names a client that is a list', { iss: ['demo-kakeibo'], sub: ['demo-kakeibo'] }],
    ['names a client of Object', { iss: '__proto__', sub: '__proto__' }],
    ['names nobody', {}],
    ['names a client with half a character', { iss: '\ud800', sub: '\ud800' }],
    [
      'never ends',
      { iss: 'demo-kakeibo', sub: 'demo-kakeibo', exp: 1e300, jti: 'x'.repeat(5000), aud: [[]] },
    ],
  ])('as an assertion that %s is refused', async (_what, claims) => {
    const assertion = [{ alg: 'ES256' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    const status = await expectNoFault({
      method: 'POST',
      url: '/token',
      headers: { 'content-type': form, authorization: '' },
      payload: new URLSearchParams({
        grant_type: 'authorization_code',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: `${assertion.join('.')}.AAAA`,
      }).toString(),
    })
    expect([400, 401]).toContain(status)
  })
})
