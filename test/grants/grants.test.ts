/** Grant Management for OAuth 2.0: a fintech asks about its own grants and gives them back; nobody else's exist for it. */
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import {
  jwkOfCertificate,
  keyPair,
  selfSigned,
  type StrictFintech,
  strictFintech,
} from '../support/strict-fintech.ts'
import { connect, consentsOf } from '../support/walk.ts'

let bank: TestBank
/** FAPI 2.0 with DPoP, connected with mihon02 */
let fintech: StrictFintech
let proofKey: Awaited<ReturnType<typeof keyPair>>['pair']
let tokens: oauth.TokenEndpointResponse
let grantId: string
beforeAll(async () => {
  bank = await startBank({
    mutualTls: {
      origin: {
        url: 'https://localhost:3003',
        format: 'rfc9440',
        trustedProxies: ['127.0.0.1'],
        secret: undefined,
      },
      verifier: undefined,
    },
  })
  const key = await keyPair('ES256')
  proofKey = (await keyPair('ES256')).pair
  fintech = await strictFintech(bank, {
    registered: {
      id: 'strict-grants',
      profile: 'fapi2',
      senderConstraint: 'dpop',
      authentication: { method: 'private_key_jwt' },
      keys: { jwks: key.jwks },
    },
    authentication: oauth.PrivateKeyJwt(key.privateKey),
    dpop: proofKey,
  })
  tokens = await fintech.connect()
  grantId = grantIn(tokens)
})
afterAll(() => bank.close())

/** Not in the standard's types of a token answer. */
const grantIn = ({ grant_id }: oauth.TokenEndpointResponse): string => grant_id as string

const query = 'grant_management_query'
const revoke = 'grant_management_revoke'

const own = async (scope: string, who = fintech) => (await who.ownToken(scope)).access_token
const read = async (id: string, who = fintech) => who.resource(await own(query, who), `/grants/${id}`)
const giveBack = async (id: string, who = fintech) =>
  who.resource(await own(revoke, who), `/grants/${id}`, undefined, 'DELETE')

/** By hand, as a client that is not strict would. */
const call = (id: string, headers: Record<string, string>, method: 'GET' | 'DELETE' = 'GET') =>
  bank.server.inject({ method, url: `/grants/${id}`, headers: { accept: 'text/html', ...headers } })

/** What an error says, without its number, which is another each time. */
const said = ({ body }: { body: string }): unknown => JSON.parse(body.replace(/ \(error [\w-]+\)/, ''))

/** A plain client of the profile `standard`, whose tokens anybody may show who has them. */
async function plain(id: 'demo-kakeibo' | 'demo-kaikei', scope: string): Promise<string> {
  const { body } = await openFintech(bank, id).form('/token', { grant_type: 'client_credentials', scope })
  return `Bearer ${String(body.access_token)}`
}

/** The headers that a strict client would send to read the grant, kept instead of sent. */
async function proofFor(token: string, key: typeof proofKey): Promise<Record<string, string>> {
  let kept: Record<string, string> = {}
  const url = new URL(`/grants/${grantId}`, bank.settings.publicUrl)
  await oauth.protectedResourceRequest(token, 'GET', url, new Headers(), null, {
    ...fintech.settings,
    DPoP: oauth.DPoP(fintech.client, key),
    [oauth.customFetch]: async (_address: string, { headers }: { headers: Record<string, string> }) => {
      kept = headers
      return new Response('{}')
    },
  })
  return kept
}

const refusal = async (attempt: Promise<unknown>) => {
  const error = await attempt.then(
    () => ({}),
    (thrown: { status?: number; error?: string; cause?: unknown }) => thrown,
  )
  return error as { status?: number; cause?: { parameters: Record<string, string>; scheme: string }[] }
}

describe('discovery', () => {
  it('says what can be done with grants, where, and which scopes it takes', async () => {
    expect(fintech.as).toMatchObject({
      grant_management_actions_supported: ['query', 'revoke', 'create', 'replace'],
      grant_management_endpoint: `${bank.settings.publicUrl}/grants`,
      grant_management_action_required: false,
    })
    expect(fintech.as.mtls_endpoint_aliases).toMatchObject({
      grant_management_endpoint: 'https://localhost:3003/grants',
    })
    expect(fintech.as.scopes_supported).toEqual(expect.arrayContaining([query, revoke, 'balances']))
  })
})

