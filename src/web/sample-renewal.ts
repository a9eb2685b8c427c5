/** 更新: 手順 6 as it tells what is different from the consent before. */
import { days, endOfDayInJapan } from '../clock.ts'
import { type Changes, renewalWording } from '../consent/renewal-wording.ts'
import type { Standing } from '../journey/renewal.ts'
import type { PageContext } from './frame.ts'
import type { Language } from './language.ts'
import { account, consentView, sampleNow, sampleSite } from './sample-facts.ts'
import type { StepView } from './templates.ts'

const same: Changes = {
  former: { number: '5T2-QX0M-8RD', until: endOfDayInJapan(sampleNow, 6), isOver: false },
  services: { added: [], removed: [], asked: [] },
  accounts: { unregistered: [], closed: 0, available: 0 },
  formerName: null,
  terms: { client: false, bank: false },
}

export const over: Partial<Changes> = {
  former: { ...same.former, until: sampleNow - days(12), isOver: true },
}

/** Everything that can be different, at once. */
export const changed: Partial<Changes> = {
  services: { added: ['transactions'], removed: [], asked: [] },
  accounts: { unregistered: [account(1), account(3)], closed: 1, available: 1 },
  formerName: 'みほん家計簿プラス（株式会社みほんフィンテック）',
  terms: { client: true, bank: true },
}

/** How a journey stands when all was taken over. */
export const renewing = {
  mode: 'renewal',
  facts: { servicesFrom: 'former', pins: 'not-needed' },
} as const satisfies { mode: PageContext['mode']; facts: object }

export function renewalView(
  language: Language,
  changes: Partial<Changes>,
  standings?: readonly [Standing, Standing],
): StepView<'give-consent'> {
  const { institution } = sampleSite
  const renewal = renewalWording({ changes: { ...same, ...changes }, institution, language })
  return consentView(language, { renewal, ...(standings ? { standings } : {}) })
}
