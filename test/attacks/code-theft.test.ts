/** Somebody has got hold of a code or a token, or spends his own in ways it was not meant for. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TestBank } from '../support/bank.ts'
import { type Answer, openFintech } from '../support/fintech.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { returnWithCode } from '../support/returned.ts'
import { allow, begin, chooseServices, comeBack, connect, signIn } from '../support/walk.ts'

let processes: Processes
let bank: TestBank
beforeAll(async () => {
  processes = await startProcesses()
  bank = processes.one
})
afterAll(() => processes.close())
// A renewal has fewer steps; here every journey is a first registration.
beforeEach(() => bank.db.deleteFrom('consents').execute())

const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status)
const newestConsent = () =>
  bank.db
    .selectFrom('consents')
    .select(['status', 'ended_reason'])
    .orderBy('granted_at', 'desc')
    .executeTakeFirstOrThrow()

describe('a code', () => {
  it('spent three times at once over two processes gives at most one answer with tokens, and those are dead', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { code, verifier } = await returnWithCode(bank)
      const fintechs = [processes.one, processes.two, processes.one].map((one) => openFintech(one))
      const answers = await Promise.all(fintechs.map((fintech) => fintech.exchange(code, verifier)))
      const [winner, ...more] = answers.filter(({ status }) => status === 200)
      expect(more).toEqual([])
      for (const { status, body } of answers)
        if (status !== 200) expect([status, body.error]).toEqual([400, 'invalid_grant'])
      for (const fintech of winner ? fintechs : []) {
        expect((await fintech.api('/api/accounts', String(winner?.body.access_token))).status).toBe(401)
        expect((await fintech.refresh(String(winner?.body.refresh_token))).body.error).toBe('invalid_grant')
      }
      expect(await newestConsent()).toEqual({ status: 'stopped', ended_reason: 'code-replayed' })
    }
  })

  it('replayed at the other process ends what the first exchange gave', async () => {
    const { code, verifier, fintech } = await returnWithCode(bank)
    const { body } = await fintech.exchange(code, verifier)
    expect((await openFintech(processes.two).exchange(code, verifier)).body.error).toBe('invalid_grant')
    expect((await fintech.api('/api/accounts', String(body.access_token))).status).toBe(401)
  })

  it('without all that belongs to it gives nothing, and the fintech can still spend it', async () => {
    const { code, verifier, fintech, parameters } = await returnWithCode(bank)
    const other = await returnWithCode(bank, 'mihon01')
    const grant = { grant_type: 'authorization_code', code, redirect_uri: fintech.redirectUri }
    const thefts = {
      'without a verifier': () => fintech.form('/token', grant),
      'with an empty verifier': () => fintech.exchange(code, ''),
      'with the challenge as verifier': () => fintech.exchange(code, parameters.code_challenge ?? ''),
      'with the verifier of another code': () => fintech.exchange(code, other.verifier),
      'without a secret': () =>
        fintech.form('/token', { ...grant, code_verifier: verifier }, { authorization: '' }),
      'with a wrong secret': () =>
        fintech.form(
          '/token',
          { ...grant, code_verifier: verifier },
          { authorization: `Basic ${btoa(`${fintech.clientId}:wrong`)}` },
        ),
      'with the secret in the body, as this fintech never sends it': () =>
        fintech.form(
          '/token',
          {
            ...grant,
            code_verifier: verifier,
            client_id: fintech.clientId,
            client_secret: fintech.clientSecret,
          },
          { authorization: '' },
        ),
    }
    for (const [how, steal] of Object.entries(thefts)) {
      const { status, body } = await steal()
      expect([400, 401], `${how}: ${JSON.stringify(body)}`).toContain(status)
      expect(body.access_token, how).toBeUndefined()
    }
    expect((await fintech.exchange(code, verifier)).status).toBe(200)
    expect((await other.fintech.exchange(other.code, other.verifier)).status).toBe(200)
  })

  it('of a fintech that was suspended meanwhile gives nothing', async () => {
    const { code, verifier, fintech } = await returnWithCode(bank, 'mihon02', {
      fintech: openFintech(bank, 'demo-kaikei'),
    })
    const suspend = (status: 'active' | 'suspended') =>
      bank.db.updateTable('clients').set({ status }).where('id', '=', 'demo-kaikei').execute()
    await suspend('suspended')
    expect((await fintech.exchange(code, verifier)).body.error).toBe('invalid_client')
    await suspend('active')
  })

  it('is no access token and no refresh token, and introspection knows nothing of it', async () => {
    const { code, fintech } = await returnWithCode(bank)
    expect((await fintech.api('/api/accounts', code)).status).toBe(401)
    expect((await fintech.refresh(code)).body.error).toBe('invalid_grant')
    expect((await fintech.introspect(code)).body).toEqual({ active: false })
  })
})

describe('a code that nobody exchanges', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const seconds = (n: number) => vi.setSystemTime(Date.now() + n * 1000)

  it('is dead after 60 seconds, and a replay of the dead one ends no connection', async () => {
    const former = await connect(bank, 'mihon02')
    const { code, verifier, fintech } = await returnWithCode(bank)
    seconds(61)
    expect((await fintech.exchange(code, verifier)).body.error).toBe('invalid_grant')
    expect((await openFintech(processes.two).exchange(code, verifier)).body.error).toBe('invalid_grant')
    expect((await former.fintech.refresh(former.refresh)).status).toBe(200)
  })

  it('still works a few seconds before that', async () => {
    const { code, verifier, fintech } = await returnWithCode(bank)
    seconds(55)
    expect((await fintech.exchange(code, verifier)).status).toBe(200)
  })
})

describe('a refresh token', () => {
  it('used in parallel over two processes answers everyone, and every token it gave works at both', async () => {
    const { refresh } = await connect(bank, 'mihon02')
    const fintechs = [0, 1, 2, 3, 4, 5].map((n) => openFintech(n % 2 ? processes.two : processes.one))
    const answers = await Promise.all(fintechs.map((fintech) => fintech.refresh(refresh)))
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 200])
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(6)
    const read = await Promise.all(
      answers.map(({ body }, n) =>
        openFintech(n % 2 ? processes.one : processes.two).api('/api/accounts', String(body.access_token)),
      ),
    )
    expect(statuses(read)).toEqual([200, 200, 200, 200, 200, 200])
  })

  it('is no code and no access token, and no other token is one', async () => {
    const { access, refresh, idToken, fintech, verifier } = await connect(bank, 'mihon02')
    expect((await fintech.exchange(refresh, verifier)).body.error).toBe('invalid_grant')
    expect((await fintech.exchange(access, verifier)).body.error).toBe('invalid_grant')
    expect((await fintech.refresh(access)).body.error).toBe('invalid_grant')
    expect((await fintech.refresh(idToken)).body.error).toBe('invalid_grant')
    expect((await fintech.api('/api/accounts', refresh)).status).toBe(401)
    expect((await fintech.api('/api/accounts', idToken)).status).toBe(401)
    expect((await fintech.refresh(refresh)).status).toBe(200)
  })

  it('in another fintech’s hands gives nothing and still works for its own', async () => {
    const { access, refresh, fintech } = await connect(bank, 'mihon02')
    const thief = openFintech(bank, 'demo-kaikei')
    expect((await thief.refresh(refresh)).body.error).toBe('invalid_grant')
    await thief.revoke(refresh)
    await thief.revoke(access)
    expect((await fintech.api('/api/accounts', access)).status).toBe(200)
    expect((await fintech.refresh(refresh)).status).toBe(200)
  })

  it('without the fintech’s secret gives nothing', async () => {
    const { refresh, fintech } = await connect(bank, 'mihon02')
    const fields = { grant_type: 'refresh_token', refresh_token: refresh }
    const { status } = await fintech.form(
      '/token',
      { ...fields, client_id: fintech.clientId },
      { authorization: '' },
    )
    expect([400, 401]).toContain(status)
  })

  it('is dead at both processes once its consent has stopped', async () => {
    const { access, refresh, fintech } = await connect(bank, 'mihon02')
    const other = openFintech(processes.two)
    expect(statuses([await fintech.refresh(refresh), await other.refresh(refresh)])).toEqual([200, 200])
    await other.revoke(refresh)
    for (const one of [fintech, other]) {
      expect((await one.refresh(refresh)).body.error).toBe('invalid_grant')
      expect((await one.api('/api/accounts', access)).status).toBe(401)
      expect((await one.introspect(refresh)).body).toEqual({ active: false })
    }
  })

  it('cannot widen what the customer allowed', async () => {
    // Whoever was connected by an earlier test would renew, and not choose services.
    await bank.db.deleteFrom('consents').execute()
    const walk = await begin(bank)
    await signIn(walk, 'mihon02')
    await chooseServices(walk, ['balances'])
    await allow(walk)
    const code = (await comeBack(walk)).searchParams.get('code') ?? ''
    const { body } = await walk.fintech.exchange(code, walk.verifier)
    const refresh = String(body.refresh_token)
    for (const scope of ['balances transactions', 'transactions', 'openid balances transactions', 'admin']) {
      const widened = await walk.fintech.form('/token', {
        grant_type: 'refresh_token',
        refresh_token: refresh,
        scope,
      })
      expect([widened.status, widened.body.error], scope).toEqual([400, 'invalid_scope'])
    }
    const after = await walk.fintech.refresh(refresh)
    expect(after.body.scope).toBe('balances')
    const accounts = (await walk.fintech.api('/api/accounts', String(after.body.access_token))).body.accounts
    const [account] = accounts as { accountId: string }[]
    const address = `/api/accounts/${account?.accountId}/transactions`
    expect((await walk.fintech.api(address, String(after.body.access_token))).status).toBe(403)
  })
})
