/** What every implementation of the bank port must do, whoever stands behind it. Run with the demo customers. */
import { describe, expect, test } from 'vitest'
import { customerIssuer } from '../../src/bank/simulator/certificate-names.ts'
import { customerId } from '../support/certificates.ts'
import { pinsContract } from './pins-contract.ts'
import { standingContract } from './standing-contract.ts'
import { statementContract } from './statement-contract.ts'
import { type MakeBank, password, type UnderTest, underTest, valueOf } from './under-test.ts'

export function bankContract(name: string, makeBank: MakeBank): void {
  describe(`${name} as a bank`, () => {
    const made = underTest(makeBank)
    test('is reached', async () => {
      expect(await made.bank.reach()).toEqual({ ok: true, value: 'reached' })
    })
    signInContract(made)
    pinsContract(made)
    statementContract(made)
    standingContract(made)
  })
}

function signInContract(made: UnderTest): void {
  describe('signing in', () => {
    test('the right password tells who it is, and never by the login ID', async () => {
      const customer = await made.signedIn('mihon01')
      expect(customer).toMatchObject({
        companyName: '株式会社見本商店',
        userName: '見本 太郎',
        signals: [],
      })
      expect(customer.id).not.toContain('mihon')
      expect(customer.id.length).toBeLessThanOrEqual(64)
    })

    test('a customer has the same id at every sign-in, and no two share one', async () => {
      const [first, again, other] = [
        await made.signedIn('mihon01'),
        await made.signedIn('mihon01'),
        await made.signedIn('mihon02'),
      ]
      expect(again.id).toBe(first.id)
      expect(other.id).not.toBe(first.id)
    })

    test('an unknown login ID gets the very answer of a wrong password', async () => {
      const wrong = await made.bank.signIn({ loginId: 'mihon01', password: 'Tsubame2025' })
      expect(wrong).toEqual({ ok: false, reason: 'wrong' })
      for (const loginId of ['mihon99', 'MIHON01', ' mihon01', '', '__proto__']) {
        expect(await made.bank.signIn({ loginId, password })).toEqual(wrong)
      }
    })

    test.each([
      ['mihon04', 'locked-by-bank'],
      ['mihon05', 'password-expired'],
      ['mihon07', 'certificate-required'],
      ['mihon08', 'may-not-connect'],
    ])('why %s may not go on is said only after the right password', async (loginId, reason) => {
      expect(await made.bank.signIn({ loginId, password: 'guess' })).toEqual({ ok: false, reason: 'wrong' })
      expect(await made.bank.signIn({ loginId, password })).toEqual({ ok: false, reason })
    })

    test('a certificate signs in only the customers whose contract says so', async () => {
      const enter = (loginId: string, entered: string) =>
        made.bank.signInWithCertificate({ user: customerId(loginId), password: entered })
      expect(await enter('mihon07', password)).toMatchObject({ ok: true, value: { userName: '汐崎 渚' } })
      expect(await enter('mihon07', 'guess')).toEqual({ ok: false, reason: 'wrong' })
      expect(await enter('mihon01', 'guess')).toEqual({ ok: false, reason: 'wrong' })
      expect(await enter('mihon01', password)).toEqual({ ok: false, reason: 'password-required' })
      const nobody = await made.bank.signInWithCertificate({ user: 'nobody', password })
      expect(nobody).toEqual({ ok: false, reason: 'wrong' })
    })

    describe('a certificate', () => {
      const subject = 'UID=mihon07,CN=汐崎 渚,O=株式会社しおさい水産,C=JP'
      const ours = { subject, issuer: customerIssuer, serialNumber: '1', fingerprint: 'a'.repeat(64) }

      test('names its user, a renewed one the same', async () => {
        const user = { ok: true, value: { id: customerId('mihon07'), userName: '汐崎 渚' } }
        expect(await made.bank.identifyCertificate(ours)).toEqual(user)
        const renewed = { ...ours, serialNumber: '2', fingerprint: 'b'.repeat(64) }
        expect(await made.bank.identifyCertificate(renewed)).toEqual(user)
      })

      test.each([
        ['of another issuer', { issuer: customerIssuer.replace('Mihon', 'Other') }],
        ['of a part of a name', { subject: 'UID=mihon07,CN=汐崎 渚' }],
        ['with the name elsewhere in it', { subject: 'CN=UID\\=mihon07,O=株式会社しおさい水産,C=JP' }],
        [
          'of a contract that signs in by ID',
          { subject: 'UID=mihon01,CN=見本 太郎,O=株式会社見本商店,C=JP' },
        ],
        ['of nobody', { subject: 'UID=mihon99,CN=x,O=x,C=JP' }],
      ])('%s is tied to no contract', async (_what, change) => {
        const answer = await made.bank.identifyCertificate({ ...ours, ...change })
        expect(answer).toEqual({ ok: false, reason: 'not-tied' })
      })
    })

    test('the bank says what it noticed', async () => {
      expect((await made.signedIn('mihon03')).signals).toEqual(['unusual-environment'])
    })
  })

  describe('the registered question', () => {
    test('is the same for the whole of a journey', async () => {
      const who = await made.inJourney('mihon03')
      const question = valueOf(await made.bank.question(who))
      expect(question.text).toBe('好きな花は何ですか')
      expect(valueOf(await made.bank.question(who))).toEqual(question)
    })

    test.each(['さくら', 'サクラ', 'ｻｸﾗ', ' さく　ら '])(
      'is answered by %j, however it is typed',
      async (answer) => {
        const who = await made.inJourney('mihon03')
        const { id } = valueOf(await made.bank.question(who))
        expect(await made.bank.answer({ ...who, question: id, answer })).toEqual({ ok: true, value: 'right' })
      },
    )

    test('is not answered by anything else, nor by the right answer to another question', async () => {
      const who = await made.inJourney('mihon03')
      const { id } = valueOf(await made.bank.question(who))
      const wrong = { ok: false, reason: 'wrong' }
      expect(await made.bank.answer({ ...who, question: id, answer: 'うめ' })).toEqual(wrong)
      expect(await made.bank.answer({ ...who, question: id, answer: '' })).toEqual(wrong)
      expect(await made.bank.answer({ ...who, question: 'another', answer: 'さくら' })).toEqual(wrong)
      expect(await made.bank.answer({ ...who, customer: 'nobody', question: id, answer: 'さくら' })).toEqual(
        wrong,
      )
    })
  })
}
