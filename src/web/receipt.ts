/** 控え: what the customer has allowed, as the return page writes it for keeping. */
import type { BankScope } from '../consent/services.ts'
import { serviceText } from '../consent/wording.ts'
import type { shown } from '../journey/register-pins.ts'
import { type Branch, underBranches } from './branches.ts'
import type { Site } from './frame.ts'
import { clockTime, type Language, longDate } from './language.ts'

/** A consent that was just given, and about it what is still known after the customer was signed out. */
export type Granted = {
  readonly number: string
  /** it goes on with an earlier one */
  readonly renews: boolean
  readonly startsAt: number
  readonly endsAt: number
  readonly services: readonly BankScope[]
  readonly accountCount: number
  /** null when the bank does not say them at the moment */
  readonly accounts: readonly GrantedAccount[] | null
  readonly customer: Signatory | null
}

type GrantedAccount = Pick<ReturnType<typeof shown>, 'branchName' | 'branchCode' | 'kind' | 'number'>
type Signatory = { readonly companyName: string; readonly userName: string }

export type Receipt = {
  readonly number: string
  /** when 許可 was pressed, in Japan */
  readonly at: string
  readonly customer: Signatory | null
  readonly companyName: string
  readonly services: readonly string[]
  readonly accountCount: number
  readonly branches: readonly Branch<GrantedAccount>[] | null
  readonly from: string
  readonly until: string
}

export function receiptOf(
  { words, institution: { rules } }: Site,
  { number, startsAt, endsAt, services, accountCount, accounts, customer }: Granted,
  { companyName, language }: { companyName: string; language: Language },
): Receipt {
  const { returnPage } = words[language]
  const day = (at: number): string => longDate(at, language)
  return {
    number,
    at: `${day(startsAt)} ${clockTime(startsAt)}`,
    customer,
    companyName,
    services: services.map((name) => serviceText(name, language, rules.lookBackMonths).name),
    accountCount,
    branches: accounts && underBranches(accounts),
    from: returnPage.from(day(startsAt)),
    until: returnPage.until(day(endsAt)),
  }
}
