/** Of the contract: what has become of a customer and his accounts, and who is on the phone. */
import { randomUUID } from 'node:crypto'
import { type BankCheck, findAccount, inNewJourney, same, signedIn, valueOf } from './bench.ts'

export const standingChecks: readonly BankCheck[] = [
  {
    name: 'nothing has happened to a customer in good standing, and a registered account is open',
    async run(bench) {
      const who = await inNewJourney(bench, bench.customers.main)
      const { id } = await findAccount(bench, who, bench.customers.main.accounts.registered)
      const { passwordResetAt: _, ...told } = valueOf(
        'standing',
        await bench.bank.standing({ customer: who.customer, accounts: [id] }),
      )
      same('standing', told, {
        contract: 'open',
        certificate: 'none',
        accounts: [{ account: id, state: 'open' }],
      })
    },
  },
  {
    name: 'an account without a registered PIN is pin-changed, and one that is not his is closed',
    async run(bench) {
      const who = await inNewJourney(bench, bench.customers.main)
      const { id } = await findAccount(bench, who, bench.customers.main.accounts.unregistered)
      const asked = { customer: who.customer, accounts: [id, 'nobodys'] }
      same('the accounts', valueOf('standing', await bench.bank.standing(asked)).accounts, [
        { account: id, state: 'pin-changed' },
        { account: 'nobodys', state: 'closed' },
      ])
    },
  },
  {
    name: 'somebody unknown has no contract',
    async run({ bank }) {
      const told = valueOf('standing', await bank.standing({ customer: 'nobody', accounts: [] }))
      same('the contract', told.contract, 'closed')
    },
  },
  {
    name: 'the desk finds a customer by id, login ID, account number and part of the company’s name',
    async run(bench) {
      const { loginId, companyName, userName, accounts } = bench.customers.main
      const { id } = await signedIn(bench, bench.customers.main)
      const entry = { id, companyName, userName, loginId }
      for (const query of [id, loginId, accounts.registered.number, companyName.slice(1)]) {
        const found = valueOf('find-customers', await bench.bank.findCustomers(query))
        same(
          `the entry found by "${query}"`,
          found.find((one) => one.id === id),
          entry,
        )
      }
    },
  },
  {
    name: 'the desk finds nobody by nothing, by a wildcard or by a name that nobody has',
    async run({ bank }) {
      for (const query of ['', '  ', '%', randomUUID()])
        same(`what "${query}" finds`, valueOf('find-customers', await bank.findCustomers(query)), [])
    },
  },
]
