/** A customer with sixty accounts at three branches, two of which share a name: what the pages make of very many. */
import type { InquiryAccount } from '../bank/port.ts'
import { accountHandle } from '../journey/journey.ts'
import { accountName, shown } from '../journey/register-pins.ts'
import { canBeGranted } from '../journey/step.ts'
import type { Language } from './language.ts'
import { consentView, resultsView, rowsView, sampleNow, sampleUid } from './sample-facts.ts'
import type { StepView } from './templates.ts'

const branches = [
  ['本町支店', '310', 4_100_003],
  ['本町支店', '571', 5_200_006],
  ['豊洲支店', '456', 1_300_009],
] as const

const accounts: readonly InquiryAccount[] = branches.flatMap(([branchName, branchCode, first]) =>
  Array.from({ length: 20 }, (_, n) => {
    const number = String(first + n * 37)
    return {
      id: number,
      branchName,
      branchCode,
      kind: n < 17 ? '普通' : '当座',
      number,
      memo: n % 4 === 1 ? `やまびこハイツ${n}号棟 賃料` : '',
      registered: n % 5 === 0,
      held: false,
    }
  }),
)

const row = (account: InquiryAccount) => ({
  ...shown(account, { stale: new Set() }),
  handle: accountHandle(sampleUid, account.id),
})

/** The handle of a row by its place, 0 to 59, and how an error names its account. */
export const manyHandle = (at: number): string => accountHandle(sampleUid, accounts[at]?.id ?? '')
export const manyName = (at: number): string => accountName(accounts[at] as InquiryAccount)

export const manyRowsView = (ticked: readonly number[] = []): StepView<'register-pins'> => ({
  ...rowsView(),
  accounts: accounts.map((account, at) => ({ ...row(account), ticked: ticked.includes(at) })),
})

/** The most accounts that are not folded, all of them ticked. */
export function tenRowsView(): StepView<'register-pins'> {
  const view = manyRowsView([...Array(10).keys()])
  return { ...view, accounts: view.accounts.slice(0, 10) }
}

/** Three of the second branch were entered, and one of them was wrong. */
export function manyResultsView(): StepView<'review-pins'> {
  const view = resultsView({ justEntered: [] })
  return {
    ...view,
    accounts: accounts.map((account, at) => ({
      ...row({ ...account, held: at === 21 || at === 22 }),
      outcome: at === 21 || at === 22 ? 'held' : at === 23 ? 'pin-wrong' : null,
    })),
    registered: 2,
    notRegistered: 1,
    failed: [{ account: manyName(23), code: 'pin-wrong' }],
  }
}

export const manyConsentView = (language: Language): StepView<'give-consent'> => ({
  ...consentView(language),
  accounts: accounts
    .filter(canBeGranted)
    .map((account) => ({ ...row(account), standing: null, ticked: true })),
})

export const manyGranted = {
  number: '5T2-QX0M-8RD',
  startsAt: sampleNow,
  accountCount: accounts.length,
  accounts,
} as const
