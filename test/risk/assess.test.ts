/** What is unusual about a sign-in, weighed: the defaults ask whoever comes from nowhere, and nobody who is merely new here. */
import { describe, expect, it } from 'vitest'
import { agentOf } from '../../src/risk/agent.ts'
import { riskEngine, type Signals } from '../../src/risk/assess.ts'
import { addressOf, networkOf } from '../../src/risk/network.ts'
import { riskRules } from '../../src/risk/rules.ts'

const rules = riskRules.parse({})
const usual: Signals = {
  bank: [],
  before: { device: 'known', network: 'last', browser: 'known', daysSince: 30 },
  hour: 11,
  wrongTries: 0,
  othersHere: 0,
  firstConnection: false,
}
const foreign = { device: 'new', network: 'new', browser: 'new', daysSince: 3 } as const

describe('the risk rules as they come', () => {
  it.each<[string, Partial<Signals>, string, number, readonly string[]]>([
    ['an owner at his own browser', {}, 'allow', 0, []],
    [
      'somebody who is new to us, at night, and mistypes twice',
      { before: undefined, firstConnection: true, hour: 3, wrongTries: 9 },
      'allow',
      50,
      ['first-sign-in', 'unusual-hour', 'wrong-tries', 'first-connection'],
    ],
    [
      'an owner with a new computer at his office',
      { before: { device: 'new', network: 'last', browser: 'new', daysSince: 3 }, firstConnection: true },
      'allow',
      50,
      ['new-device', 'new-browser', 'first-connection'],
    ],
    [
      'an owner on the road with his own computer',
      { before: { device: 'known', network: 'new', browser: 'known', daysSince: 130 } },
      'allow',
      40,
      ['new-network', 'long-absence'],
    ],
    [
      'whatever the bank finds unusual',
      { bank: ['unusual-environment'] },
      'ask',
      60,
      ['unusual-environment'],
    ],
    [
      'a new browser on a new network',
      { before: { ...foreign, browser: 'known' } },
      'ask',
      60,
      ['new-device', 'new-network'],
    ],
    [
      'a new browser after wrong tries for a new service',
      { before: { ...foreign, network: 'known' }, wrongTries: 1 },
      'ask',
      60,
      ['new-device', 'network-changed', 'new-browser', 'wrong-tries'],
    ],
    [
      'a stranger’s computer that tries one customer after another',
      { before: foreign, othersHere: 20, wrongTries: 2, hour: 4, firstConnection: true, bank: [] },
      'ask',
      150,
      [
        'new-device',
        'new-network',
        'new-browser',
        'unusual-hour',
        'wrong-tries',
        'busy-network',
        'first-connection',
      ],
    ],
    [
      'the same where the bank has noticed something as well',
      { before: foreign, othersHere: 20, wrongTries: 2, bank: ['unusual-environment'] },
      'refuse',
      190,
      ['unusual-environment', 'new-device', 'new-network', 'new-browser', 'wrong-tries', 'busy-network'],
    ],
  ])('of %s', async (_who, signals, decision, score, reasons) => {
    expect(await riskEngine(rules)({ ...usual, ...signals })).toEqual({ decision, score, reasons })
  })

  it('can be set by the institution, hours over midnight among them', async () => {
    const strict = riskRules.parse({
      askAt: 5,
      weights: { unusualHour: 5, newDevice: 0 },
      unusualHours: { from: 22, until: 6 },
    })
    const decisions = await Promise.all(
      [21, 22, 0, 5, 6].map(async (hour) => (await riskEngine(strict)({ ...usual, hour })).decision),
    )
    expect(decisions).toEqual(['allow', 'ask', 'ask', 'ask', 'allow'])
    const before = { ...foreign, network: 'last', browser: 'known' } as const
    expect((await riskEngine(strict)({ ...usual, before })).reasons).toEqual([])
  })

  it('that would refuse before they ask are not accepted', () => {
    expect(riskRules.safeParse({ askAt: 100, refuseAt: 100 }).success).toBe(false)
  })
})

describe('what is remembered coarsely', () => {
  it.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
      'Chrome on Windows',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1',
      'Safari on iOS',
    ],
    [
      'Mozilla/5.0 (Linux; Android 16; Pixel) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36',
      'Chrome on Android',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
    ['curl/8.0', 'other on other'],
    [undefined, 'other on other'],
  ])('%s is %s', (userAgent, coarse) => {
    expect(agentOf(userAgent)).toBe(coarse)
  })

  it.each([
    ['203.0.113.77', '203.0.113.77', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', '203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:5:7::1', '2001:db8:5:7::/64', '2001:db8:5::/48'],
    ['2001:DB8::1', '2001:db8:0:0::/64', '2001:db8:0::/48'],
  ])('of %s the address is %s and the network %s', (address, one, network) => {
    expect([addressOf(address), networkOf(address)]).toEqual([one, network])
  })
})
