/** What a user may not inquire is shown and never offered; and an account whose PIN has changed asks for it again. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openFintech } from '../support/fintech.ts'
import { demoCustomers } from '../../src/bank/simulator/customers.ts'
import { accountHandle } from '../../src/journey/journey.ts'
import { startBank, type TestBank, withCalls } from '../support/bank.ts'
import {
  allow,
  begin,
  cancel,
  chooseServices,
  comeBack,
  connect,
  registerPins,
  signIn,
  stepOf,
  walkToConsent,
} from '../support/walk.ts'

let bank: TestBank
let barredNow: string | undefined
beforeAll(async () => {
  bank = await startBank({
    wrapBank: (real) =>
      withCalls(real, () => ({
        async accounts(who) {
          const answer = await real.accounts(who)
          if (!answer.ok) return answer
          const value = answer.value.map((one) =>
            one.id === barredNow ? { ...one, barred: 'no-right' as const } : one,
          )
          return { ok: true, value }
        },
      })),
  })
})
afterAll(() => bank.close())

const idOf = (number: string): string =>
  demoCustomers.flatMap(({ accounts }) => accounts).find((one) => one.number === number)?.id ?? ''

it('an account without the right is named with the reason, and neither a PIN nor 許可 opens it', async () => {
  const walk = await begin(bank)
  const page = await walkToConsent(walk, 'mihon15')
  expect(page.html).toContain('この利用者には照会の権限がないため')
  expect(page.html).toContain('豊洲支店（456） 普通 1012247')
  const uid = walk.base.split('/')[2] ?? ''
  const barred = accountHandle(uid, idOf('1012247'))
  expect(page.html).not.toContain(barred)

  await walk.browser.post(`${walk.base}/change`, { fact: 'accounts' })
  const refused = await walk.browser.post(`${walk.base}/register-pins`, {
    rows: [barred],
    [`pin-${barred}`]: '4649',
  })
  expect(refused.html).toContain('登録する口座を選んでください')
  await walk.browser.post(`${walk.base}/register-pins`, { action: 'skip' })
  const both = [accountHandle(uid, idOf('3020339')), barred]
  await allow(walk, { accounts: both })
  expect((await comeBack(walk)).searchParams.get('code')).toBeTruthy()
  const [consent] = await bank.db.selectFrom('consents').select('accounts').execute()
  expect(consent?.accounts).toContain(idOf('3020339'))
  expect(consent?.accounts).not.toContain(idOf('1012247'))
})

it('an account whose right was taken back since is not told of at the accounts API any more', async () => {
  const { fintech, access } = await connect(bank, 'mihon02')
  const numbers = async () =>
    ((await fintech.api('/api/accounts', access)).body.accounts as { accountNumber: string }[]).map(
      ({ accountNumber }) => accountNumber,
    )
  expect(await numbers()).toContain('1002208')
  barredNow = idOf('1002208')
  expect(await numbers()).not.toContain('1002208')
  barredNow = undefined
})

it('a PIN that was changed at the branch is found on use, and the table says 要再登録 until it is registered again', async () => {
  const { fintech, access } = await connect(bank, 'mihon02')
  const { body } = await fintech.api('/api/accounts', access)
  await bank.simulator.changePin(idOf('1002208'))
  const ids = (body.accounts as { accountId: string }[]).map(({ accountId }) => accountId)
  for (const id of ids) await fintech.api(`/api/accounts/${id}/balances`, access)

  // The bank knows it whichever fintech it was that asked.
  const elsewhere = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
  await signIn(elsewhere, 'mihon02')
  expect((await chooseServices(elsewhere)).html).toContain('要再登録')

  const walk = await begin(bank)
  const consent = await walkToConsent(walk, 'mihon02')
  expect(consent.html).toContain('照会用暗証番号を変更した口座がある方')
  const table = await walk.browser.post(`${walk.base}/change`, { fact: 'accounts' })
  expect(table.html).toContain('要再登録')
  const result = await registerPins(walk, { '1002208': '４６４９' })
  expect(stepOf(result)).toBe('review-pins')
  expect(result.html).not.toContain('要再登録')
})

it('a service without the right is named with the reason, and nothing that is sent allows it', async () => {
  const walk = await begin(bank)
  const choice = await signIn(walk, 'mihon16')
  expect(choice.html).toContain('許可できない業務')
  expect(choice.html).toContain('この利用者には許可する権限がないため')
  expect(choice.html).not.toContain('value="transactions"')
  const refused = await chooseServices(walk, ['transactions'])
  expect(refused.html).toContain('業務を選んでください')
  const consent = await chooseServices(walk, ['balances', 'transactions'])
  expect(stepOf(consent)).toBe('give-consent')
  expect(consent.html).toContain('許可できない業務')
  await allow(walk)
  const code = (await comeBack(walk)).searchParams.get('code') ?? ''
  const { body } = await walk.fintech.exchange(code, walk.verifier)
  expect(String(body.scope).split(' ')).toContain('balances')
  expect(String(body.scope)).not.toContain('transactions')
})

it('where customers do not choose, 許可 is about what the user may allow', async () => {
  const walk = await begin(bank, { fintech: openFintech(bank, 'demo-kaikei') })
  const page = await walkToConsent(walk, 'mihon16')
  expect(page.html).toContain('許可できない業務')
  await allow(walk)
  await comeBack(walk)
  const [last] = await bank.db
    .selectFrom('consents')
    .select('services')
    .where('client_id', '=', 'demo-kaikei')
    .execute()
  expect(last?.services).toBe('balances')
})

it('a renewal does not take over a service that the user may no longer allow', async () => {
  await connect(bank, 'mihon12')
  await bank.simulator.change('mihon12', { services: ['transactions'] })
  const walk = await begin(bank)
  const page = await signIn(walk, 'mihon12')
  expect(stepOf(page)).toBe('give-consent')
  expect(page.html).toContain('許可できない業務')
  await allow(walk)
  const code = (await comeBack(walk)).searchParams.get('code') ?? ''
  const { body } = await walk.fintech.exchange(code, walk.verifier)
  expect(String(body.scope)).not.toContain('balances')
})

it('a user who may allow nothing of what is asked meets the page that names who can help', async () => {
  await bank.simulator.change('mihon06', { services: [] })
  const walk = await begin(bank)
  const page = await signIn(walk, 'mihon06')
  expect([page.status, page.html.includes('data-problem="may-not-connect"')]).toEqual([403, true])
  expect((await chooseServices(walk)).html).toContain('data-problem="may-not-connect"')
  await cancel(walk)
  expect((await comeBack(walk)).searchParams.get('error')).toBe('access_denied')
})
