/** Every combination of facts, walked: nothing that is known can make up for a customer or a challenge that is not. */
import { describe, expect, it } from 'vitest'
import type { Facts } from '../../src/journey/journey.ts'
import { nextStep } from '../../src/journey/next-step.ts'

const known = {
  certificate: [undefined, { user: 'u', name: 'n' }],
  customer: [undefined, { id: 'c', companyName: 'k', userName: 'u', since: 0 }],
  challenge: [undefined, 'due', 'answered', 'not-needed'],
  services: [undefined, [], ['balances']],
  pins: [undefined, 'adding', 'entered', 'done', 'not-needed'],
  consent: [undefined, { accounts: ['a'], language: 'ja', wordingHash: 'h' }],
  customerChooses: [true, false],
} as const

/** 2 · 2 · 4 · 3 · 5 · 2 · 2 */
const combinations = 960

function everyCombination(): Facts[] {
  const all: Facts[] = []
  for (const certificate of known.certificate)
    for (const customer of known.customer)
      for (const challenge of known.challenge)
        for (const services of known.services)
          for (const pins of known.pins)
            for (const consent of known.consent)
              for (const customerChooses of known.customerChooses) {
                const facts = { certificate, customer, challenge, services, pins, consent }
                const given = Object.fromEntries(
                  Object.entries(facts).filter(([, value]) => value !== undefined),
                )
                all.push({ ...given, client: { customerChooses } } as Facts)
              }
  return all
}

describe('nextStep over every combination of facts', () => {
  const all = everyCombination()
  const challengePassed = ({ challenge }: Facts) => challenge === 'answered' || challenge === 'not-needed'

  it('walks them all', () => {
    expect(all).toHaveLength(combinations)
  })

  it('stays at sign-in until somebody has signed in, whatever else is known', () => {
    for (const facts of all.filter(({ customer }) => !customer)) {
      expect(nextStep(facts)).toBe(facts.certificate ? 'certificate-password' : 'sign-in')
    }
  })

  it('asks the question until it is answered or known not to be needed, whatever else is known', () => {
    for (const facts of all.filter((one) => one.customer && !challengePassed(one))) {
      expect(nextStep(facts)).toBe('answer-challenge')
    }
  })

  it('reaches consent and the finish only behind sign-in, challenge, services and PINs', () => {
    const late = all.filter((facts) => ['give-consent', 'finished'].includes(nextStep(facts)))
    expect(late.length).toBeGreaterThan(0)
    for (const facts of late) {
      expect(facts.customer).toBeDefined()
      expect(challengePassed(facts)).toBe(true)
      expect(facts.client.customerChooses && !facts.services).toBe(false)
      expect(['done', 'not-needed']).toContain(facts.pins)
      expect(nextStep(facts) === 'finished').toBe(facts.consent !== undefined)
    }
  })

  it('never shows 業務選択 for a fintech whose customers do not choose', () => {
    for (const facts of all.filter(({ client }) => !client.customerChooses)) {
      expect(nextStep(facts)).not.toBe('choose-services')
    }
  })
})
