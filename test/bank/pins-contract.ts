/** Of a bank's contract: the accounts a user may inquire, and PINs that are held before they are in force. */
import { describe, expect, test } from 'vitest'
import { pin, type UnderTest, valueOf } from './under-test.ts'

export function pinsContract(made: UnderTest): void {
  describe('inquiry accounts', () => {
    test("are the manual's, in its order", async () => {
      const shown = (await made.accounts(await made.inJourney('mihon01'))).map(
        (one) =>
          `${one.branchName}（${one.branchCode}） ${one.kind} ${one.number} ${one.memo || '-'} ${one.registered}`,
      )
      expect(shown).toEqual([
        'インターネット支店（001） 普通 2000002 口座メモ5678901234567890 false',
        'インターネット支店（202） 普通 1111111 - false',
        'インターネット支店（202） 普通 2222222 - true',
        '豊洲支店（456） 普通 1000314 口座メモ5678901234567890 false',
      ])
    })

    test('have ids of their own, even where two customers have the same number', async () => {
      const [first, other] = [await made.inJourney('mihon01'), await made.inJourney('mihon03')]
      const ids = [...(await made.accounts(first)), ...(await made.accounts(other))].map(({ id }) => id)
      expect(new Set(ids).size).toBe(8)
      expect(ids.every((id) => id.length <= 64)).toBe(true)
      expect((await made.find(first, '1111111')).id).not.toContain('1111111')
    })

    test('may be sixty, in branches that only the code tells apart', async () => {
      const all = await made.accounts(await made.inJourney('mihon06'))
      expect(new Set(all.map(({ id }) => id)).size).toBe(60)
      expect(new Set(all.map(({ branchCode }) => branchCode)).size).toBe(3)
      expect(new Set(all.map(({ branchName }) => branchName)).size).toBe(2)
      expect(all.every(({ memo, number }) => memo.length <= 20 && /^\d{7}$/.test(number))).toBe(true)
    })

    test('may be none, and somebody unknown has none', async () => {
      expect(await made.accounts(await made.inJourney('mihon10'))).toEqual([])
      expect(await made.accounts({ customer: 'nobody', journey: 'one' })).toEqual([])
    })
  })

  describe('PINs', () => {
    test('a held PIN is not a registered one', async () => {
      const who = await made.inJourney('mihon01')
      const { id } = await made.find(who, '1111111')
      expect(await made.hold(who, id)).toBe('held')
      expect(await made.find(who, '1111111')).toMatchObject({ held: true, registered: false })
    })

    test('each row has its own answer, and a wrong one loses no right one', async () => {
      const who = await made.inJourney('mihon01')
      const [first, second] = [await made.find(who, '2000002'), await made.find(who, '1111111')]
      const pins = [
        { account: first.id, pin: '0000' },
        { account: second.id, pin },
        { account: 'nothing of theirs', pin },
      ]
      expect(valueOf(await made.bank.holdPins({ ...who, pins }))).toEqual([
        { account: first.id, answer: 'wrong' },
        { account: second.id, answer: 'held' },
        { account: 'nothing of theirs', answer: 'unknown-account' },
      ])
      expect((await made.accounts(who)).map(({ held }) => held)).toEqual([false, true, false, false])
    })

    test('full-width digits are the same digits, and anything but four of them is wrong', async () => {
      const who = await made.inJourney('mihon01')
      const { id } = await made.find(who, '1111111')
      for (const entered of ['', '464', '46490', ' 4649', 'abcd', '四六四九']) {
        expect(await made.hold(who, id, entered)).toBe('wrong')
      }
      expect(await made.hold(who, id, '４６４９')).toBe('held')
    })

    test('a held row can be entered again, and a wrong entry takes nothing back', async () => {
      const who = await made.inJourney('mihon01')
      const { id } = await made.find(who, '1111111')
      expect(await made.hold(who, id)).toBe('held')
      expect(await made.hold(who, id)).toBe('held')
      expect(await made.hold(who, id, '0000')).toBe('wrong')
      expect(await made.find(who, '1111111')).toMatchObject({ held: true, registered: false })
      valueOf(await made.bank.releasePins(who))
      expect(await made.find(who, '1111111')).toMatchObject({ held: false, registered: false })
    })

    test('committing puts the held ones in force, and a second time changes nothing', async () => {
      const who = await made.inJourney('mihon01')
      await made.hold(who, (await made.find(who, '1111111')).id)
      for (const _ of ['first', 'again']) {
        expect(await made.bank.commitPins(who)).toEqual({ ok: true, value: 'committed' })
        expect((await made.accounts(who)).map(({ registered }) => registered)).toEqual([
          false,
          true,
          true,
          false,
        ])
        expect((await made.accounts(who)).some(({ held }) => held)).toBe(false)
      }
    })

    test('releasing forgets the held ones, again and again, and registers nothing', async () => {
      const who = await made.inJourney('mihon01')
      await made.hold(who, (await made.find(who, '1111111')).id)
      for (const _ of ['first', 'again']) {
        expect(await made.bank.releasePins(who)).toEqual({ ok: true, value: 'released' })
      }
      expect(await made.bank.commitPins(who)).toEqual({ ok: true, value: 'committed' })
      expect(await made.find(who, '1111111')).toMatchObject({ held: false, registered: false })
    })

    test('a registered account can be entered again, and stays registered when that is released', async () => {
      const who = await made.inJourney('mihon01')
      await made.hold(who, (await made.find(who, '2222222')).id)
      expect(await made.find(who, '2222222')).toMatchObject({ held: true, registered: true })
      valueOf(await made.bank.releasePins(who))
      expect(await made.find(who, '2222222')).toMatchObject({ held: false, registered: true })
    })

    test("another journey sees, commits and releases only its own, but what is registered is everybody's", async () => {
      const one = await made.inJourney('mihon01', 'one')
      const two = { ...one, journey: 'two' }
      const { id } = await made.find(one, '1111111')
      await made.hold(one, id)
      expect(await made.find(two, '1111111')).toMatchObject({ held: false, registered: false })
      valueOf(await made.bank.commitPins(two))
      valueOf(await made.bank.releasePins(two))
      expect(await made.find(one, '1111111')).toMatchObject({ held: true, registered: false })
      valueOf(await made.bank.commitPins(one))
      expect(await made.find(two, '1111111')).toMatchObject({ held: false, registered: true })
    })

    test("another customer's account is unknown, even with the right PIN", async () => {
      const [owner, other] = [await made.inJourney('mihon01'), await made.inJourney('mihon03')]
      expect(await made.hold(other, (await made.find(owner, '1111111')).id)).toBe('unknown-account')
      valueOf(await made.bank.commitPins(other))
      expect(await made.find(owner, '1111111')).toMatchObject({ held: false, registered: false })
    })

    test("a journey's name in another customer's mouth commits and releases nothing", async () => {
      const [owner, other] = [await made.inJourney('mihon01'), await made.inJourney('mihon03')]
      await made.hold(owner, (await made.find(owner, '1111111')).id)
      valueOf(await made.bank.commitPins(other))
      valueOf(await made.bank.releasePins({ ...owner, customer: 'nobody' }))
      expect(await made.find(owner, '1111111')).toMatchObject({ held: true, registered: false })
    })

    test('a core system that is down is not a wrong PIN', async () => {
      const who = await made.inJourney('mihon09')
      const [first] = await made.accounts(who)
      const pins = [{ account: first?.id ?? '', pin: '0000' }]
      expect(await made.bank.holdPins({ ...who, pins })).toEqual({ ok: false, reason: 'unavailable' })
      expect((await made.accounts(who)).some(({ held }) => held)).toBe(false)
    })
  })
}
