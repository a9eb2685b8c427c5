/** A storm of sign-ins slows sign-ins: fintechs go on getting their tokens. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBank, type TestBank } from '../support/bank.ts'
import { openFintech } from '../support/fintech.ts'
import { begin, connect, goOn, send } from '../support/walk.ts'

let bank: TestBank
beforeAll(async () => {
  bank = await startBank()
})
afterAll(() => bank.close())

const median = (all: readonly number[]): number =>
  all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)] ?? 0

describe('a hundred sign-ins at once', () => {
  it('leave the token endpoint about as fast as it was, and nobody’s right password is called wrong', async () => {
    const { refresh } = await connect(bank, 'mihon02')
    const fintech = openFintech(bank)
    const timed = async (): Promise<number> => {
      const start = performance.now()
      expect((await fintech.refresh(refresh)).status).toBe(200)
      return performance.now() - start
    }
    for (let n = 0; n < 5; n += 1) await timed()
    const before: number[] = []
    for (let n = 0; n < 10; n += 1) before.push(await timed())

    const walk = await begin(bank)
    let going = true
    const storm = Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        send(bank, walk, 'POST', `${walk.base}/sign-in`, {
          fields: { loginId: `nobody${n}`, password: 'guess' },
          from: `203.${n}.113.7`,
        }),
      ),
    ).finally(() => {
      going = false
    })
    const during: number[] = []
    while (going) during.push(await timed())
    expect(new Set((await storm).map(({ statusCode }) => statusCode))).toEqual(new Set([303]))
    expect(during.length).toBeGreaterThan(3)
    // Waiting behind a hundred hashes would make it fifty times slower.
    expect(median(during) / median(before)).toBeLessThan(15)

    const problems = await bank.db
      .selectFrom('audit')
      .select('payload')
      .where('event', '=', 'sign-in-failed')
      .execute()
    expect(problems.length).toBeLessThan(100)
    expect(await goOn(walk, 'mihon01')).toBeTruthy()
  }, 120_000)
})
