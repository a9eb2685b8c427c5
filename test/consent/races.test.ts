/** Two processes, one customer, one fintech: whatever happens at once, one connection is live. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createConsents } from '../../src/consent/consents.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { freshDatabase } from '../support/database.ts'
import { type Answer, openFintech } from '../support/fintech.ts'
import { allow, begin, comeBack, walkToConsent } from '../support/walk.ts'

let banks: readonly [TestBank, TestBank]
beforeEach(async () => {
  const databaseUrl = await freshDatabase()
  const masterKey = randomBytes(32)
  const first = await startBank({ databaseUrl, masterKey })
  banks = [first, databaseUrl.startsWith('sqlite:') ? first : await startBank({ databaseUrl, masterKey })]
})
afterEach(async () => {
  for (const bank of new Set(banks)) await bank.close()
})

async function grantedCode(bank: TestBank) {
  const walk = await begin(bank)
  await walkToConsent(walk, 'mihon02')
  await allow(walk)
  return { code: (await comeBack(walk)).searchParams.get('code') ?? '', verifier: walk.verifier }
}

/** Whoever was replaced before his answer was out is told so, instead of being handed dead tokens. */
function expectOneToWin(answers: readonly Answer[]): void {
  expect(answers.map(({ status }) => status)).toContain(200)
  for (const { body } of answers.filter(({ status }) => status !== 200))
    expect(body).toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringMatching(/^consent_stopped: /),
    })
}

describe('two journeys of one customer', () => {
  it('exchanged at once on two processes leave one active connection, and its tokens alone live', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [one, two] = [await grantedCode(banks[0]), await grantedCode(banks[1])]
      const answers = await Promise.all([
        openFintech(banks[0]).exchange(one.code, one.verifier),
        openFintech(banks[1]).exchange(two.code, two.verifier),
      ])
      expectOneToWin(answers)
      const active = await banks[0].db
        .selectFrom('consents')
        .select('id')
        .where('status', '=', 'active')
        .execute()
      expect(active).toHaveLength(1)
      const alive = await Promise.all(
        answers.map(({ body }) => openFintech(banks[0]).refresh(String(body.refresh_token))),
      )
      expect(alive.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400])
    }
  })

  it('started at once make one set of keys and salts', async () => {
    const keys = await Promise.all(banks.map((bank) => bank.server.inject({ url: '/jwks' })))
    expect(keys[0]?.body).toBe(keys[1]?.body)
  })
})

describe('two renewals in two tabs', () => {
  it('exchanged at once continue one arrangement, and one of them is active', async () => {
    const first = await grantedCode(banks[0])
    await openFintech(banks[0]).exchange(first.code, first.verifier)
    const [one, two] = [await grantedCode(banks[0]), await grantedCode(banks[1])]
    const answers = await Promise.all([
      openFintech(banks[0]).exchange(one.code, one.verifier),
      openFintech(banks[1]).exchange(two.code, two.verifier),
    ])
    expectOneToWin(answers)
    const consents = await banks[0].db.selectFrom('consents').selectAll().execute()
    expect(new Set(consents.map((consent) => consent.arrangement_id)).size).toBe(1)
    expect(new Set(consents.map(({ number }) => number)).size).toBe(3)
    expect(consents.map(({ status }) => status).toSorted()).toEqual(['active', 'replaced', 'replaced'])
    const last = consents.find(({ status }) => status === 'active')
    const original = consents.find(({ renews }) => renews === null)
    expect(last?.renews).toBe(original?.id)
  })
})

describe('two accounts of one connection', () => {
  it('that end at once, on two processes, have both ended, and with the last one the connection', async () => {
    const { code, verifier } = await grantedCode(banks[0])
    await openFintech(banks[0]).exchange(code, verifier)
    const lives = banks.map(({ db }) => createConsents({ db, clock: Date.now, pairwiseKey: randomBytes(32) }))
    const [one, other] = lives
    const { id } = await banks[0].db.selectFrom('consents').select('id').executeTakeFirstOrThrow()
    const [first, second] = (await one?.find(id))?.accounts ?? []
    const ended = await Promise.all([
      one?.stopAccount(id, first?.id ?? '', { by: 'customer', reason: 'customer-stopped' }),
      other?.stopAccount(id, second?.id ?? '', { by: 'system', reason: 'pin-changed' }),
    ])
    expect(ended).toEqual([true, true])
    expect(await one?.find(id)).toMatchObject({
      accounts: [],
      stoppedAccounts: [{ id: first?.id }, { id: second?.id }],
      status: 'stopped',
      endedReason: 'no-accounts-left',
    })
  })
})
