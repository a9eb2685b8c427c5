/** Rich authorization requests (RFC 9396): asked as `account_information`, answered with what the customer really gave. */
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConsents } from '../../src/consent/consents.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { keyPair, type StrictFintech, strictFintech } from '../support/strict-fintech.ts'
import {
  begin,
  chooseServices,
  comeBack,
  connect,
  consentsOf,
  signIn,
  allow,
  stepOf,
  walkToConsent,
} from '../support/walk.ts'

let bank: TestBank
let api: string
/** FAPI 2.0 message signing: signed requests and answers, registered for both services */
let signing: StrictFintech
/** registered for balances only */
let modest: StrictFintech
beforeAll(async () => {
  bank = await startBank()
  api = `${bank.settings.publicUrl}/api`
  const key = await keyPair('ES256')
  const base = {
    authentication: { method: 'private_key_jwt' },
    keys: { jwks: key.jwks },
  } as const
  const authentication = oauth.PrivateKeyJwt(key.privateKey)
  signing = await strictFintech(bank, {
    registered: { ...base, id: 'strict-rich', profile: 'fapi2-message-signing', senderConstraint: 'dpop' },
    authentication,
    signing: key.privateKey,
    dpop: (await keyPair('ES256')).pair,
  })
  modest = await strictFintech(bank, {
    registered: { ...base, id: 'strict-modest', scopes: ['balances'] },
    authentication,
  })
})
afterAll(() => bank.close())

const rich = (...actions: string[]) => JSON.stringify([{ type: 'account_information', actions }])
const accountsOfNewest = async () =>
  (JSON.parse((await consentsOf(bank)).at(-1)?.accounts ?? '[]') as { id: string }[]).map(({ id }) => id)

/** What is answered where these services were granted. */
const granted = async (...actions: string[]) => [
  { type: 'account_information', locations: [api], actions, accounts: await accountsOfNewest() },
]

describe('details alone', () => {
  it('lead through the same screens and open exactly what was asked, in a signed request', async () => {
    expect(signing.as.authorization_details_types_supported).toEqual(['account_information'])
    const tokens = await signing.connect({ scope: undefined, authorization_details: rich('balances') })
    expect(tokens).toMatchObject({ scope: 'balances', authorization_details: await granted('balances') })
    const [account] = await accountsOfNewest()
    const path = `/api/accounts/${String(account)}`
    expect((await signing.resource(tokens.access_token, `${path}/balances`)).status).toBe(200)
    await expect(signing.resource(tokens.access_token, `${path}/transactions`)).rejects.toMatchObject({
      status: 403,
    })
    for (const token of [tokens.access_token, tokens.refresh_token ?? ''])
      expect((await signing.introspect(token)).authorization_details).toEqual(await granted('balances'))
    expect(await signing.refresh(tokens.refresh_token ?? '')).toMatchObject({
      authorization_details: await granted('balances'),
    })
    const own = await signing.ownToken('grant_management_query')
    const grant = await signing.resource(own.access_token, `/grants/${tokens.grant_id as string}`)
    expect(await grant.json()).toMatchObject({ authorization_details: await granted('balances') })
  })

  it('are shown to a customer who chooses, and answered with what he left', async () => {
    const fintech = openFintech(bank)
    const request = { scope: 'openid', authorization_details: rich('balances', 'transactions') }
    const walk = await begin(bank, { fintech, request })
    let page = await signIn(walk, 'mihon02')
    expect(stepOf(page)).toBe('choose-services')
    expect(page.html).toMatch(/value="balances"[\s\S]*value="transactions"/)
    page = await chooseServices(walk, ['transactions'])
    expect(stepOf(page)).toBe('give-consent')
    await allow(walk)
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    const { body } = await fintech.exchange(code, walk.verifier)
    expect(body).toMatchObject({
      scope: 'transactions',
      authorization_details: await granted('transactions'),
    })
    const access = String(body.access_token)
    const [account] = await accountsOfNewest()
    expect((await fintech.api(`/api/accounts/${String(account)}/balances`, access)).status).toBe(403)
    expect((await fintech.api(`/api/accounts/${String(account)}/transactions`, access)).status).toBe(200)
  })

  it('tell which accounts are still shared, not which were', async () => {
    const walk = await connect(bank, 'mihon01', { request: { authorization_details: rich('balances') } })
    const [first, ...others] = await accountsOfNewest()
    expect(others).not.toEqual([])
    const consents = createConsents({ db: bank.db, clock: () => Date.now(), pairwiseKey: Buffer.alloc(32) })
    const consent = (await consentsOf(bank)).at(-1)
    await consents.stopAccount(consent?.id ?? '', first ?? '', { by: 'customer', reason: 'customer-stopped' })
    for (const { body } of [
      await walk.fintech.refresh(walk.refresh),
      await walk.fintech.introspect(walk.access),
    ])
      expect(body.authorization_details).toMatchObject([{ accounts: others }])
  })
})

