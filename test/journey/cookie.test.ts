/** The facts in the cookie: what does not fit gives way in an order that never costs the customer a wish. */
import { describe, expect, it } from 'vitest'
import {
  fitted,
  forget,
  type Journey,
  newJourney,
  packErrors,
  readJourney,
  unpackErrors,
} from '../../src/journey/journey.ts'

const handles = (count: number) => Array.from({ length: count }, (_, index) => String(index).padStart(8, 'h'))
const sizeOf = (journey: Journey) => Buffer.byteLength(JSON.stringify(journey))

const crowded: Journey = {
  ...newJourney('u'.repeat(43), 0),
  facts: {
    customer: { id: 'c'.repeat(40), companyName: '株'.repeat(80), userName: '見'.repeat(40), since: 0 },
    pins: 'entered',
    pinResult: { heldCount: 200, failedCount: 200, rows: { held: handles(200), 'pin-wrong': handles(200) } },
  },
  notice: {
    step: 'give-consent',
    errors: { 'pin-wrong': handles(200) },
    kept: { again: 'yes', accounts: handles(200) },
  },
}

describe('a journey of very many accounts', () => {
  const small = fitted(crowded)

  it('fits', () => {
    expect(sizeOf(small)).toBeLessThanOrEqual(2500)
  })

  it('keeps every fact and the true counts, and knows that the page is shown again', () => {
    expect(small.facts.customer).toEqual(crowded.facts.customer)
    expect(small.facts.pins).toBe('entered')
    expect(small.facts.pinResult).toMatchObject({ heldCount: 200, failedCount: 200 })
    expect(small.notice?.kept.again).toBe('yes')
    expect(Object.keys(small.notice?.errors ?? {})).toEqual(['pin-wrong'])
  })

  it('ends even when nothing is left to give way', () => {
    const stubborn = { ...crowded, uid: 'u'.repeat(4000) }
    expect(sizeOf(fitted(stubborn))).toBeGreaterThan(2500)
  })

  it('is left alone when it is small', () => {
    const journey = { ...newJourney('uid', 0), facts: { pins: 'adding' as const } }
    expect(fitted(journey)).toBe(journey)
  })
})

describe('the content of a cookie', () => {
  it.each([
    undefined,
    null,
    'text',
    {},
    { uid: 'other', seenAt: 0, facts: {} },
    { uid: 'uid', seenAt: 'x' },
    { uid: 'uid', seenAt: 0, facts: { pins: 'all' } },
  ])('of %j is no journey of this uid', (content) => {
    expect(readJourney(content, 'uid')).toBeUndefined()
  })

  it('packs errors by code and gives them back', () => {
    const errors = [
      { code: 'pin-form', field: 'pin-a' },
      { code: 'pin-wrong', field: 'pin-b' },
      { code: 'pin-form', field: 'pin-c' },
    ] as const
    expect(unpackErrors(packErrors(errors))).toEqual([errors[0], errors[2], errors[1]])
  })

  it('forgets everything with the certificate, and only its own with services and accounts', () => {
    const facts = {
      ...crowded.facts,
      certificate: { user: 'u', name: 'n', endsAt: 1, since: 0 },
      services: ['balances' as const],
    }
    expect(forget(facts, 'certificate')).toEqual({})
    expect(forget(facts, 'services')).not.toHaveProperty('services')
    expect(forget(facts, 'accounts')).toMatchObject({ pins: 'adding', services: ['balances'] })
  })
})
