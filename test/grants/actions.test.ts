/** What a request wants done with a grant (grant_management_action): a new one, or the one it has, never a bit of both. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Fintech, openFintech } from '../support/fintech.ts'
import { stop, visitConnections } from '../support/connections.ts'
import { begin, comeBack, connect, consentsOf, type Walk, walkToConsent, allow } from '../support/walk.ts'

let bank: TestBank
let fintech: Fintech
/** of mihon02 with demo-kakeibo */
let grantId: string
/** of mihon02 with demo-kaikei */
let elsewhere: string
beforeAll(async () => {
  bank = await startBank()
  fintech = openFintech(bank)
  await connect(bank, 'mihon02', { fintech: openFintech(bank, 'demo-kaikei') })
  elsewhere = (await consentsOf(bank)).at(-1)?.arrangement_id ?? ''
  await connect(bank, 'mihon02')
  grantId = (await consentsOf(bank)).at(-1)?.arrangement_id ?? ''
})
afterAll(() => bank.close())

const push = async (request: Record<string, string>) => {
  const { body } = await fintech.push(fintech.newRequest(request).parameters)
  // without the number, which is another each time
  return [body.error, String(body.error_description).replace(/ \(error [\w-]+\)$/, '')]
}

/** The customer agrees; how the fintech finds its grant after the exchange. */
async function agreed(walk: Walk): Promise<Record<string, unknown>> {
  await walkToConsent(walk, 'mihon02')
  await allow(walk)
  const back = await comeBack(walk)
  return (await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)).body
}

const ask = async (scope: string, method: 'GET' | 'DELETE', id: string): Promise<number> => {
  const { body } = await fintech.form('/token', { grant_type: 'client_credentials', scope })
  const authorization = `Bearer ${String(body.access_token)}`
  const answer = await bank.server.inject({ method, url: `/grants/${id}`, headers: { authorization } })
  return answer.statusCode
}
const read = (id: string) => ask('grant_management_query', 'GET', id)

describe('a request is refused before the customer sees anything', () => {
  it.each([
    [{ grant_management_action: 'merge' }, 'grant_management_action can be create or replace'],
    [{ grant_management_action: 'update' }, 'grant_management_action can be create or replace'],
    [{ grant_management_action: '許可' }, 'grant_management_action can be create or replace'],
    [{ grant_management_action: 'replace' }, 'replace needs a grant_id'],
  ])('for %j', async (request, description) => {
    expect(await push(request)).toEqual(['invalid_request', description])
  })

  it('for a new grant that names an old one', async () => {
    const [error, description] = await push({ grant_management_action: 'create', grant_id: grantId })
    expect([error, description]).toEqual([
      'invalid_request',
      expect.stringMatching(/^create makes a new grant/),
    ])
  })

  it('for a grant of another fintech as for one that never was, or is no id at all', async () => {
    for (const grant_id of [elsewhere, 'A'.repeat(43), 'x', '\u0000', "' or 1=1 --"])
      expect(await push({ grant_management_action: 'replace', grant_id })).toEqual([
        'invalid_grant_id',
        'there is no such grant to replace',
      ])
  })

  it('also where it was not pushed: the fintech is told by redirect', async () => {
    const { parameters } = fintech.newRequest({ grant_management_action: 'merge' })
    const answer = await bank.server.inject(`/authorize?${new URLSearchParams(parameters).toString()}`)
    const back = new URL(String(answer.headers.location))
    expect([back.origin + back.pathname, back.searchParams.get('error')]).toEqual([
      parameters.redirect_uri,
      'invalid_request',
    ])
  })
})

describe('replace', () => {
  it('is a renewal: the grant stays, and what stands on it is the new consent', async () => {
    const request = { grant_management_action: 'replace', grant_id: grantId, scope: 'openid balances' }
    const former = (await consentsOf(bank)).at(-1)?.number
    const body = await agreed(await begin(bank, { request }))
    expect(body).toMatchObject({ grant_id: grantId, scope: 'balances' })
    expect(body.consent_id).not.toBe(former)
    expect(await read(grantId)).toBe(200)
  })

  it('by another customer than the grant’s ends as any renewal of a stranger', async () => {
    const walk = await begin(bank, { request: { grant_management_action: 'replace', grant_id: grantId } })
    const page = await walk.browser.post(`${walk.base}/sign-in`, {
      loginId: 'mihon01',
      password: 'Tsubame2026',
    })
    expect(page.html).toContain('data-problem="customer-of-another"')
  })

  it('does not survive the grant: given back while its code is under way, the code is dead', async () => {
    const { access } = await connect(bank, 'mihon03')
    const { grant_id } = (await fintech.introspect(access)).body
    const id = String(grant_id)
    const walk = await begin(bank, { request: { grant_management_action: 'replace', grant_id: id } })
    await walkToConsent(walk, 'mihon03')
    await allow(walk)
    const back = await comeBack(walk)
    expect(await ask('grant_management_revoke', 'DELETE', id)).toBe(204)
    const { body } = await walk.fintech.exchange(back.searchParams.get('code') ?? '', walk.verifier)
    expect(body.error).toBe('invalid_grant')
    expect(await read(id)).toBe(404)
  })
})

describe('create', () => {
  it('makes a grant of its own, and the former one is over once its code is exchanged', async () => {
    const walk = await begin(bank, { request: { grant_management_action: 'create' } })
    expect(await read(grantId)).toBe(200)
    const { grant_id } = await agreed(walk)
    expect(grant_id).toMatch(/^[\w-]{16,}$/)
    expect(grant_id).not.toBe(grantId)
    expect([await read(String(grant_id)), await read(grantId)]).toEqual([200, 404])
  })

  it('that the customer stops before its code is exchanged changes nothing about the grant in use', async () => {
    const inUse = (await consentsOf(bank)).at(-1)
    const id = inUse?.arrangement_id ?? ''
    const walk = await begin(bank, { request: { grant_management_action: 'create' } })
    await walkToConsent(walk, 'mihon02')
    await allow(walk)
    const never = (await consentsOf(bank)).at(-1)?.number ?? ''
    await stop(await visitConnections(bank, 'mihon02'), never)
    expect(await read(id)).toBe(200)

    const request = { grant_management_action: 'replace', grant_id: id }
    expect(await push(request)).toEqual([undefined, 'undefined'])
    const renewal = await begin(bank, { request })
    const page = await walkToConsent(renewal, 'mihon02')
    expect(page.html).toContain(`認可番号 ${inUse?.number}、`)
    expect(page.html).not.toContain(never)
  })

  it('left out, the customer’s grant goes on, as it always did', async () => {
    const newest = (await consentsOf(bank)).findLast(({ status }) => status === 'active')?.arrangement_id
    expect(await agreed(await begin(bank))).toMatchObject({ grant_id: newest })
  })
})
