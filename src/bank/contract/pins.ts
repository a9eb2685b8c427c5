/** Of the contract: the accounts a user may inquire, and PINs that are held before they are in force. */
import {
  accountsOf,
  type BankCheck,
  type Bench,
  commit,
  findAccount,
  hold,
  holds,
  inNewJourney,
  needs,
  release,
  same,
  sameMarks,
  valueOf,
  wrongPin,
} from './bench.ts'
import type { TestAccount } from './customers.ts'

export const accountChecks: readonly BankCheck[] = [
  {
    name: 'accounts have ids of their own, from which no number can be read',
    async run(bench) {
      const all = await Promise.all(
        [bench.customers.main, bench.customers.other].map(async (one) =>
          accountsOf(bench, await inNewJourney(bench, one)),
        ),
      )
      const ids = all.flat().map(({ id }) => id)
      same('the number of different ids', new Set(ids).size, ids.length)
      for (const { id, number } of all.flat())
        holds('an id', !id.includes(number), 'no account number in it', id)
    },
  },
  {
    name: 'accounts come in the same order each time',
    async run(bench) {
      const who = await inNewJourney(bench, bench.customers.main)
      same('accounts, asked again', await accountsOf(bench, who), await accountsOf(bench, who))
    },
  },
  {
    name: 'a user may have no account, and somebody unknown has none',
    async run(bench) {
      same('accounts of nobody', await accountsOf(bench, { customer: 'nobody', journey: 'one' }), [])
      const { withoutAccounts } = bench.customers
      const who = await inNewJourney(bench, needs(withoutAccounts, 'withoutAccounts'))
      same('accounts', await accountsOf(bench, who), [])
    },
  },
  {
    name: 'an account that the user may not inquire is marked so, and neither a PIN nor an inquiry opens it',
    async run(bench) {
      const { account: its, ...entrance } = needs(bench.customers.barred, 'barred')
      const who = await inNewJourney(bench, entrance)
      const { id: account, barred } = await findAccount(bench, who, its)
      same('the mark', barred, 'no-right')
      same('hold-pins', await hold(bench, who, { account, pin: its.pin }), 'unknown-account')
      const { customer } = who
      const inquiry = await bench.bank.balances({ customer, account, client: 'check' })
      same('balances', inquiry, { ok: false, reason: 'account-closed' })
      const standing = await bench.bank.standing({ customer, accounts: [account] })
      same('standing', valueOf('standing', standing).accounts, [{ account, state: 'closed' }])
    },
  },
]

/** A journey of the main customer with one of his accounts, in which nothing is held when it is over. */
const withAccount =
  (
    which: keyof Bench['customers']['main']['accounts'],
    run: (
      bench: Bench,
      on: {
        readonly who: Awaited<ReturnType<typeof inNewJourney>>
        readonly account: string
        readonly its: TestAccount
      },
    ) => Promise<void>,
  ): BankCheck['run'] =>
  async (bench) => {
    const its = bench.customers.main.accounts[which]
    const who = await inNewJourney(bench, bench.customers.main)
    const { id: account } = await findAccount(bench, who, its)
    try {
      await run(bench, { who, account, its })
    } finally {
      await bench.bank.releasePins(who)
    }
  }

const none = { registered: false, held: false }

