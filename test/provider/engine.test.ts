/** What we rely on in node-oidc-provider, pinned: an upgrade that changes it must fail here, loudly. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openBrowser } from '../support/browser.ts'
import { type Fintech, openFintech } from '../support/fintech.ts'
import { allow, begin, comeBack, connect, walkToConsent } from '../support/walk.ts'

let bank: TestBank
let fintech: Fintech
beforeAll(async () => {
  bank = await startBank()
  fintech = openFintech(bank)
})
afterAll(() => bank.close())

const discovery = async (path: string) =>
  (await bank.server.inject({ url: path })).json() as Record<string, unknown>
const errorBack = async (overrides: Record<string, string | undefined>) => {
  const { parameters } = fintech.newRequest(overrides)
  const { leftTo, html, status } = await openBrowser(bank).get(
    `/authorize?${new URLSearchParams(parameters).toString()}`,
  )
  // For response types that would answer in the fragment, the engine refuses in the fragment (OAuth 2.0 Multiple Response Types).
  const error = leftTo?.searchParams.get('error') ?? new URLSearchParams(leftTo?.hash.slice(1)).get('error')
  return { error, leftTo, html, status }
}

describe('discovery', () => {
  it.each(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'])(
    '%s names what is there and nothing else',
    async (path) => {
      expect(await discovery(path)).toMatchObject({
        issuer: 'http://localhost:3000',
        authorization_endpoint: 'http://localhost:3000/authorize',
        token_endpoint: 'http://localhost:3000/token',
        pushed_authorization_request_endpoint: 'http://localhost:3000/par',
        introspection_endpoint: 'http://localhost:3000/introspect',
        revocation_endpoint: 'http://localhost:3000/revoke',
        jwks_uri: 'http://localhost:3000/jwks',
        response_types_supported: ['code'],
        response_modes_supported: ['query', 'jwt', 'query.jwt'],
        grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
        id_token_signing_alg_values_supported: ['ES256', 'PS256'],
        subject_types_supported: ['pairwise'],
      })
      expect(Object.keys(await discovery(path))).not.toEqual(expect.arrayContaining(['userinfo_endpoint']))
    },
  )

  it('publishes public keys only, each with a name', async () => {
    const { keys } = (await bank.server.inject({ url: '/jwks' })).json() as {
      keys: Record<string, unknown>[]
    }
    expect(keys.map((key) => key.alg)).toEqual(['ES256', 'PS256'])
    for (const key of keys) {
      expect(key.kid).toBeTruthy()
      expect(Object.keys(key)).not.toEqual(expect.arrayContaining(['d']))
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(key[secret]).toBeUndefined()
    }
  })
})

describe('the authorization endpoint', () => {
  it.each(['login', 'consent', 'login consent', undefined])(
    'starts one journey for prompt=%s',
    async (prompt) => {
      const walk = await begin(bank, { request: { prompt } })
      await walkToConsent(walk, 'mihon02')
      await allow(walk)
      expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
    },
  )

  it('leads straight to the first page, and its cookie reaches every page of the journey', async () => {
    const { parameters } = fintech.newRequest()
    const { headers, cookies, statusCode } = await bank.server.inject(
      await fintech.authorizeAddress(parameters),
    )
    const [, base = ''] = /^(\/journey\/[\w-]+)\/sign-in$/.exec(String(headers.location)) ?? []
    expect([statusCode, base]).toEqual([303, expect.stringMatching(/./)])
    expect(cookies.find(({ name }) => name === 'interaction')?.path).toBe(base)
  })

  it('takes max_age=0 as one journey too', async () => {
    const walk = await begin(bank, { request: { max_age: '0' } })
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  })

  it('answers prompt=none with login_required', async () => {
    expect((await errorBack({ prompt: 'none' })).error).toBe('login_required')
  })

  it.each([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with the implicit flow', { response_type: 'token' }, 'invalid_request'],
    ['without a bank scope', { scope: 'openid' }, 'invalid_scope'],
    ['for another resource', { resource: 'https://elsewhere.example/api' }, 'invalid_target'],
  ] as const)('refuses a request %s', async (_what, overrides, error) => {
    expect((await errorBack(overrides)).error).toBe(error)
    expect((await fintech.push(fintech.newRequest(overrides).parameters)).body.error).toBe(error)
  })

  it.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['an address that is not registered', { redirect_uri: 'https://evil.example/callback' }],
    ['no address', { redirect_uri: undefined }],
  ] as const)('shows our own page, never a redirect, for %s', async (_what, overrides) => {
    const { leftTo, html, status } = await errorBack(overrides)
    expect(leftTo).toBeUndefined()
    expect(status).toBe(400)
    expect(html).toContain('data-problem="authorization-refused"')
  })

  it('never sets its session cookie and does not mind a foreign one', async () => {
    const browser = openBrowser(bank)
    browser.setCookies([{ name: 'engine-session', value: 'x', path: '/' }])
    const walk = await begin(bank, { browser })
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    await comeBack(walk)
    expect(
      browser.cookies().filter(({ name, value }) => name.startsWith('engine-session') && value !== 'x'),
    ).toEqual([])
  })

  it('lets a second customer of the same browser in without a logout page', async () => {
    const browser = openBrowser(bank)
    await connect(bank, 'mihon02', { browser })
    const second = await connect(bank, 'mihon01', { browser })
    expect(second.access).toBeTruthy()
  })
})

describe('tokens', () => {
  it('are opaque, and an ID token names the customer by a pairwise subject', async () => {
    const one = await connect(bank, 'mihon02')
    const two = await connect(bank, 'mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
    const subject = (token: string) =>
      (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub
    expect(one.access).not.toContain('.')
    expect(subject(one.idToken)).not.toBe(subject(two.idToken))
    expect(subject((await connect(bank, 'mihon02')).idToken)).toBe(subject(one.idToken))
  })

  it('refresh again and again, at once and one after the other', async () => {
    const { fintech: client, refresh } = await connect(bank, 'mihon01')
    const answers = await Promise.all([1, 2, 3].map(() => client.refresh(refresh)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(answers.map(({ body }) => body.refresh_token)).toEqual([refresh, refresh, refresh])
  })

  it('are introspected by their own client only', async () => {
    const { access, fintech: client } = await connect(bank, 'mihon02')
    expect((await client.introspect(access)).body).toMatchObject({
      active: true,
      scope: 'balances transactions',
    })
    expect((await openFintech(bank, 'demo-kaikei').introspect(access)).body).toEqual({ active: false })
  })

  it('die together when the fintech revokes one, and the consent is stopped', async () => {
    const { access, refresh, fintech: client } = await connect(bank, 'mihon02')
    expect((await client.revoke(refresh)).status).toBe(200)
    expect((await client.api('/api/accounts', access)).status).toBe(401)
    const row = await bank.db
      .selectFrom('consents')
      .selectAll()
      .orderBy('granted_at', 'desc')
      .executeTakeFirstOrThrow()
    expect(row).toMatchObject({ status: 'stopped', ended_by: 'client' })
  })

  it('are kept as hashes: no token, code or uid stands in the database', async () => {
    const { access, refresh, base } = await connect(bank, 'mihon02')
    const dump = JSON.stringify(await bank.db.selectFrom('engine_records').selectAll().execute())
    for (const secret of [access, refresh, base.split('/')[2] ?? '']) expect(dump).not.toContain(secret)
  })
})

describe('a code', () => {
  const returned = async () => {
    const walk = await begin(bank)
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    return { ...walk, code: (await comeBack(walk)).searchParams.get('code') ?? '' }
  }

  it('spent three times at once gives one answer with tokens, and none of them lives', async () => {
    const walk = await returned()
    const answers = await Promise.all([1, 2, 3].map(() => walk.fintech.exchange(walk.code, walk.verifier)))
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    for (const { status, body } of answers) if (status !== 200) expect(body.error).toBe('invalid_grant')
    const tokens = answers.find(({ status }) => status === 200)?.body
    if (tokens)
      expect((await walk.fintech.api('/api/accounts', String(tokens.access_token))).status).toBe(401)
  })

  it('replayed later ends the consent', async () => {
    const walk = await returned()
    const { body } = await walk.fintech.exchange(walk.code, walk.verifier)
    expect((await walk.fintech.exchange(walk.code, walk.verifier)).body.error).toBe('invalid_grant')
    expect((await walk.fintech.refresh(String(body.refresh_token))).body.error).toBe('invalid_grant')
    const row = await bank.db
      .selectFrom('consents')
      .selectAll()
      .orderBy('granted_at', 'desc')
      .executeTakeFirstOrThrow()
    expect(row).toMatchObject({ status: 'stopped', ended_reason: 'code-replayed' })
  })

  it('is nobody else’s: another client, verifier or address gets nothing and spends nothing', async () => {
    const walk = await returned()
    const other = openFintech(bank, 'demo-kaikei')
    expect(
      (await other.exchange(walk.code, walk.verifier, { redirect_uri: walk.fintech.redirectUri })).body.error,
    ).toBe('invalid_grant')
    expect((await walk.fintech.exchange(walk.code, 'x'.repeat(43))).body.error).toBe('invalid_grant')
    expect(
      (
        await walk.fintech.exchange(walk.code, walk.verifier, {
          redirect_uri: `${walk.fintech.redirectUri}/x`,
        })
      ).body.error,
    ).toBe('invalid_grant')
    expect((await walk.fintech.exchange(walk.code, walk.verifier)).status).toBe(200)
  })
})
