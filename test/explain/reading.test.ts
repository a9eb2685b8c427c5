/** Who may read why a client was refused: its own developer and the bank, and nobody learns what is another's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { days } from '../../src/clock.ts'
import { errorIdHeader } from '../../src/explain/numbers.ts'
import { withoutNumber } from '../support/answers.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { type Answer, type Fintech, openFintech } from '../support/fintech.ts'
import { ask, operate } from '../support/operate.ts'
import { leaksOf, tracesOf } from '../support/traces.ts'
import { connect } from '../support/walk.ts'

let bank: TestBank
let fintech: Fintech
let other: Fintech
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-25T12:00:00+09:00') })
  bank = await startBank()
  fintech = openFintech(bank)
  other = openFintech(bank, 'demo-kaikei')
})
afterEach(async () => {
  await bank.close()
  vi.useRealTimers()
})

const idOf = ({ headers }: Pick<Answer, 'headers'>): string => String(headers[errorIdHeader])

const tokenOf = async (by: Fintech, scope = 'errors'): Promise<string> =>
  String((await by.form('/token', { grant_type: 'client_credentials', scope })).body.access_token)

const read = async (by: Fintech, id: string): Promise<Answer> =>
  by.api(`/errors/${encodeURIComponent(id)}`, await tokenOf(by))

const refused = (overrides: Record<string, string | undefined> = {}) =>
  fintech.push(fintech.newRequest({ redirect_uri: 'https://other.example/back', ...overrides }).parameters)

const count = async (): Promise<number> =>
  (await bank.db.selectFrom('refusals').select('id').execute()).length

describe('the client’s developer', () => {
  it('reads parameter, value, rule, section and what to do', async () => {
    const answer = await refused()
    expect(answer.body.error_description).toMatch(/ \(error [0-9A-Z]{4}-[0-9A-Z]{4}\)$/)
    expect(await read(fintech, idOf(answer))).toMatchObject({
      status: 200,
      body: {
        id: idOf(answer),
        at: '2026-11-25T03:00:00.000Z',
        endpoint: '/par',
        error: 'invalid_request',
        description: withoutNumber(String(answer.body.error_description)),
        parameter: 'redirect_uri',
        value: 'https://other.example/back',
        rule: expect.stringContaining('registered'),
        section: 'RFC 6749 section 3.1.2.3',
        help: expect.stringContaining('Compare'),
        step: null,
        journey: null,
      },
    })
  })

  it('may type the number as it was read out', async () => {
    const id = idOf(await refused())
    const typed = id.toLowerCase().replace('-', '').replaceAll('0', 'o').replaceAll('1', 'l')
    expect((await read(fintech, typed)).body.id).toBe(id)
  })

  it('needs a token that was asked for this, not that of a customer or for grants', async () => {
    const id = idOf(await refused())
    const { access } = await connect(bank, 'mihon02', { fintech })
    for (const token of [access, await tokenOf(fintech, 'grant_management_query'), 'x']) {
      const { status, body, headers } = await fintech.api(`/errors/${id}`, token)
      expect([status, body.error]).toEqual([401, 'invalid_token'])
      expect(headers['www-authenticate']).toContain('error="invalid_token"')
    }
    const { statusCode } = await bank.server.inject(`/errors/${id}`)
    expect(statusCode).toBe(401)
  })

  it('cannot read while the client is suspended, and the bank can read why it is refused', async () => {
    const id = idOf(await refused())
    const token = await tokenOf(fintech)
    await bank.clients.suspend(fintech.clientId, { by: 'staff:tester', note: 'incident 12' })
    expect((await fintech.api(`/errors/${id}`, token)).status).toBe(401)
    expect(await ask(bank, 'errors', 'show', idOf(await fintech.refresh('x')))).toMatchObject({
      client: fintech.clientId,
      error: 'invalid_client',
      rule: expect.stringContaining('suspended'),
    })
  })

  it('reads an error for thirty days', async () => {
    const id = idOf(await refused())
    vi.setSystemTime(Date.now() + days(30))
    await bank.sweeper.sweep()
    expect((await read(fintech, id)).status).toBe(200)
    vi.setSystemTime(Date.now() + 1)
    await bank.sweeper.sweep()
    expect((await read(fintech, id)).status).toBe(404)
  })
})

describe('an error of another client', () => {
  it('is answered like one that never was, and a list of numbers opens nothing', async () => {
    const id = idOf(await refused())
    const told = async (one: string) => {
      const { status, body } = await read(other, one)
      return { status, ...body, error_description: withoutNumber(String(body.error_description)) }
    }
    const never = await told('0000-0000')
    expect(never).toMatchObject({ status: 404, error: 'error_not_found' })
    for (const one of [id, '', '%', "' or 1=1 --", '*', id.slice(0, 4), '\u0000', 'x'.repeat(150)])
      expect(await told(one || '-')).toEqual(never)
  })

  it('is not made by whoever holds another client’s token: that is as unknown as any', async () => {
    const { refresh } = await connect(bank, 'mihon02', { fintech })
    const [stolen, invented] = [await other.refresh(refresh), await other.refresh('invented')]
    expect(withoutNumber(String(stolen.body.error_description))).toBe(
      withoutNumber(String(invented.body.error_description)),
    )
    const { id: _one, ...ofStolen } = (await read(other, idOf(stolen))).body
    const { id: _two, ...ofInvented } = (await read(other, idOf(invented))).body
    expect(ofStolen).toEqual(ofInvented)
  })
})

describe('what is kept', () => {
  it('holds no secret, code, token or query, whatever is sent wrongly', async () => {
    const { access, refresh, idToken } = await connect(bank, 'mihon02', { fintech })
    const secret = 'Kanaria-7f3k'
    const answers = [
      await refused({ redirect_uri: `https://user:${secret}@other.example/back?token=${secret}#${secret}` }),
      await refused({ redirect_uri: secret }),
      await fintech.form('/token', { grant_type: 'refresh_token', refresh_token: `${refresh}x` }),
      await fintech.form('/token', { grant_type: 'authorization_code', code: secret, redirect_uri: 'x' }),
      await fintech.introspect(idToken),
      await fintech.api('/api/accounts', `${access}x`),
      await fintech.form('/par', { client_assertion: secret, request: `${btoa(secret)}.x.y` }),
    ]
    expect(answers.every(({ status }) => status >= 400)).toBe(true)
    const secrets = { secret, access, refresh, idToken, login: 'mihon02' }
    const traces = (await tracesOf(bank, [])).filter(
      ({ place, what }) => place === 'log' || what === 'refusals',
    )
    const named = Object.entries(secrets).map(([name, value]) => ({ name, value, isStoredHashed: true }))
    expect(leaksOf(traces, named)).toEqual([])
  })

  it('shows markup as the text that it is, shortened, and never as a page', async () => {
    const address = `https://other.example/<script>alert(1)</script>${'x'.repeat(500)}`
    const id = idOf(await refused({ redirect_uri: address }))
    const answer = await bank.server.inject({
      url: `/errors/${id}`,
      headers: { authorization: `Bearer ${await tokenOf(fintech)}`, accept: 'text/html' },
    })
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.json()).toMatchObject({ value: `${address.slice(0, 119)}~` })
  })

  it('of a client that is not registered is nothing; its number is in the log', async () => {
    const answer = await bank.server.inject({
      url: '/authorize?client_id=nobody&response_type=code',
      headers: { accept: 'text/html' },
    })
    const id = idOf(answer)
    expect(answer.body).toContain(id)
    expect(bank.logged.some((line) => line.includes(id))).toBe(true)
    expect(await count()).toBe(0)
  })
})

describe('a flood', () => {
  const claim = () => bank.server.inject(`/authorize?client_id=${fintech.clientId}&response_type=code`)

  it('of requests that only say to be a client’s keeps few, and pushes out nothing that the client did', async () => {
    const id = idOf(await refused())
    for (let minute = 0; minute < 9; minute += 1) {
      for (let n = 0; n < 40; n += 1) await claim()
      vi.setSystemTime(Date.now() + 60_000)
    }
    expect(await count()).toBeLessThanOrEqual(1 + 200)
    expect(await count()).toBeGreaterThan(100)
    expect((await read(fintech, id)).status).toBe(200)
  })
})

describe('the bank', () => {
  it('reads every client’s errors by number and by client', async () => {
    const id = idOf(await refused())
    expect((await operate(bank, 'errors', 'show', id)).out).toContain('RFC 6749 section 3.1.2.3')
    expect(await ask(bank, 'errors', 'list', '--client', fintech.clientId)).toMatchObject([{ id }])
    expect(await operate(bank, 'errors', 'show', '0000-0000')).toMatchObject({ status: 1 })
    expect(await operate(bank, 'errors', 'list')).toMatchObject({ status: 2 })
    expect(await operate(bank, 'errors', 'list', '--client', 'nobody')).toMatchObject({ status: 1 })
  })
})
