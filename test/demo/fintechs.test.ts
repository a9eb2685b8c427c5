/** The demo fintechs against a stub bank: what the customer reads, what is refused, what is kept secret. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { HtmlValidate } from 'html-validate'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFintechs } from '../../src/demo/fintechs.ts'

const origin = 'http://127.0.0.1:3001'
const folder = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const sameOrigin = { origin, host: '127.0.0.1:3001' }

/** What the stub bank answers next, and what it was asked. */
type Bank = {
  issuer: string
  /** body fields of the requests to `/par` and `/token` */
  readonly asked: {
    readonly path: string
    readonly fields: URLSearchParams
    readonly authorization: string
  }[]
  readonly broken: Map<string, { status: number; body: object }>
  scope: string
  discoveries: number
}

let bank: Bank
let app: FastifyInstance
let resets: number
const closing: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  bank = {
    issuer: '',
    asked: [],
    broken: new Map(),
    scope: 'openid offline_access balances transactions',
    discoveries: 0,
  }
  resets = 0
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  bank.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  app = await fintechsAt(bank.issuer)
})

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

describe('home', () => {
  it('offers both services and says that it is a demo', async () => {
    const page = await app.inject({ url: '/' })
    expect(page.statusCode).toBe(200)
    expect(page.body).toContain('<html lang="ja">')
    for (const words of [
      'みほん家計簿',
      '株式会社みほんフィンテック',
      'みほん会計',
      'みほん会計株式会社',
      '銀行と連携する',
      'デモ',
    ]) {
      expect(page.body).toContain(words)
    }
    expect(page.body).toContain('<form method="post" action="/connect/demo-kakeibo">')
    expect(page.body).toContain('<form method="post" action="/connect/demo-kaikei">')
  })

  it('names the customers to try, without asking the bank anything', async () => {
    const { body } = await app.inject({ url: '/' })
    for (const words of ['mihon01', 'mihon02', 'mihon03', 'Tsubame2026', '4649', 'さくら'])
      expect(body).toContain(words)
    expect(bank.discoveries).toBe(0)
  })

  it('allows its forms to lead to the bank and nothing else', async () => {
    const { headers } = await app.inject({ url: '/' })
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' ${bank.issuer}; base-uri 'none'; frame-ancestors 'none'`,
    )
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['referrer-policy']).toBe('same-origin')
  })

  it('moves a visitor who typed localhost to the host that the bank knows', async () => {
    const moved = await app.inject({ url: '/', headers: { host: 'localhost:3001' } })
    expect([moved.statusCode, moved.headers.location]).toEqual([302, `${origin}/`])
  })

  it('serves its style sheet and no other file', async () => {
    const css = await app.inject({ url: '/css/fintech.css' })
    expect([css.statusCode, css.headers['content-type']]).toEqual([200, 'text/css; charset=utf-8'])
    expect((await app.inject({ url: '/css/base.css' })).statusCode).toBe(404)
  })
})