export const pinChecks: readonly BankCheck[] = [
  {
    name: 'a held PIN is not a registered one',
    run: withAccount('unregistered', async (bench, { who, account, its }) => {
      await sameMarks(bench, who, its, none)
      same('hold-pins', await hold(bench, who, { account, pin: its.pin }), 'held')
      await sameMarks(bench, who, its, { registered: false, held: true })
    }),
  },
  {
    name: 'each row has its own answer, and a wrong one loses no right one',
    run: withAccount('unregistered', async (bench, { who, account, its }) => {
      const other = bench.customers.main.accounts.toRegister
      const { id } = await findAccount(bench, who, other)
      const pins = [
        { account: id, pin: wrongPin(other.pin) },
        { account, pin: its.pin },
        { account: 'nothing of theirs', pin: its.pin },
      ]
      same('hold-pins', valueOf('hold-pins', await bench.bank.holdPins({ ...who, pins })), [
        { account: id, answer: 'wrong' },
        { account, answer: 'held' },
        { account: 'nothing of theirs', answer: 'unknown-account' },
      ])
      await sameMarks(bench, who, its, { registered: false, held: true })
      same('hold-pins of the other', await hold(bench, who, { account: id, pin: other.pin }), 'held')
    }),
  },
  {
    name: 'full-width digits are the same digits, and anything but four of them is wrong',
    run: withAccount('unregistered', async (bench, { who, account, its: { pin } }) => {
      for (const entered of ['', `${pin}0`])
        same('hold-pins with another length', await hold(bench, who, { account, pin: entered }), 'wrong')
      const wide = pin.replace(/\d/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0))
      same('hold-pins in full-width digits', await hold(bench, who, { account, pin: wide }), 'held')
    }),
  },
  {
    name: 'a held row can be entered again, and a wrong entry takes nothing back',
    run: withAccount('unregistered', async (bench, { who, account, its }) => {
      for (const [pin, expected] of [
        [its.pin, 'held'],
        [its.pin, 'held'],
        [wrongPin(its.pin), 'wrong'],
      ] as const)
        same('hold-pins', await hold(bench, who, { account, pin }), expected)
      await sameMarks(bench, who, its, { registered: false, held: true })
      same('hold-pins', await hold(bench, who, { account, pin: its.pin }), 'held')
    }),
  },
  {
    name: 'releasing forgets what is held, again and again, and registers nothing',
    run: withAccount('unregistered', async (bench, { who, account, its }) => {
      same('hold-pins', await hold(bench, who, { account, pin: its.pin }), 'held')
      await release(bench, who)
      await release(bench, who)
      await commit(bench, who)
      await sameMarks(bench, who, its, none)
    }),
  },
  {
    name: 'committing puts in force what is held, and a second time changes nothing',
    run: withAccount('toRegister', async (bench, { who, account, its }) => {
      same('hold-pins', await hold(bench, who, { account, pin: its.pin }), 'held')
      for (const _ of ['first', 'again']) {
        await commit(bench, who)
        await sameMarks(bench, who, its, { registered: true, held: false })
      }
    }),
  },
  {
    name: 'what was committed is not taken back by a later release',
    run: withAccount('toRegister', async (bench, { who, account, its }) => {
      same('hold-pins', await hold(bench, who, { account, pin: its.pin }), 'held')
      await commit(bench, who)
      await release(bench, who)
      await sameMarks(bench, who, its, { registered: true, held: false })
    }),
  },
  {
    name: 'a registered account can be entered again, and stays registered when that is released',
    run: withAccount('registered', async (bench, { who, account, its }) => {
      same('hold-pins', await hold(bench, who, { account, pin: its.pin }), 'held')
      await sameMarks(bench, who, its, { registered: true, held: true })
      await release(bench, who)
      await sameMarks(bench, who, its, { registered: true, held: false })
    }),
  },
  {
    name: 'another journey sees, commits and releases only its own',
    run: withAccount('unregistered', async (bench, { who, account, its }) => {
      const another = { ...who, journey: `${who.journey}-2` }
      same('hold-pins', await hold(bench, who, { account, pin: its.pin }), 'held')
      await sameMarks(bench, another, its, none)
      await commit(bench, another)
      await release(bench, another)
      await sameMarks(bench, who, its, { registered: false, held: true })
    }),
  },
  {
    name: "another customer's account is unknown, even with the right PIN",
    run: withAccount('unregistered', async (bench, { who, account, its }) => {
      const other = await inNewJourney(bench, bench.customers.other)
      same('hold-pins', await hold(bench, other, { account, pin: its.pin }), 'unknown-account')
      await commit(bench, other)
      await sameMarks(bench, who, its, none)
    }),
  },
  {
    name: "a journey's name in another customer's mouth commits and releases nothing",
    run: withAccount('unregistered', async (bench, { who, account, its }) => {
      const { customer } = await inNewJourney(bench, bench.customers.other)
      same('hold-pins', await hold(bench, who, { account, pin: its.pin }), 'held')
      await commit(bench, { ...who, customer })
      await release(bench, { ...who, customer })
      await release(bench, { ...who, customer: 'nobody' })
      await sameMarks(bench, who, its, { registered: false, held: true })
    }),
  },
  {
    name: 'a PIN that cannot be checked at the moment is not a wrong PIN',
    async run(bench) {
      const who = await inNewJourney(bench, needs(bench.customers.pinsUnavailable, 'pinsUnavailable'))
      const [first] = await accountsOf(bench, who)
      const pins = [{ account: first?.id ?? '', pin: '0000' }]
      const answer = await bench.bank.holdPins({ ...who, pins })
      same('hold-pins', answer.ok ? answer : answer.reason, 'unavailable')
      const held = (await accountsOf(bench, who)).filter((one) => one.held)
      same('the accounts that are held', held, [])
    },
  },
]