describe('details beside a scope', () => {
  it('ask for both together, without a pushed request too', async () => {
    const fintech = openFintech(bank, 'demo-kaikei')
    const { parameters, verifier } = fintech.newRequest({
      scope: 'openid balances',
      authorization_details: JSON.stringify([
        { type: 'account_information', actions: ['transactions'], locations: [api] },
      ]),
    })
    const walk = await begin(bank, { fintech })
    const page = await walk.browser.get(`/authorize?${new URLSearchParams(parameters).toString()}`)
    const plain = { ...walk, verifier, base: /^\/journey\/[\w-]+/.exec(page.path)?.[0] ?? '' }
    await walkToConsent(plain, 'mihon02')
    await allow(plain)
    const code = (await comeBack(plain)).searchParams.get('code') ?? ''
    const { body } = await fintech.exchange(code, verifier)
    expect(body).toMatchObject({
      scope: 'balances transactions',
      authorization_details: await granted('balances', 'transactions'),
    })
  })
})

describe('details in a refresh', () => {
  it('narrow that access token, never widen it, and leave the grant as it is', async () => {
    const fintech = openFintech(bank)
    const { refresh } = await connect(bank, 'mihon03', { request: { scope: 'openid balances transactions' } })
    const refreshWith = async (authorization_details: string) =>
      (
        await fintech.form('/token', {
          grant_type: 'refresh_token',
          refresh_token: refresh,
          authorization_details,
        })
      ).body
    const narrowed = await refreshWith(rich('balances'))
    expect(narrowed).toMatchObject({ scope: 'balances', authorization_details: await granted('balances') })
    const [account] = await accountsOfNewest()
    const path = `/api/accounts/${String(account)}/transactions`
    expect((await fintech.api(path, String(narrowed.access_token))).status).toBe(403)
    const { body } = await fintech.refresh(refresh)
    expect((await fintech.api(path, String(body.access_token))).status).toBe(200)
    expect(body).not.toHaveProperty('authorization_details')
    for (const wrong of ['{', rich('payments'), rich()])
      expect(await refreshWith(wrong)).toMatchObject({ error: 'invalid_authorization_details' })
  })

  it('are refused for what was not granted', async () => {
    const fintech = openFintech(bank)
    const { refresh } = await connect(bank, 'mihon02', {
      request: { scope: 'openid', authorization_details: rich('transactions') },
    })
    const { body } = await fintech.form('/token', {
      grant_type: 'refresh_token',
      refresh_token: refresh,
      authorization_details: rich('balances', 'transactions'),
    })
    expect(body).toEqual({
      error: 'invalid_authorization_details',
      error_description: expect.stringMatching(/^not granted: balances \(/),
    })
  })
})

describe('details are refused with invalid_authorization_details', () => {
  const type = 'account_information'
  it.each([
    ['no JSON', '[{'],
    ['no list', '{"type":"account_information","actions":["balances"]}'],
    ['null', 'null'],
    ['a type of another', [{ type: 'payment_initiation', actions: ['balances'] }]],
    ['a type of every object', [{ type: 'constructor', actions: ['balances'] }]],
    ['no actions', [{ type }]],
    ['empty actions', [{ type, actions: [] }]],
    ['an action that the bank has not', [{ type, actions: ['balances', 'payments'] }]],
    ['an action in any characters', [{ type, actions: ['残高'] }]],
    ['an unknown field', [{ type, actions: ['balances'], accounts: ['1'] }]],
    ['an unknown field in any characters', [{ type, actions: ['balances'], 口座: ['1'] }]],
    ['a prototype', '[{"type":"account_information","actions":["balances"],"__proto__":{"x":1}}]'],
    ['another resource', [{ type, actions: ['balances'], locations: ['https://other.example/api'] }]],
    ['two resources', [{ type, actions: ['balances'], locations: ['', 'https://other.example/api'] }]],
    [
      'one good and one bad',
      [
        { type, actions: ['balances'] },
        { type, actions: ['balances'], more: true },
      ],
    ],
  ])('%s', async (_name, details) => {
    const authorization_details = typeof details === 'string' ? details : JSON.stringify(details)
    const fintech = openFintech(bank)
    const { parameters } = fintech.newRequest({ scope: 'openid', authorization_details })
    const { status, body } = await fintech.push(parameters)
    expect([status, body.error]).toEqual([400, 'invalid_authorization_details'])
    expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  it('for a service that this client is not registered for, told which are', async () => {
    const pushed = modest.push({ scope: undefined, authorization_details: rich('balances', 'transactions') })
    await expect(pushed).rejects.toMatchObject({
      error: 'invalid_authorization_details',
      error_description: expect.stringMatching(/^actions must name at least one of, and only: balances \(/),
    })
  })

  it('an empty list asks for nothing: without a bank scope it is refused for that', async () => {
    const fintech = openFintech(bank)
    const { parameters } = fintech.newRequest({ scope: 'openid', authorization_details: '[]' })
    expect((await fintech.push(parameters)).body.error).toBe('invalid_scope')
  })
})
