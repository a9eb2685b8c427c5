/** Two processes, one customer, one fintech: whatever happens at once, one connection is live. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { emptyDatabase } from '../support/database.ts'
import { openFintech } from '../support/fintech.ts'
import { allow, begin, comeBack, walkToConsent } from '../support/walk.ts'

let banks: readonly [TestBank, TestBank]
beforeEach(async () => {
  const databaseUrl = await emptyDatabase()
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

describe('two journeys of one customer', () => {
  it('exchanged at once on two processes leave one active connection, and its tokens alone live', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [one, two] = [await grantedCode(banks[0]), await grantedCode(banks[1])]
      const answers = await Promise.all([
        openFintech(banks[0]).exchange(one.code, one.verifier),
        openFintech(banks[1]).exchange(two.code, two.verifier),
      ])
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
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