describe('a grant of one’s own', () => {
  it('is told as the customer gave it: services, accounts, number, period', async () => {
    const answer = await read(grantId)
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const row = (await consentsOf(bank)).at(-1)
    const accounts = (JSON.parse(row?.accounts ?? '[]') as { id: string }[]).map(({ id }) => id)
    const api = `${bank.settings.publicUrl}/api`
    expect(accounts).not.toEqual([])
    expect(await answer.json()).toEqual({
      scopes: [{ scope: 'balances transactions', resources: [api] }],
      authorization_details: [
        { type: 'account_information', locations: [api], actions: ['balances', 'transactions'], accounts },
      ],
      consent_id: row?.number,
      status: 'active',
      since: Math.floor((row?.starts_at ?? 0) / 1000),
      until: Math.floor((row?.ends_at ?? 0) / 1000),
      accounts,
    })
  })

  it('can be asked about over a certificate that the token is bound to, and only so', async () => {
    const certificate = selfSigned()
    const other = await strictFintech(bank, {
      registered: {
        id: 'strict-grants-mtls',
        profile: 'fapi2',
        senderConstraint: 'mtls',
        authentication: { method: 'self_signed_tls_client_auth' },
        keys: { jwks: { keys: [jwkOfCertificate(certificate)] } },
      },
      authentication: oauth.TlsClientAuth(),
      certificate,
    })
    const id = grantIn(await other.connect({}, 'mihon01'))
    const token = await own(query, other)
    expect((await other.resource(token, `/grants/${id}`)).status).toBe(200)
    const elsewhere = other.resource(token, `/grants/${id}`, bank.settings.publicUrl)
    expect((await refusal(elsewhere)).status).toBe(401)
    expect((await giveBack(id, other)).status).toBe(204)
  })

  it('given back while it is being refreshed: whoever wins, nothing of it lives afterwards, and the audit knows by whom', async () => {
    const { fintech: plainOne, access, refresh } = await connect(bank, 'mihon03')
    const given = (await consentsOf(bank)).at(-1)
    const id = given?.arrangement_id ?? ''
    const authorization = await plain('demo-kakeibo', `${query} ${revoke}`)
    const [answer, ...refreshed] = await Promise.all([
      call(id, { authorization }, 'DELETE'),
      plainOne.refresh(refresh),
      plainOne.refresh(refresh),
    ])
    expect([answer.statusCode, answer.body]).toEqual([204, ''])
    for (const { status, body } of refreshed) {
      if (status === 200)
        expect((await plainOne.api('/api/accounts', String(body.access_token))).status).toBe(401)
      else expect(body.error).toBe('invalid_grant')
    }
    expect((await plainOne.api('/api/accounts', access)).body.error).toBe('consent_stopped')
    expect((await plainOne.refresh(refresh)).body.error_description).toMatch(/^consent_stopped/)
    for (const method of ['GET', 'DELETE'] as const) {
      const again = await call(id, { authorization }, method)
      expect([again.statusCode, again.json<{ error: string }>().error]).toEqual([404, 'grant_not_found'])
    }
    expect((await consentsOf(bank)).find((one) => one.id === given?.id)).toMatchObject({
      status: 'stopped',
      ended_by: 'client',
      ended_reason: 'grant-revoked',
    })
  })
})

describe('a grant of another', () => {
  it('looks like one that never was, to read and to give back, and lives on', async () => {
    const never = 'A'.repeat(43)
    for (const [method, scope] of [
      ['GET', query],
      ['DELETE', revoke],
    ] as const) {
      const authorization = await plain('demo-kaikei', scope)
      const [his, none] = await Promise.all([
        call(grantId, { authorization }, method),
        call(never, { authorization }, method),
      ])
      expect([his.statusCode, said(his)]).toEqual([404, said(none)])
      expect(said(his)).toMatchObject({ error: 'grant_not_found' })
      expect(his.headers['content-type']).toMatch(/^application\/json/)
    }
    expect((await read(grantId)).status).toBe(200)
  })

  it.each(["' or 1=1 --", '%00', '許可'.repeat(20), 'x', 'a'.repeat(300), '%zz', '..%2f..%2f'])(
    'is not reached by an id like %s',
    async (id) => {
      const authorization = await plain('demo-kaikei', query)
      const answer = await call(encodeURI(id).replace('%25', '%'), { authorization })
      expect([400, 404]).toContain(answer.statusCode)
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
    },
  )
})

