/** The figures after customers and fintechs did what they do, read as Prometheus reads them; and who can read them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { valueOf } from '../support/figures.ts'
import { startBank, type TestBank, unavailable, withCalls } from '../support/bank.ts'
import {
  allow,
  begin,
  cancel,
  chooseServices,
  comeBack,
  confirmPins,
  giveAnswer,
  pin,
  registerPins,
  signIn,
  type Walk,
} from '../support/walk.ts'

let bank: TestBank
let isBankAway = false
let text: string
beforeAll(async () => {
  bank = await startBank({
    desk: { kind: 'demo', url: 'http://127.0.0.1:3004', members: [] },
    wrapBank: (real) => withCalls(real, () => (isBankAway ? { signIn: unavailable } : {})),
  })
  bank.readiness.open()
  await goesWell(await begin(bank))
  await isCancelled(await begin(bank))
  await bank.server.inject({ url: '/nowhere/4649' })
  await bank.deskServer?.inject({ url: '/sign-in' })
  await bank.sealer.seal()
  await bank.sweeper.sweep()
  await bank.outbox.deliver()
  text = await read()
})
afterAll(() => bank.close())

const read = async (): Promise<string> => (await bank.internalServer.inject('/metrics')).body
const figure = (name: string, labels: Readonly<Record<string, string>> = {}) => valueOf(text, name, labels)
const client = 'demo-kakeibo'

async function goesWell(walk: Walk): Promise<void> {
  await signIn(walk, 'mihon03')
  await giveAnswer(walk)
  await chooseServices(walk)
  await registerPins(walk, { 2000002: pin })
  await confirmPins(walk)
  await allow(walk)
  const code = (await comeBack(walk)).searchParams.get('code') ?? ''
  const { body } = await walk.fintech.exchange(code, walk.verifier)
  await walk.fintech.refresh(String(body.refresh_token))
  await walk.fintech.refresh('unknown')
  await walk.fintech.introspect(String(body.refresh_token))
  await walk.fintech.introspect('unknown')
  await walk.fintech.api('/api/accounts', String(body.access_token))
  await walk.fintech.api('/api/accounts', 'unknown')
}

async function isCancelled(walk: Walk): Promise<void> {
  await signIn(walk, 'mihon03', 'wrong')
  isBankAway = true
  await signIn(walk, 'mihon03')
  isBankAway = false
  await signIn(walk, 'mihon03')
  await cancel(walk)
}

describe('the figures tell', () => {
  it('how far journeys came, step by step', () => {
    const funnel = (step: string) => [
      figure('ninka_journey_steps_reached_total', { client, step }),
      figure('ninka_journey_steps_done_total', { client, step }),
    ]
    expect(funnel('sign-in')).toEqual([2, 2])
    expect(funnel('answer-challenge')).toEqual([2, 1])
    expect(funnel('give-consent')).toEqual([1, 1])
  })

  it('how they ended, and where', () => {
    const ended = (how: string, step: string) => figure('ninka_journeys_ended_total', { client, how, step })
    expect(ended('allowed', 'give-consent')).toBe(1)
    expect(ended('cancelled', 'answer-challenge')).toBe(1)
  })

  it('why customers could not sign in, and whom the extra question was put to', () => {
    expect(figure('ninka_sign_in_failures_total', { method: 'password', reason: 'wrong' })).toBe(1)
    expect(figure('ninka_sign_ins_total', { visit: 'journey', challenge: 'ask' })).toBe(2)
    expect(figure('ninka_challenges_total', { result: 'answered' })).toBe(1)
  })

  it('which consents were given and used', () => {
    expect(figure('ninka_consents_granted_total', { client, mode: 'first' })).toBe(1)
    expect(figure('ninka_consents_activated_total', { client })).toBe(1)
  })

  it('what fintechs asked for and got', () => {
    const oauth = (endpoint: string, grant: string, result: string) =>
      figure('ninka_oauth_requests_total', { endpoint, client, grant_type: grant, result })
    expect(oauth('token', 'authorization_code', 'ok')).toBe(1)
    expect(oauth('token', 'refresh_token', 'ok')).toBe(1)
    expect(oauth('token', 'refresh_token', 'invalid_grant')).toBe(1)
    expect(oauth('introspect', '', 'active')).toBe(1)
    expect(oauth('introspect', '', 'inactive')).toBe(1)
    const api = (status: string) => figure('ninka_http_requests_total', { route: '/api/accounts', status })
    expect([api('200'), api('401')]).toEqual([1, 1])
  })

  it('how long every kind of request took', () => {
    const took = (route: string, method: string) =>
      figure('ninka_http_request_duration_seconds_count', { listener: 'public', route, method })
    expect(took('/journey/:uid/sign-in', 'POST')).toBe(4)
    expect(took('/token', 'POST')).toBe(3)
    expect(took('none', 'GET')).toBe(1)
    expect(figure('ninka_http_requests_total', { listener: 'desk', route: '/sign-in' })).toBe(1)
  })

  it('how the bank answered', () => {
    const calls = (result: string) => figure('ninka_bank_calls_total', { call: 'signIn', result })
    expect([calls('ok'), calls('wrong'), calls('unavailable')]).toEqual([2, 1, 1])
    expect(figure('ninka_bank_call_duration_seconds_count', { call: 'signIn' })).toBe(4)
  })

  it('what waits, what is swept and that all is sealed', () => {
    expect(figure('ninka_ready')).toBe(1)
    expect(figure('ninka_audit_unsealed_rows')).toBe(0)
    expect(figure('ninka_audit_chain_broken')).toBe(0)
    expect(figure('ninka_sweeper_rounds_total')).toBe(1)
    // There is no mail system, so nobody wants the notice of the consent.
    expect(figure('ninka_outbox_messages_total', { kind: 'notice', result: 'unwanted' })).toBe(1)
    expect(figure('ninka_outbox_waiting_messages', { kind: 'notice' })).toBe(0)
  })

  it('of each row of the audit once', async () => {
    const before = figure('ninka_journeys_ended_total', { how: 'allowed' })
    await bank.sealer.seal()
    expect(valueOf(await read(), 'ninka_journeys_ended_total', { how: 'allowed' })).toBe(before)
  })

  it('that the audit was changed from outside', async () => {
    const other = await startBank()
    await signIn(await begin(other), 'mihon03')
    await other.db.updateTable('audit_chain').set({ hash: 'x' }).where('name', '=', 'end').execute()
    await other.sealer.seal()
    const seen = (await other.internalServer.inject('/metrics')).body
    expect(valueOf(seen, 'ninka_audit_chain_broken')).toBe(1)
    expect(valueOf(seen, 'ninka_audit_unsealed_rows')).toBeGreaterThan(0)
    await other.close()
  })

  it('nothing that a caller wrote: no customer, no number, no address as it was asked for', async () => {
    const { number, customer_id: customer } = await bank.db
      .selectFrom('consents')
      .select(['number', 'customer_id'])
      .executeTakeFirstOrThrow()
    for (const secret of [number, customer, 'mihon03', '4649', '/nowhere']) expect(text).not.toContain(secret)
  })
})

describe('the door for whoever watches', () => {
  it('says whether the process lives and wants requests', async () => {
    const status = async (path: string) => (await bank.internalServer.inject(path)).statusCode
    expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 200])
    expect(await status('/')).toBe(404)
  })

  it('is the only one that leads to the figures', async () => {
    for (const server of [bank.server, bank.deskServer]) {
      const answer = await server?.inject({ url: '/metrics' })
      expect(answer?.statusCode).not.toBe(200)
      expect(answer?.body).not.toContain('ninka_')
    }
  })
})
