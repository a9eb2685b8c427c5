/** The words that a customer agreed to can be shown later, whatever became of the texts since. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/secrets.ts'
import { wordsOfConsent } from '../../src/store/wordings.ts'
import { startBank, type TestBank } from '../support/bank.ts'
import { connect } from '../support/walk.ts'

let bank: TestBank
beforeEach(async () => {
  bank = await startBank()
})
afterEach(() => bank.close())

describe('the words of a consent', () => {
  it('are kept once for all who read the same, and stay as they were read', async () => {
    const client = await bank.clients.find('demo-kakeibo')
    if (!client) throw new Error('the demo client is not there')
    await connect(bank, 'mihon02')
    await connect(bank, 'mihon01')
    const { status: _status, ...registration } = client
    await bank.clients.put({ ...registration, termsUrl: 'https://kakeibo.example/new-terms' })
    await connect(bank, 'mihon03')
    const kept = await bank.db.selectFrom('wordings').selectAll().execute()
    expect(kept).toHaveLength(2)
    for (const { hash, words } of kept) expect(sha256(words)).toBe(hash)
    const consents = await bank.db.selectFrom('consents').select('id').orderBy('granted_at').execute()
    const read = await Promise.all(consents.map(({ id }) => wordsOfConsent(bank.db, id)))
    expect(read[0]).toMatchObject({
      intro: expect.arrayContaining([expect.stringContaining('みほん家計簿（株式会社みほんフィンテック）')]),
      links: { client: { terms: 'https://kakeibo.example/terms' } },
    })
    expect(read[1]).toEqual(read[0])
    expect(read[2]).toMatchObject({ links: { client: { terms: 'https://kakeibo.example/new-terms' } } })
  })
})