describe('a token', () => {
  it('of a customer’s flow is nothing here, and one for grants is nothing at the accounts API', async () => {
    const ofCustomer = await refusal(fintech.resource(tokens.access_token, `/grants/${grantId}`))
    expect(ofCustomer).toMatchObject({ status: 401 })
    expect(ofCustomer.cause?.map(({ parameters }) => parameters.error)).toEqual([
      'invalid_token',
      'invalid_token',
    ])
    const ofItsOwn = await own(`${query} ${revoke}`)
    expect((await refusal(fintech.resource(ofItsOwn, '/api/accounts'))).status).toBe(401)
  })

  it('without the scope for it is told which one it takes', async () => {
    const reading = await refusal(fintech.resource(await own(revoke), `/grants/${grantId}`))
    expect([reading.status, reading.cause?.[0]?.parameters]).toMatchObject([
      403,
      { error: 'insufficient_scope', scope: query },
    ])
    const giving = fintech.resource(await own(query), `/grants/${grantId}`, undefined, 'DELETE')
    expect((await refusal(giving)).cause?.[0]?.parameters).toMatchObject({ scope: revoke })
    expect((await read(grantId)).status).toBe(200)
  })

  it('that was not sent is asked for without a fault; a broken one is at fault; neither gets a page', async () => {
    const none = await call(grantId, {})
    expect([none.statusCode, none.headers['www-authenticate']]).toEqual([
      401,
      expect.not.stringContaining('error='),
    ])
    const broken = await call(grantId, { authorization: 'Bearer nonsense' })
    expect([broken.statusCode, broken.json<{ error: string }>().error]).toEqual([401, 'invalid_token'])
    for (const { headers } of [none, broken])
      expect([headers['content-type'], headers['cache-control']]).toEqual([
        'application/json; charset=utf-8',
        'no-store',
      ])
  })

  it('bound to a key is refused as Bearer, with a thief’s proof, for another call, and with a proof used before', async () => {
    const token = await own(`${query} ${revoke}`)
    expect((await call(grantId, { authorization: `Bearer ${token}` })).statusCode).toBe(401)
    const thiefs = await proofFor(token, (await keyPair('ES256')).pair)
    const used = await proofFor(token, proofKey)
    expect((await call(grantId, used)).statusCode).toBe(200)
    for (const [headers, method] of [
      [thiefs, 'GET'],
      [used, 'GET'],
      [await proofFor(token, proofKey), 'DELETE'],
    ] as const) {
      const refused = await call(grantId, headers, method)
      expect([refused.statusCode, refused.json<{ error: string }>().error]).toEqual([
        401,
        'invalid_dpop_proof',
      ])
    }
  })

  it('for grants is introspected by its owner, and dead once it is revoked', async () => {
    const token = await own(query)
    const seen = await fintech.introspect(token)
    expect(seen).toMatchObject({
      active: true,
      client_id: 'strict-grants',
      scope: query,
      aud: `${bank.settings.publicUrl}/grants`,
    })
    expect(seen).not.toHaveProperty('grant_id')
    expect((await openFintech(bank, 'demo-kaikei').introspect(token)).body).toEqual({ active: false })
    await openFintech(bank, 'demo-kaikei').revoke(token)
    expect((await fintech.resource(token, `/grants/${grantId}`)).status).toBe(200)
    await fintech.revoke(token)
    expect((await refusal(fintech.resource(token, `/grants/${grantId}`))).status).toBe(401)
    expect((await read(grantId)).status).toBe(200)
  })

  it('in one’s own name is for grants only', async () => {
    await expect(fintech.ownToken('balances')).resolves.not.toHaveProperty('scope')
    const api = fintech.ownToken(query, { resource: `${bank.settings.publicUrl}/api` })
    await expect(api).rejects.toMatchObject({ error: 'invalid_target' })
    const rich = JSON.stringify([{ type: 'account_information', actions: ['balances'] }])
    await expect(fintech.ownToken(query, { authorization_details: rich })).rejects.toMatchObject({
      error: 'invalid_authorization_details',
    })
  })

  it('of a client that was suspended since is nothing, and there is no new one', async () => {
    const authorization = await plain('demo-kaikei', query)
    await bank.clients.suspend('demo-kaikei', { by: 'staff:tester', note: 'a test' })
    const answer = await call(grantId, { authorization })
    expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([401, 'invalid_token'])
    const { body } = await openFintech(bank, 'demo-kaikei').form('/token', {
      grant_type: 'client_credentials',
      scope: query,
    })
    expect(body.error).toBe('invalid_client')
    await bank.clients.resume('demo-kaikei', { by: 'staff:tester', note: 'a test' })
  })
})