describe('a form from another site', () => {
  it.each(['/connect/demo-kakeibo', '/refresh/demo-kakeibo', '/reset'])('is refused at %s', async (url) => {
    for (const headers of [{}, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const refused = await app.inject({ method: 'POST', url, headers })
      expect(refused.statusCode).toBe(403)
      expect(refused.body).toContain('この操作は受け付けられませんでした')
    }
    expect([resets, bank.asked.length]).toEqual([0, 0])
  })
})

describe('connecting', () => {
  it('pushes the request with PKCE, state and nonce, and shows the browser only its number', async () => {
    const { location, cookie } = await connect()
    expect(location.origin + location.pathname).toBe(`${bank.issuer}/authorize`)
    expect([...location.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    const [pushed] = bank.asked
    expect(pushed?.authorization).toMatch(/^Basic /)
    expect(Object.fromEntries(pushed?.fields ?? [])).toMatchObject({
      client_id: 'demo-kakeibo',
      response_type: 'code',
      redirect_uri: `${origin}/callback/demo-kakeibo`,
      scope: 'openid offline_access balances transactions',
      prompt: 'consent',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(cookie).toMatch(/^fintech=[\w-]{32}; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  it('shows balances, transactions, the end date and the wire with every secret shortened', async () => {
    const { page } = await connected()
    expect(page.statusCode).toBe(200)
    for (const words of [
      '連携できました',
      '本店（001）',
      '普通 2000002',
      '1,234,567円',
      '2027年2月20日 23:59',
      'K-0001',
      '連携を更新する',
      '最新の残高を取得',
      'ﾃﾞﾝｷﾘﾖｳ',
      '出金',
      '8,400円',
      '11月6日',
      'grant_type=authorization_code',
      'code=the-co…（23文字）',
      '/balances',
    ]) {
      expect(page.body).toContain(words)
    }
    expect(page.body).not.toContain('11月1日')
    const secrets = [
      'the-code-of-the-journey',
      'the-access-token',
      'the-refresh-token',
      'the-secret-of',
      btoa('demo-kakeibo:'),
    ]
    const flow = bank.asked.flatMap(({ fields }) =>
      ['state', 'nonce', 'code_verifier'].flatMap((name) => fields.get(name) ?? []),
    )
    expect(flow).toHaveLength(3)
    for (const secret of [...secrets, ...flow]) expect(page.body).not.toContain(secret)
  })

  it('runs several journeys of one browser side by side', async () => {
    const first = await connect()
    const second = await connect('demo-kaikei', first.cookie)
    expect((await comeBack(second, { code: 'the-code-of-the-journey' })).statusCode).toBe(303)
    expect((await comeBack(first, { code: 'the-code-of-the-journey' })).statusCode).toBe(303)
  })

  it('asks for discovery once', async () => {
    await connect()
    await connect()
    expect(bank.discoveries).toBe(1)
  })

  it('says in plain words that the bank is not there, and works once it is', async () => {
    bank.broken.set('/.well-known/openid-configuration', { status: 503, body: {} })
    const page = await post('/connect/demo-kakeibo')
    expect([page.statusCode, page.body]).toEqual([
      503,
      expect.stringContaining('ただいま銀行をご利用いただけません'),
    ])
    bank.broken.clear()
    expect((await post('/connect/demo-kakeibo')).statusCode).toBe(303)
  })

  it('says in plain words that nothing answers', async () => {
    const lonely = await fintechsAt('http://127.0.0.1:1')
    const page = await lonely.inject({ method: 'POST', url: '/connect/demo-kakeibo', headers: sameOrigin })
    expect([page.statusCode, page.body]).toEqual([502, expect.stringContaining('銀行に接続できませんでした')])
  })

  it('leaves out what the customer did not allow', async () => {
    bank.scope = 'openid offline_access balances'
    const { page } = await connected()
    expect(page.body).toContain('入出金明細照会は許可されていません')
    expect(page.body).toContain('1,234,567円')
  })

  it('shows the other accounts when the bank refuses one', async () => {
    bank.broken.set('/api/accounts/a1/balances', { status: 403, body: { error: 'pin_stale' } })
    const { page } = await connected()
    expect(page.body).toContain('残高を取得できませんでした（<code>pin_stale</code>）')
    expect(page.body).toContain('8,400円')
  })
})

describe('coming back without a connection', () => {
  it.each([
    ['access_denied', '連携は行われませんでした'],
    ['temporarily_unavailable', 'ただいま銀行をご利用いただけません'],
    ['server_error', '連携を完了できませんでした'],
  ])('%s is told in plain words', async (error, words) => {
    const started = await connect()
    const page = await comeBack(started, { error, error_description: 'said <by> the bank' })
    expect(page.body).toContain(words)
    expect(page.body).toContain(`<code>${error}</code>`)
    expect(page.body).toContain('said &lt;by&gt; the bank')
    expect(page.body).toContain('もう一度、銀行と連携する')
    expect(bank.asked.filter(({ path }) => path === '/token')).toEqual([])
  })

  it('a state that nobody started is a plain page', async () => {
    const page = await app.inject({ url: '/callback/demo-kakeibo?code=x&state=y' })
    expect([page.statusCode, page.body]).toEqual([
      400,
      expect.stringContaining('お手続きの続きが見つかりません'),
    ])
  })

  it('a code injected into another browser, or into the other service, is not exchanged', async () => {
    const victim = await connect()
    const attacker = await connect()
    const inOtherBrowser = await comeBack(
      { ...attacker, cookie: victim.cookie },
      { code: 'the-code-of-the-journey' },
    )
    const inOtherService = await comeBack(
      { ...attacker, clientId: 'demo-kaikei' },
      { code: 'the-code-of-the-journey' },
    )
    expect([inOtherBrowser.statusCode, inOtherService.statusCode]).toEqual([400, 400])
    expect(bank.asked.filter(({ path }) => path === '/token')).toEqual([])
  })

  it('an answer in the name of another issuer is refused', async () => {
    const started = await connect()
    const page = await comeBack(started, { code: 'the-code-of-the-journey', iss: 'https://evil.example' })
    expect([page.statusCode, page.body]).toEqual([502, expect.stringContaining('連携を完了できませんでした')])
    expect(bank.asked.filter(({ path }) => path === '/token')).toEqual([])
  })

  it('a callback that is loaded again is lost', async () => {
    const started = await connect()
    await comeBack(started, { code: 'the-code-of-the-journey' })
    expect((await comeBack(started, { code: 'the-code-of-the-journey' })).statusCode).toBe(400)
  })
})

describe('a connection', () => {
  it('is refreshed without the customer', async () => {
    const { cookie } = await connected()
    const answer = await post('/refresh/demo-kakeibo', cookie)
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/connections/demo-kakeibo'])
    expect((await connections(cookie)).body).toContain('grant_type=refresh_token')
  })

  it.each([
    ['/token', { status: 400, body: { error: 'invalid_grant' } }, 'invalid_grant'],
    ['/api/accounts', { status: 401, body: { error: 'invalid_token' } }, 'invalid_token'],
  ])('that ended at %s is told so and offers the renewal', async (path, broken, code) => {
    const { cookie } = await connected()
    bank.broken.set(path, broken)
    await post('/refresh/demo-kakeibo', cookie)
    const page = await connections(cookie)
    expect(page.body).toContain('<h1>この連携は終わっています</h1>')
    expect(page.body).toContain(`<code>${code}</code>`)
    expect(page.body).toContain('連携を更新する')
    expect(page.body).not.toContain('最新の残高を取得</button>')
    expect(page.body).not.toContain('<strong>1,234,567円</strong>')
    expect(htmlProblems(page.body)).toEqual([])
  })

  it('keeps what it knew while the bank is away', async () => {
    const { cookie } = await connected()
    bank.broken.set('/api/accounts', { status: 503, body: { error: 'temporarily_unavailable' } })
    await post('/refresh/demo-kakeibo', cookie)
    const { body } = await connections(cookie)
    expect(body).toContain('最新の情報を取得できませんでした')
    expect(body).toContain('1,234,567円')
  })

  it('keeps only the last sixty exchanges', async () => {
    const { cookie } = await connected()
    for (let i = 0; i < 20; i += 1) await post('/refresh/demo-kakeibo', cookie)
    expect((await connections(cookie)).body.match(/<li>/g)).toHaveLength(60)
  })

  it('is forgotten with the reset of the bank', async () => {
    const { cookie } = await connected()
    const back = await post('/reset', cookie)
    expect([resets, back.headers.location]).toEqual([1, '/?reset=done'])
    expect((await app.inject({ url: '/?reset=done' })).body).toContain('はじめの状態に戻しました')
    expect((await connections(cookie)).statusCode).toBe(404)
  })

  it('of another browser is not shown', async () => {
    await connected()
    const page = await connections('fintech=somebody-else')
    expect([page.statusCode, page.body]).toEqual([404, expect.stringContaining('まだ連携していません')])
  })
})

it('every page is valid HTML', async () => {
  const { page, cookie } = await connected()
  const started = await connect()
  const pages = [
    await app.inject({ url: '/?reset=done', headers: { cookie } }),
    page,
    await comeBack(started, { error: 'access_denied' }),
    await app.inject({ url: '/nowhere' }),
    await post('/connect/nobody'),
  ]
  for (const { body } of pages) expect(htmlProblems(body)).toEqual([])
})

const validator = new HtmlValidate({
  extends: ['html-validate:recommended'],
  rules: {
    'no-trailing-whitespace': 'off',
    'doctype-style': 'off',
    'long-title': 'off',
    // Rows are blocks on a phone, which takes a table's roles away in older Safari, so it says them itself.
    'no-redundant-role': 'off',
  },
})

function htmlProblems(html: string): string[] {
  const { results } = validator.validateStringSync(html)
  return results.flatMap(({ messages }) =>
    messages.map(({ line, ruleId, message }) => `${line}: ${ruleId}: ${message}`),
  )
}

async function fintechsAt(issuer: string): Promise<FastifyInstance> {
  const fintechs = await createFintechs({
    issuer,
    origin,
    fintechs: [
      {
        clientId: 'demo-kakeibo',
        clientSecret: 'the-secret-of-kakeibo',
        serviceName: 'みほん家計簿',
        companyName: '株式会社みほんフィンテック',
      },
      {
        clientId: 'demo-kaikei',
        clientSecret: 'the-secret-of-kaikei',
        serviceName: 'みほん会計',
        companyName: 'みほん会計株式会社',
      },
    ],
    resetBank: async () => {
      resets += 1
    },
    viewsDir: folder('views'),
    publicDir: folder('public'),
  })
  closing.push(() => fintechs.close())
  return fintechs
}

type Started = {
  readonly clientId: string
  readonly location: URL
  readonly cookie: string
  readonly state: string
}

async function connect(clientId = 'demo-kakeibo', cookie = ''): Promise<Started> {
  const answer = await post(`/connect/${clientId}`, cookie)
  expect(answer.statusCode).toBe(303)
  const state = bank.asked.at(-1)?.fields.get('state') ?? ''
  const set = answer.headers['set-cookie']
  return {
    clientId,
    location: new URL(`${answer.headers.location}`),
    cookie: typeof set === 'string' ? set : cookie,
    state,
  }
}

async function comeBack(
  { clientId, state, cookie }: Started,
  answer: Record<string, string>,
): Promise<LightMyRequestResponse> {
  const query = new URLSearchParams({ state, iss: bank.issuer, ...answer })
  return app.inject({ url: `/callback/${clientId}?${query.toString()}`, headers: { cookie } })
}

async function connected(): Promise<{ readonly page: LightMyRequestResponse; readonly cookie: string }> {
  const started = await connect()
  const back = await comeBack(started, { code: 'the-code-of-the-journey' })
  expect([back.statusCode, back.headers.location]).toEqual([303, '/connections/demo-kakeibo'])
  return { page: await connections(started.cookie), cookie: started.cookie }
}

async function connections(cookie: string): Promise<LightMyRequestResponse> {
  return app.inject({ url: '/connections/demo-kakeibo', headers: { cookie } })
}

async function post(url: string, cookie = ''): Promise<LightMyRequestResponse> {
  return app.inject({ method: 'POST', url, headers: { ...sameOrigin, cookie } })
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', bank.issuer).pathname
  const fields = new URLSearchParams(await text(request))
  if (path === '/.well-known/openid-configuration') bank.discoveries += 1
  if (fields.size > 0) bank.asked.push({ path, fields, authorization: request.headers.authorization ?? '' })
  const broken = bank.broken.get(path)
  const status = broken?.status ?? (path === '/par' ? 201 : 200)
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {}
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...challenge,
  })
  response.end(JSON.stringify(broken?.body ?? bodyOf(path, fields)))
}

function bodyOf(path: string, fields: URLSearchParams): object {
  const { issuer } = bank
  if (path === '/.well-known/openid-configuration') {
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      pushed_authorization_request_endpoint: `${issuer}/par`,
      jwks_uri: `${issuer}/jwks`,
      id_token_signing_alg_values_supported: ['ES256', 'PS256'],
      authorization_response_iss_parameter_supported: true,
    }
  }
  if (path === '/par') return { request_uri: 'urn:ietf:params:oauth:request_uri:1', expires_in: 60 }
  if (path === '/jwks')
    return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }] }
  if (path === '/token') {
    return {
      access_token: 'the-access-token',
      refresh_token: 'the-refresh-token',
      ...(fields.has('code_verifier') && {
        id_token: idToken(pushedWith(fields.get('code_verifier') ?? '')),
      }),
      token_type: 'Bearer',
      expires_in: 300,
      scope: bank.scope,
    }
  }
  if (path === '/api/accounts') {
    return {
      consent: { number: 'K-0001', startsAt: '2026-11-22T06:04:05.000Z', endsAt: '2027-02-20T14:59:59.999Z' },
      baseDate: '2026-11-22',
      baseTime: '15:04:05+09:00',
      accounts: [{ ...account, accountId: 'a1' }],
    }
  }
  if (path.endsWith('/balances')) return { accountId: 'a1', balance: '1234567' }
  const transactions = [1, 2, 3, 4, 5, 6].map((n) => ({
    transactionDate: `2026-11-0${n}`,
    transactionType: '2',
    amount: '8400',
    balance: '1234567',
    remarks: 'ﾃﾞﾝｷﾘﾖｳ',
    itemKey: `${n}`,
  }))
  return { accountId: 'a1', hasNext: false, count: '6', transactions }
}

const account = {
  branchCode: '001',
  branchName: '本店',
  accountTypeCode: '01',
  accountTypeName: '普通',
  accountNumber: '2000002',
}

/** The request whose challenge the verifier answers: here the stub bank does what PKCE asks of it. */
function pushedWith(verifier: string): URLSearchParams | undefined {
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  return bank.asked.find(({ fields }) => fields.get('code_challenge') === challenge)?.fields
}

function idToken(pushed: URLSearchParams | undefined): string {
  const [nonce, aud] = [pushed?.get('nonce'), pushed?.get('client_id')]
  const now = Math.floor(Date.now() / 1000)
  const parts = [
    { alg: 'ES256', kid: 'k' },
    { iss: bank.issuer, sub: 'customer', aud, nonce, iat: now, exp: now + 60 },
  ]
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}
