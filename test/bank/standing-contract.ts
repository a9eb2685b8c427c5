/** What every bank must say about a connection that lives on, and to the desk about who is on the phone. */
import { describe, expect, test } from 'vitest'
import { type UnderTest, valueOf } from './under-test.ts'

export function standingContract(made: UnderTest): void {
  describe('standing', () => {
    test('nothing has happened to a customer in good standing', async () => {
      const { id } = await made.signedIn('mihon02')
      const accounts = valueOf(await made.bank.accounts({ customer: id, journey: 'one' })).map(
        (one) => one.id,
      )
      expect(valueOf(await made.bank.standing({ customer: id, accounts }))).toEqual({
        contract: 'open',
        certificate: 'none',
        passwordResetAt: null,
        accounts: accounts.map((account) => ({ account, state: 'open' })),
      })
    })

    test('an account without a registered PIN cannot be shared any more, and one that is not his is closed', async () => {
      const { id } = await made.signedIn('mihon01')
      const [unregistered] = valueOf(await made.bank.accounts({ customer: id, journey: 'one' }))
      const asked = [unregistered?.id ?? '', 'nobody']
      const { accounts } = valueOf(await made.bank.standing({ customer: id, accounts: asked }))
      expect(accounts.map(({ state }) => state)).toEqual(['pin-changed', 'closed'])
    })

    test('a customer who is nobody has no contract', async () => {
      expect(valueOf(await made.bank.standing({ customer: 'nobody', accounts: [] }))).toMatchObject({
        contract: 'closed',
      })
    })
  })

  describe('finding a customer', () => {
    test.each([
      ['the login ID', 'mihon01'],
      ['the number of an account', '1111111'],
      ['part of the company’s name', '見本商店'],
    ])('by %s', async (_what, query) => {
      const { id } = await made.signedIn('mihon01')
      expect(valueOf(await made.bank.findCustomers(query))).toContainEqual({
        id,
        loginId: 'mihon01',
        companyName: '株式会社見本商店',
        userName: '見本 太郎',
      })
    })

    test('by nothing finds nobody', async () => {
      for (const query of ['', '  ', '%', '見つからない会社'])
        expect(valueOf(await made.bank.findCustomers(query))).toEqual([])
    })
  })
}
